"""The exporters there are, by the word that names them on the command line."""

from __future__ import annotations

from collections.abc import Callable

from remit.exporters.contract import Exporter
from remit.exporters.jsonlines import JsonLines

KINDS: dict[str, Callable[[], Exporter]] = {"jsonl": JsonLines}


def exporter_of(spec: str) -> Exporter:
    """`KIND:PATH,name=value,…` as a configured exporter; raises `ValueError` with a sentence."""
    kind, _, rest = spec.partition(":")
    if kind not in KINDS:
        raise ValueError(f"there is no exporter '{kind}'; there is: {', '.join(KINDS)}")
    path, *pairs = rest.split(",")
    settings = {"path": path}
    for pair in pairs:
        name, _, value = pair.partition("=")
        settings[name] = value
    exporter = KINDS[kind]()
    exporter.configure(settings)
    return exporter
