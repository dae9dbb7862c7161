"""What a caller sees of the tables: views for the time of one query, in the place of the tables.

    CREATE TEMP VIEW process_instances AS SELECT * FROM main.process_instances WHERE tenant IN (…) AND …

Temporary views go before tables of the same name, in SQLite and in PostgreSQL alike, so that whatever is
searched, counted or looked up inside sees the caller's rows and no others, statistics included; the
database looks through them and uses the tables' indexes. A table that no rule knows is empty for callers
who don't see everything.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Dialect,
    MetaData,
    Table,
    and_,
    false,
    func,
    or_,
    select,
    true,
)

from remit.history import schema
from remit.history.searching import plain
from remit.identity.principal import Principal

Condition = ColumnElement[bool]
Rule = Callable[[Table, Principal], Condition]


def sees_everything(who: Principal) -> bool:
    return who.sees_all and who.may_all


@contextmanager
def seen_by(connection: Connection, who: Principal) -> Iterator[None]:
    """Within, the tables of `connection` are what `who` sees of them."""
    made: list[str] = []
    try:
        for name, statement in _known(connection, who):
            connection.exec_driver_sql(statement)
            made.append(name)
        yield
    finally:
        connection.rollback()
        for name in made:
            connection.exec_driver_sql(f"DROP VIEW IF EXISTS {_temporary(connection)}.{name}")
        connection.rollback()


def _own(connection: Connection) -> str:
    """Where the tables themselves are."""
    if connection.dialect.name == "sqlite":
        return "main"
    return str(connection.scalar(select(func.current_schema())))


def _temporary(connection: Connection) -> str:
    return "temp" if connection.dialect.name == "sqlite" else "pg_temp"


View = tuple[str, str]
"""The name of a view, and the statement that makes it."""

_VIEWS: OrderedDict[tuple[str, str, int], tuple[Principal, list[View]]] = OrderedDict()
REMEMBERED = 256


def _known(connection: Connection, who: Principal) -> list[View]:
    """The views of a caller, who is the same object as long as nothing has changed."""
    dialect, own = connection.dialect, _own(connection)
    name = (dialect.name, own, id(who))
    found = _VIEWS.get(name)
    if found is None or found[0] is not who:
        found = _VIEWS[name] = (who, list(_views(dialect, own, who)))
        while len(_VIEWS) > REMEMBERED:
            _VIEWS.popitem(last=False)
    return found[1]


@cache
def _own_tables(own: str) -> dict[str, Table]:
    there = MetaData(schema=own)
    return {table.name: table.to_metadata(there) for table in schema.metadata.sorted_tables}


def _views(dialect: Dialect, own: str, who: Principal) -> Iterator[View]:
    """A view for each table."""
    for name, table in _own_tables(own).items():
        if name in _COMMON:
            continue
        query = select(table).where(_condition(table, who))
        text = str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
        yield name, f"CREATE TEMP VIEW {name} AS {text}"


_COMMON = frozenset((schema.META.name, schema.POSITIONS.name))
"""Tables that tell nothing of anybody's work."""


def _condition(table: Table, who: Principal) -> Condition:
    rule = _RULES.get(table.name)
    parts: list[Condition] = [] if who.sees_all else [_of_tenants(table, who)]
    if not who.may_all:
        parts.append(false() if rule is None else rule(table, who))
    return and_(true(), *parts)


def _of_tenants(table: Table, who: Principal) -> Condition:
    if "tenant" in table.c:
        return _within(table.c.tenant, who.tenants)
    if "instance" in table.c:
        instances = _beside(table, schema.INSTANCES).c
        mine = select(instances.key).where(_within(instances.tenant, who.tenants))
        return table.c.instance.in_(mine)
    if table.name == schema.BATCHES.name:  # they may be about several tenants
        return table.c.actor == plain(who.name)
    return false()


def _beside(table: Table, other: Table) -> Table:
    """Another table where this one is."""
    return table.metadata.tables[f"{table.schema}.{other.name}"]


