"""What a policy calls personal is kept out of what leaves the broker, and can be proven (R2, 2.8)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from remit import Engine
from remit.audit.explaining import WITHHELD, explain
from remit.authority import KeyRing, Signer
from remit.authority.derive import mint_grant
from remit.authority.errors import BadSignature
from remit.authority.keys import write_key_ring
from remit.authority.policy import Audit, Clause, Grant, Holder, Subject
from remit.authority.redaction import check_disclosure, disclose
from remit.cli.main import main
from remit.engine.governance import POLICY, Governor
from remit.exporters.kinds import exporter_of
from remit.exporters.process import Follower, Positions
from remit.protocol.values import Actor
from tests.support.model import one_task

office, broker = Signer("office", b"o" * 32), Signer("broker", b"b" * 32)
ISSUER = "https://policy.example"
RING = KeyRing([office.public("authority", iss=ISSUER), broker.public("holder")])
SECRET = "Bahnhofstrasse 1"
GRANT = Grant(
    v=1, typ="grant", jti="order", iss=ISSUER, rev=1, iat=0, nbf=0, exp=4_000_000_000,
    sub=Subject(tenant="<default>"), cnf=Holder(kids=("broker",)),
    allow=(Clause(id="A1", do=("*",)),),
    deny=(Clause(id="D1", do=("job.complete", "var.write"), on={"var.address": {"eq": "nowhere"}}),),
    audit=Audit(pii=("address",)),
)  # fmt: skip
TOKEN = mint_grant(GRANT, office)


def engine(folder: Path) -> Engine:
    made = Engine(folder, governor=Governor(RING, broker), actor=Actor("alice", "jwt"))
    made.deploy(("one.bpmn", one_task().xml()))
    return made


def begin(made: Engine, **variables: Any) -> int:
    return made.create("one", {POLICY: [TOKEN], **variables}).key


def export(folder: Path, signer: Signer | None = broker) -> str:
    """What an exporter writes that starts now, where the one before it has stopped."""
    target = folder / "records.jsonl"
    follower = Follower(
        exporter_of(f"jsonl:{target}"), Positions(folder / "exporters.json"), signer
    )
    follower.follow(folder / "partition-1.db", 1)
    follower.exporter.close()
    return target.read_text()


def values(text: str, value_type: str) -> list[dict[str, Any]]:
    records = [json.loads(line) for line in text.splitlines()]
    return [each["value"] for each in records if each["valueType"] == value_type and each["value"]]


def test_personal_values_are_in_no_exported_record(tmp_path: Path) -> None:
    with engine(tmp_path) as made:
        begin(made, address=SECRET, amount=5)
        (job,) = made.activate("work")
        made.complete(job.job.key, {"address": SECRET + ", 2nd floor", "done": True})

        text = export(tmp_path)

    assert SECRET not in text
    told = {each["name"]: each["value"] for each in values(text, "VARIABLE")}
    assert (told["amount"], told["done"]) == (5, True)
    assert len(told["address"]["withheld"]) == 64
    facts = [each["facts"] for each in values(text, "GOVERNANCE") if "facts" in each]
    assert any("withheld" in each.get("var.address", {}) for each in facts)
    beside = [each for step in values(text, "GOVERNANCE") for each in step.get("also", ())]
    assert any("withheld" in each["facts"].get("var.address", {}) for each in beside)


def test_an_instance_without_that_policy_is_exported_as_ever(tmp_path: Path) -> None:
    with engine(tmp_path) as made:
        begin(made, address=SECRET)
        made.create("one", {"address": "Hauptstrasse 2"})

        text = export(tmp_path)

    assert "Hauptstrasse 2" in text
    assert SECRET not in text


def test_what_is_personal_is_still_known_after_a_restart(tmp_path: Path) -> None:
    with engine(tmp_path) as made:
        begin(made, address=SECRET)
        (job,) = made.activate("work")
        export(tmp_path)
        made.complete(job.job.key, {"address": SECRET + ", moved"})

        text = export(tmp_path)

    assert len(values(text, "VARIABLE")) == 2
    assert SECRET not in text


def test_after_the_last_such_instance_nothing_is_read_twice(tmp_path: Path) -> None:
    with engine(tmp_path) as made:
        begin(made, address=SECRET)
        (job,) = made.activate("work")
        made.complete(job.job.key)
        export(tmp_path)

    kept = json.loads((tmp_path / "exporters.json").read_text())
    (positions,) = kept.values()
    assert positions["1/reads-from"] == positions["1"]


def test_without_the_holders_key_values_are_withheld_all_the_same(tmp_path: Path) -> None:
    with engine(tmp_path) as made:
        begin(made, address=SECRET)

        text = export(tmp_path, signer=None)

    assert SECRET not in text
    (told,) = values(text, "VARIABLE")
    assert told["value"] == {"withheld": ""}


def test_explaining_an_instance_tells_that_it_was_read_and_not_what_it_was(tmp_path: Path) -> None:
    with engine(tmp_path) as made:
        key = begin(made, address=SECRET)
        (job,) = made.activate("work")
        made.complete(job.job.key)

    steps = list(explain(tmp_path, key))

    assert SECRET not in repr(steps)
    assert WITHHELD in [step.facts.get("var.address") for step in steps]


def test_a_value_is_proven_by_its_hash_with_the_public_key_alone(tmp_path: Path) -> None:
    with engine(tmp_path) as made:
        key = begin(made, address=SECRET)
        (told,) = values(export(tmp_path), "VARIABLE")
    (tmp_path / "broker.key").write_text((b"b" * 32).hex())
    (tmp_path / "keys.json").write_bytes(write_key_ring(RING))

    shown = CliRunner().invoke(
        main,
        ["audit", "disclose", "--instance", str(key), "--variable", "address",
         "--value", json.dumps(SECRET), "--holder-key", f"broker={tmp_path / 'broker.key'}"],
    )  # fmt: skip
    (tmp_path / "shown.json").write_text(shown.output)
    said = CliRunner().invoke(
        main,
        ["audit", "confirm", str(tmp_path / "shown.json"), "--keys", str(tmp_path / "keys.json")],
    )

    assert shown.exit_code == said.exit_code == 0
    assert told["value"]["withheld"] in said.output.split()


def test_another_value_or_another_instance_is_not_proven() -> None:
    shown = disclose(broker, "1", "address", SECRET)
    other = disclose(broker, "2", "address", SECRET)
    forged = disclose(Signer("broker", b"x" * 32), "1", "address", SECRET)

    assert check_disclosure(shown, RING) != check_disclosure(other, RING)
    with pytest.raises(BadSignature):
        check_disclosure(forged, RING)
