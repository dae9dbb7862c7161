"""Searches find the same rows whichever way they take to them (`history.planning`)."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from remit.history import planning, schema
from remit.history.database import open_database, prepare
from remit.history.entities import (
    CORRELATED_MESSAGES,
    ELEMENT_INSTANCES,
    PROCESS_INSTANCES,
    VARIABLES,
)
from remit.history.searching import Entity, Search, search

INSTANCES = 3_000
FILTERS: tuple[dict[str, Any], ...] = (
    {"processDefinitionId": "p-1"},
    {"state": "ACTIVE"},
    {"state": {"$neq": "COMPLETED"}},
    {"businessId": {"$like": "b-7*"}},
    {"startDate": {"$gte": "1970-01-01T00:00:02Z"}},
    {"endDate": {"$exists": False}},
    {"hasIncident": True},
    {"parentProcessInstanceKey": {"$exists": False}},
    {"elementInstanceState": "ACTIVE"},
    {"elementId": "rare"},
    {"variables": [{"name": "n", "value": "7"}]},
    {"$or": [{"businessId": "b-70"}, {"state": "TERMINATED"}]},
)


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    engine = open_database(f"sqlite:///{tmp_path_factory.mktemp('planning')}/history.db")
    prepare(engine)
    chance = random.Random(7)
    with engine.begin() as connection:
        _fill(connection, chance)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def _fill(connection: Connection, chance: random.Random) -> None:
    instances, elements, variables = [], [], []
    for number in range(1, INSTANCES + 1):
        state = chance.choice(["COMPLETED"] * 18 + ["ACTIVE", "TERMINATED"])
        common = {
            "definition": number % 5 + 1,
            "process_id": f"p-{number % 5}",
            "tenant": "<default>",
        }
        start = chance.randrange(3_000)
        ended = None if state == "ACTIVE" else start + 10
        instances.append(
            {
                **common, "key": number, "version": 1, "start_date": start, "end_date": ended,
                "state": state, "incidents": int(chance.random() < 0.01), "root": number,
                "parent_instance": 1 if number % 9 == 0 else None, "tags": "[]",
                "business_id": f"b-{number % 100}",
            }
        )  # fmt: skip
        elements.append(
            {
                **common, "key": 10_000 + number, "instance": number, "type": "USER_TASK",
                "element": "rare" if number % 500 == 0 else "task", "start_date": start,
                "end_date": ended, "state": state, "root": number,
            }
        )  # fmt: skip
        variables.append(
            {
                "key": 20_000 + number, "name": "n", "value": str(number % 20), "scope": number,
                "instance": number, "definition": 1, "root": number, "tenant": "<default>",
            }
        )  # fmt: skip
    connection.execute(insert(schema.INSTANCES), instances)
    connection.execute(insert(schema.ELEMENTS), elements)
    connection.execute(insert(schema.VARIABLES), variables)


def found(connection: Connection, entity: Entity, **wanted: Any) -> tuple[int, list[Any]]:
    answer = search(connection, entity, Search(**wanted))
    return answer["page"]["totalItems"], answer["items"]


@pytest.mark.parametrize(
    ("rare", "not_many", "counted"),
    [(9_999, 9_999, 10_000), (9_999, 9_999, 100), (10, 1_000, 100), (10, 20, 100)],
)
def test_every_way_finds_the_same_rows_in_the_same_order(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, rare: int, not_many: int, counted: int
) -> None:
    sort = [{"field": "startDate", "order": "DESC"}]
    pairs = [{**one, **other} for one, other in itertools.combinations(FILTERS, 2)]
    straight = [found(connection, PROCESS_INSTANCES, filter=pair, sort=sort) for pair in pairs]
    by_key = [found(connection, PROCESS_INSTANCES, filter=pair) for pair in pairs]
    monkeypatch.setattr(planning, "INSTRUCTIONS", 1)
    monkeypatch.setattr(planning, "PATIENCE", 0.0)
    monkeypatch.setattr(planning, "PAGE_PATIENCE", 0.0)
    monkeypatch.setattr(planning, "COUNTED", counted)
    monkeypatch.setattr(planning, "RARE", rare)
    monkeypatch.setattr(planning, "NOT_MANY", not_many)

    for pair, (total, items), (_, items_by_key) in zip(pairs, straight, by_key, strict=True):
        expected = (min(total, counted + 1), items)
        assert found(connection, PROCESS_INSTANCES, filter=pair, sort=sort) == expected
        assert found(connection, PROCESS_INSTANCES, filter=pair)[1] == items_by_key
    assert sum(1 for total, _ in straight if total) > len(pairs) / 2


def test_where_only_the_page_takes_long_its_keys_are_found_first(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    sort = [{"field": "startDate", "order": "DESC"}]
    pairs = [{**one, **other} for one, other in itertools.combinations(FILTERS, 2)]
    straight = [found(connection, PROCESS_INSTANCES, filter=pair, sort=sort) for pair in pairs]

    def too_long(*_: Any) -> list[Any]:
        raise planning.TooLong

    monkeypatch.setattr(planning, "_page_of", too_long)
    monkeypatch.setattr(planning, "_another_way", too_long)

    assert [found(connection, PROCESS_INSTANCES, filter=p, sort=sort) for p in pairs] == straight


@pytest.mark.parametrize("most_kinds", [500, 3])
def test_kinds_of_elements_are_found_by_what_they_have_in_common(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, most_kinds: int
) -> None:
    wanted: list[tuple[dict[str, Any], int]] = [
        ({"elementId": "rare", "type": "USER_TASK"}, INSTANCES // 500),
        ({"elementId": "rare", "type": "END_EVENT"}, 0),
        ({"elementId": "task", "elementName": {"$exists": True}}, 0),
        ({"elementId": "rare", "processDefinitionId": "p-0"}, INSTANCES // 500),
        ({"elementId": "rare", "state": "TERMINATED"}, 0),
    ]
    monkeypatch.setattr(planning, "INSTRUCTIONS", 1)
    monkeypatch.setattr(planning, "PATIENCE", 0.0)
    monkeypatch.setattr(planning, "MOST_KINDS", most_kinds)

    totals = [found(connection, ELEMENT_INSTANCES, filter=each)[0] for each, _ in wanted]

    assert totals == [total for _, total in wanted]


def test_the_way_of_the_database_is_left_when_it_takes_too_long(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[planning.Question] = []
    another = planning._another_way
    monkeypatch.setattr(planning, "INSTRUCTIONS", 1)
    monkeypatch.setattr(planning, "PATIENCE", 0.0)
    monkeypatch.setattr(
        planning,
        "_another_way",
        lambda connection, question, page: (
            asked.append(question) or another(connection, question, page)
        ),
    )

    total, _ = found(connection, PROCESS_INSTANCES, filter={"processDefinitionId": "p-1"})

    assert total == INSTANCES / 5
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("1*", "1.*"), ("\\1*", "1.*"), ("19", "19"), ("*9", ".*9"), ("?", "."), ("1?", "1."),
        ("\U0010ffff*", "none"), ("\ud7ff*", "none"), ("*", ".*"),
    ],
)  # fmt: skip
def test_what_a_value_is_like_does_not_depend_on_how_it_begins(
    connection: Connection, value: str, wanted: str
) -> None:
    every = {"limit": INSTANCES}

    total, items = found(connection, VARIABLES, filter={"value": {"$like": value}}, page=every)

    values = (str(number % 20) for number in range(1, INSTANCES + 1))
    expected = [each for each in values if re.fullmatch(wanted, each)]
    assert [row["value"] for row in items] == expected
    assert total == len(expected)


def test_a_message_that_two_instances_took_is_found_once_for_each(connection: Connection) -> None:
    row = {
        "message": 5, "date": 1, "name": "paid", "element": "wait", "partition": 1,
        "tenant": "<default>",
    }  # fmt: skip
    connection.execute(
        insert(schema.CORRELATIONS),
        [{**row, "subscription": each, "instance": each + 10} for each in (1, 2)],
    )

    total, items = found(connection, CORRELATED_MESSAGES, filter={"processInstanceKey": "11"})
    connection.rollback()

    assert total == 1
    assert [each["subscriptionKey"] for each in items] == ["1"]


def test_instances_that_stand_are_counted_without_their_rows(connection: Connection) -> None:
    """Ten thousand rows looked up one by one take 0.2 s where nothing is in the cache."""
    plan = connection.exec_driver_sql(
        "EXPLAIN QUERY PLAN SELECT key FROM process_instances "
        "WHERE state = 'ACTIVE' AND incidents > 0 AND end_date IS NULL LIMIT 10001"
    ).all()

    assert ["instances_standing" in row[3] for row in plan] == [True]
