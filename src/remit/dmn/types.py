"""Declared types (7.3.3, 10.3.2.9): what `typeRef` means, and making values fit.

A type is FEEL's own, or an item definition: another type narrowed by allowed values, a collection,
a context of components, or a function. `fit` gives the value as the type has it, by FEEL's implicit
conversions, or null with a warning. Null fits every type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from remit.dmn.place import INPUT, Code, Place
from remit.feel.evaluation import Evaluation
from remit.feel.functions import Function
from remit.feel.texts import shortened
from remit.feel.types import (
    ANY,
    BUILT_IN,
    AnyType,
    ContextType,
    FunctionType,
    ListType,
    SimpleType,
    Type,
    coerce,
    is_subtype,
)
from remit.model.dmn.graph import Definitions, FunctionItem, ItemDefinition, Text

Check = Callable[[Any, Evaluation], bool]
Fit = Callable[[Any, Evaluation], Any]


@dataclass(frozen=True, slots=True)
class Declared:
    """A type by name, with the constraints that its values have to meet besides."""

    name: str
    type: Type
    check: Check | None = None

    def fit(self, value: Any, run: Evaluation) -> Any:
        """The value made to fit, or null."""
        if value is None:
            return None
        fitted = coerce(value, self.type)
        if fitted is None:
            run.warn("INVALID_TYPE", f"{shortened(value)} is no {self.name}")
            return None
        if self.check is not None and not self.check(fitted, run):
            run.warn("INVALID_TYPE", f"{shortened(value)} is not allowed by {self.name}")
            return None
        return fitted


UNTYPED = Declared("Any", ANY)


@dataclass(frozen=True, slots=True)
class Deferred:
    """A type that is being defined: item definitions may contain themselves."""

    find: Callable[[], Type]

    def conforms(self, value: Any) -> bool:
        return self.find().conforms(value)


@dataclass(frozen=True, slots=True)
class DeclaredFunction(FunctionType):
    """Functions that take so many parameters. What a function does not declare is not held against
    it: that shows when it is called."""

    def conforms(self, value: Any) -> bool:
        if not isinstance(value, Function) or len(value.parameters) != len(self.parameters):
            return False
        taken = value.types or (None,) * len(self.parameters)
        return (value.result is None or is_subtype(value.result, self.result)) and all(
            wanted is None or is_subtype(given, wanted)
            for given, wanted in zip(self.parameters, taken, strict=True)
        )


class Elsewhere(Protocol):
    """Finds the types of an imported file; None when there is no such import or type."""

    def __call__(self, reference: str) -> Declared | None: ...


class Types:
    """The types of one file, by reference. Definitions are resolved when first asked for."""

    def __init__(self, definitions: Definitions, place: Place, elsewhere: Elsewhere) -> None:
        self._definitions = {each.name: each for each in definitions.types}
        self._prefixes = definitions.prefixes
        self._place = place
        self._elsewhere = elsewhere
        self._found: dict[str, Declared] = {}
        self._open: set[str] = set()

    def __contains__(self, reference: str) -> bool:
        return self.find(reference) is not None

    def declared(self, reference: str) -> Declared:
        """The type of a reference; `Any` for none and for an unknown one."""
        return self.find(reference) or UNTYPED if reference else UNTYPED

    def find(self, reference: str) -> Declared | None:
        """The type of a reference; None when it is unknown."""
        if reference in self._found:
            return self._found[reference]
        if reference in self._open:
            return Declared(reference, Deferred(lambda: self.declared(reference).type))
        definition = self._definitions.get(reference)
        if definition is not None:
            self._open.add(reference)
            self._found[reference] = self.define(definition)
            self._open.discard(reference)
            return self._found[reference]
        return self._foreign(reference)

    def _foreign(self, reference: str) -> Declared | None:
        if reference in BUILT_IN:
            return Declared(reference, BUILT_IN[reference])
        found = self._elsewhere(reference)
        if found is None and ":" in reference:  # the qualified names of DMN 1.1
            prefix, _, name = reference.partition(":")
            if prefix == "feel" or prefix in self._prefixes:
                return self.find(name)
        return found

    def define(self, definition: ItemDefinition) -> Declared:
        """The type of an item definition or component."""
        base = self._base(definition)
        name = definition.name or base.name
        check = _both(base.check, self._check_of(definition.allowed))
        if not definition.is_collection:
            return Declared(name, base.type, _both(check, self._check_of(definition.constraint)))
        items = None if check is None else _each(check)
        return Declared(
            name, ListType(base.type), _both(items, self._check_of(definition.constraint))
        )

    def _base(self, definition: ItemDefinition) -> Declared:
        if definition.components:
            return self._context(definition)
        if definition.function is not None:
            return Declared(definition.name, self._function(definition.function))
        if definition.type and definition.type not in self:
            self._place.fault(
                definition.id, definition.line, "type", f"its type '{definition.type}' is unknown",
                "name a type of FEEL or an item definition",
            )  # fmt: skip
        return self.declared(definition.type)

    def _context(self, definition: ItemDefinition) -> Declared:
        parts = {each.name: self.define(each) for each in definition.components}
        entries = {name: part.type for name, part in parts.items()}
        checks = {name: part.check for name, part in parts.items() if part.check is not None}
        return Declared(definition.name, ContextType(entries), _entries(checks) if checks else None)

    def _function(self, item: FunctionItem) -> Type:
        parameters = tuple(self.declared(each.type).type for each in item.parameters)
        return DeclaredFunction(parameters, self.declared(item.output).type)

    def _check_of(self, tests: Text | None) -> Check | None:
        if tests is None or not tests.text.strip():
            return None
        code: Code = self._place.tests(tests.text, tests.id, tests.line, tests.language)
        return lambda value, run: code({INPUT: value}, run) is True

    def allowed(self, reference: str) -> Text | None:
        """The allowed values of a type, or of the one that it narrows."""
        seen = set()
        while reference in self._definitions and reference not in seen:
            seen.add(reference)
            definition = self._definitions[reference]
            if definition.allowed is not None:
                return definition.allowed
            reference = definition.type
        return None

    def by_name(self) -> Mapping[str, Type]:
        """What `instance of` may name; constraints do not count there."""
        return {name: self.declared(name).type for name in self._definitions}


def _both(first: Check | None, second: Check | None) -> Check | None:
    if first is None or second is None:
        return first or second
    return lambda value, run: first(value, run) and second(value, run)


def _each(check: Check) -> Check:
    return lambda values, run: all(each is None or check(each, run) for each in values)


def _entries(checks: Mapping[str, Check]) -> Check:
    return lambda value, run: all(
        value.get(name) is None or check(value[name], run) for name, check in checks.items()
    )


def fitting(declared: Declared) -> Fit | None:
    """The fastest code that makes values fit; None when every value does."""
    if declared.check is None:
        if isinstance(declared.type, AnyType):
            return None
        if isinstance(declared.type, SimpleType):
            return _simple(declared, declared.type.classes)
    return declared.fit


def _simple(declared: Declared, classes: tuple[type, ...]) -> Fit:
    fit = declared.fit
    return lambda value, run: value if value.__class__ in classes else fit(value, run)


def fitted(code: Code, fit: Fit | None) -> Code:
    """The code whose values are made to fit."""
    return code if fit is None else lambda scope, run: fit(code(scope, run), run)
