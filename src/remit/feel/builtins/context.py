"""Context functions (10.3.4.8)."""

from __future__ import annotations

from typing import Any

from remit.feel.builtins.define import define

Context = dict[str, Any]
Items = list[Any]


def _get_value(m: Context, key: str) -> Any:
    return m.get(key)


def _get_value_by_path(context: Context, keys: Items) -> Any:
    found: Any = context
    for key in keys:
        if found.__class__ is not dict or key.__class__ is not str:
            return None
        found = found.get(key)
    return found


def _get_entries(m: Context) -> Items:
    return [{"key": key, "value": value} for key, value in m.items()]


def _put(context: Context, key: str, value: Any) -> Context:
    return {**context, key: value}


def _put_by_path(context: Context, keys: Items, value: Any) -> Context | None:
    """Along existing contexts; what is no context on the way makes it null."""
    if not keys or keys[0].__class__ is not str:
        return None
    key, *rest = keys
    if not rest:
        return {**context, key: value}
    inner = context.get(key)
    if inner.__class__ is not dict:
        return None
    changed = _put_by_path(inner, rest, value)
    return None if changed is None else {**context, key: changed}


def _put_by_path_in_zeebe(context: Context, keys: Items, value: Any) -> Context | None:
    """The same, but a missing context on the way is made."""
    if not keys or keys[0].__class__ is not str:
        return None
    key, *rest = keys
    if not rest:
        return {**context, key: value}
    inner = context.get(key)
    if inner is None:
        inner = {}
    if inner.__class__ is not dict:
        return None
    changed = _put_by_path_in_zeebe(inner, rest, value)
    return None if changed is None else {**context, key: changed}


def _merge(contexts: Items) -> Context | None:
    found: Context = {}
    for context in contexts:
        if context.__class__ is not dict:
            return None
        found.update(context)
    return found


def _context(entries: Items) -> Context | None:
    """Entries have a key and a value; a key that comes twice makes it null."""
    found: Context = {}
    for entry in entries:
        if not _is_entry(entry) or entry["key"] in found:
            return None
        found[entry["key"]] = entry["value"]
    return found


def _context_in_zeebe(entries: Items) -> Context | None:
    """The same, but the last of equal keys counts."""
    if not all(map(_is_entry, entries)):
        return None
    return {entry["key"]: entry["value"] for entry in entries}


def _is_entry(entry: Any) -> bool:
    return entry.__class__ is dict and entry.get("key").__class__ is str and "value" in entry


_PUT = "context put(context: context, key: string, value: any) -> context"
_PUT_BY_PATH = "context put(context: context, keys: list, value: any) -> context"
DMN = {
    **define("get value(m: context, key: string) -> any", _get_value),
    **define("get entries(m: context) -> list", _get_entries),
    **define(_PUT, _put, _PUT_BY_PATH, _put_by_path),
    **define("context merge(contexts: list) -> context", _merge),
    **define("context(entries: list) -> context", _context),
}
CAMUNDA = {
    **define(
        "get value(m: context, key: string) -> any",
        _get_value,
        "get value(context: context, key: string) -> any",
        _get_value,
        "get value(context: context, keys: list) -> any",
        _get_value_by_path,
    ),
    **define(
        "get entries(m: context) -> list", "get entries(context: context) -> list", _get_entries
    ),
    **define(_PUT, _put, _PUT_BY_PATH, _put_by_path_in_zeebe),
    **define("put(context: context, key: string, value: any) -> context", _put),
    **define(
        "context merge(contexts: list) -> context",
        _merge,
        "context merge(contexts...: context) -> context",
        _merge,
    ),
    **define(
        "put all(contexts: list) -> context",
        _merge,
        "put all(contexts...: context) -> context",
        _merge,
    ),
    **define("context(entries: list) -> context", _context_in_zeebe),
}
