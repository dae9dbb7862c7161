"""Which way a search takes to its rows, where the database alone takes too long to find them.

    as the database wants ─▶ keys first, where an index alone tells that they are few
                          ─▶ by the condition that fewest rows fulfil ─▶ along the order of the page

SQLite does not know how many rows fulfil a condition: it takes an index that a condition has, also where
a million rows are behind it and the page could be read off the order at once. So what takes longer than
it should is stopped, each condition is counted on its own, to a limit, and what is known then decides.
PostgreSQL keeps statistics of its values, and decides itself.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import eq
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, and_, false, func, or_, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.sql.elements import UnaryExpression
from sqlalchemy.sql.operators import custom_op
from sqlalchemy.sql.visitors import iterate, replacement_traverse

Condition = ColumnElement[bool]

FEW = 1_000
"""Up to here rows are looked up by what they fulfil; what more fulfil is found in its order soon."""

COUNTED = 10_000
"""Up to here the total is exact; beyond, the answer says that there are more."""

PATIENCE, PAGE_PATIENCE = 0.1, 0.2
"""Seconds that the way of the database may take, and the way along the order, if there is another."""

KEYS_SECONDS = 0.02
"""In which an index tells `RARE` keys, when nothing has to be looked up in the rows."""

PROBE_SECONDS = 0.05
RARE, NOT_MANY = 50_000, 300_000
"""So many rows are looked up one by one at once; so many, when nothing else was fast."""

DISK = 5
"""How many times as long something may take when it waits for others, or for the disk."""

INSTRUCTIONS = 20_000
"""Of SQLite's machine, between two looks at the clock: about a millisecond."""


class TooLong(Exception):
    """A statement was stopped."""


MOST_KINDS = 500
"""Kinds of rows that are told apart at most."""


@dataclass(frozen=True, slots=True)
class Kinds:
    """Columns that determine others: rows that are equal in `by` are equal in `determined`.

    An index begins with `by`, and goes on with `beside`.
    """

    by: tuple[Column[Any], ...]
    determined: frozenset[Column[Any]]
    beside: Column[Any]


@dataclass(frozen=True, slots=True)
class Question:
    """Rows of which all of `where` hold, and `hints` with them; `order` is the first they come by.

    `unique`: no two rows have the same identity.
    """

    identity: ColumnElement[Any]
    unique: bool
    where: tuple[Condition, ...]
    hints: tuple[Condition, ...]
    order: ColumnElement[Any]
    kinds: Kinds | None = None


Page = Callable[[Sequence[Condition]], list[Any]]
"""The rows of a page of those that fulfil conditions."""


def answer(connection: Connection, question: Question, page: Page) -> tuple[int, list[Any]]:
    """How many rows there are, up to one more than `COUNTED`, and those of the page."""
    if connection.dialect.name != "sqlite" or not question.where:
        return _as_it_is(connection, question, page)
    total = None
    try:
        with _stopped_after(connection, PATIENCE):
            total = _total(connection, question)
            return total, _page_of(total, question, page)
    except TooLong:
        if total is not None and question.unique and _are_few(connection, question):
            return total, page([question.identity.in_(_identities(question))])
        return _another_way(connection, question, page)


def _as_it_is(connection: Connection, question: Question, page: Page) -> tuple[int, list[Any]]:
    total = _total(connection, question)
    return total, _page_of(total, question, page)


def _total(connection: Connection, question: Question) -> int:
    counted = _identities(question).limit(COUNTED + 1)
    return connection.scalar(select(func.count()).select_from(counted.subquery())) or 0


def _page_of(total: int, question: Question, page: Page) -> list[Any]:
    few = question.where and question.unique and total <= FEW
    counted = _identities(question).limit(COUNTED + 1)
    return page([question.identity.in_(counted)] if few else question.where)


def _are_few(connection: Connection, question: Question) -> bool:
    """All conditions together leave `RARE` rows at most: an index that has them all counts that soon.

    The database may have chosen to look through the rows in their order, for the first of a page, where
    those that fulfil the conditions come last.
    """
    some = _identities(question).limit(RARE + 1).subquery()
    try:
        with _stopped_after(connection, KEYS_SECONDS):
            return (connection.scalar(select(func.count()).select_from(some)) or 0) <= RARE
    except TooLong:
        return False


def _identities(question: Question) -> Select[Any]:
    return select(question.identity).where(*question.where, *question.hints)


