"""Searching the tables: filters, sorting and pages in the words of the public API.

    filter  {field: value | {"$eq" …}}, ANDed; `$or` a list of filters, any of which
    sort    [{field, order}]; the key decides among equals, so that the order is total
    page    {limit} | {from, limit} | {after, limit} | {before, limit}

Pages by cursor continue behind the values of a row: page 10,000 costs what page 1 does. Everything from
outside is a bound parameter.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    exists,
    false,
    literal,
    not_,
    null,
    or_,
    select,
    true,
    tuple_,
)

from remit.history.planning import COUNTED, Kinds, Question, among, answer

DEFAULT_LIMIT, MAX_LIMIT = 100, 10_000

Anything = Column[Any] | ColumnElement[Any]
"""A column of a table, or of a query that is searched like one."""


class Wrong(ValueError):
    """A search that makes no sense, in a sentence."""


def plain(value: str) -> str:
    """A text that every database takes: none of them keeps NUL in texts, PostgreSQL refuses it."""
    return value.replace("\x00", "\ufffd")


# --- fields ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Field:
    """A property of an entity: its column, how it is shown, how a filter's value is read.

    `words` are those that a value can be, where there are only so many.
    """

    column: Anything
    show: Callable[[Any], Any]
    read: Callable[[Any], Any]
    kind: str
    words: tuple[str, ...] = ()


def text(column: Anything) -> Field:
    return Field(column, _same, _text, "string")


def enum(
    column: Anything, words: tuple[str, ...] = (), *, shown: Mapping[str, str] | None = None
) -> Field:
    """Shown in upper case; asked for in any, by one of `words` if there are only so many.

    `shown` has other words for what clients do not know.
    """
    others = shown or {}

    def read(value: Any) -> str:
        word = _text(value).upper()
        if words and word not in words:
            raise Wrong(f"there is no {value!r}; there are {', '.join(words)}")
        return word

    return Field(column, lambda value: others.get(value, value), read, "enum", words)


def key(column: Anything) -> Field:
    return Field(column, lambda value: None if value is None else str(value), _key, "key")


def number(column: Anything) -> Field:
    return Field(column, _same, _number, "integer")


def flag(column: Anything) -> Field:
    return Field(column, bool, _flag, "boolean")


def date(column: Anything) -> Field:
    return Field(column, show_date, _date, "date")


def document(column: Anything) -> Field:
    """JSON that is shown as it is and can't be filtered."""
    return Field(column, lambda value: msgspec.json.decode(value), _nothing, "document")


def maybe(column: Anything) -> Field:
    """True, false, or not known."""
    return Field(column, lambda value: None if value is None else bool(value), _flag, "boolean")


def flag_of(name: str, condition: ColumnElement[bool]) -> Field:
    """A property that is true where a condition holds."""
    return Field(condition.label(name), bool, _flag, "boolean")


