"""What the log says of a broken glass is checked as all else is; older logs say nothing of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from remit import Engine, Refused
from remit.audit.explaining import explain
from remit.audit.verifying import verify
from remit.authority.policy import Clause
from remit.engine.governance import POLICY
from remit.exporters.kinds import exporter_of
from remit.exporters.process import Follower, Positions
from remit.identity.principal import Access
from remit.protocol.events.governance import StepAdmitted, StepRejected
from remit.protocol.values import BatchPlan, Header
from tests.audit.test_audit_logs import ADMITTED, EVENTS, REJECTED, events, rewritten
from tests.support.governed import ALICE, GOVERNOR, RING, WORK, grant, policy
from tests.support.model import one_task

B1 = Clause(id="B1", do=("instance.cancel",), on={"breakGlass": {"eq": True}})
FIRE, FLOOD = "the data centre is on fire", "it is flooded as well"
REASON = {
    ADMITTED: 1 + StepAdmitted.__struct_fields__.index("broken_glass"),
    REJECTED: 1 + StepRejected.__struct_fields__.index("broken_glass"),
}
ACTION, FACTS, HEADER = 5, 7, 4
IN_HEADER = Header.__struct_fields__.index("broken_glass")


def played(folder: Path) -> list[int]:
    """One instance is cancelled with the glass broken, one by a batch, and one would not let that be."""
    access = Access(authorizations=True, admins=frozenset(("alice",)))
    with Engine(folder, governor=GOVERNOR, actor=ALICE, access=access) as engine:
        engine.deploy(("one.bpmn", one_task().xml()))
        given = [policy(grant(WORK, *allow)) for allow in ((B1,), (B1,), ())]
        keys = [engine.create("one", {POLICY: each}).key for each in given]
        with engine.breaking_glass(FIRE):
            engine.cancel(keys[0])
            engine.batch(BatchPlan("CANCEL_PROCESS_INSTANCE"), [keys[1]])
            with pytest.raises(Refused):
                engine.cancel(keys[2])
        engine.run_due()
    return keys


def findings(folder: Path) -> list[tuple[str, str]]:
    (part,) = verify(folder, RING).partitions
    return [(each.kind, each.text) for each in part.findings]


def test_t13_r23_the_log_tells_who_broke_the_glass_and_why(tmp_path: Path) -> None:
    keys = played(tmp_path)
    assert findings(tmp_path) == []
    for key, action in zip(keys, ("B1", "B1", "$default"), strict=True):
        (step,) = [each for each in explain(tmp_path, key) if each.action == "instance.cancel"]
        assert (step.actor, step.method, step.broken_glass) == ("alice", "jwt", FIRE)
        assert step.clauses[0].endswith(action)


def test_r13_exported_records_say_why_the_glass_was_broken(tmp_path: Path) -> None:
    played(tmp_path)
    target = tmp_path / "records.jsonl"
    follower = Follower(exporter_of(f"jsonl:{target}"), Positions(tmp_path / "at.json"), None)
    follower.follow(tmp_path / "partition-1.db", 1)
    follower.exporter.close()
    records = [json.loads(line) for line in target.read_text().splitlines()]
    steps = [each for each in records if each["value"].get("action") == "instance.cancel"]
    assert [(each["intent"], each["value"]["brokenGlass"]) for each in steps] == [
        ("ADMITTED", FIRE), ("REJECTED", FIRE), ("ADMITTED", FIRE),
    ]  # fmt: skip
    asked = [each["authorizations"] for each in records if "brokenGlass" in each["authorizations"]]
    assert {(each["actor"], each["brokenGlass"]) for each in asked} == {("alice", FIRE)}


def told(event: list[Any], reason: str) -> list[Any]:
    if event[0] in REASON and event[ACTION] == "instance.cancel":
        event[REASON[event[0]]] = reason
    return event


def denied_reason(event: list[Any]) -> list[Any]:
    if event[0] == REJECTED:
        event[REASON[REJECTED]] = FLOOD
    return event


def asked_otherwise(turns: list[list[Any]]) -> list[list[Any]]:
    """The command, and not what was decided on it."""
    for turn in turns:
        if turn[HEADER][IN_HEADER]:
            turn[HEADER][IN_HEADER] = FLOOD
    return turns


def flag(event: list[Any]) -> list[Any]:
    """As if it had been whole, where the record says why it was broken."""
    if event[0] == ADMITTED and "breakGlass" in event[FACTS]:
        event[FACTS]["breakGlass"] = False
    return event


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (events(lambda each: told(each, FLOOD)), 3),
        (events(lambda each: told(each, "")), 3),
        (events(denied_reason), 1),
        (asked_otherwise, 2),
        (events(flag), 2),
    ],
)
def test_t13_r26_a_changed_reason_or_flag_is_found(
    tmp_path: Path, change: Callable[[Any], Any], expected: int
) -> None:
    """The batch as well, which acts for who asked for it."""
    played(tmp_path)
    rewritten(tmp_path, change)
    found = findings(tmp_path)
    texts = [text for kind, text in found if kind == "facts" and "lass" in text]
    assert len(texts) >= expected, found
    assert all(text.startswith("instance.cancel") for text in texts)


def test_t13_r26_a_glass_that_nobody_broke_is_found(tmp_path: Path) -> None:
    """An operator is let in by a clause about the broken glass, in the records alone."""
    access = Access(authorizations=True, admins=frozenset(("alice",)))
    whole = Clause(id="O", do=("instance.cancel",), on={"breakGlass": {"eq": False}})
    with Engine(tmp_path, governor=GOVERNOR, actor=ALICE, access=access) as engine:
        engine.deploy(("one.bpmn", one_task().xml()))
        engine.cancel(engine.create("one", {POLICY: policy(grant(WORK, B1, whole))}).key)
    assert findings(tmp_path) == []

    def forged(event: list[Any]) -> list[Any]:
        if event[0] == ADMITTED and event[ACTION] == "instance.cancel":
            event[6] = ["B1", *event[6][1:]]
            event[FACTS]["breakGlass"] = True
            event[REASON[ADMITTED]] = FIRE
        return event

    rewritten(tmp_path, events(forged))
    said = f"instance.cancel: decided with the glass broken ({FIRE!r}), alice asked with the glass whole"
    assert ("facts", said) in findings(tmp_path)


def test_r26_a_log_from_before_has_no_such_fields_and_verifies(tmp_path: Path) -> None:
    access = Access(authorizations=True, admins=frozenset(("alice",)))
    with Engine(tmp_path, governor=GOVERNOR, actor=ALICE, access=access) as engine:
        engine.deploy(("one.bpmn", one_task().xml()))
        free = Clause(id="O", do=("instance.cancel",))
        held = engine.create("one", {POLICY: policy(grant(WORK))}).key
        engine.cancel(engine.create("one", {POLICY: policy(grant(WORK, free))}).key)
        with pytest.raises(Refused):
            engine.cancel(held)

    def older(turns: list[list[Any]]) -> list[list[Any]]:
        for turn in turns:
            assert turn[HEADER].pop() == ""
            for event in turn[EVENTS]:
                if event[0] in REASON:
                    assert event.pop() == ""
        return turns

    rewritten(tmp_path, older)
    assert findings(tmp_path) == []
    assert all(step.broken_glass == "" for step in explain(tmp_path, held))
