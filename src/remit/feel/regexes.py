"""Regular expressions: XPath's (the standard, 10.3.4.3) and Java's (Zeebe), on one engine.

XPath's are translated sign by sign, so that what XPath does not know is an error and not something
else. A search that takes too long, as some patterns can be made to, ends with FeelLimitError.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import regex

from remit.feel.errors import FeelLimitError

MAX_PATTERN: Final = 2_000
"""Characters of a pattern."""

MAX_SECONDS: Final = 0.25
"""Time for one search, replacement or split; ordinary ones take microseconds."""

MAX_EXPANDED: Final = 100_000
"""Signs of a pattern with its counted repetitions written out."""

_PARTS: Final = regex.compile(r"\\.|\{\d{1,9}(?:,\d{0,9})?\}|\[(?:\\.|[^\]\\])*\]|.", regex.DOTALL)
_FLAGS: Final = {
    "s": regex.DOTALL,
    "m": regex.MULTILINE,
    "i": regex.IGNORECASE,
    "x": regex.VERBOSE,
}
_NAME_START = r"\p{L}_:\p{Nl}"
_NAME = r"\p{L}\p{N}\p{M}_:.\-\u00b7"
_CLASSES: Final = {
    "d": r"\p{Nd}",
    "s": r"\ \t\n\r",
    "w": r"\P{C}&&[^\p{P}\p{Z}\p{C}]",
    "i": _NAME_START,
    "c": _NAME,
}
_ESCAPES: Final = {"n": r"\n", "r": r"\r", "t": r"\t"}
_LITERALS: Final = frozenset("\\|.?*+(){}-[]^$")
_CATEGORY: Final = regex.compile("L[ultmo]?|M[nce]?|N[dlo]?|P[cdseifo]?|Z[slp]?|S[mcko]?|C[cfon]?")
_BLOCKS: Final = {
    "Greek": "GreekandCoptic",
    "CombiningMarksforSymbols": "CombiningDiacriticalMarksforSymbols",
    "PrivateUse": "PrivateUseArea",
}

Pattern = regex.Pattern[str]


class PatternError(ValueError):
    """No regular expression of the dialect."""


@lru_cache(maxsize=1024)
def xpath(pattern: str, flags: str) -> Pattern:
    """The compiled pattern of XPath; raises PatternError."""
    if not set(flags) <= set("smixq"):
        raise PatternError(flags)
    _check_size(pattern)
    options = regex.VERSION1
    for flag in set(flags) & set("i"):
        options |= _FLAGS[flag]
    translated = (
        regex.escape(pattern, special_only=True)
        if "q" in flags
        else _Translation(pattern, flags).expression()
    )
    return _compiled(translated, options)


@lru_cache(maxsize=1024)
def java(pattern: str, flags: str) -> Pattern:
    """The compiled pattern of Java; flags that it does not know are left out."""
    _check_size(pattern)
    options = regex.VERSION0
    for flag in set(flags) & set(_FLAGS):
        options |= _FLAGS[flag]
    return _compiled(pattern, options)


def _check_size(pattern: str) -> None:
    if len(pattern) > MAX_PATTERN:
        raise FeelLimitError(f"a pattern has at most {MAX_PATTERN} characters")
    if _expanded_size(pattern) > MAX_EXPANDED:
        raise FeelLimitError(f"a pattern repeats its parts at most {MAX_EXPANDED} times in all")


def _expanded_size(pattern: str) -> int:
    """How many signs a pattern has when its counted repetitions are written out, roughly."""
    sizes = [0]
    last = 1
    for part in _PARTS.findall(pattern):
        if part == "(":
            sizes.append(0)
            continue
        if part == ")" and len(sizes) > 1:
            last = sizes.pop()
        elif part[0] == "{" and part[-1] == "}":
            count = max(map(int, part[1:-1].rstrip(",").split(",")))
            sizes[-1] += last * count
            last *= count
            continue
        else:
            last = 1
        sizes[-1] += last
    return sum(sizes)


def _compiled(pattern: str, options: int) -> Pattern:
    try:
        return regex.compile(pattern, options)
    except (regex.error, ValueError, OverflowError, KeyError, IndexError) as fault:
        raise PatternError(str(fault)) from fault
    except RecursionError as fault:
        raise FeelLimitError("a pattern nests too deep") from fault


def is_found(pattern: Pattern, text: str) -> bool:
    """Whether the pattern matches somewhere in the text."""
    try:
        return pattern.search(text, timeout=MAX_SECONDS) is not None
    except TimeoutError as fault:
        raise _too_slow() from fault


def matches(pattern: Pattern, text: str) -> Iterator[regex.Match[str]]:
    """All matches, from left to right."""
    try:
        yield from pattern.finditer(text, timeout=MAX_SECONDS)
    except TimeoutError as fault:
        raise _too_slow() from fault


def _too_slow() -> FeelLimitError:
    return FeelLimitError(f"a pattern took longer than {MAX_SECONDS} seconds")


class _Translation:
    """One walk over an XPath pattern; grammar of XML Schema part 2, appendix F, and XPath 5.6.1."""

    def __init__(self, pattern: str, flags: str) -> None:
        self.pattern = _without_blanks(pattern) if "x" in flags else pattern
        self.flags = flags
        self.at = 0
        self.opened = 0
        self.closed: set[int] = set()
        self.depth = 0

    def expression(self) -> str:
        translated = self.branches()
        if self.at < len(self.pattern):
            raise PatternError("an unopened bracket")
        return translated

    def peek(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def take(self) -> str:
        sign = self.peek()
        if not sign:
            raise PatternError("an unfinished pattern")
        self.at += 1
        return sign

    def accept(self, sign: str) -> bool:
        if self.pattern.startswith(sign, self.at):
            self.at += len(sign)
            return True
        return False

    def branches(self) -> str:
        self.depth += 1
        if self.depth > 100:
            raise FeelLimitError("a pattern nests too deep")
        found = []
        while True:
            pieces = []
            while self.peek() not in ("", "|", ")"):
                pieces.append(self.piece())
            found.append("".join(pieces))
            if not self.accept("|"):
                self.depth -= 1
                return "|".join(found)

    def piece(self) -> str:
        atom = self.atom()
        quantifier = self.quantifier()
        return f"(?:{atom}){quantifier}" if quantifier else atom

    def quantifier(self) -> str:
        sign = self.peek()
        if sign in ("?", "*", "+"):
            self.at += 1
            return sign + ("?" if self.accept("?") else "")
        if sign != "{":
            return ""
        end = self.pattern.find("}", self.at)
        bounds = self.pattern[self.at + 1 : end] if end > 0 else ""
        low, comma, high = bounds.partition(",")
        if not low.isdecimal() or (high and not high.isdecimal()) or len(bounds) > 9:
            raise PatternError("a quantifier is {n}, {n,} or {n,m}")
        if high and int(low) > int(high):
            raise PatternError("a quantifier from more to less")
        self.at = end + 1
        return f"{{{low}{comma}{high}}}" + ("?" if self.accept("?") else "")

    def atom(self) -> str:
        sign = self.take()
        if sign == "(":
            return self.group()
        if sign == "[":
            return self.character_class()
        if sign == "\\":
            return self.escape()
        if sign == ".":
            return r"(?s:.)" if "s" in self.flags else r"[^\n\r]"
        if sign == "^":
            return r"(?:\A|(?<=\n)(?!\Z))" if "m" in self.flags else r"\A"
        if sign == "$":
            return r"(?=\n|\Z)" if "m" in self.flags else r"\Z"
        if sign in "?*+{}])|":
            raise PatternError(f"'{sign}' stands alone")
        return _literal(sign)

    def group(self) -> str:
        if self.accept("?:"):
            inner = self.branches()
            opening = "(?:"
        else:
            if self.peek() == "?":
                raise PatternError("'(?' is nothing but '(?:' in XPath")
            self.opened += 1
            number = self.opened
            inner = self.branches()
            self.closed.add(number)
            opening = "("
        if not self.accept(")"):
            raise PatternError("a bracket without its end")
        return f"{opening}{inner})"

    def escape(self) -> str:
        sign = self.take()
        if sign.isdecimal() and sign.isascii():
            return self.back_reference(sign)
        if sign in _LITERALS:
            return _literal(sign)
        if sign in _ESCAPES:
            return _ESCAPES[sign]
        return f"(?-i:{self.class_escape(sign)})"

    def back_reference(self, digits: str) -> str:
        """As many digits as there are groups for; the group has to be complete by then."""
        while self.peek().isdecimal() and int(digits + self.peek()) <= self.opened:
            digits += self.take()
        if int(digits) not in self.closed:
            raise PatternError(f"no group {digits} before its reference")
        return f"(?:\\{digits})"

    def class_escape(self, sign: str) -> str:
        """A set of characters: `\\d`, `\\P{Lu}` and their like."""
        lower = sign.lower()
        if lower in _CLASSES:
            return (
                f"[{'^' if sign != lower else ''}{_CLASSES[lower]}]"
                if lower != "w"
                else (r"[\p{P}\p{Z}\p{C}]" if sign == "W" else r"[^\p{P}\p{Z}\p{C}]")
            )
        if lower != "p" or not self.accept("{"):
            raise PatternError(f"'\\{sign}' is no escape")
        end = self.pattern.find("}", self.at)
        name = self.pattern[self.at : end] if end > 0 else ""
        self.at = end + 1
        if _CATEGORY.fullmatch(name):
            return f"\\{sign}{{{name}}}"
        if name.startswith("Is") and name[2:].replace("-", "").isalnum():
            block = _BLOCKS.get(name[2:], name[2:])
            return f"\\{sign}{{Block={block}}}"
        raise PatternError(f"no category or block '{name}'")

    def character_class(self) -> str:
        """A class matches one character; every part of it is tried without regard to the others,
        so that case-blind matching applies to each of them before it is negated or taken away."""
        self.depth += 1
        if self.depth > 100:
            raise FeelLimitError("a pattern nests too deep")
        is_negative = self.accept("^")
        parts: list[str] = []
        taken_away = ""
        while not self.accept("]"):
            if parts and self.accept("-["):
                taken_away = f"(?!{self.character_class()})"
                if not self.accept("]"):
                    raise PatternError("a subtraction ends its class")
                break
            parts.append(self.class_part(is_first=not parts))
        self.depth -= 1
        if not parts:
            raise PatternError("an empty class")
        any_of = f"(?:{'|'.join(parts)})"
        if is_negative:
            any_of = f"(?:(?!{any_of})(?s:.))"
        return f"(?:{taken_away}{any_of})"

    def class_part(self, *, is_first: bool) -> str:
        low = self.class_character(is_first=is_first)
        if len(low) > 1:
            return f"(?-i:{low})"
        is_range = self.peek() == "-" and self.pattern[self.at + 1 : self.at + 2] not in ("]", "[")
        if not is_range:
            return _literal(low)
        self.at += 1
        high = self.class_character(is_first=False, is_end=True)
        if len(high) > 1 or high < low:
            raise PatternError("no range of characters")
        return f"[{_literal(low)}-{_literal(high)}]"

    def class_character(self, *, is_first: bool, is_end: bool = False) -> str:
        """One character, or the longer text of a set."""
        sign = self.take()
        if sign == "[":
            raise PatternError("'[' inside of a class")
        if sign == "-" and not is_first and not is_end and self.peek() != "]":
            raise PatternError("'-' inside of a class")
        if sign != "\\":
            return sign
        escaped = self.take()
        if escaped in _LITERALS:
            return escaped
        if escaped in _ESCAPES:
            return {"n": "\n", "r": "\r", "t": "\t"}[escaped]
        return self.class_escape(escaped)


def _literal(sign: str) -> str:
    return sign if sign.isalnum() or sign == "_" else f"\\U{ord(sign):08x}"


def _without_blanks(pattern: str) -> str:
    """Flag x: blanks go, but not those in classes (`\\p{ L u }` is no class)."""
    found = []
    depth = 0
    escaped = False
    for sign in pattern:
        if depth == 0 and sign in " \t\n\r":
            continue
        found.append(sign)
        if escaped:
            escaped = False
        elif sign == "\\":
            escaped = True
        elif sign == "[":
            depth += 1
        elif sign == "]" and depth:
            depth -= 1
    return "".join(found)


def replacement_parts(text: str, groups: int) -> list[str | int]:
    """XPath's replacement: texts and group numbers. Raises PatternError.

    >>> replacement_parts("[$1]", 1), replacement_parts(r"\\$", 0)
    (['[', 1, ']'], ['$'])
    """
    found: list[str | int] = []
    at = 0
    while at < len(text):
        sign = text[at]
        after = text[at + 1 : at + 2]
        if sign == "\\":
            if after not in ("\\", "$"):
                raise PatternError("'\\' stands before '\\' or '$'")
            found.append(after)
            at += 2
        elif sign == "$":
            end = at + 2
            if not (after.isdecimal() and after.isascii()):
                raise PatternError("'$' stands before a number")
            while text[end : end + 1].isdecimal() and int(text[at + 1 : end + 1]) <= groups:
                end += 1
            found.append(int(text[at + 1 : end]))
            at = end
        else:
            found.append(sign)
            at += 1
    return _joined(found)


def _joined(parts: list[str | int]) -> list[str | int]:
    found: list[str | int] = []
    for part in parts:
        if found and isinstance(part, str) and isinstance(found[-1], str):
            found[-1] += part
        else:
            found.append(part)
    return found