def _constant(value: Any) -> Field:
    """A property that is the same for every row: nothing, a number or a text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return Field(literal(value), _same, _number, "integer")
    found = null() if value is None else literal(value)
    return Field(found, _same, _scalar, "string")


def _scalar(value: Any) -> str:
    if isinstance(value, str | int | float):
        return str(value)
    raise Wrong(f"a text, a number or true or false is expected, not {value!r}")


def show_date(milliseconds: int | None) -> str | None:
    """
    >>> show_date(1_700_000_000_123)
    '2023-11-14T22:13:20.123Z'
    """
    if milliseconds is None:
        return None
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03}Z"


def _same(value: Any) -> Any:
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Wrong(f"a text is expected, not {value!r}")
    return plain(value)


def _key(value: Any) -> int:
    if isinstance(value, str) and value.lstrip("-").isdigit() and len(value) < 20:
        return int(value)
    raise Wrong(f"a key in decimal digits is expected, not {value!r}")


def _number(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 63:
        return value
    raise Wrong(f"a whole number is expected, not {value!r}")


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise Wrong(f"true or false is expected, not {value!r}")


def _date(value: Any) -> int:
    try:
        moment = datetime.fromisoformat(_text(value))
    except ValueError:
        raise Wrong(
            f"a date-time such as 2026-11-20T10:00:00Z is expected, not {value!r}"
        ) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def _nothing(value: Any) -> Any:
    raise Wrong("this property can't be filtered")


# --- entities --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Related:
    """Rows that have to do with others: `of`, a column of those, is `owner`, and `where` holds.

    `hints` hold where `where` does, and have an index; `few` says that by those the others are never
    many beside all rows.
    """

    owner: Anything
    of: Anything
    where: tuple[ColumnElement[bool], ...]
    hints: tuple[ColumnElement[bool], ...] = ()
    few: bool = False

    def condition(self, connection: Connection | None) -> ColumnElement[bool]:
        """The way that suits how many others there are: look them up first, or for each row."""
        if connection is not None:
            wanted = select(self.of).where(*self.where, *self.hints)
            if self.few:
                return self.owner.in_(wanted)
            found = connection.scalars(wanted.limit(COUNTED + 1)).all()
            if len(found) <= COUNTED:
                is_sqlite = connection.dialect.name == "sqlite"
                return among(self.owner, found) if is_sqlite else self.owner.in_(wanted)
        return exists(select(self.of).where(self.of == self.owner, *self.where))


@dataclass(frozen=True, slots=True)
class Hint:
    """What holds anyway where the other conditions do; in its words an index is declared.

    `only` names the one database whose order of texts it relies on.
    """

    condition: ColumnElement[bool]
    only: str = ""


Part = ColumnElement[bool] | Related | Hint
Extra = Callable[[Any], Part | Sequence[Part]]


@dataclass(frozen=True, slots=True)
class Entity:
    """What can be searched. `fields` are shown; `hidden` can only be filtered; `extras` are filters
    with a meaning of their own; `constants` are shown the same for every row; `absent` can be asked
    for, and no row has it; `always` holds for every row that is found. `identity`, with `ties`, makes
    an order total; `natural` is the order when none is asked for; `kinds`: which columns say most.
    """

    table: FromClause
    identity: Anything
    fields: Mapping[str, Field]
    hidden: Mapping[str, Field] = field(default_factory=dict)
    extras: Mapping[str, Extra] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    ties: tuple[Anything, ...] = ()
    natural: tuple[Anything, ...] = ()
    always: tuple[ColumnElement[bool], ...] = ()
    kinds: Kinds | None = None

    @property
    def computed(self) -> list[Anything]:
        """What is shown of a row and does not stand in it; it is worked out for rows of a page alone."""
        held = set(self.table.c)
        return [each.column for each in self.fields.values() if each.column not in held]

    def statement(self) -> Select[Any]:
        """All rows, with what is computed of them."""
        return select(self.table, *self.computed)

    def shown(self, row: Any) -> dict[str, Any]:
        """A row of `statement` as the API shows it."""
        found = {name: each.show(row._mapping[each.column]) for name, each in self.fields.items()}
        return {**found, **self.constants}

    def field(self, name: str) -> Field:
        found = self.fields.get(name) or self.hidden.get(name)
        if found is None and name in self.absent:
            return _constant(None)
        if found is None and name in self.constants:
            return _constant(self.constants[name])
        if found is None:
            raise Wrong(f"Request property [{name}] cannot be parsed: there is no such property")
        return found


# --- filters ---------------------------------------------------------------------------------------

Condition = ColumnElement[bool]


def conditions(
    entity: Entity, given: Mapping[str, Any], connection: Connection | None = None
) -> list[Condition]:
    """A filter as conditions that all have to hold; raises `Wrong`.

    With a `connection` conditions on related rows may be decided by looking how many there are.
    """
    return [
        each.condition(connection) if isinstance(each, Related) else each
        for each in _parts(entity, given, connection)
        if not isinstance(each, Hint)
    ]


def _parts(
    entity: Entity, given: Mapping[str, Any], connection: Connection | None
) -> Iterator[Part]:
    for name, value in given.items():
        if value is None:
            continue
        if name == "$or":
            if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
                raise Wrong("$or is a list of filters")
            yield or_(*(and_(true(), *conditions(entity, each, connection)) for each in value))
            continue
        try:
            if name in entity.extras:
                found = entity.extras[name](value)
                yield from found if isinstance(found, Sequence) else (found,)
            else:
                yield from compare(entity.field(name), value)
        except Wrong as fault:
            raise Wrong(f"filter.{name}: {fault}") from None


def compare(each: Field, value: Any) -> list[Condition]:
    """A scalar means equality; an object holds operators, all of which have to hold."""
    if not isinstance(value, dict):
        return [each.column == each.read(value)]
    found = []
    for operator, operand in value.items():
        build = _OPERATORS.get(operator)
        if build is None or operator not in ALLOWED[each.kind]:
            allowed = ", ".join(ALLOWED[each.kind])
            raise Wrong(f"'{operator}' is no operator here; there are {allowed}")
        found.append(build(each, operand))
    return found


def _many(each: Field, operand: Any) -> list[Any]:
    if not isinstance(operand, list):
        raise Wrong("a list is expected")
    return [each.read(value) for value in operand]


def _exists(each: Field, operand: Any) -> Condition:
    return each.column.is_not(None) if _flag(operand) else each.column.is_(None)


def _like(each: Field, operand: Any) -> Condition:
    return each.column.like(_pattern(_text(operand)), escape="\\")


def _pattern(wanted: str) -> str:
    """`*` any signs, `?` one, a backslash takes the meaning away from the next one.

    >>> _pattern("a*b?_")
    'a%b_\\\\_'
    """
    found, plain = [], False
    for sign in wanted:
        if plain:
            found.append("\\" + sign if sign in "%_\\" else sign)
            plain = False
        elif sign == "\\":
            plain = True
        elif sign in "*?":
            found.append("%" if sign == "*" else "_")
        else:
            found.append("\\" + sign if sign in "%_" else sign)
    return "".join(found)


def beginning(wanted: str) -> str:
    """What every text begins with that is like this.

    >>> beginning("order-7*"), beginning("*7")
    ('order-7', '')
    """
    found = re.match(r"(?:[^*?\\]|\\.)*", wanted, re.DOTALL)
    return re.sub(r"\\(.)", r"\1", found[0] if found else "", flags=re.DOTALL)


_OPERATORS: dict[str, Callable[[Field, Any], Condition]] = {
    "$eq": lambda each, value: each.column == each.read(value),
    "$neq": lambda each, value: or_(each.column != each.read(value), each.column.is_(None)),
    "$exists": _exists,
    "$gt": lambda each, value: each.column > each.read(value),
    "$gte": lambda each, value: each.column >= each.read(value),
    "$lt": lambda each, value: each.column < each.read(value),
    "$lte": lambda each, value: each.column <= each.read(value),
    "$in": lambda each, value: each.column.in_(_many(each, value)),
    "$notIn": lambda each, value: not_(each.column.in_(_many(each, value))),
    "$like": _like,
}
_ORDERED = ("$eq", "$neq", "$exists", "$gt", "$gte", "$lt", "$lte", "$in")
ALLOWED = {
    "string": ("$eq", "$neq", "$exists", "$in", "$notIn", "$like"),
    "enum": ("$eq", "$neq", "$exists", "$in", "$notIn", "$like"),
    "key": ("$eq", "$neq", "$exists", "$in", "$notIn"),
    "integer": _ORDERED,
    "date": _ORDERED,
    "boolean": ("$eq", "$neq"),
    "document": (),
}
"""Operators by the kind of a property."""


# --- pages -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Search:
    """A request, as it came. `page` is one of the four forms."""

    filter: Mapping[str, Any] = field(default_factory=dict)
    sort: Sequence[Mapping[str, Any]] = ()
    page: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Order:
    column: Anything
    descending: bool


def search(
    connection: Connection, entity: Entity, wanted: Search, *more: Condition
) -> dict[str, Any]:
    """The items of one page, and where the pages before and after begin; raises `Wrong`."""
    parts = list(_parts(entity, wanted.filter, connection))
    resolved = [p.condition(connection) if isinstance(p, Related) else p for p in parts]
    dialect = connection.dialect.name
    hints = [
        each.condition for each in resolved if isinstance(each, Hint) and each.only in ("", dialect)
    ]
    asked = [each for each in resolved if not isinstance(each, Hint)]
    orders = _orders(entity, wanted.sort)
    limit, offset, cursor, backward = _page(wanted.page, orders)
    question = Question(
        entity.identity,
        not entity.ties,
        (*entity.always, *asked, *more),
        tuple(hints),
        orders[0].column,
        entity.kinds,
    )

    def page(which: Sequence[Condition]) -> list[Any]:
        conditions = list(which)
        if cursor is not None:
            conditions.append(_behind(orders, cursor, backward))

        def cut(statement: Select[Any]) -> Select[Any]:
            wanted = statement.where(*conditions)
            return _sorted(wanted, orders, backward).limit(limit).offset(offset)

        if entity.ties or not entity.computed:
            return list(connection.execute(cut(entity.statement())))
        keys = connection.scalars(cut(select(entity.identity))).all()
        these = among(entity.identity, keys) if dialect == "sqlite" else entity.identity.in_(keys)
        return list(connection.execute(_sorted(entity.statement().where(these), orders, backward)))

    total, rows = answer(connection, question, page)
    if backward:
        rows.reverse()
    return {
        "items": [entity.shown(row) for row in rows],
        "page": {
            "totalItems": min(total, COUNTED),
            "hasMoreTotalItems": total > COUNTED,
            "startCursor": _cursor(rows[0], orders) if rows else None,
            "endCursor": _cursor(rows[-1], orders) if rows else None,
        },
    }


def _orders(entity: Entity, sort: Sequence[Mapping[str, Any]]) -> list[_Order]:
    found = []
    for each in sort:
        if set(each) - {"field", "order"} or not isinstance(each.get("field"), str):
            raise Wrong("sort is a list of {field, order}")
        order = str(each.get("order") or "ASC").upper()
        if order not in ("ASC", "DESC"):
            raise Wrong(f"sort: the order is ASC or DESC, not '{order}'")
        column = entity.field(each["field"]).column  # one that is no property is refused here
        if each["field"] not in entity.constants:
            found.append(_Order(column, order == "DESC"))
    if not found:
        found = [_Order(column, descending=False) for column in entity.natural]
    for tie in (entity.identity, *entity.ties):
        if not any(each.column is tie for each in found):
            found.append(_Order(tie, found[-1].descending if found else False))
    return found


def _page(page: Mapping[str, Any], orders: list[_Order]) -> tuple[int, int, list[Any] | None, bool]:
    """limit, offset, the values behind which to go on, and whether backward."""
    unknown = set(page) - {"limit", "from", "after", "before"}
    if unknown:
        raise Wrong(f"Request property [page.{min(unknown)}] cannot be parsed")
    forms = [name for name in ("from", "after", "before") if page.get(name) is not None]
    if len(forms) > 1:
        raise Wrong(f"Only one of [from, after, before] is allowed, not {', '.join(forms)}")
    limit = page.get("limit")
    limit = DEFAULT_LIMIT if limit is None else _number(limit)
    if not 1 <= limit <= MAX_LIMIT:
        raise Wrong(f"The value for limit is '{limit}' but must be between 1 and {MAX_LIMIT}")
    offset = _number(page.get("from") or 0)
    if offset < 0:
        raise Wrong(f"The value for from is '{offset}' but must not be negative")
    text = page.get("after") or page.get("before")
    cursor = None if text is None else _read_cursor(text, len(orders))
    return limit, offset, cursor, page.get("before") is not None


def _sorted(statement: Select[Any], orders: list[_Order], backward: bool) -> Select[Any]:
    """Nothing sorts before everything, as in SQLite; said to PostgreSQL in words."""
    parts = []
    for each in orders:
        down = each.descending != backward
        if _may_be_null(each.column):
            parts.append(
                each.column.desc().nulls_last() if down else each.column.asc().nulls_first()
            )
        else:
            parts.append(each.column.desc() if down else each.column.asc())
    return statement.order_by(*parts)


def _behind(orders: list[_Order], values: list[Any], backward: bool) -> Condition:
    """Rows behind these values in the order: equal in the first ones, behind in the next."""
    directions = {each.descending != backward for each in orders}
    if len(directions) == 1 and not any(_may_be_null(each.column) for each in orders):
        here, there = tuple_(*(each.column for each in orders)), tuple_(*values)
        return here < there if directions.pop() else here > there  # an index goes there at once
    found = []
    equal: list[Condition] = []
    for each, value in zip(orders, values, strict=True):
        down = each.descending != backward
        found.append(and_(*equal, _beyond(each.column, value, down)))
        equal.append(each.column.is_(None) if value is None else each.column == value)
    return or_(*found)


def _beyond(column: Anything, value: Any, down: bool) -> Condition:
    if value is None:
        return false() if down else column.is_not(None)
    below: Condition = column < value
    if down:
        return or_(below, column.is_(None)) if _may_be_null(column) else below
    above: Condition = column > value
    return above


def _may_be_null(column: Anything) -> bool:
    return bool(getattr(column, "nullable", True))


def _cursor(row: Any, orders: list[_Order]) -> str:
    values = [row._mapping[each.column] for each in orders]
    return base64.b64encode(msgspec.json.encode(values)).decode()


def _read_cursor(text: Any, size: int) -> list[Any]:
    try:
        values = msgspec.json.decode(base64.b64decode(_text(text), validate=True))
    except (binascii.Error, msgspec.DecodeError, ValueError) as fault:
        raise Wrong("the cursor is none that a page has given") from fault
    kinds = (str, int, bool, type(None))
    if not isinstance(values, list) or len(values) != size:
        raise Wrong("the cursor belongs to a search with another order")
    if not all(isinstance(each, kinds) for each in values):
        raise Wrong("the cursor is none that a page has given")
    return values
