"""Functions of contexts."""

from __future__ import annotations

from typing import Any

from remit.feel.builtins.define import define, define_list


def get_value(context: Any, key: Any) -> Any:
    """The entry with this key; a list of keys is a path."""
    if key.__class__ is list:
        for each in key:
            context = get_value(context, each)
        return context
    return context.get(key) if context.__class__ is dict else None


def get_entries(context: Any) -> list[Any] | None:
    if context.__class__ is not dict:
        return None
    return [{"key": key, "value": value} for key, value in context.items()]


def put(context: Any, key: Any, value: Any) -> Any:
    """A copy with this entry; a list of keys is a path."""
    if context.__class__ is not dict:
        return None
    if key.__class__ is list:
        if not key:
            return None
        if len(key) == 1:
            return {**context, key[0]: value}
        inner = context.get(key[0])
        return {**context, key[0]: put(inner if inner.__class__ is dict else {}, key[1:], value)}
    return {**context, key: value} if key.__class__ is str else None


def merge(contexts: list[Any]) -> Any:
    merged: dict[str, Any] = {}
    for context in contexts:
        if context.__class__ is not dict:
            return None
        merged.update(context)
    return merged


def from_entries(entries: list[Any]) -> Any:
    if any(entry.__class__ is not dict or "key" not in entry for entry in entries):
        return None
    return {entry["key"]: entry.get("value") for entry in entries}


FUNCTIONS = {
    "get value": define("context, key", get_value),
    "get entries": define("context", get_entries),
    "put": define("context, key, value", put),
    "context put": define("context, key, value", put),
    "put all": define_list("contexts", merge),
    "context merge": define_list("contexts", merge),
    "context": define_list("entries", from_entries),
}
