"""Deployed resources, and expressions over what a running scope sees; words that clients know."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from remit.history.entities import KNOWN_TYPES
from remit.history.telling.audit import AUDITED
from remit.protocol.events.process_instance import ELEMENT_KINDS
from tests.gateway.test_rest_commands import Rest
from tests.support.broker import Broker
from tests.support.model import DISH, Model, one_task


@pytest.fixture(scope="module")
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    with Broker(tmp_path_factory.mktemp("resources"), "--history", "") as broker:
        yield Rest(broker)


def test_every_deployed_file_can_be_found_and_read(rest: Rest) -> None:
    files = {"r1_bpmn": one_task("r1").xml(), "r1_dmn": DISH, "r1_form": b'{"id": "r1"}'}
    rest.deploy(**files)

    for name, content in files.items():
        wanted = {"filter": {"resourceName": name.replace("_", ".")}}
        status, found = rest.ask("POST", "/resources/search", wanted)
        assert status == 200
        (row,) = found["items"]
        path = f"/resources/{row['resourceKey']}"
        assert rest.ask("GET", path) == (200, row)
        assert rest.ask("GET", f"{path}/content/binary") == (200, content)
    assert rest.ask("GET", f"{path}/content") == (200, content)
    assert rest.ask("GET", f"{path}/content", accept="application/json") == (200, {"id": "r1"})
    assert rest.ask("GET", "/resources/4711")[0] == 404
    assert rest.ask("GET", "/resources/4711/content")[0] == 404


def test_an_expression_sees_what_its_scope_sees(rest: Rest) -> None:
    model = Model("r2").start("s").end("e").path("s", "a", "e")
    model.service("a", "r2-work", inputs={"inner": "=outer + 1"})
    rest.deploy(r2_bpmn=model.xml())
    body = {"processDefinitionId": "r2", "variables": {"outer": 1, "both": "out"}}
    instance = rest.ask("POST", "/process-instances", body)[1]["processInstanceKey"]
    wanted = {"filter": {"processInstanceKey": instance, "elementId": "a"}}
    (task,) = rest.ask("POST", "/element-instances/search", wanted)[1]["items"]
    key = task["elementInstanceKey"]
    inside = {"variables": {"both": "in"}, "local": True}
    rest.ask("PUT", f"/element-instances/{key}/variables", inside)

    def value(expression: str, scope: str, **variables: Any) -> Any:
        asked = {"expression": expression, "scopeKey": scope, "variables": variables}
        status, answer = rest.ask("POST", "/expression/evaluation", asked)
        assert status == 200, answer
        return answer["result"]

    assert value("=[outer, inner, both]", key) == [1, 2, "in"]
    assert value("=[outer, inner, both]", instance) == [1, None, "out"]
    assert value("=[outer, extra]", instance, outer=7, extra=8) == [7, 8]
    gone = {"expression": "=1", "scopeKey": "4711"}
    assert rest.ask("POST", "/expression/evaluation", gone)[0] == 404


def test_a_user_task_sees_its_own_variables_and_those_around_it(rest: Rest) -> None:
    """Every scope's own; or, effective, the innermost of each name."""
    model = Model("r3").start("s").end("e").path("s", "sub", "e")
    with model.sub_process("sub", inputs={"both": '="middle"', "around": "=1"}):
        model.start("s2").native_user("t").end("e2").path("s2", "t", "e2")
    rest.deploy(r3_bpmn=model.xml())
    body = {"processDefinitionId": "r3", "variables": {"both": "out", "far": 2}}
    instance = rest.ask("POST", "/process-instances", body)[1]["processInstanceKey"]
    wanted = {"filter": {"processInstanceKey": instance}}
    (task,) = rest.ask("POST", "/user-tasks/search", wanted)[1]["items"]
    inside = {"variables": {"both": "in"}, "local": True}
    rest.ask("PUT", f"/element-instances/{task['elementInstanceKey']}/variables", inside)

    def seen(which: str, **request: Any) -> list[tuple[str, str]]:
        path = f"/user-tasks/{task['userTaskKey']}/{which}/search"
        status, found = rest.ask("POST", path, request)
        assert status == 200, found
        return sorted((each["name"], each["value"]) for each in found["items"])

    others = [("far", "2"), ("around", "1")]
    both = [("both", f'"{value}"') for value in ("in", "middle", "out")]
    assert seen("variables") == sorted([*others, *both])
    assert seen("effective-variables") == sorted([*others, both[0]])
    assert seen("effective-variables", filter={"name": "both"}) == [both[0]]
    assert seen("effective-variables", filter={"value": '"out"'}) == []
    assert rest.ask("POST", "/user-tasks/4711/variables/search", {})[0] == 404


with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pytest.importorskip("camunda_orchestration_sdk")
    from camunda_orchestration_sdk.models.audit_log_entity_type_enum import AuditLogEntityTypeEnum
    from camunda_orchestration_sdk.models.audit_log_operation_type_enum import (
        AuditLogOperationTypeEnum,
    )
    from camunda_orchestration_sdk.models.element_instance_result_type import (
        ElementInstanceResultType,
    )
    from camunda_orchestration_sdk.models.incident_error_type_enum import IncidentErrorTypeEnum


def words(kind: Any) -> set[str]:
    return {each.value for each in kind}


def test_types_of_elements_are_words_that_the_client_knows() -> None:
    shown = {KNOWN_TYPES.get(kind, kind) for kind in ELEMENT_KINDS}

    assert shown - words(ElementInstanceResultType) == set()


def test_what_is_audited_has_words_that_the_client_knows() -> None:
    entities = {entity for entity, _, _ in AUDITED.values()}
    operations = {operation for _, operation, _ in AUDITED.values()}

    assert entities - words(AuditLogEntityTypeEnum) == set()
    assert operations - words(AuditLogOperationTypeEnum) == set()


def test_types_of_incidents_are_words_that_the_client_knows() -> None:
    engine = Path(__file__).parents[2] / "src" / "remit" / "engine"
    raised = set()
    for path in engine.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "IncidentRaised":
                first = node.args[0] if node.args else None
                if isinstance(first, ast.Constant):
                    raised.add(first.value)

    assert "IO_MAPPING_ERROR" in raised
    assert raised - words(IncidentErrorTypeEnum) == set()
