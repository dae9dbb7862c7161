"""Attacks by whoever owns the machine: the files of a real broker are edited, `remit audit` looks.

They can't be prevented from inside. Each test says what shows them; docs/reference/governance-rules.md.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remit.audit.reading import checkpoint_file
from remit.audit.sealing import Sealer
from remit.audit.verifying import EXIT_CODES
from remit.cli.main import main
from remit.engine.state.state import State
from tests.audit.test_audit_logs import (
    REJECTED,
    Turns,
    disguised_rejection,
    edited,
    events,
    more_trust,
    other_actor,
    other_clause,
    rewritten,
    without_admission,
)
from tests.support.broker import Broker, code_of
from tests.support.governed import WORK, auditor, governed_options, grant, policy
from tests.support.model import one_task


def verify(folder: Path, *more: object) -> tuple[int, str]:
    """Exit code and words of `remit audit verify` on `folder/data`."""
    words = ["audit", "verify", folder / "data", "--keys", folder / "keys.json", *more]
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result.exit_code, result.output


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a broker leaves that has run governed instances and signed its log."""
    folder = tmp_path_factory.mktemp("owned")
    with Broker(folder / "data", *governed_options(folder)) as broker:
        client = broker.client()
        client.deploy("one.bpmn", one_task().xml())
        given = json.dumps({"_policy": policy(grant(WORK)), "amount": 5})
        for _ in range(3):
            client.call("CreateProcessInstance", bpmnProcessId="one", version=-1, variables=given)
        first, second, third = client.activate("work", 3)
        (folder / "open-job").write_text(str(third.key))
        with pytest.raises(Exception) as fault:
            client.call("ThrowError", jobKey=first.key, errorCode="X")
        assert code_of(fault) == "PERMISSION_DENIED"
        for job in (first, second):
            client.call("CompleteJob", jobKey=job.key, variables='{"done": true}')
        while not checkpoint_file(folder / "data", 1).exists():
            time.sleep(0.05)
    return folder


@pytest.fixture
def folder(lived: Path, tmp_path: Path) -> Path:
    """A copy to spoil."""
    return Path(shutil.copytree(lived, tmp_path / "copy"))


def test_an_honest_log_is_found_to_be_one(folder: Path) -> None:
    code, said = verify(folder)
    assert (code, "Nothing is wrong" in said) == (0, True), said


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (without_admission("job.complete"), "completeness"),
        (without_admission("job.create"), "completeness"),
        (without_admission("element.enter"), "completeness"),
        (without_admission("job.activate"), "completeness"),
        (events(other_clause), "decision"),
        (events(other_actor), "facts"),
        (events(more_trust), "slope"),
    ],
)
def test_t13_t14_a_log_that_was_written_anew_does_not_hold_together(
    folder: Path, change: Callable[[Turns], Turns], kind: str
) -> None:
    rewritten(folder / "data", change)
    code, said = verify(folder)
    assert code != 0
    assert kind in said
    assert "checkpoint" in said


def test_t13_a_broker_that_was_made_to_forget_the_policy_leaves_a_gap(folder: Path) -> None:
    """The tables are edited, the broker is started again, and lets everything pass."""
    database = apsw.Connection(str(folder / "data" / "partition-1.db"))
    table = State(1, 1).governed.number
    for (address,) in database.execute("SELECT key FROM rows").fetchall():
        if address[:1] == b"i" and address[9] == table:
            database.execute("DELETE FROM rows WHERE key = ?", (address,))
    database.close()
    with Broker(folder / "data", *governed_options(folder)) as broker:
        open_job = int((folder / "open-job").read_text())
        broker.client().call("CompleteJob", jobKey=open_job, variables="{}")

    code, said = verify(folder)
    assert code == EXIT_CODES["completeness"]
    assert "job.complete happened, and nothing admitted it" in said


# --- the log itself (T15) --------------------------------------------------------------------------

THIRD = "(SELECT first_position FROM log ORDER BY 1 LIMIT 1 OFFSET 2)"
LAST = "(SELECT max(last_position) FROM log)"
OTHER_BYTE = "CASE substr(body, 21, 1) WHEN x'00' THEN x'01' ELSE x'00' END"


