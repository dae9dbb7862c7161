"""What somebody does who follows docs/authority.md for the first time, and what is said if it fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from remit.cli.main import main

CASES = """
policy: order.yaml
cases:
  - name: a payment is made
    step: job.complete
    hop: {actor: cashier, kind: worker, method: apikey}
    facts: {jobType: example, var.amount: 50}
    expect: admit
  - name: a large one needs another policy
    step: job.complete
    hop: {actor: cashier, kind: worker, method: apikey}
    facts: {jobType: example, var.amount: 20000}
    expect: deny
    by: D1
"""


def run(*words: object, code: int = 0) -> str:
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With the keys of the page, each public half in a file of its own, and the policy to start from."""
    monkeypatch.chdir(tmp_path)
    for name, *role in (
        ("office", "--role", "authority", "--issuer", "https://policy.example.com"),
        ("broker", "--role", "holder"),
        ("audit", "--role", "audit"),
    ):
        made = run("policy", "key", f"{name}-1", *role, "--private", f"{name}.key")
        (tmp_path / f"{name}.json").write_text(made)
    (tmp_path / "order.yaml").write_text(run("policy", "new", "order"))
    return tmp_path


def test_public_halves_become_one_set(folder: Path) -> None:
    halves = ("office.json", "broker.json", "audit.json")
    joined = run("policy", "keys", *halves)
    assert all(f'"{name}-1"' in joined for name in ("office", "broker", "audit"))
    (folder / "keys.json").write_text(joined)
    assert "two keys are called broker-1" in run(
        "policy", "keys", "keys.json", "broker.json", code=1
    )
    (folder / "wrong.json").write_text("nonsense")
    assert "wrong.json: not a set of public keys" in run("policy", "keys", "wrong.json", code=1)


def test_a_grant_is_looked_at_before_it_is_bound(folder: Path) -> None:
    (folder / "keys.json").write_text(run("policy", "keys", "office.json", "broker.json"))
    signed = run("policy", "mint", "order.yaml", "--key", "office.key", "--kid", "office-1")
    (folder / "order.grant").write_text(signed)
    assert "not bound to any instance yet" in run(
        "policy", "inspect", "order.grant", "--keys", "keys.json"
    )
    assert "unknown key office-1" in run(
        "policy", "inspect", "order.grant", "--keys", "broker.json", code=1
    )


def test_the_policy_to_start_from_lets_anybody_start(folder: Path) -> None:
    """A broker that asks nobody who they are is what one begins with."""
    start = "policy: order.yaml\ncases:\n  - {name: start, step: instance.create, expect: admit,\n"
    hop = "     hop: {actor: anonymous, kind: initiator, method: none}}\n"
    (folder / "start.yaml").write_text(start + hop)
    assert "1 of 1 cases as expected" in run("policy", "test", "start.yaml")


def test_cases_are_run(folder: Path) -> None:
    (folder / "cases.yaml").write_text(CASES)
    assert "2 of 2 cases as expected" in run("policy", "test", "cases.yaml")


@pytest.mark.parametrize("content", ["", "a", "- b", "5"])
def test_what_is_no_policy_is_said_to_be_none(folder: Path, content: str) -> None:
    (folder / "other").write_text(content)
    assert "this is no policy" in run("policy", "lint", "other", code=1)
    assert "these are no scenarios" in run("policy", "test", "other", code=1)


def test_a_policy_is_no_table_of_cases(folder: Path) -> None:
    assert "these are no scenarios" in run("policy", "test", "order.yaml", code=1)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--policy-keys", "wrong", "--holder-key", "b=broker.key"), "not a set of public keys"),
        (("--policy-keys", "nowhere", "--holder-key", "b=broker.key"), "No such file"),
        (("--policy-keys", "office.json"), "both --policy-keys FILE and --holder-key"),
        (("--policy-keys", "office.json", "--holder-key", "b=broker.key"), "unknown key b"),
        (("--users", "nowhere"), "--users: there is no file nowhere"),
        (("--api-keys", "nowhere"), "--api-keys: there is no file nowhere"),
    ],
)
def test_a_broker_that_can_not_use_its_files_says_so_in_one_line(
    folder: Path, options: tuple[str, ...], said: str
) -> None:
    (folder / "wrong").write_text("nonsense")
    told = run("serve", "--data", "data", *options, code=1)
    assert said in told
    assert len(told.strip().splitlines()) == 1
