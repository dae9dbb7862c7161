"""Functions: how they are defined and called; and `if`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from remit.feel import tree as t
from remit.feel.builtins.define import Builtin
from remit.feel.compiler.frames import RUN, Code, Compiler, Frame, Scope, Table, find, inner_scope
from remit.feel.functions import MISMATCH, Function
from remit.feel.texts import shortened
from remit.feel.types import coerce


def condition(compiler: Compiler, node: t.If, scope: Scope) -> Code:
    """Everything but true leads to `else`."""
    test = compiler.code(node.condition, scope)
    then, otherwise = compiler.code(node.then, scope), compiler.code(node.otherwise, scope)

    def choose(frame: Frame) -> Any:
        outcome = test(frame)
        if outcome is True:
            return then(frame)
        if outcome is not False and frame[RUN].warnings is not None:
            message = f"Expected a boolean condition, but found {shortened(outcome)}"
            frame[RUN].warn("INVALID_TYPE", message)
        return otherwise(frame)

    return choose


def definition(compiler: Compiler, node: t.FunctionDefinition, scope: Scope) -> Code:
    """A function keeps the frame as it is where it is defined; every call has a frame of its own.

    An argument that can't be made to fit the type of its parameter makes the result null.
    """
    if node.is_external:
        return _external(compiler, node, scope)
    slots = [compiler.slot() for _ in node.parameters]
    body = compiler.code(
        node.body, inner_scope(scope, dict(zip(node.parameters, slots, strict=True)))
    )
    parameters, types = node.parameters, node.types
    typed = [(place, type_) for place, type_ in enumerate(node.types) if type_ is not None]

    def define(frame: Frame) -> Function:
        kept = frame.copy()

        def call(arguments: Sequence[Any]) -> Any:
            inner = kept.copy()
            for slot, argument in zip(slots, arguments, strict=True):
                inner[slot] = argument
            for place, type_ in typed:
                value = coerce(arguments[place], type_)
                if value is None and arguments[place] is not None:
                    return None
                inner[slots[place]] = value
            inner[RUN].spend(1)
            return body(inner)

        return Function(parameters, call, types)

    return define


def _external(compiler: Compiler, node: t.FunctionDefinition, scope: Scope) -> Code:
    """What the body describes is looked up where the caller keeps such functions."""
    description, look_up = compiler.code(node.body, scope), compiler.external
    parameters = node.parameters

    def define(frame: Frame) -> Function | None:
        described = description(frame)
        found = None
        if look_up is not None and described.__class__ is dict:
            found = look_up(described, parameters)
        if found is None:
            frame[RUN].warn("NO_FUNCTION_FOUND", f"No external function {shortened(described)}")
        return found

    return define


def call(compiler: Compiler, node: t.Call, scope: Scope) -> Code:
    """A name that is bound nowhere and no variable's means the built-in function."""
    arguments = [compiler.code(argument, scope) for argument in node.arguments]
    names = node.names
    if isinstance(node.function, t.Name):
        name = node.function.name
        builtin = compiler.dialect.builtins.get(name)
        items, slot = find(scope, name)
        if builtin is not None and slot is None and not items and name not in compiler.shadowing:
            return _call_of_builtin(builtin, arguments, names)
        shown = f"with name '{name}'"
        if builtin is not None:
            return _call_of_name(compiler.code(node.function, scope), builtin, arguments, names)
    else:
        shown = "as the result of an expression"
    function = compiler.code(node.function, scope)

    def invoke(frame: Frame) -> Any:
        found = function(frame)
        if not isinstance(found, Function):
            if frame[RUN].warnings is not None:
                frame[RUN].warn("NO_FUNCTION_FOUND", f"No function found {shown}")
            return None
        return _invoked(found, [argument(frame) for argument in arguments], names, frame, shown)

    return invoke


def _invoked(
    function: Function, values: list[Any], names: tuple[str, ...], frame: Frame, shown: str
) -> Any:
    value = function.invoke(values, names)
    if value is MISMATCH:
        if frame[RUN].warnings is not None:
            frame[RUN].warn(
                "NO_FUNCTION_FOUND", f"No function found {shown} {_given(values, names)}"
            )
        return None
    return value


def _call_of_name(
    function: Code, builtin: Builtin, arguments: list[Code], names: tuple[str, ...]
) -> Code:
    """A variable may have the name of a built-in function: it is called when it is a function."""

    def invoke(frame: Frame) -> Any:
        found = function(frame)
        if not isinstance(found, Function):
            found = builtin.bound(frame[RUN])
        values = [argument(frame) for argument in arguments]
        return _invoked(found, values, names, frame, f"with name '{builtin.name}'")

    return invoke


def _call_of_builtin(builtin: Builtin, arguments: list[Code], names: tuple[str, ...]) -> Code:
    def invoke(frame: Frame) -> Any:
        values = [argument(frame) for argument in arguments]
        run = frame[RUN]
        value = builtin.invoke(run, values, names)
        if value is MISMATCH:
            if run.warnings is not None:
                run.warn("FUNCTION_INVOCATION_FAILURE", _failure(builtin, values, names))
            return None
        return value

    return invoke


def _failure(builtin: Builtin, values: list[Any], names: tuple[str, ...]) -> str:
    return f"Failed to invoke function '{builtin.name}' {_given(values, names)}"


def _given(values: list[Any], names: tuple[str, ...]) -> str:
    if names:
        shown = [f"{name}: {shortened(value)}" for name, value in zip(names, values, strict=True)]
    else:
        shown = [shortened(value) for value in values]
    return f"with the arguments ({', '.join(shown)})"


TABLE: Table = {t.If: condition, t.FunctionDefinition: definition, t.Call: call}
