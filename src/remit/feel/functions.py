"""Functions as values: defined in FEEL, built in, or given by the caller."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final


class Mismatch:
    """The answer of a function that can't take the arguments it was given."""


MISMATCH: Final = Mismatch()


@dataclass(frozen=True, eq=False, slots=True)
class Function:
    """`call` takes one positional argument for each of `parameters`, and gives a value.

    `types` are the declared types of the parameters and `result` that of the value (None: not
    declared); `instance of` reads them, and whoever makes the function holds to them.
    """

    parameters: tuple[str, ...]
    call: Callable[[Sequence[Any]], Any]
    types: tuple[Any, ...] = ()
    result: Any = None
    name: str = ""

    def invoke(self, arguments: Sequence[Any], names: Sequence[str] = ()) -> Any:
        """The value for positional arguments, or for arguments with `names`; else MISMATCH."""
        if len(arguments) != len(self.parameters):
            return MISMATCH
        if names:
            given = dict(zip(names, arguments, strict=True))
            if given.keys() != set(self.parameters):
                return MISMATCH
            arguments = [given[name] for name in self.parameters]
        return self.call(arguments)
