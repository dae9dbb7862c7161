"""What the OpenAPI document allows, and what it forbids, thrown at every operation that is served.

No answer is a fault of ours (500), every refusal is a problem document (RFC 9457). EXAMPLES makes the
runs longer.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis.generation import GenerationMode

from remit.gateway.rest.app import SERVED
from remit.gateway.rest.openapi import document
from tests.support.broker import Broker

EXAMPLES = int(os.environ.get("EXAMPLES", "2"))
LEFT_OUT = ("pinClock", "resetClock")
"""A clock that stands in the year 5000 tells nothing about the operations after it."""

SCHEMA = schemathesis.openapi.from_dict(document(SERVED))
OPERATIONS = {
    found.definition.raw["operationId"]: found
    for found in (each.ok() for each in SCHEMA.get_all_operations())
    if found.definition.raw["operationId"] not in LEFT_OUT
}
PROBLEM = {"type", "title", "status", "detail", "instance"}
OUT_OF_OUR_HANDS = (501, 503, 504)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with Broker(tmp_path_factory.mktemp("schema"), "--history", "") as broker:
        yield f"http://{broker.http}/v2"


@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
@pytest.mark.parametrize("name", OPERATIONS)
def test_no_request_meets_a_fault_of_ours(name: str, mode: GenerationMode, address: str) -> None:
    operation = OPERATIONS[name]

    @hypothesis.given(operation.as_strategy(generation_mode=mode))
    @hypothesis.settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck), phases=(Phase.generate,),
    )  # fmt: skip
    def ask(case: Any) -> None:
        _be_quick(case.body)
        check(case.call(base_url=address, timeout=20))

    try:
        ask()
    except hypothesis.errors.Unsatisfiable:
        pytest.skip("the document forbids nothing here")


def _be_quick(body: Any) -> None:
    """Waiting for jobs and results is tested elsewhere."""
    if isinstance(body, dict) and isinstance(body.get("requestTimeout"), int):
        body["requestTimeout"] = -1
    if isinstance(body, dict) and "awaitCompletion" in body:
        body["awaitCompletion"] = False


def check(answer: Any) -> None:
    kind = ",".join(answer.headers.get("content-type", ()))
    assert answer.status_code < 500 or answer.status_code in OUT_OF_OUR_HANDS, answer.text
    if answer.status_code >= 400:
        assert kind == "application/problem+json"
        problem = answer.json()
        assert set(problem) == PROBLEM
        assert problem["status"] == answer.status_code
        assert problem["detail"]
    elif "json" in kind:
        answer.json()
