"""`remit audit` on the data of a broker that signs its log: what an auditor does, in order."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from remit import Engine
from remit.authority import Signer, read_key_ring
from remit.authority.keys import write_key_ring
from remit.cli.main import main
from remit.protocol.values import Actor
from tests.support.broker import Broker, code_of
from tests.support.governed import GOVERNOR, WORK, governed_options, grant, policy
from tests.support.model import one_task


def until(happened: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def run(*words: object, code: int = 0) -> str:
    result = CliRunner().invoke(main, ["audit", *map(str, words)])
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A stopped broker's folder with one governed instance in it, and the instance's key."""
    folder = tmp_path_factory.mktemp("audit")
    with Broker(folder / "data", *governed_options(folder)) as broker:
        client = broker.client()
        client.deploy("one.bpmn", one_task().xml())
        given = json.dumps({"_policy": policy(grant(WORK))})
        created = client.call(
            "CreateProcessInstance", bpmnProcessId="one", version=-1, variables=given
        )
        (job,) = client.activate("work")
        with pytest.raises(Exception) as fault:
            client.call("ThrowError", jobKey=job.key, errorCode="X")
        assert code_of(fault) == "PERMISSION_DENIED"
        client.call("CompleteJob", jobKey=job.key, variables="{}")
        until(lambda: (folder / "data" / "checkpoints").exists())
    return folder, created.processInstanceKey


def test_a_broker_signs_its_log_and_the_auditor_needs_only_files_and_public_keys(
    place: tuple[Path, int], tmp_path: Path
) -> None:
    folder, key = place
    run("export", folder / "data", tmp_path / "out")
    said = run("verify", tmp_path / "out", "--keys", folder / "keys.json")
    assert "Nothing is wrong" in said
    report = json.loads(run("verify", tmp_path / "out", "--keys", folder / "keys.json", "--json"))
    (part,) = report["partitions"]
    assert part["signed"] == part["turns"]
    assert part["instances"] == 1
    shared = run(
        "verify", tmp_path / "out", "--keys", folder / "keys.json", "--json", "--workers", 2
    )  # fmt: skip
    assert json.loads(shared) == report

    steps = [json.loads(line) for line in run("explain", tmp_path / "out", "--instance", key,
                                              "--json").splitlines()]  # fmt: skip
    assert [step["action"] for step in steps if not step["admitted"]] == ["job.error"]
    assert "job.complete" in run("explain", tmp_path / "out", "--instance", key)


def test_a_record_is_proven_to_somebody_with_one_public_key(
    place: tuple[Path, int], tmp_path: Path
) -> None:
    folder, key = place
    lines = run("explain", folder / "data", "--instance", key, "--json").splitlines()
    position = json.loads(lines[-1])["position"]
    (tmp_path / "proof.json").write_text(run("prove", folder / "data", "--record", position))
    said = run("check", tmp_path / "proof.json", "--keys", folder / "keys.json")
    assert f"record {position} is in remit/" in said
    assert "StepAdmitted" in said


def test_what_is_not_there_is_said_in_a_sentence(place: tuple[Path, int], tmp_path: Path) -> None:
    folder, _ = place
    assert "carries no policy" in run("explain", folder / "data", "--instance", 1 << 51, code=1)
    assert "no record" in run("prove", folder / "data", "--record", 10**9, code=1)
    (tmp_path / "empty").mkdir()
    assert "holds no log" in run(
        "verify", tmp_path / "empty", "--keys", folder / "keys.json", code=1
    )


@pytest.fixture
def out(place: tuple[Path, int], tmp_path: Path) -> Path:
    """What the auditor was given."""
    run("export", place[0] / "data", tmp_path / "out")
    return tmp_path / "out"


def checkpoints(folder: Path) -> Path:
    return folder / "checkpoints" / "partition-1.checkpoints"


def test_the_whole_file_of_checkpoints_can_be_what_was_kept_elsewhere(
    place: tuple[Path, int], out: Path, tmp_path: Path
) -> None:
    keys = ("--keys", place[0] / "keys.json")
    kept = tmp_path / "kept"
    note = checkpoints(out).read_text()
    kept.write_text(note + note)
    assert "Nothing is wrong" in run("verify", out, *keys, "--since", kept)
    shutil.rmtree(out / "checkpoints")
    next(out.glob("partition-1.*.log")).rename(out / "partition-2.000000000001-000000000099.log")
    said = run("verify", out, *keys, "--since", kept, code=12)
    assert "the log of partition 1 was signed, and is not in" in said


