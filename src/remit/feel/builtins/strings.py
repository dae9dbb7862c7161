"""String functions (10.3.4.3). Characters are Unicode code points."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any

from remit.feel import regexes
from remit.feel.builtins.define import define
from remit.feel.evaluation import Evaluation
from remit.feel.limits import check_text
from remit.feel.numbers import Number
from remit.feel.regexes import Pattern

Compile = Callable[[str, str], Pattern]


def _substring(string: str, start: Number, length: Number | None = None) -> str | None:
    """Positions count from 1, or from -1 backward; null outside of the string."""
    first = int(start)
    if first == 0 or abs(first) > len(string):
        return None
    begin = first - 1 if first > 0 else len(string) + first
    if length is None:
        return string[begin:]
    size = int(length)
    return string[begin : begin + size] if size > 0 else None


def _substring_in_zeebe(string: str, start: Number, length: Number | None = None) -> str | None:
    """The same, but what lies outside of the string is empty."""
    size = len(string) if length is None else int(length)
    if abs(int(start)) > len(string) or size <= 0:
        return ""
    return _substring(string, start, size)


def _before(string: str, match: str) -> str:
    before, found, _ = string.partition(match) if match else ("", "", "")
    return before if found else ""


def _after(string: str, match: str) -> str:
    return string.partition(match)[2] if match else string


def _split(compile_: Compile) -> Callable[[Evaluation, str, str], list[str]]:
    def split(run: Evaluation, string: str, delimiter: str) -> list[str]:
        found = []
        begin = 0
        for match in regexes.matches(compile_(delimiter, ""), string):
            run.spend(1)
            start, end = match.span()
            if start == end and start in (0, len(string)):
                continue
            found.append(string[begin:start])
            begin = end
        found.append(string[begin:])
        return found

    return split


def _matches(compile_: Compile) -> Callable[..., bool]:
    def matches(input_: str, pattern: str, flags: str | None = None) -> bool:
        return regexes.is_found(compile_(pattern, flags or ""), input_)

    return matches


def _replace(input_: str, pattern: str, replacement: str, flags: str | None = None) -> str | None:
    """A pattern that matches nothing at all is an error, as XPath has it."""
    compiled = regexes.xpath(pattern, flags or "")
    if compiled.fullmatch(""):
        return None
    parts: list[str | int]
    if "q" in (flags or ""):
        parts = [replacement]
    else:
        parts = regexes.replacement_parts(replacement, compiled.groups)
    return _replaced(compiled, input_, parts)


def _replace_in_zeebe(
    input_: str, pattern: str, replacement: str, flags: str | None = None
) -> str | None:
    compiled = regexes.java(pattern, flags or "")
    parts = regexes.replacement_parts(replacement, compiled.groups)
    if any(isinstance(part, int) and part > compiled.groups for part in parts):
        return None
    return _replaced(compiled, input_, parts)


def _replaced(compiled: Pattern, input_: str, parts: list[str | int]) -> str:
    found = []
    length = begin = 0
    for match in regexes.matches(compiled, input_):
        found.append(input_[begin : match.start()])
        for part in parts:
            text = part if isinstance(part, str) else _group(match, part)
            length += len(text)
            check_text(length)
            found.append(text)
        begin = match.end()
    found.append(input_[begin:])
    return "".join(found)


def _group(match: Any, number: int) -> str:
    return match[number] or "" if number <= match.re.groups else ""


def _extract(input_: str, pattern: str) -> list[str]:
    return [match[0] for match in regexes.matches(regexes.java(pattern, ""), input_)]


def _to_base64(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def _from_base64(value: str) -> str | None:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def _uuid(run: Evaluation) -> str:
    return run.uuid()


_COMMON = {
    **define("string length(string: string) -> number", len),
    **define("upper case(string: string) -> string", str.upper),
    **define("lower case(string: string) -> string", str.lower),
    **define("substring before(string: string, match: string) -> string", _before),
    **define("substring after(string: string, match: string) -> string", _after),
    **define("contains(string: string, match: string) -> boolean", str.__contains__),
    **define("starts with(string: string, match: string) -> boolean", str.startswith),
    **define("ends with(string: string, match: string) -> boolean", str.endswith),
}
_SUBSTRING = "substring(string: string, start position: number, length?: number) -> string"
_MATCHES = "matches(input: string, pattern: string, flags?: string?) -> boolean"
_REPLACE = "replace(input: string, pattern: string, replacement: string, flags?: string?) -> string"
_SPLIT = "split(string: string, delimiter: string) -> list"
DMN = {
    **_COMMON,
    **define(_SUBSTRING, _substring),
    **define(_MATCHES, _matches(regexes.xpath)),
    **define(_REPLACE, _replace),
    **define(_SPLIT, _split(regexes.xpath), takes_run=True),
}
CAMUNDA = {
    **_COMMON,
    **define(_SUBSTRING, _substring_in_zeebe),
    **define(_MATCHES, _matches(regexes.java)),
    **define(_REPLACE, _replace_in_zeebe),
    **define(_SPLIT, _split(regexes.java), takes_run=True),
    **define("extract(input: string, pattern: string) -> list", _extract),
    **define("trim(string: string) -> string", str.strip),
    **define("is blank(string: string) -> boolean", lambda string: not string.strip()),
    **define("to base64(value: string) -> string", _to_base64),
    **define("from base64(value: string) -> string", _from_base64),
    **define("uuid() -> string", _uuid, takes_run=True),
}
