"""Functions of strings. Positions count from 1, and from -1 backward."""

from __future__ import annotations

import re
from typing import Any

from remit.feel.builtins.define import define
from remit.feel.values import is_number

MAX_PATTERN = 1000
"""Characters of a regular expression; more is an attack."""

MAX_SUBJECT = 100_000
"""Characters that a regular expression is tried on."""


def substring(text: Any, start: Any, length: Any = None) -> Any:
    if text.__class__ is not str or not is_number(start) or start == 0:
        return None
    first = int(start) - 1 if start > 0 else max(len(text) + int(start), 0)
    return text[first:] if length is None else text[first : first + int(length)]


def _of_strings(body: Any) -> Any:
    """Both arguments have to be strings."""

    def call(text: Any, other: Any) -> Any:
        if text.__class__ is not str or other.__class__ is not str:
            return None
        return body(text, other)

    return define("string, match", call)


def _pattern(pattern: str, flags: str | None) -> re.Pattern[str]:
    if len(pattern) > MAX_PATTERN:
        raise ValueError(f"a pattern has at most {MAX_PATTERN} characters")
    options = re.NOFLAG
    for flag in flags or "":
        options |= {"i": re.I, "s": re.S, "m": re.M, "x": re.X}[flag]
    return re.compile(pattern, options)


def _try(pattern: str, flags: str | None, text: str) -> re.Pattern[str]:
    if len(text) > MAX_SUBJECT:
        raise ValueError(f"a text has at most {MAX_SUBJECT} characters to match")
    try:
        return _pattern(pattern, flags)
    except re.error as fault:
        raise ValueError(f"'{pattern}' is no regular expression: {fault}") from fault


def matches(text: Any, pattern: Any, flags: Any = None) -> Any:
    if text.__class__ is not str or pattern.__class__ is not str:
        return None
    return _try(pattern, flags, text).search(text) is not None


def replace(text: Any, pattern: Any, replacement: Any, flags: Any = None) -> Any:
    if text.__class__ is not str or pattern.__class__ is not str:
        return None
    template = re.sub(r"\$(\d)", r"\\g<\1>", replacement.replace("\\", "\\\\"))
    return _try(pattern, flags, text).sub(template, text)


def split(text: Any, delimiter: Any) -> Any:
    if text.__class__ is not str or delimiter.__class__ is not str:
        return None
    return _try(delimiter, None, text).split(text)


def extract(text: Any, pattern: Any) -> Any:
    if text.__class__ is not str or pattern.__class__ is not str:
        return None
    return [match.group() for match in _try(pattern, None, text).finditer(text)]


def before(text: str, match: str) -> str:
    return text[: text.index(match)] if match in text else ""


def after(text: str, match: str) -> str:
    return text[text.index(match) + len(match) :] if match in text else ""


def _of_string(body: Any) -> Any:
    return define("string", lambda text: body(text) if text.__class__ is str else None)


FUNCTIONS = {
    "substring": define("string, start position, length", substring),
    "string length": _of_string(len),
    "upper case": _of_string(str.upper),
    "lower case": _of_string(str.lower),
    "trim": _of_string(str.strip),
    "substring before": _of_strings(before),
    "substring after": _of_strings(after),
    "starts with": _of_strings(str.startswith),
    "ends with": _of_strings(str.endswith),
    "contains": _of_strings(lambda text, match: match in text),
    "matches": define("input, pattern, flags", matches),
    "replace": define("input, pattern, replacement, flags", replace),
    "split": define("string, delimiter", split),
    "extract": define("string, pattern", extract),
}