@pytest.mark.parametrize(
    ("statement", "kind", "words"),
    [
        (
            f"UPDATE log SET body = substr(body, 1, 20) || {OTHER_BYTE} || substr(body, 22) WHERE "
            f"first_position = {THIRD}",
            "chain", "was changed",
        ),
        (f"DELETE FROM log WHERE first_position = {THIRD}", "chain", "are missing"),
        (
            "INSERT INTO log SELECT last_position + 1000, last_position + 1, hash, hash, body FROM "
            "log ORDER BY last_position DESC LIMIT 1",
            "chain", "chain",
        ),
        (
            f"UPDATE log SET body = (SELECT body FROM log WHERE last_position = {LAST}) WHERE "
            f"first_position = {THIRD}",
            "chain", "was changed",
        ),
        (f"DELETE FROM log WHERE last_position = {LAST}", "checkpoint", "the end is missing"),
        ("DELETE FROM log", "checkpoint", "checkpoint"),
    ],
)  # fmt: skip
def test_t15_an_edited_log_is_named_by_position(
    folder: Path, statement: str, kind: str, words: str
) -> None:
    edited(folder / "data", statement)
    code, said = verify(folder)
    assert words in said
    assert code == EXIT_CODES[kind], said


def _sign(folder: Path) -> None:
    """What the broker does, with the key that it has."""
    cluster = (folder / "data" / "cluster-id").read_text().strip()
    sealer = Sealer(folder / "data", 1, cluster, auditor)
    sealer.follow()
    sealer.sign()


def test_t15_a_rewrite_with_all_the_keys_is_caught_by_a_note_kept_elsewhere(folder: Path) -> None:
    kept = folder / "kept.note"
    shutil.copy(checkpoint_file(folder / "data", 1), kept)
    rewritten(folder / "data", events(disguised_rejection))
    for path in (folder / "data" / "checkpoints").iterdir():
        path.unlink()
    _sign(folder)

    assert verify(folder)[0] == 0  # whoever has all the keys can do this
    code, said = verify(folder, "--since", kept)
    assert code == EXIT_CODES["checkpoint"], said


def test_t16_two_stories_of_one_log_are_a_proof(folder: Path) -> None:
    rewritten(folder / "data", events(lambda each: each[:-1] if each[0] == REJECTED else each))
    checkpoint_file(folder / "data", 1).with_suffix(".edge").unlink()
    _sign(folder)

    code, said = verify(folder)
    assert code == EXIT_CODES["checkpoint"]
    assert "signed two roots" in said


# --- a log that hardly is one any more -------------------------------------------------------------


@pytest.mark.parametrize(
    "ruin",
    [
        lambda path: path.write_bytes(b"no database"),
        lambda path: path.write_bytes(path.read_bytes()[:5000]),
        lambda path: path.write_bytes(path.read_bytes()[:4096] + b"\xff" * 20_000),
    ],
)
def test_t15_a_ruined_file_is_told_of_in_a_sentence(
    folder: Path, ruin: Callable[[Path], object]
) -> None:
    for extra in ("-wal", "-shm"):
        (folder / "data" / f"partition-1.db{extra}").unlink(missing_ok=True)
    ruin(folder / "data" / "partition-1.db")
    code, said = verify(folder)
    assert code in (1, EXIT_CODES["chain"])
    assert "can't be read" in said
    words = ["audit", "explain", str(folder / "data"), "--instance", str(1 << 51 | 5)]
    explained = CliRunner().invoke(main, words)
    assert (explained.exit_code, "can't be read" in explained.output) == (1, True)


values = st.none() | st.integers() | st.text(max_size=3) | st.binary(max_size=3) | st.booleans()


@settings(
    max_examples=60, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(st.data())
def test_t15_whatever_is_put_into_the_log_the_auditor_says_so(folder: Path, data: Any) -> None:
    """One value somewhere in a turn is another one; its batch is sealed anew."""
    copy = folder / "data" / "partition-1.db"
    original = copy.read_bytes()
    changed: list[bool] = []

    def change(turns: Any) -> Any:
        if changed or not data.draw(st.booleans()):
            return turns
        at: Any = turns
        while True:
            places = list(at) if isinstance(at, dict) else list(range(len(at)))
            place = data.draw(st.sampled_from(places))
            if isinstance(at[place], list | dict) and at[place] and data.draw(st.booleans()):
                at = at[place]
                continue
            before, at[place] = at[place], data.draw(values)
            changed.append(before != at[place] or type(before) is not type(at[place]))
            return turns

    rewritten(folder / "data", change)
    code, said = verify(folder)
    copy.write_bytes(original)
    assert (code != 0) is any(changed), said
