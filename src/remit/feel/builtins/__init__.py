"""The built-in functions, one module per family; by dialect and name."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from remit.feel.builtins import (
    boolean,
    context,
    conversion,
    lists,
    numeric,
    ranges,
    strings,
    temporal,
)
from remit.feel.builtins.define import Builtin

DMN: Final[dict[str, Builtin]] = {
    **boolean.BOTH,
    **context.DMN,
    **conversion.DMN,
    **lists.DMN,
    **numeric.DMN,
    **ranges.DMN,
    **strings.DMN,
    **temporal.DMN,
}
"""The functions of the standard (10.3.4)."""

CAMUNDA: Final[dict[str, Builtin]] = {
    name: replace(function, converts=False)
    for name, function in {
        **boolean.BOTH,
        **boolean.CAMUNDA,
        **context.CAMUNDA,
        **conversion.CAMUNDA,
        **lists.CAMUNDA,
        **numeric.CAMUNDA,
        **ranges.CAMUNDA,
        **strings.CAMUNDA,
        **temporal.CAMUNDA,
    }.items()
}
"""The functions that Zeebe's expressions know; a value does not stand for the list of it there."""
