"""Names that are more than one word: `date and time`, `Student's name`, `a-b`.

Where the text has a name, the longest known name that begins there is taken; only then one word.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache

from remit.feel.tokens import tokens

Index = dict[str, list[tuple[tuple[str, ...], str]]]
"""By its first token: all tokens of a name, and the name; the longest first."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names that an expression may use: of `variables`, and of `members` (after a dot).

    Only those matter that are more than one word; simple names may be left out.
    """

    variables: frozenset[str] = frozenset()
    members: frozenset[str] = frozenset()


def as_names(names: Collection[str] | Names) -> Names:
    """What a caller gives for names: a collection means variables and members alike."""
    if isinstance(names, Names):
        return names
    found = frozenset(names)
    return Names(found, found)


@lru_cache(maxsize=1024)
def index(names: frozenset[str]) -> Index:
    """The names of more than one token, by their first."""
    found: Index = {}
    for name in names:
        add(found, name)
    return found


def add(known: Index, name: str) -> None:
    """Enter a name; simple ones are left out."""
    if name.isidentifier():
        return
    words = tuple(token.text for token in tokens(name) if token.kind != "end")
    if len(words) > 1:
        known[words[0]] = _longest_first([*known.get(words[0], ()), (words, name)])


def merged(first: Index, second: Index) -> Index:
    """Both together."""
    if not second:
        return first
    found = dict(first)
    for word, candidates in second.items():
        found[word] = _longest_first([*found.get(word, ()), *candidates])
    return found


def _longest_first(
    candidates: Iterable[tuple[tuple[str, ...], str]],
) -> list[tuple[tuple[str, ...], str]]:
    return sorted(set(candidates), key=lambda candidate: (-len(candidate[0]), candidate[1]))
