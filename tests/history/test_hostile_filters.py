"""What strangers write into searches stays data: SQL in names, values, patterns, orders and cursors."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from remit.gateway.rest.app import SERVED
from remit.gateway.rest.searches import Searching
from tests.gateway.test_rest_commands import Rest
from tests.support.broker import Broker
from tests.support.model import one_task

SEARCHES = {
    operation.path: operation.handle.entity
    for operation in SERVED
    if isinstance(operation.handle, Searching) and "{" not in operation.path
}
HOSTILE = (
    "x' OR '1'='1",
    "x'; DROP TABLE process_instances; --",
    'x" UNION SELECT value FROM variables --',
    "x\\' OR 1=1 /*",
    "%' ESCAPE '%",
    ":b_key",
    "%(key)s",
    "${state}",
    "\x00",
    "\ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace"),
)


@pytest.fixture(scope="module")
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    with Broker(tmp_path_factory.mktemp("hostile"), "--history", "") as broker:
        rest = Rest(broker)
        rest.deploy(hostile_bpmn=one_task("hostile", "hostile-work").xml())
        body = {"processDefinitionId": "hostile", "variables": {"secret": "s3cret"}}
        rest.ask("POST", "/process-instances", body)
        yield rest


def standing(rest: Rest) -> int:
    """How many instances there are: none is gone, and none was let through by a trick."""
    total: int = rest.ask("POST", "/process-instances/search", {})[1]["page"]["totalItems"]
    return total


def texts(path: str) -> list[str]:
    entity = SEARCHES[path]
    names = {**entity.fields, **entity.hidden}
    return [
        name
        for name, field in names.items()
        if field.kind in ("string", "enum") and not field.words
    ]


def few_words(path: str) -> list[tuple[str, tuple[str, ...]]]:
    entity = SEARCHES[path]
    names = {**entity.fields, **entity.hidden}
    return [(name, field.words) for name, field in names.items() if field.words]


@pytest.mark.parametrize("path", SEARCHES)
def test_a_value_is_a_value(rest: Rest, path: str) -> None:
    for text in HOSTILE:
        for value in (text, {"$in": [text]}, {"$eq": text, "$like": f"*{text}*"}):
            either = [{name: value} for name in texts(path)]
            status, answer = rest.ask("POST", path, {"filter": {"$or": either}})
            assert (status, answer.get("items")) == (200, []), value
    assert standing(rest) == 1


@pytest.mark.parametrize("path", SEARCHES)
def test_where_there_are_so_many_words_another_one_is_refused(rest: Rest, path: str) -> None:
    for name, words in few_words(path):
        for text in (*HOSTILE, "FROB"):
            for value in (text, {"$neq": text}, {"$in": [words[0], text]}):
                status, answer = rest.ask("POST", path, {"filter": {name: value}})
                assert status == 400, (name, value)
                assert f"filter.{name}: there is no" in answer["detail"]
                assert ", ".join(words) in answer["detail"]
        for word in (*words, words[0].lower()):
            assert rest.ask("POST", path, {"filter": {name: {"$in": [word]}}})[0] == 200, word
            assert rest.ask("POST", path, {"filter": {name: {"$like": f"{word}*"}}})[0] == 200


@pytest.mark.parametrize("path", SEARCHES)
def test_a_name_is_one_of_those_that_there_are(rest: Rest, path: str) -> None:
    for text in (*HOSTILE, "key", "process_instances.key", "1"):
        refused = [
            {"filter": {text: "x"}},
            {"sort": [{"field": text}]},
            {"sort": [{"field": next(iter(SEARCHES[path].fields)), "order": text}]},
        ]
        if text not in SEARCHES[path].fields:
            assert [rest.ask("POST", path, body)[0] for body in refused] == [400, 400, 400], text


@pytest.mark.parametrize("text", HOSTILE)
def test_variables_and_tags_are_found_by_what_they_are(rest: Rest, text: str) -> None:
    for wanted in (
        {"variables": [{"name": text, "value": '"s3cret"'}]},
        {"variables": [{"name": "secret", "value": text}]},
        {"variables": [{"name": {"$like": f"{text}*"}, "value": {"$like": f"*{text}"}}]},
        {"tags": [text]},
        {"errorMessage": {"$like": text}},
        {"elementId": text},
    ):
        found = rest.ask("POST", "/process-instances/search", {"filter": wanted})
        assert (found[0], found[1]["items"]) == (200, []), wanted


@pytest.mark.parametrize("values", [["'; --"], [{"a": 1}], [None], [[1]], ["x", 1], [1e400], []])
def test_a_cursor_that_no_page_gave_is_refused_or_finds_nothing(
    rest: Rest, values: list[Any]
) -> None:
    cursor = base64.b64encode(json.dumps(values).encode()).decode()

    for side in ("after", "before"):
        body = {"page": {side: cursor}, "sort": [{"field": "processInstanceKey"}]}
        status, answer = rest.ask("POST", "/process-instances/search", body)
        assert status == 400 or answer["items"] == [] or values == ["'; --"]


def test_names_in_files_are_only_names(rest: Rest) -> None:
    name = "a'b\"c;--"
    assert rest.deploy(quoted_bpmn=one_task("quoted", name.replace('"', "&quot;")).xml())[0] == 200
    wanted = {"filter": {"processDefinitionId": "quoted"}}
    assert rest.ask("POST", "/process-definitions/search", wanted)[1]["page"]["totalItems"] == 1
    rest.ask("POST", "/process-instances", {"processDefinitionId": "quoted", "businessId": name})

    found = rest.ask("POST", "/process-instances/search", {"filter": {"businessId": name}})[1]

    assert [row["businessId"] for row in found["items"]] == [name]
    assert rest.ask("GET", "/process-instances/1%20OR%201=1")[0] == 400
    assert rest.ask("GET", "/user-tasks/..%2F..%2Fetc%2Fpasswd")[0] == 400
