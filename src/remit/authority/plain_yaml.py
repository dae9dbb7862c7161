"""YAML without its traps: the safe loader, reading plain words as YAML 1.2's JSON types do.

`no`, `on` and `2026-01-01` are text, `true` is a boolean, 010 is refused as a number and stays text.
Keys given twice, anchors and tags are refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import yaml

from remit.authority.errors import BadForm

MAX_CHARACTERS = 256 * 1024


def load_yaml(text: str) -> object:
    """The value of a YAML text. Raises BadForm, with the line where it can."""
    if len(text) > MAX_CHARACTERS:
        raise BadForm(f"longer than {MAX_CHARACTERS} characters")
    try:
        found = yaml.load(text, Loader=_Loader)
        json.dumps(found, ensure_ascii=False, default=str).encode()
        return found
    except UnicodeEncodeError:
        raise BadForm("half a character (\\ud800 to \\udfff) is no text") from None
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark
        where = f"line {mark.line + 1}: " if mark else ""
        raise BadForm(f"{where}not YAML: {fault.problem or fault.context}") from None
    except yaml.YAMLError as fault:
        raise BadForm(f"not YAML: {fault}") from None
    except (ValueError, TypeError, RecursionError) as fault:
        raise BadForm(f"not YAML: {fault}") from None


def plain(text: str) -> str:
    """The text as it is written in YAML: in quotes where it would be something else without.

    >>> plain("order"), plain("true"), plain("a: b")
    ('order', '"true"', '"a: b"')
    """
    if _WORD.fullmatch(text) and load_yaml(text) == text:
        return text
    return json.dumps(text)


_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


def line_of(text: str, path: Sequence[str | int]) -> int:
    """The line, from 1, where the value at `path` begins in a YAML text that can be loaded.

    Of a key that is not there the line of what lacks it; of a name itself, where it is written.

    >>> line_of("a: 1\\nb:\\n  - {c: 2}\\n  - {d: 3}\\n", ["b", 1, "d"])
    4
    """
    node = yaml.compose(text, Loader=_Loader)
    line = 1
    for step in path:
        found = _below(node, step)
        if found is None:
            break
        line, node = found
    return line


def _below(node: Any, step: str | int) -> tuple[int, Any] | None:
    """The line and the node of an item, or of a key's value."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return key.start_mark.line + 1, value
    elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step].start_mark.line + 1, node.value[step]
    return None


class _Loader(yaml.SafeLoader):
    """Nothing is what it does not look like."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent) or self.peek_event().anchor:  # type: ignore[no-untyped-call]
            raise BadForm("anchors and aliases are not used in policies")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise BadForm(f"line {key.start_mark.line + 1}: a key is one word or text")
            if key.value in seen:
                raise BadForm(f"line {key.start_mark.line + 1}: {key.value} is given twice")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_TAG = "tag:yaml.org,2002:"
for _name, _pattern, _first in (
    ("bool", r"(?:true|false)", "tf"),
    ("null", r"(?:null|~|)", "n~\0"),
    ("int", r"-?(?:0|[1-9][0-9]*)", "-0123456789"),
    ("float", r"-?(?:0|[1-9][0-9]*)\.[0-9]+", "-0123456789"),
):
    _Loader.add_implicit_resolver(
        f"{_TAG}{_name}", re.compile(f"^{_pattern}$"), [*_first.replace("\0", ""), ""]
    )