def _within(column: Any, names: frozenset[str] | None) -> Condition:
    """`names` None: whatever it is."""
    if names is None:
        return true()
    return column.in_(sorted(map(plain, names))) if names else false()


# --- rules -----------------------------------------------------------------------------------------


def _by(resource_type: str, permission: str, column: str) -> Rule:
    """Rows of the resources with which this may be done."""
    return lambda table, who: _within(table.c[column], who.ids(resource_type, permission))


def _altogether(resource_type: str, permission: str) -> Rule:
    """All or nothing."""
    return lambda table, who: true() if who.may(resource_type, permission) else false()


def _of_definition(table: Table, who: Principal) -> Condition:
    """Rows that know the key of their definition, but not its id."""
    found = who.ids(_PROCESS, _READ)
    if found is None:
        return true()
    definitions = _beside(table, schema.PROCESSES).c
    return table.c.definition.in_(
        select(definitions.key).where(_within(definitions.process_id, found))
    )


def _of_instance(table: Table, who: Principal) -> Condition:
    found = who.ids(_PROCESS, _READ)
    if found is None:
        return true()
    instances = _beside(table, schema.INSTANCES).c
    mine = select(instances.key).where(_within(instances.process_id, found))
    return table.c.instance.in_(mine)


def _tasks(table: Table, who: Principal) -> Condition:
    """Tasks of processes that are the caller's, and tasks that name the caller."""
    if who.may("USER_TASK", "READ"):
        return true()
    named = who.by_property.get(("USER_TASK", "READ"), frozenset())
    mine = [_within(table.c.process_id, who.ids(_PROCESS, "READ_USER_TASK"))]
    if "assignee" in named:
        mine.append(table.c.assignee == plain(who.name))
    if "candidateUsers" in named:
        mine.append(table.c.candidate_users.contains(f'"{plain(who.name)}"', autoescape=True))
    if "candidateGroups" in named:
        mine += [
            table.c.candidate_groups.contains(f'"{plain(group)}"', autoescape=True)
            for group in who.circles("GROUP")
        ]
    return or_(*mine)


def _job_counts(table: Table, who: Principal) -> Condition:
    """They are counted over all processes and tenants."""
    may = who.may("SYSTEM", "READ_JOB_METRIC") or who.may(_PROCESS, _READ)
    return true() if may else false()


_PROCESS, _READ = "PROCESS_DEFINITION", "READ_PROCESS_INSTANCE"
_INSTANCE_ROWS = _by(_PROCESS, _READ, "process_id")

_RULES: dict[str, Rule] = {
    schema.PROCESSES.name: _by(_PROCESS, "READ_PROCESS_DEFINITION", "process_id"),
    schema.INSTANCES.name: _INSTANCE_ROWS,
    schema.ELEMENTS.name: _INSTANCE_ROWS,
    schema.FLOWS.name: _INSTANCE_ROWS,
    schema.JOBS.name: _INSTANCE_ROWS,
    schema.INCIDENTS.name: _INSTANCE_ROWS,
    schema.SUBSCRIPTIONS.name: _INSTANCE_ROWS,
    schema.CORRELATIONS.name: _INSTANCE_ROWS,
    schema.VARIABLES.name: _of_definition,
    schema.WAITS.name: _of_instance,
    schema.JOB_COUNTS.name: _job_counts,
    schema.USER_TASKS.name: _tasks,
    schema.REQUIREMENTS.name: _by("DECISION_REQUIREMENTS_DEFINITION", "READ", "requirements_id"),
    schema.DECISIONS.name: _by("DECISION_DEFINITION", "READ_DECISION_DEFINITION", "decision_id"),
    schema.EVALUATIONS.name: _by("DECISION_DEFINITION", "READ_DECISION_INSTANCE", "decision_id"),
    schema.FORMS.name: lambda table, who: true(),
    schema.AUDIT.name: _altogether("AUDIT_LOG", "READ"),
    schema.BATCHES.name: _altogether("BATCH", "READ"),
    schema.BATCH_ITEMS.name: _altogether("BATCH", "READ"),
}
"""Forms are for everybody in their tenant: tasks and start pages need them."""
