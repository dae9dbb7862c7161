"""A log is verified from its files and public keys alone; whoever bends it is found out (R23-R26)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import apsw
import msgspec
import pytest
import zstandard

from remit import Engine, Refused
from remit.audit.explaining import explain
from remit.audit.proving import check_proof, prove, read_proof
from remit.audit.reading import checkpoint_file, export, notes
from remit.audit.sealing import Forked, Sealer
from remit.audit.verifying import EXIT_CODES, Report, verify
from remit.authority import AuthorityFault, KeyRing
from remit.authority.checkpoint import cosign
from remit.authority.policy import Clause, SlopeRules
from remit.engine.governance import POLICY
from remit.protocol.events.governance import StepAdmitted
from tests.support.governed import (
    ALICE,
    GOVERNOR,
    PARTNER,
    RING,
    WORK,
    WORKER,
    auditor,
    grant,
    policy,
    stranger,
)
from tests.support.model import Model, one_task

LIMIT = Clause(id="D1", do=("job.complete",), on={"var.amount": {"min": 1000}})
CALL = Clause(id="C", do=("call.activity",))
SLOPE = SlopeRules(floor=300, caps={"spiffe://partner.example/": 200})


def played(folder: Path) -> int:
    """Two governed instances, one of which calls another, and one without a policy."""
    parent = Model("p").start("s").call("c", "child").end("e").path("s", "c", "e")
    child = Model("child").start("s").service("w", "inner").end("e").path("s", "w", "e")
    with Engine(folder, governor=GOVERNOR, actor=ALICE) as engine:
        engine.deploy(
            ("one.bpmn", one_task().xml()), ("p.bpmn", parent.xml()), ("c.bpmn", child.xml())
        )
        given = {POLICY: policy(grant(WORK, deny=(LIMIT,), slope=SLOPE)), "amount": 5}
        key = engine.create("one", given).key
        engine.create("one", {"amount": 1})
        engine.create("p", {POLICY: policy(grant(WORK, CALL))})
        with engine.acting_as(PARTNER):
            engine.activate("work", limit=1)
        with engine.acting_as(WORKER):
            jobs = [*engine.activate("work", limit=3), *engine.activate("inner")]
            with pytest.raises(Refused):
                engine.throw_error(jobs[0].job.key, "X")
            for job in jobs:
                engine.complete(job.job.key, {"done": True})
    return key


def sealed(folder: Path, moments: int = 1) -> Sealer:
    """Signs the log that is there."""
    sealer = Sealer(folder, 1, "test", auditor)
    for _ in range(moments):
        sealer.follow()
        sealer.sign()
    return sealer


def kinds(report: Report) -> set[str]:
    return {each.kind for part in report.partitions for each in part.findings}


def test_r24_a_true_log_has_no_findings_and_every_decision_is_asked_again(tmp_path: Path) -> None:
    played(tmp_path)
    sealed(tmp_path)
    report = verify(tmp_path, RING)

    (part,) = report.partitions
    assert part.findings == []
    assert report.exit_code == 0
    assert (part.instances, part.rejections) == (3, 2)
    assert part.decisions > 15
    assert (part.checkpoints, part.signed) == (1, part.turns)


def test_an_exported_log_says_the_same_as_the_data_it_comes_from(tmp_path: Path) -> None:
    played(tmp_path / "data")
    sealed(tmp_path / "data")
    export(tmp_path / "data", tmp_path / "out")

    assert verify(tmp_path / "out", RING) == verify(tmp_path / "data", RING)
    assert not list((tmp_path / "out").glob("*.db"))


def test_keys_that_are_not_trusted_prove_nothing(tmp_path: Path) -> None:
    played(tmp_path)
    sealed(tmp_path)
    others = KeyRing([stranger.public("audit")])

    assert {"signature", "checkpoint"} <= kinds(verify(tmp_path, others))


# --- bending ---------------------------------------------------------------------------------------

Turns = list[list]  # type: ignore[type-arg]


def rewritten(folder: Path, change: Callable[[Turns], Turns], *, rehash: bool = True) -> None:
    """Change what the log says, with or without sealing its batches anew."""
    database = apsw.Connection(str(folder / "partition-1.db"))
    rows = database.execute("SELECT first_position, last_position, body FROM log").fetchall()
    previous = b""
    with database:
        for first, last, body in rows:
            turns = msgspec.msgpack.decode(zstandard.ZstdDecompressor().decompress(body))
            body = zstandard.ZstdCompressor().compress(msgspec.msgpack.encode(change(turns)))
            digest = hashlib.sha256(previous + body).digest()
            database.execute("UPDATE log SET body = ? WHERE first_position = ?", (body, first))
            if rehash:
                database.execute(
                    "UPDATE log SET hash = ?, previous = ? WHERE last_position = ?",
                    (digest, previous, last),
                )
            previous = digest
    database.close()


ADMITTED, OWN, REJECTED, EXPIRED = (201 << 8 | intent for intent in (0, 14, 1, 9))
EVENTS = 6
ALSO = 1 + StepAdmitted.__struct_fields__.index("also")


def events(change: Callable[[list], list | None]) -> Callable[[Turns], Turns]:  # type: ignore[type-arg]
    """Change or drop single events."""

    def changed(turns: Turns) -> Turns:
        for turn in turns:
            turn[EVENTS] = [new for event in turn[EVENTS] if (new := change(event)) is not None]
        return turns

    return changed


def without_admission(action: str) -> Callable[[Turns], Turns]:
    return events(lambda each: None if each[0] in (ADMITTED, OWN) and each[5] == action else each)


def other_clause(event: list) -> list:  # type: ignore[type-arg]
    if event[0] == ADMITTED and event[5] == "job.complete":
        event[6] = ["E", "$bound"]
    return event


def other_definition(event: list) -> list:  # type: ignore[type-arg]
    if event[0] == OWN and event[5] == "flow.take":
        event[3] += 1
    return event


def other_facts(event: list) -> list:  # type: ignore[type-arg]
    if event[0] == ADMITTED and event[5] == "job.complete" and "var.amount" in event[7]:
        event[7]["var.amount"] = 1
    return event


def other_clause_beside(event: list) -> list:  # type: ignore[type-arg]
    """Of what went with a step: the variables that a worker has brought."""
    if event[0] == ADMITTED and event[5] == "job.complete" and event[ALSO]:
        event[ALSO][0][1] = ["E", "$bound"]
    return event


def nothing_beside(event: list) -> list:  # type: ignore[type-arg]
    """As if a worker had been given its job without variables."""
    if event[0] == ADMITTED and event[5] == "job.activate":
        event[ALSO] = []
    return event


def other_actor(event: list) -> list:  # type: ignore[type-arg]
    if event[0] == ADMITTED and event[5] == "job.activate":
        event[13] = "somebody"
    return event


def more_trust(event: list) -> list:  # type: ignore[type-arg]
    if event[0] == ADMITTED and event[5] == "job.complete":
        event[10] = "f" * 64
    return event


def without_rejection(event: list) -> list | None:  # type: ignore[type-arg]
    return None if event[0] == REJECTED else event


def disguised_rejection(event: list) -> list:  # type: ignore[type-arg]
    """Told as something that nobody asks about, so that no position is left out."""
    return [EXPIRED, *event[1:4], "", "<default>"] if event[0] == REJECTED else event


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (without_admission("job.complete"), "completeness"),
        (without_admission("element.enter"), "completeness"),
        (without_admission("job.activate"), "completeness"),
        (without_admission("call.activity"), "completeness"),
        (events(other_clause), "decision"),
        (events(other_definition), "decision"),
        (events(other_clause_beside), "decision"),
        (events(nothing_beside), "slope"),
        (events(other_facts), "facts"),
        (events(other_actor), "facts"),
        (events(more_trust), "slope"),
    ],
)
def test_t13_t14_a_log_that_was_written_anew_does_not_hold_together(
    tmp_path: Path, change: Callable[[Turns], Turns], expected: str
) -> None:
    played(tmp_path)
    sealed(tmp_path)
    rewritten(tmp_path, change)

    found = kinds(verify(tmp_path, RING))
    assert expected in found
    assert "checkpoint" in found
    assert "chain" not in found


def test_t15_a_changed_batch_is_named(tmp_path: Path) -> None:
    played(tmp_path)
    rewritten(tmp_path, events(other_facts), rehash=False)

    report = verify(tmp_path, RING)
    assert "was changed" in report.partitions[0].findings[0].text
    assert report.exit_code == EXIT_CODES["chain"]


def test_t15_a_rejection_that_was_dropped_shows_in_the_signed_root(tmp_path: Path) -> None:
    played(tmp_path)
    sealed(tmp_path)
    rewritten(tmp_path, events(without_rejection))

    assert "checkpoint" in kinds(verify(tmp_path, RING))


def edited(folder: Path, *statements: str) -> None:
    database = apsw.Connection(str(folder / "partition-1.db"))
    for statement in statements:
        database.execute(statement)
    database.close()


THIRD = "(SELECT first_position FROM log ORDER BY 1 LIMIT 1 OFFSET 2)"


def test_t15_a_dropped_batch_is_named(tmp_path: Path) -> None:
    played(tmp_path)
    edited(tmp_path, f"DELETE FROM log WHERE first_position = {THIRD}")

    texts = [each.text for each in verify(tmp_path, RING).partitions[0].findings]
    assert any("are missing" in text for text in texts)
    assert any("does not follow" in text for text in texts)


def test_t15_swapped_batches_are_named(tmp_path: Path) -> None:
    played(tmp_path)
    database = apsw.Connection(str(tmp_path / "partition-1.db"))
    rows = database.execute("SELECT last_position, body FROM log LIMIT 2 OFFSET 2").fetchall()
    for (last, _), (_, body) in zip(rows, reversed(rows), strict=True):
        database.execute("UPDATE log SET body = ? WHERE last_position = ?", (body, last))
    database.close()

    texts = [each.text for each in verify(tmp_path, RING).partitions[0].findings]
    assert sum("was changed" in text for text in texts) == 2


def test_t15_a_batch_put_in_is_named(tmp_path: Path) -> None:
    played(tmp_path)
    edited(
        tmp_path,
        "INSERT INTO log SELECT last_position + 1000, last_position + 1, hash, hash, body FROM log "
        "ORDER BY last_position DESC LIMIT 1",
    )

    assert "chain" in kinds(verify(tmp_path, RING))


def test_t15_a_cut_end_shows_in_a_checkpoint(tmp_path: Path) -> None:
    played(tmp_path)
    sealed(tmp_path)
    edited(tmp_path, "DELETE FROM log WHERE last_position = (SELECT max(last_position) FROM log)")

    (finding,) = [
        each for each in verify(tmp_path, RING).partitions[0].findings if each.kind == "checkpoint"
    ]
    assert "the end is missing" in finding.text


def test_t15_what_was_rewritten_and_signed_again_is_caught_by_a_note_kept_elsewhere(
    tmp_path: Path,
) -> None:
    played(tmp_path)
    sealed(tmp_path)
    (kept,) = notes(checkpoint_file(tmp_path, 1))
    rewritten(tmp_path, events(disguised_rejection))
    for path in (tmp_path / "checkpoints").iterdir():
        path.unlink()
    sealed(tmp_path)

    assert verify(tmp_path, RING).exit_code == 0  # an operator with all the keys can do this
    report = verify(tmp_path, RING, since=[kept])
    assert report.exit_code == EXIT_CODES["checkpoint"]


def test_t16_two_stories_about_the_same_length_are_proven(tmp_path: Path) -> None:
    played(tmp_path)
    sealed(tmp_path)
    first = checkpoint_file(tmp_path, 1).read_text()
    rewritten(tmp_path, events(lambda each: each[:-1] if each[0] == REJECTED else each))
    checkpoint_file(tmp_path, 1).with_suffix(".edge").unlink()
    sealed(tmp_path)

    assert checkpoint_file(tmp_path, 1).read_text().startswith(first)
    texts = [each.text for each in verify(tmp_path, RING).partitions[0].findings]
    assert any("signed two roots" in text for text in texts)


def test_a_witness_must_have_signed_the_last_checkpoint(tmp_path: Path) -> None:
    played(tmp_path)
    sealed(tmp_path)
    ring = KeyRing([*RING, stranger.public("audit")])
    asked = [("witness.example", "stranger")]
    assert kinds(verify(tmp_path, ring, witnesses=asked)) == {"checkpoint"}

    path = checkpoint_file(tmp_path, 1)
    path.write_text(cosign(path.read_text(), "witness.example", stranger, at=1_800_000_000))
    assert verify(tmp_path, ring, witnesses=asked).exit_code == 0


# --- signing ---------------------------------------------------------------------------------------


def test_checkpoints_go_on_where_they_were_after_a_restart(tmp_path: Path) -> None:
    played(tmp_path)
    sealed(tmp_path)
    played(tmp_path)
    sealed(tmp_path, moments=2)

    (part,) = verify(tmp_path, RING).partitions
    assert part.findings == []
    assert (part.checkpoints, part.signed) == (2, part.turns)


@pytest.mark.parametrize("half", ["remit/test/part", "remit/test/partition-1\n9\nAAAA\n\n— remit"])
def test_a_checkpoint_that_a_crash_cut_short_stands_in_nobodys_way(
    tmp_path: Path, half: str
) -> None:
    played(tmp_path)
    sealed(tmp_path)
    with checkpoint_file(tmp_path, 1).open("a") as file:
        file.write(half)
    checkpoint_file(tmp_path, 1).with_suffix(".edge").write_text("")
    played(tmp_path)
    sealed(tmp_path, moments=2)

    (part,) = verify(tmp_path, RING).partitions
    assert part.findings == []
    assert part.signed == part.turns


def test_an_older_copy_of_the_log_is_not_signed_again(tmp_path: Path) -> None:
    played(tmp_path)
    sealed(tmp_path)
    rewritten(tmp_path, events(without_rejection))
    played(tmp_path)
    with pytest.raises(Forked, match="does not follow record"):
        sealed(tmp_path)


# --- explaining and proving ------------------------------------------------------------------------


def test_r23_each_step_is_explained_with_who_and_under_which_clause(tmp_path: Path) -> None:
    key = played(tmp_path)
    steps = list(explain(tmp_path, key))

    assert steps[0].action == "policy attached"
    told = {(each.action, each.element, each.admitted): each for each in steps}
    assert told["job.activate", "a", False].actor == PARTNER.id
    assert told["job.activate", "a", False].reason == "$slope.floor"
    assert told["job.error", "a", False].clauses == ("g/$default",)
    done = told["job.complete", "a", True]
    assert (done.actor, done.clauses) == (WORKER.id, ("g/W", "bind/$bound"))
    assert done.facts["var.amount"] == 5


def test_called_processes_are_explained_with_their_caller(tmp_path: Path) -> None:
    played(tmp_path)
    with Engine(tmp_path, governor=GOVERNOR) as engine:
        keys = {
            each.instance for each in engine.events() if type(each).__name__ == "PolicyAttached"
        }
    caller = sorted(keys)[1]

    assert len({step.instance for step in explain(tmp_path, caller)}) == 2


def test_r25_one_record_is_proven_without_the_rest_of_the_log(tmp_path: Path) -> None:
    key = played(tmp_path)
    sealed(tmp_path)
    position = next(e.position for e in explain(tmp_path, key) if e.action == "job.complete")
    proof = prove(tmp_path, 1, position)
    checkpoint, turn = check_proof(read_proof(msgspec.json.encode(proof)), RING)

    assert checkpoint.origin == "remit/test/partition-1"
    assert turn.command == "CompleteJob"
    for bent in (
        msgspec.structs.replace(proof, index=proof.index - 1),
        msgspec.structs.replace(proof, record=position + 100),
        msgspec.structs.replace(proof, turn=proof.turn[:-8] + "AAAAAAA="),
        msgspec.structs.replace(proof, path=proof.path[:-1]),
    ):
        with pytest.raises(AuthorityFault):
            check_proof(bent, RING)


def test_a_record_that_nobody_signed_can_not_be_proven(tmp_path: Path) -> None:
    played(tmp_path)
    with pytest.raises(AuthorityFault, match="no checkpoint covers"):
        prove(tmp_path, 1, 5)
    with pytest.raises(AuthorityFault, match="there is no record"):
        prove(tmp_path, 1, 50_000)
