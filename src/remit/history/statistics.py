"""Counts over history, as tables that are searched like entities: with filter, sort and pages.

    by process      active instances with and without incidents, per process id or per version
    by error        active instances per error message, and per definition where an error stands
    jobs            created, completed and failed in a window of time, from the counts by minute
    waiting         elements of an instance, subscriptions per definition, names of variables

Windows of time are as exact as the minute in which something happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    case,
    distinct,
    func,
    literal,
    literal_column,
    select,
)

from remit.history import entities, schema
from remit.history.searching import (
    Entity,
    Search,
    Wrong,
    compare,
    conditions,
    date,
    flag,
    key,
    number,
    search,
    show_date,
    text,
)
from remit.model.timing import add_duration

Answer = dict[str, Any]
_I, _N, _P = schema.INSTANCES.c, schema.INCIDENTS.c, schema.PROCESSES.c
_E, _V, _S, _C = schema.ELEMENTS.c, schema.VARIABLES.c, schema.SUBSCRIPTIONS.c, schema.JOB_COUNTS.c


_MINUTE = 60_000
MAX_BUCKETS = 10_000
"""Points of a time series at most."""


# --- processes -------------------------------------------------------------------------------------


def _with(condition: ColumnElement[bool]) -> Any:
    return func.sum(case((condition, 1), else_=0))


def _process_counts() -> Entity:
    latest = schema.PROCESSES.alias()
    process = _I.process_id + literal_column("''")  # or SQLite reads every instance, in this order
    counted = (
        select(
            process.label("process_id"), _I.tenant,
            _with(_I.incidents > 0).label("troubled"), _with(_I.incidents <= 0).label("fine"),
        )
        .where(_I.end_date.is_(None))
        .group_by(process, _I.tenant)
        .subquery()
    )  # fmt: skip
    same = (latest.c.process_id == counted.c.process_id, latest.c.tenant == counted.c.tenant)
    versions = select(func.count()).select_from(latest).where(*same).scalar_subquery()
    name = (
        select(latest.c.name)
        .where(*same)
        .order_by(latest.c.version.desc())
        .limit(1)
        .scalar_subquery()
    )
    found = select(
        (counted.c.process_id + literal("\n") + counted.c.tenant).label("id"), *counted.c,
        name.label("name"), (versions > 1).label("several"),
    ).subquery()  # fmt: skip
    return Entity(
        found,
        found.c.id,
        {
            "processDefinitionId": text(found.c.process_id), "tenantId": text(found.c.tenant),
            "latestProcessDefinitionName": text(found.c.name),
            "hasMultipleVersions": flag(found.c.several),
            "activeInstancesWithoutIncidentCount": number(found.c.fine),
            "activeInstancesWithIncidentCount": number(found.c.troubled),
        },
    )  # fmt: skip


def _version_counts() -> Entity:
    found = (
        select(
            _P.key, _P.process_id, _P.name, _P.tenant, _P.version,
            _with(_I.incidents > 0).label("troubled"),
            _with(_I.incidents <= 0).label("fine"),
        )
        .join_from(
            schema.PROCESSES, schema.INSTANCES,
            (_I.definition == _P.key) & _I.end_date.is_(None), isouter=True,
        )
        .group_by(_P.key, _P.process_id, _P.name, _P.tenant, _P.version)
        .subquery()
    )  # fmt: skip
    return Entity(
        found,
        found.c.key,
        {
            "processDefinitionId": text(found.c.process_id),
            "processDefinitionKey": key(found.c.key), "processDefinitionName": text(found.c.name),
            "tenantId": text(found.c.tenant), "processDefinitionVersion": number(found.c.version),
            "activeInstancesWithIncidentCount": number(found.c.troubled),
            "activeInstancesWithoutIncidentCount": number(found.c.fine),
        },
    )  # fmt: skip


PROCESS_COUNTS, VERSION_COUNTS = _process_counts(), _version_counts()


# --- errors ----------------------------------------------------------------------------------------


def _error_counts() -> Entity:
    found = (
        select(
            _N.error_hash, func.min(_N.error_message).label("error_message"),
            func.count(distinct(_N.instance)).label("instances"),
        )
        .where(_N.state == "ACTIVE")
        .group_by(_N.error_hash)
        .subquery()
    )  # fmt: skip
    return Entity(
        found,
        found.c.error_hash,
        {
            "errorHashCode": number(found.c.error_hash), "errorMessage": text(found.c.error_message),
            "activeInstancesWithErrorCount": number(found.c.instances),
        },
    )  # fmt: skip


ERROR_COUNTS = _error_counts()


def errors_by_definition(connection: Connection, wanted: Search) -> Answer:
    """Where the error of `filter.errorHashCode` stands; raises `Wrong` without one."""
    given = dict(wanted.filter)
    if given.get("errorHashCode") is None:
        raise Wrong("No filter.errorHashCode provided.")
    condition = compare(number(_N.error_hash), given.pop("errorHashCode"))
    found = (
        select(
            _P.key, _P.process_id, func.coalesce(_P.name, _P.process_id).label("name"),
            _P.version, _P.tenant, func.count(distinct(_N.instance)).label("instances"),
        )
        .join_from(schema.INCIDENTS, schema.PROCESSES, _N.definition == _P.key)
        .where(_N.state == "ACTIVE", *condition)
        .group_by(_P.key, _P.process_id, _P.name, _P.version, _P.tenant)
        .subquery()
    )  # fmt: skip
    entity = Entity(
        found,
        found.c.key,
        {
            "processDefinitionId": text(found.c.process_id),
            "processDefinitionKey": key(found.c.key),
            "processDefinitionName": text(found.c.name),
            "processDefinitionVersion": number(found.c.version), "tenantId": text(found.c.tenant),
            "activeInstancesWithErrorCount": number(found.c.instances),
        },
    )  # fmt: skip
    return search(connection, entity, Search(given, wanted.sort, wanted.page))


# --- subscriptions, variables ----------------------------------------------------------------------


def subscription_counts(connection: Connection, wanted: Search) -> Answer:
    """Active message subscriptions, per definition, among those that the filter lets through."""
    inner = conditions(entities.MESSAGE_SUBSCRIPTIONS, wanted.filter)
    found = (
        select(
            _S.definition, _S.process_id, _S.tenant, func.count().label("subscriptions"),
            func.count(distinct(_S.instance)).label("instances"),
        )
        .where(_S.state == "CREATED", *inner)
        .group_by(_S.definition, _S.process_id, _S.tenant)
        .subquery()
    )  # fmt: skip
    entity = Entity(
        found,
        found.c.definition,
        {
            "processDefinitionId": text(found.c.process_id), "tenantId": text(found.c.tenant),
            "processDefinitionKey": key(found.c.definition),
            "processInstancesWithActiveSubscriptions": number(found.c.instances),
            "activeSubscriptions": number(found.c.subscriptions),
        },
    )  # fmt: skip
    return search(connection, entity, Search({}, wanted.sort, wanted.page))


def variable_names(connection: Connection, definition: int, wanted: Search) -> Answer:
    """The names of variables that instances of a definition have had."""
    found = select(_V.name).where(_V.definition == definition).distinct().subquery()
    return search(connection, Entity(found, found.c.name, {"name": text(found.c.name)}), wanted)


# --- elements --------------------------------------------------------------------------------------


def element_counts(connection: Connection, where: ColumnElement[bool]) -> Answer:
    """Per element: how many are active, canceled, completed, and how many stand at an incident."""
    statement = (
        select(
            _E.element, _with(_E.state == "ACTIVE"), _with(_E.state == "TERMINATED"),
            _with(_E.state == "COMPLETED"), func.count(_E.incident),
        )
        .where(where, _E.type != "PROCESS")
        .group_by(_E.element)
        .order_by(_E.element)
    )  # fmt: skip
    return {
        "items": [
            {
                "elementId": element, "active": int(active), "canceled": int(canceled),
                "incidents": int(incidents), "completed": int(completed),
            }
            for element, active, canceled, completed, incidents in connection.execute(statement)
        ]
    }  # fmt: skip


def definition_counts(
    connection: Connection, definition: int, filters: Mapping[str, Any]
) -> Answer:
    """The same over the instances of a definition that the filter lets through."""
    where = _E.definition == definition
    if filters:
        chosen = select(_I.key).where(
            _I.definition == definition,
            *conditions(entities.PROCESS_INSTANCES, filters, connection),
        )
        where &= _E.instance.in_(chosen)
    return element_counts(connection, where)


def waiting_counts(connection: Connection, instance: int) -> Answer:
    """How many waiting instances each element of a process instance has."""
    waiting = entities.WAIT_STATES.table.c
    statement = (
        select(waiting.element, func.count(distinct(waiting.element_key)))
        .where(waiting.instance == instance)
        .group_by(waiting.element)
        .order_by(waiting.element)
    )
    return {
        "items": [
            {"elementId": element, "waitingCount": count}
            for element, count in connection.execute(statement)
        ]
    }


# --- jobs ------------------------------------------------------------------------------------------

_STATUSES = {"created": "CREATED", "completed": "COMPLETED", "failed": "FAILED"}


class Window:
    """`filter.from` to `filter.to`, and the types of jobs that are counted; raises `Wrong`."""

    def __init__(self, given: Mapping[str, Any], *, one_type: bool) -> None:
        rest = dict(given)
        self.start, self.end = (self._moment(name, rest.pop(name, None)) for name in ("from", "to"))
        if self.end < self.start:
            raise Wrong("filter.to must not be before filter.from")
        types = rest.pop("jobType", None)
        if one_type and not isinstance(types, str):
            raise Wrong("No filter.jobType provided.")
        self.rest = rest
        self.where = [_C.minute >= self.start - self.start % _MINUTE, _C.minute < self.end]
        if types is not None:
            self.where += compare(text(_C.type), types)

    @staticmethod
    def _moment(name: str, value: Any) -> int:
        if value is None:
            raise Wrong(f"No filter.{name} provided.")
        try:
            return int(date(_C.last).read(value))
        except Wrong as fault:
            raise Wrong(f"filter.{name}: {fault}") from None

    def nothing_else(self) -> None:
        if self.rest:
            raise Wrong(f"Request property [{min(self.rest)}] cannot be parsed")


def _metrics() -> list[Any]:
    found = []
    for name, status in _STATUSES.items():
        found.append(
            func.sum(case((_C.status == status, _C.count), else_=0)).label(f"{name}_count")
        )
        found.append(func.max(case((_C.status == status, _C.last))).label(f"{name}_last"))
    return found


def _shown(row: Any) -> Answer:
    return {
        name: {
            "count": int(getattr(row, f"{name}_count") or 0),
            "lastUpdatedAt": show_date(getattr(row, f"{name}_last")),
        }
        for name in _STATUSES
    }


def jobs_altogether(connection: Connection, window: Window) -> Answer:
    window.nothing_else()
    row = connection.execute(select(*_metrics()).where(*window.where)).one()
    return {**_shown(row), "isIncomplete": False}


def jobs_by(connection: Connection, column: str, wanted: Search) -> Answer:
    """`column` is "type", with the number of workers, or "worker"."""
    window = Window(wanted.filter, one_type=column == "worker")
    window.nothing_else()
    group = _C[column]
    workers = func.count(distinct(case((_C.worker != "", _C.worker)))).label("workers")
    statement = select(group.label("name"), workers, *_metrics()).where(*window.where)
    if column == "worker":  # nobody has the ones yet that were only created
        statement = statement.where(_C.worker != "")
    found, page = _paged(connection, statement.group_by(group), wanted)
    return {
        "items": [
            {"jobType": row.name, **_shown(row), "workers": row.workers}
            if column == "type"
            else {"worker": row.name, **_shown(row)}
            for row in found
        ],
        "page": page,
    }


def job_errors(connection: Connection, wanted: Search) -> Answer:
    """What jobs of a type failed with, and with how many workers."""
    window = Window(wanted.filter, one_type=True)
    where = [*window.where, _C.status == "FAILED"]
    for name, column in (("errorCode", _C.error_code), ("errorMessage", _C.error_message)):
        value = window.rest.pop(name, None)
        if value is not None:
            where += compare(text(column), value)
    window.nothing_else()
    found = (
        select(
            (_C.error_code + literal("\n") + _C.error_message).label("id"), _C.error_code,
            _C.error_message, func.count(distinct(_C.worker)).label("workers"),
        )
        .where(*where)
        .group_by(_C.error_code, _C.error_message)
        .subquery()
    )  # fmt: skip
    shown = {
        "errorCode": text(found.c.error_code), "errorMessage": text(found.c.error_message),
        "workers": number(found.c.workers),
    }  # fmt: skip
    return search(
        connection, Entity(found, found.c.id, shown), Search({}, wanted.sort, wanted.page)
    )


def job_series(connection: Connection, wanted: Search) -> Answer:
    """Counts of a type of jobs over time, in steps of `filter.resolution` (ISO 8601, from PT1M on)."""
    given = dict(wanted.filter)
    step = _step(given.pop("resolution", None), Window(given, one_type=True))
    window = Window(given, one_type=True)
    window.nothing_else()
    bucket = (_C.minute - _C.minute % step).label("name")
    statement = select(bucket, *_metrics()).where(*window.where).group_by(bucket)
    found, page = _paged(connection, statement, wanted)
    return {
        "items": [{"time": show_date(int(row.name)), **_shown(row)} for row in found],
        "page": page,
    }


def _step(resolution: Any, window: Window) -> int:
    """Milliseconds of a step; a hundredth of the window where none is asked for."""
    if resolution is None:
        step = (window.end - window.start) // 100
    else:
        try:
            step = add_duration(0, resolution)
        except Exception as fault:
            raise Wrong(f"filter.resolution: '{resolution}' is no duration such as PT1M") from fault
    step = max(_MINUTE, step - step % _MINUTE)
    if (window.end - window.start) // step > MAX_BUCKETS:
        raise Wrong(f"filter.resolution gives more than {MAX_BUCKETS:,} steps: take longer ones")
    return step


def _paged(
    connection: Connection, statement: Select[Any], wanted: Search
) -> tuple[list[Any], Answer]:
    """The rows of one page of groups by `name`, and what tells of the page."""
    groups = statement.subquery()
    names = Entity(groups, groups.c.name, {"name": text(groups.c.name)})
    page = search(connection, names, Search({}, (), wanted.page))
    chosen = [each["name"] for each in page["items"]]
    rows = connection.execute(
        select(groups).where(groups.c.name.in_(chosen)).order_by(groups.c.name)
    )
    return list(rows), page["page"]
