"""`remit audit` on the data of a broker that signs its log: what an auditor does, in order."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from remit.cli.main import main
from tests.support.broker import Broker, code_of
from tests.support.governed import WORK, governed_options, grant, policy
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
