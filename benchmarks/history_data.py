"""A history of any size: a few instances that really ran, and copies of all their rows.

Copy n of a row has its keys moved by n, its dates spread over a month, its order id, business id and
assignee of its own; so every table keeps the proportions and the shape that the engine gave it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Integer,
    MetaData,
    Table,
    case,
    cast,
    func,
    insert,
    literal,
    select,
    text,
)

from benchmarks.rest_calls import RestCalls
from remit.history import schema

PROCESSES, FINISHED, ACTIVE = 5, 100, 10
"""Instances that really run: FINISHED of them to their end, ACTIVE stand somewhere."""

PEOPLE = 100
"""Times seven are those who have tasks."""

MONTH_MS = 30 * 24 * 3_600_000
KEYS = 1 << 20
"""Keys between one copy and the next."""

MODEL = """<?xml version="1.0"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
             xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="bench">
  <process id="order-{number}" name="Order {number}" isExecutable="true">
    <startEvent id="received"/>
    <serviceTask id="reserve" name="Reserve goods"><extensionElements>
      <zeebe:taskDefinition type="reserve-{number}"/></extensionElements></serviceTask>
    <userTask id="approve" name="Approve"><extensionElements><zeebe:userTask/>
      <zeebe:assignmentDefinition assignee="=who" candidateGroups="sales, team-{number}"/>
    </extensionElements></userTask>
    <endEvent id="done"/>
    <sequenceFlow id="f0" sourceRef="received" targetRef="reserve"/>
    <sequenceFlow id="f1" sourceRef="reserve" targetRef="approve"/>
    <sequenceFlow id="f2" sourceRef="approve" targetRef="done"/>
  </process>
</definitions>"""


def models() -> list[bytes]:
    return [MODEL.format(number=number).encode() for number in range(PROCESSES)]


def run_templates(rest: RestCalls) -> None:
    """Of the active ones two stand at incidents, four at user tasks, the others at jobs."""
    for number in range(FINISHED + ACTIVE):
        process = number % PROCESSES
        made = rest.ask(
            "POST",
            "/process-instances",
            {
                "processDefinitionId": f"order-{process}",
                "businessId": f"B-{number}",
                "variables": {
                    "orderId": f"o-{number}", "amount": number * 10, "who": f"user-{number % 7}",
                    "address": {"street": "Long Street 12", "city": "Springfield"},
                },
            },
        )["processInstanceKey"]  # fmt: skip
        standing = number - FINISHED
        if standing >= 6:
            continue
        wanted = {"type": f"reserve-{process}", "timeout": 60_000, "maxJobsToActivate": 1}
        (job,) = rest.ask("POST", "/jobs/activation", {**wanted, "worker": "bench"})["jobs"]
        path = f"/jobs/{job['jobKey']}"
        if standing in (0, 1):
            failure = {"retries": 0, "errorMessage": f"no goods in warehouse {standing}"}
            rest.ask("POST", f"{path}/failure", failure)
            continue
        rest.ask("POST", f"{path}/completion", {"variables": {"reserved": True}})
        if standing < 0:
            tasks = rest.ask(
                "POST", "/user-tasks/search", {"filter": {"processInstanceKey": made}}
            )["items"]
            rest.ask("POST", f"/user-tasks/{tasks[0]['userTaskKey']}/completion", {})


TABLES = (
    schema.INSTANCES, schema.ELEMENTS, schema.FLOWS, schema.VARIABLES, schema.JOBS,
    schema.INCIDENTS, schema.USER_TASKS, schema.AUDIT,
)  # fmt: skip
_SHARED = frozenset(("definition", "form_key", "error_hash"))
_DATES = frozenset(
    (
        "start_date",
        "end_date",
        "created",
        "updated",
        "deadline",
        "date",
        "due_date",
        "follow_up_date",
    )
)


def multiply(engine: Engine, copies: int, progress: Callable[[int], None]) -> None:
    """`copies` of every instance there is; `progress` hears how many are made."""
    numbers = Table("numbers", MetaData(), Column("n", Integer, primary_key=True))
    with engine.begin() as connection:
        numbers.create(connection)
        connection.execute(insert(numbers), [{"n": n} for n in range(1, copies + 1)])
        for table in TABLES:
            connection.execute(
                text(f"CREATE TABLE original_{table.name} AS SELECT * FROM {table.name}")
            )
    for first in range(1, copies + 1, 200):
        with engine.begin() as connection:
            for table in TABLES:
                _copy(connection, table, numbers, first, first + 199, copies)
        progress(min(copies, first + 199))
    with engine.begin() as connection:
        for table in TABLES:
            connection.execute(text(f"DROP TABLE original_{table.name}"))
        numbers.drop(connection)


def _copy(
    connection: Connection, table: Table, numbers: Table, first: int, last: int, copies: int
) -> None:
    columns = [Column(each.name, each.type) for each in table.c]
    original = Table(f"original_{table.name}", MetaData(), *columns)
    moved = [_moved(each, original, numbers.c.n, copies) for each in original.c]
    rows = select(*moved).select_from(numbers.join(original, literal(True)))
    wanted = rows.where(numbers.c.n.between(first, last)).order_by(numbers.c.n)
    connection.execute(insert(table).from_select([each.name for each in table.c], wanted))


def _moved(column: Column[Any], of: Table, n: Column[int], copies: int) -> ColumnElement[Any]:
    name, number = column.name, cast(n, schema.JOBS.c.type.type)
    if name in _DATES:
        return column - (copies - cast(n, BigInteger)) * (MONTH_MS // copies)
    if name in _SHARED:
        return column
    if isinstance(column.type, BigInteger):
        return case((column > 1 << 51, column + cast(n, BigInteger) * KEYS), else_=column)
    if name == "business_id":
        return column + literal("-") + number
    if name == "assignee":
        return column + literal("-") + cast(n % PEOPLE, schema.JOBS.c.type.type)
    if of.name == "original_variables" and name == "value":
        own = func.replace(column, '"o-', literal('"o-') + number + literal("-"))
        return case((of.c.name == "orderId", own), else_=column)
    return column
