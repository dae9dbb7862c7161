"""From text to tokens, all at once. A sign that means nothing in FEEL is a token of kind `other`:
it may still be part of a known name."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from remit.feel.errors import FeelSyntaxError

SPACES: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u180e\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
)

_LETTERS: Final = (
    "\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
"""What may begin a name beside letters and `_` (grammar rules 28 and 29)."""

_TOKEN: Final = re.compile(
    rf"""(?:[{SPACES}]|//[^\n\r]*)*+
    (?:(?P<name>(?:[^\W\d]|[{_LETTERS}])(?:\w|[{_LETTERS}\u00b7\u0300-\u036f\u203f-\u2040])*+)
      |(?P<number>\d++(?:\.\d++)?(?:[eE][+-]?\d++)?|\.\d++(?:[eE][+-]?\d++)?)
      |(?P<string>"(?:[^"\\]|\\.)*+")
      |(?P<comment>/\*)
      |(?P<operator>\*\*|\.\.|<=|>=|!=|->|[-+*/=<>()\[\]{{}},.:@?])
      |(?P<quoted>`[^`]++`)
      |(?P<end>\Z)
      |(?P<other>.))""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{6}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}


class Token(NamedTuple):
    """`kind` is name, number, string, operator, quoted, other or end; the text is text[at:end]."""

    kind: str
    text: str
    at: int
    end: int


def tokens(text: str) -> list[Token]:
    """The tokens of a text; the last one is the end.

    Raises FeelSyntaxError for a string or a comment that does not end.

    >>> [token.text for token in tokens("a+1 // one more")]
    ['a', '+', '1', '']
    """
    found = []
    match = _TOKEN.match(text, 0)
    while match is not None:
        kind = match.lastgroup or "end"
        at, end = match.span(kind)
        if kind == "comment":
            end = text.find("*/", end) + 2
            if end == 1:
                raise FeelSyntaxError(text, at, "a comment without its end", "'*/'")
        else:
            found.append(Token(kind, text[at:end], at, end))
            if kind == "end":
                return found
            if kind == "other" and text[at] in '"`':
                raise FeelSyntaxError(text, at, "a text without its end", f"'{text[at]}'")
        match = _TOKEN.match(text, end)
    raise AssertionError("every place in a text has a token")


def unescaped(literal: str) -> str | None:
    """The string that a literal with its quotes means; None when it names no character.

    >>> unescaped(r'"a\\tb"')
    'a\\tb'
    """
    inner = literal[1:-1]
    if "\\" not in inner:
        return inner
    try:
        joined = _ESCAPE.sub(_character, inner)
        return joined.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    except (ValueError, OverflowError):
        return None


def _character(match: re.Match[str]) -> str:
    code = match[1]
    if len(code) > 1:
        return chr(int(code[1:], 16))
    return _ESCAPED.get(code, match[0])