def _another_way(connection: Connection, question: Question, page: Page) -> tuple[int, list[Any]]:
    of_kinds = _of_kinds(connection, question)
    rarest, rows = _rarest(connection, (*question.where, *question.hints, *of_kinds), question)
    along, leading = _led_by(None, question), _led_by(rarest, question)
    counted = select(question.identity).where(*leading).limit(COUNTED + 1)
    if rarest is None:
        counted = counted.order_by(question.identity)
    found = connection.scalars(counted).all()
    if len(found) <= COUNTED and question.unique:  # these are all that there are
        return len(found), page([among(question.identity, found)])
    if RARE < rows <= NOT_MANY:
        try:
            with _stopped_after(connection, PAGE_PATIENCE):
                return len(found), page(along)
        except TooLong:
            pass
    return len(found), page(leading)


def among(column: ColumnElement[Any], keys: Sequence[Any]) -> Condition:
    """The column is one of many keys: one parameter of SQLite, however many they are."""
    listed = func.json_each(json.dumps(list(keys))).table_valued("value")
    return column.in_(select(listed.c.value))


def _led_by(condition: Condition | None, question: Question) -> list[Condition]:
    """Conditions by which only this one leads to the rows; none: the order of the page does."""
    others = [_unindexed(each, question) for each in question.where if each is not condition]
    return others if condition is None else [condition, *others]


def _rarest(
    connection: Connection, conditions: Sequence[Condition], question: Question
) -> tuple[Condition | None, int]:
    """The condition that fewest rows fulfil, and how many; what can't be counted soon has many."""
    rarest, rows = None, NOT_MANY + 1
    for each in conditions:
        some = select(question.identity).where(each).limit(rows).subquery()
        try:
            with _stopped_after(connection, PROBE_SECONDS):
                found = connection.scalar(select(func.count()).select_from(some)) or 0
        except TooLong:
            continue
        if found < rows:
            rarest, rows = each, found
    return rarest, rows


def _of_kinds(connection: Connection, question: Question) -> tuple[Condition, ...]:
    """What all conditions on kinds mean together: one of few kinds of rows, or none."""
    kinds = question.kinds
    if kinds is None:
        return ()
    on_kinds = [each for each in question.where if _columns(each) <= kinds.determined]
    beside = [each for each in question.where if _columns(each) == {kinds.beside}]
    samples = _samples(connection, question.identity, kinds) if on_kinds else None
    if samples is None:
        return ()
    chosen = select(*kinds.by).where(among(question.identity, samples), *on_kinds)
    found = connection.execute(chosen).all()
    equal = (and_(*map(eq, kinds.by, row), *beside) for row in found)
    return (or_(false(), *equal),)


def _samples(
    connection: Connection, identity: ColumnElement[Any], kinds: Kinds
) -> list[Any] | None:
    """The identity of one row of each kind; nothing when there are too many kinds."""
    first = select(identity, *kinds.by).order_by(*kinds.by).limit(1)
    found: list[Any] = []
    row = connection.execute(first).first()
    while row is not None and len(found) < MOST_KINDS:
        found.append(row[0])
        following = (first.where(each) for each in _beyond(kinds, row[1:]))
        rows = (connection.execute(each).first() for each in following)
        row = next((each for each in rows if each is not None), None)
    return found if row is None else None


def _beyond(kinds: Kinds, values: Sequence[Any]) -> Iterator[Condition]:
    """Each leads to the next kind if the one before led to none: an index goes to these at once."""
    for place in reversed(range(len(kinds.by))):
        equal = (kinds.by[other] == values[other] for other in range(place))
        yield and_(*equal, kinds.by[place] > values[place])


def _columns(condition: Condition) -> set[Any]:
    return {each for each in iterate(condition) if isinstance(each, Column)}


def _unindexed(condition: Condition, question: Question) -> Condition:
    """The same condition, for no index but that of the order: SQLite has none for signed columns."""

    own = getattr(question.identity, "table", None)

    def signed(element: Any, **_: Any) -> Any:
        if isinstance(element, Column) and element.table is own and element is not question.order:
            return UnaryExpression(element, operator=custom_op("+"), type_=element.type)
        return None

    found: Condition = replacement_traverse(condition, {}, signed)
    return found


@contextmanager
def _stopped_after(connection: Connection, seconds: float) -> Iterator[None]:
    """Raises `TooLong` when what is read within takes longer: of this thread's own time.

    A machine that has other things to do makes no way worse than another; a slow disk does.
    """
    driver: Any = connection.connection.driver_connection
    ended, at_last = time.thread_time() + seconds, time.monotonic() + seconds * DISK
    driver.set_progress_handler(
        lambda: time.thread_time() > ended or time.monotonic() > at_last, INSTRUCTIONS
    )
    try:
        yield
    except OperationalError as fault:
        if "interrupted" not in str(fault.orig):
            raise
        raise TooLong from fault
    finally:
        driver.set_progress_handler(None, 0)
