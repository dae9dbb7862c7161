"""Tables for terminals of any width: keys are never cut, since people copy them.

Where a row has no room, columns become narrower and their values go on in the next line; when that is
not enough, whole columns are left out, the last ones first, and a line below names them. What is no
terminal gets rows of any length, one line each.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

GAP = 2
"""Signs between two columns."""

LONGEST_WORD = 12
"""What is longer may be broken in the middle, unless it is a key."""

_KEY = re.compile(r"(^|_)keys?$|Keys?$|^id$|^position$")
_HUMP = re.compile(r"[A-Z]?[^A-Z]+|[A-Z]+")


@dataclass(frozen=True, slots=True)
class _Column:
    place: int
    name: str
    natural: int
    smallest: int
    is_key: bool


class Rows:
    """Rows of texts under the names of their columns; `titles` says whether the names are shown."""

    def __init__(
        self, names: Sequence[str], rows: Sequence[Sequence[str]], *, titles: bool = True
    ) -> None:
        self._names = names
        self._rows = [[harmless(cell, keep="\n\t") for cell in row] for row in rows]
        self._titles = titles

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = options.max_width if console.is_terminal else 1 << 20
        chosen, left_out = _chosen([self._column(*each) for each in enumerate(self._names)], room)
        widths = _widths(chosen, room)
        table = Table(
            box=None, show_header=self._titles, header_style="bold", pad_edge=False,
            padding=(0, GAP, 0, 0),
        )  # fmt: skip
        for column, width in zip(chosen, widths, strict=True):
            table.add_column(Text(_folded(column.name, width)), width=width, overflow="fold")
        for row in self._rows:
            table.add_row(*(Text(row[column.place]) for column in chosen))
        whole = sum(widths) + GAP * len(widths)
        yield from console.render(table, options.update(max_width=whole, no_wrap=False))
        if left_out:
            names = ", ".join(column.name for column in left_out)
            yield Text(f"(no room for {names}; --json shows all)", style="dim")

    def _column(self, place: int, name: str) -> _Column:
        cells = [row[place] for row in self._rows]
        widest = max(map(_width, cells), default=0)
        is_key = bool(_KEY.search(name))
        words = (word for cell in cells for word in cell.split())
        smallest = widest if is_key else min(LONGEST_WORD, max(map(cell_len, words), default=1))
        if not self._titles:
            return _Column(place, name, max(widest, 1), max(smallest, 1), is_key)
        humps = max(map(cell_len, _HUMP.findall(name)), default=1)
        return _Column(place, name, max(widest, cell_len(name)), max(smallest, humps), is_key)


def harmless(text: str, *, keep: str = "") -> str:
    """Somebody else's words for a terminal: signs that would move its cursor are spelled.

    >>> harmless("boss\\x1b[31m"), harmless("J\u00f6rg")
    ('boss\\\\x1b[31m', 'J\u00f6rg')
    """
    if text.isprintable():
        return text
    return "".join(
        sign if sign.isprintable() or sign in keep else repr(sign)[1:-1] for sign in text
    )


def boxed(*names: str) -> Table:
    """A table with lines around it, for what people read; nothing in it is cut."""
    table = Table()
    for name in names:
        table.add_column(name, overflow="fold")
    return table


def show(console: Console, drawn: RenderableType) -> None:
    """Print what may be wider than the console."""
    console.print(drawn, crop=False)


def _width(text: str) -> int:
    return max(map(cell_len, text.splitlines()), default=0)


def _chosen(columns: list[_Column], room: int) -> tuple[list[_Column], list[_Column]]:
    """Those that can be shown, and those that can't; keys, and the first of the others, always are."""
    chosen = list(columns)
    left_out: list[_Column] = []
    others = [column for column in columns if not column.is_key]
    for column in reversed(others[1:]):
        if sum(each.smallest + GAP for each in chosen) - GAP <= room:
            break
        chosen.remove(column)
        left_out.insert(0, column)
    return chosen, left_out


def _widths(columns: Sequence[_Column], room: int) -> list[int]:
    """The smallest widths, and what room is left, to the first columns first."""
    left = room - sum(each.smallest + GAP for each in columns) + GAP
    widths = []
    for column in columns:
        more = max(0, min(left, column.natural - column.smallest))
        widths.append(column.smallest + more)
        left -= more
    return widths


def _folded(name: str, width: int) -> str:
    """A name in lines that are no longer than `width`, broken where a word of it begins.

    >>> _folded("processDefinitionVersion", 12).splitlines()
    ['process', 'Definition', 'Version']
    """
    lines = [""]
    for hump in _HUMP.findall(name) or [name]:
        if cell_len(lines[-1] + hump) <= width:
            lines[-1] += hump
        else:
            lines.append(hump)
    return "\n".join(line for line in lines if line)
