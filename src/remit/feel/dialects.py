"""The two dialects: `dmn` is the standard, `camunda` what expressions in Zeebe's models mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from remit.feel import builtins, names
from remit.feel.builtins.define import Builtin
from remit.feel.names import Index

DialectName = Literal["camunda", "dmn"]


@dataclass(frozen=True, eq=False, slots=True)
class Dialect:
    """`converts`: a value stands for the list of it, and a list of one for its item."""

    name: DialectName
    reserved: frozenset[str]
    builtins: Mapping[str, Builtin]
    functions: Index
    converts: bool


def _dialect(name: DialectName, words: str, functions: Mapping[str, Builtin]) -> Dialect:
    index = names.index(frozenset(functions))
    return Dialect(name, frozenset(words.split()), functions, index, name == "dmn")


_COMMON_WORDS = "null true false function in return then else satisfies and or"

DIALECTS: Final[Mapping[str, Dialect]] = {
    "dmn": _dialect("dmn", f"{_COMMON_WORDS} if for some every between instance", builtins.DMN),
    "camunda": _dialect("camunda", _COMMON_WORDS, builtins.CAMUNDA),
}
