"""The headers of a job under a policy, as text: what REST clients get as an object (R9)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from remit import Engine
from remit.engine.governance import POLICY
from remit.gateway.documents import headers_of, headers_text
from remit.protocol.values import ActivatedJob
from tests.support.governed import ALICE, GOVERNOR, WORK, grant, policy
from tests.support.model import one_task


@pytest.fixture(scope="module")
def activated() -> ActivatedJob:
    with Engine(governor=GOVERNOR, actor=ALICE) as engine:
        engine.deploy(("one.bpmn", one_task().xml()))
        engine.create("one", {POLICY: policy(grant(WORK))})
        (job,) = engine.activate("work")
        return job


TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
NAMES = st.one_of(TEXTS, st.sampled_from(("gov.policy", "gov.step", '"gov.policy"')))


@given(headers=st.dictionaries(NAMES, TEXTS, max_size=4), step=TEXTS)
def test_the_text_says_what_the_object_says(
    activated: ActivatedJob, headers: dict[str, str], step: str
) -> None:
    """Whatever a model calls its own headers: none of them stands for the policy."""
    job = replace(activated, job=replace(activated.job, headers=headers), step=step)

    found = json.loads(headers_text(job), object_pairs_hook=list)
    assert len(found) == len(dict(found))
    assert dict(found) == headers_of(job)
    assert tuple(json.loads(dict(found)["gov.policy"])) == activated.policy


@given(headers=st.dictionaries(NAMES, TEXTS, max_size=4))
def test_without_a_policy_they_are_those_of_the_model(
    activated: ActivatedJob, headers: dict[str, str]
) -> None:
    job = replace(activated, job=replace(activated.job, headers=headers), policy=(), step="")

    assert json.loads(headers_text(job)) == headers_of(job) == headers
