"""Whatever camunda-orchestration-sdk can send is taken: compared with the client's own code, by name.

A property that is not known is refused (rest-api 1.1), so a client that is newer than we are would meet
a 400 where it sets one: this test meets it first.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import warnings
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from remit.gateway.rest.app import SERVED
from remit.gateway.rest.frame import Operation
from remit.history.searching import Wrong

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    sdk = pytest.importorskip("camunda_orchestration_sdk")
    from camunda_orchestration_sdk import api, models

NOT_KEPT = {("searchResources", "deploymentKey")}
"""What history does not keep: such filters are refused."""

_PROPERTY = re.compile(r'"([\w$]+)":|field_dict\["([\w$]+)"\]')


@cache
def asked_by_the_client() -> dict[tuple[str, str], str]:
    """The source of what puts a request together, by method and path without names."""
    found = {}
    for room in pkgutil.iter_modules(api.__path__, f"{api.__name__}."):
        for module in pkgutil.iter_modules(importlib.import_module(room.name).__path__):
            source = inspect.getsource(importlib.import_module(f"{room.name}.{module.name}"))
            made = re.search(r'"method": "(\w+)",\s*"url": "(/[^"]*)"', source)
            if made is not None:
                found[made[1].upper(), _nameless(made[2])] = source
    return found


def _nameless(path: str) -> str:
    return re.sub(r"\{\w+\}", "{}", path)


def properties(model: Any) -> set[str]:
    """What a request of the client's may have, by its names in JSON."""
    told = _PROPERTY.findall(inspect.getsource(model.to_dict))
    return {plain or computed for plain, computed in told}


def requests(source: str) -> Iterator[Any]:
    """The client's models of the body that an operation takes."""
    body = re.search(r"def _get_kwargs\([^)]*?body: ([^)]*)", source)
    for name in re.findall(r"\w+", body[1] if body else ""):
        model = getattr(models, name, None)
        if inspect.isclass(model):
            yield model


def filter_of(model: Any) -> Any:
    made = re.search(r"filter_ = (\w+)\.from_dict", inspect.getsource(model.from_dict))
    return getattr(models, made[1]) if made else None


def is_taken(operation: Operation, name: str) -> bool:
    entity = operation.searched
    assert entity is not None
    if name == "$or" or name in entity.extras:
        return True
    try:
        entity.field(name)
    except Wrong:
        return False
    return True


WITH_BODY = [each for each in SERVED if each.request is not None]


@pytest.mark.parametrize("operation", WITH_BODY, ids=lambda each: each.name)
def test_what_the_client_can_send_is_taken(operation: Operation) -> None:
    source = asked_by_the_client().get((operation.method, _nameless(operation.path)))
    if source is None:
        pytest.skip("this is Remit's own")
    assert operation.request is not None
    for model in requests(source):
        assert properties(model) - set(operation.request.__struct_encode_fields__) == set()
        asked = filter_of(model) if operation.searched is not None else None
        if asked is not None:
            unknown = {name for name in properties(asked) if not is_taken(operation, name)}
            assert unknown - {name for kind, name in NOT_KEPT if kind == operation.name} == set()


@pytest.mark.parametrize("operation", SERVED, ids=lambda each: each.name)
def test_what_the_client_can_ask_in_the_address_is_told(operation: Operation) -> None:
    source = asked_by_the_client().get((operation.method, _nameless(operation.path)), "")
    asked = set(re.findall(r'params\["(\w+)"\]', source))
    assert asked - {each.name for each in operation.query} == set()


def test_the_client_is_read_rightly() -> None:
    """Nearly all operations are found in its code, and their bodies with properties."""
    found = asked_by_the_client()
    known = [each for each in WITH_BODY if (each.method, _nameless(each.path)) in found]
    assert len(known) > len(WITH_BODY) - 6
    models_of = {
        each.name: list(requests(found[each.method, _nameless(each.path)])) for each in known
    }
    assert "processDefinitionId" in properties(models_of["createProcessInstance"][0])
    assert filter_of(models_of["searchProcessInstances"][0]) is not None