def test_a_log_that_was_signed_and_is_gone_is_missed(place: tuple[Path, int], out: Path) -> None:
    """With another partition's log in the folder there still is something to check."""
    (out / "checkpoints" / "partition-2.checkpoints").write_text("any")
    said = run("verify", out, "--keys", place[0] / "keys.json", code=12)
    assert "the log of partition 2 was signed, and is not in" in said


@pytest.mark.parametrize("content", [b"", b"hello", b"\xff\xfe\x00", b"policy: x\nissuer: y\n"])
def test_what_was_kept_elsewhere_has_to_be_checkpoints(
    place: tuple[Path, int], out: Path, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "kept").write_bytes(content)
    said = run(
        "verify", out, "--keys", place[0] / "keys.json", "--since", tmp_path / "kept", code=1
    )
    assert "Refused: kept holds no signed checkpoints" in said
    said = run(
        "witness", tmp_path / "kept", "--name", "w", "--key",
        f"worker={place[0]}/worker.key", code=1,
    )  # fmt: skip
    assert "Refused: kept holds no signed checkpoints" in said


def test_ruined_checkpoints_are_told_of_by_their_place(place: tuple[Path, int], out: Path) -> None:
    good = checkpoints(out).read_bytes()
    count = good.count(b"\n\n")
    checkpoints(out).write_bytes(good + b"\xff\xfe")
    said = run("verify", out, "--keys", place[0] / "keys.json", code=12)
    assert f"checkpoint {count + 1} in partition-1.checkpoints:" in said
    assert '"checkpoint"' in run("prove", out, "--record", 5)


def test_nothing_is_proven_of_a_log_that_is_not_the_one_that_was_signed(
    place: tuple[Path, int], out: Path
) -> None:
    size, root = checkpoints(out).read_text().splitlines()[-4:-2]
    other = checkpoints(out).read_text().replace(root, "A" * 43 + "=")
    checkpoints(out).write_text(other)
    said = run("prove", out, "--record", 5, code=1)
    assert f"not the one that was signed at {size} turns" in said


def test_an_auditor_is_told_when_nothing_is_signed(place: tuple[Path, int], out: Path) -> None:
    shutil.rmtree(out / "checkpoints")
    said = run("verify", out, "--keys", place[0] / "keys.json")
    assert "nothing of it is signed" in said


def test_a_witness_signs_the_last_checkpoint_and_its_copy_counts(
    place: tuple[Path, int], out: Path, tmp_path: Path
) -> None:
    folder, _ = place
    ring = read_key_ring((folder / "keys.json").read_bytes())
    seer = Signer("seer", b"s" * 32)
    (tmp_path / "seer.key").write_text((b"s" * 32).hex())
    (tmp_path / "keys.json").write_bytes(write_key_ring([*ring, seer.public("audit")]))
    asked = ("verify", out, "--keys", tmp_path / "keys.json", "--witness", "seer.example=seer")
    assert "the last checkpoint: witness seer.example did not sign" in run(*asked, code=12)

    checkpoints(out).write_text(checkpoints(out).read_text() * 2)  # there are several
    seen = run("witness", checkpoints(out), "--name", "seer.example", "--key",
               f"seer={tmp_path}/seer.key")  # fmt: skip
    (tmp_path / "seen").write_text(seen)
    assert "Nothing is wrong" in run(*asked, "--since", tmp_path / "seen")
    said = run("witness", checkpoints(out), "--name", "two words", "--key",
               f"seer={tmp_path}/seer.key", code=1)  # fmt: skip
    assert "a witness has a name without spaces" in said


def test_an_export_that_can_not_be_written_leaves_nothing(
    place: tuple[Path, int], tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    assert "holds no log" in run("export", tmp_path / "empty", tmp_path / "to", code=1)
    assert not (tmp_path / "to").exists()
    (tmp_path / "file").write_text("")
    said = run("export", place[0] / "data", tmp_path / "file" / "to", code=2)
    assert "can't be written" in said


def test_names_of_callers_are_shown_as_they_are(tmp_path: Path) -> None:
    """Who chooses a name at a login service writes no styles and no signs of control."""
    with Engine(
        tmp_path, governor=GOVERNOR, actor=Actor("[/x] [red]boss\x1b[31m\n", "jwt")
    ) as engine:
        engine.deploy(("one.bpmn", one_task().xml()))
        key = engine.create("one", {"_policy": policy(grant(WORK))}).key
    said = run("explain", tmp_path, "--instance", key)
    assert "[/x] [red]boss\\x1b[31m\\n" in said
