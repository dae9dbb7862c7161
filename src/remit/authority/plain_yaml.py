"""YAML without its traps: the safe loader, reading plain words as YAML 1.2's JSON types do.

`no`, `on` and `2026-01-01` are text, `true` is a boolean, 010 is refused as a number and stays text.
Keys given twice, anchors and tags are refused.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from remit.authority.errors import BadForm

MAX_CHARACTERS = 256 * 1024


def load_yaml(text: str) -> object:
    """The value of a YAML text. Raises BadForm, with the line where it can."""
    if len(text) > MAX_CHARACTERS:
        raise BadForm(f"longer than {MAX_CHARACTERS} characters")
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as fault:
        raise BadForm(f"not YAML: {fault}") from None
    except (ValueError, TypeError, RecursionError) as fault:
        raise BadForm(f"not YAML: {fault}") from None


class _Loader(yaml.SafeLoader):
    """Nothing is what it does not look like."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
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
