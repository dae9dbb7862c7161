"""What people write: the YAML form, its schema, the linter, scenarios, and the command line."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from remit.authority import Signer
from remit.authority.authoring import TEMPLATE, form_schema, read_form, to_grant
from remit.authority.chain import verify_block, verify_chain
from remit.authority.derive import Attenuation, mint_binding
from remit.authority.errors import AuthorityFault, BadForm, PolicyError
from remit.authority.keys import read_key_ring
from remit.authority.lint import lint_child, lint_rules, lint_steps, steps_of
from remit.authority.plain_yaml import load_yaml
from remit.authority.policy import BoundTo, Clause, Derive, Initiator, Operand
from remit.authority.scenarios import read_scenarios, run_scenarios
from remit.cli.policy import policy_group
from remit.model.bpmn import read as read_model
from tests.authority.test_chains import child_of
from tests.authority.world import GRANT, RING, allowing, chain_of

FORM = TEMPLATE.format(name="order", process="order", start="2026-01-01", end="2027-01-01")
PROCESS = """<?xml version="1.0"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
  xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="t">
  <process id="order" isExecutable="true">
    <startEvent id="start"/>
    <sequenceFlow id="f1" sourceRef="start" targetRef="pay"/>
    <serviceTask id="pay"><extensionElements><zeebe:taskDefinition type="example"/></extensionElements></serviceTask>
    <sequenceFlow id="f2" sourceRef="pay" targetRef="odd"/>
    <serviceTask id="odd"><extensionElements><zeebe:taskDefinition type="refund"/></extensionElements></serviceTask>
    <sequenceFlow id="f3" sourceRef="odd" targetRef="call"/>
    <callActivity id="call"><extensionElements><zeebe:calledElement processId="billing"/></extensionElements></callActivity>
    <sequenceFlow id="f4" sourceRef="call" targetRef="end"/>
    <endEvent id="end"/>
  </process>
</definitions>
"""  # noqa: E501


def test_the_form_becomes_a_grant() -> None:
    grant = to_grant(read_form(FORM), now=5)

    assert (grant.jti, grant.rev, grant.nbf, grant.iat) == ("order", 1, 1767225600, 5)
    assert grant.allow[1].on == {"jobType": {"in": ["example"]}}
    assert grant.allow[2].on == {"varNames": {"sub": ["amount", "status"]}}
    assert grant.deny[0].on == {"var.amount": {"min": 10001}}
    assert grant.slope is not None
    assert grant.slope.max_depth == 5


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("allow:", "alow:", "unknown field `alow` .did you mean allow"),
        ("only:", "onnly:", "no operator 'onnly' for varNames .did you mean only"),
        ("job.fail", "job.fial", "no action job.fial .did you mean job.fail"),
        ("jobType", "jobtype", "did you mean jobType"),
        ("revision: 1 ", "revision: one", "line 5: Expected `int`, got `str`"),
        ("longest delegation:", "longest:", "line 34: .* `longest`; there are floor, .*caps"),
        (
            "actions: [var.read",
            "acts: [var.read",
            "line 21: .* .did you mean actions",
        ),
        ("revision: 1 ", "revision: 1.0", "Expected `int`, got `float`"),
        ("2027-01-01", "next year", "next year is no date"),
        ("2027-01-01", "2025-01-01", "to must be after from"),
        ("2026-01-01", "1969-01-01", "before 1970"),
        ("id: A2", "id: A1", "two clauses are called A1"),
        ("holders: [broker-1]", "holders: &x [broker-1]\nfresh: *x", "anchors"),
        ("policy: order", "policy: order\npolicy: other", "policy is given twice"),
        ("policy: order", "policy: !!python/object/apply:os.getcwd []", "not YAML"),
        ("policy: order", "? [a]\n: b", "a key is one word"),
        ("policy: order", "policy: 'order", "not YAML"),
    ],
)
def test_mistakes_are_told_with_a_hint(old: str, new: str, message: str) -> None:
    assert old in FORM
    with pytest.raises((BadForm, PolicyError), match=message):
        to_grant(read_form(FORM.replace(old, new)), now=5)


def test_norway_is_a_country() -> None:
    assert load_yaml("a: [no, on, yes, true, 010, 1:30, 2026-01-01, 5, 1.5, null]") == {
        "a": ["no", "on", "yes", True, "010", "1:30", "2026-01-01", 5, 1.5, None]
    }


@given(st.text(alphabet="ab:[]{}-?|>&*!%@`'\"#, \n\t0", max_size=60))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_foreign_text_raises_only_documented_faults(text: str) -> None:
    with pytest.raises(AuthorityFault):
        read_form(text)


def test_the_schema_describes_the_form() -> None:
    schema = form_schema()
    jsonschema.Draft202012Validator.check_schema(schema)

    jsonschema.validate(load_yaml(FORM), schema)
    for old, new in (("allow:", "alow:"), ("revision: 1 ", "revision: one"), ("incident", "shrug")):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(load_yaml(FORM.replace(old, new)), schema)


def rules_of(found: object) -> set[tuple[str, str]]:
    return {(each.rule, each.clause) for each in found}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "on",
    [
        {"var.x": {"min": 5, "max": 4}},
        {"jobType": {"in": []}},
        {"jobType": {"in": ["a"], "nin": ["a"]}},
        {"jobType": {"eq": "a", "prefix": "b"}},
        {"varNames": {"sub": ["a"], "sup": ["b"]}},
        {"varNames": {"any": []}},
    ],
)
def test_lint_finds_clauses_that_never_match(on: dict[str, dict[str, object]]) -> None:
    clause = Clause(id="X", do=("job.complete",), on=on)  # type: ignore[arg-type]

    assert ("impossible", "X") in rules_of(lint_rules(allowing(clause)))


def test_lint_finds_what_is_always_denied_and_what_never_decides() -> None:
    wide = Clause(id="W", do=("job.*",), on={"jobType": {"prefix": "pay"}})
    narrow = Clause(
        id="N", do=("job.fail",), on={"jobType": {"eq": "payment"}, "retries": {"eq": 1}}
    )
    apart = Clause(id="O", do=("job.fail",), on={"jobType": {"eq": "other"}})

    assert rules_of(lint_rules(allowing(wide, narrow, apart))) == {("repeated", "N")}
    assert rules_of(lint_rules(allowing(narrow, wide, apart))) == set()
    denied = replace(allowing(narrow, apart), deny=(replace(wide, id="D"),))
    assert rules_of(lint_rules(denied)) == {("shadowed", "N")}


def test_lint_finds_work_that_the_engine_may_not_make_or_take_back() -> None:
    work = Clause(
        id="W", do=("job.activate",), on={"jobType": {"eq": "payment"}, "actor": {"eq": "cashier"}}
    )

    def around(action: str, **on: dict[str, Operand]) -> Clause:
        return Clause(id=f"around {action}", do=(action,), on=on)

    whole = (around("job.create", jobType={"prefix": "pay"}), around("job.timeout"))
    assert lint_rules(allowing(work, *whole)) == []
    assert rules_of(lint_rules(allowing(work))) == {("unmade", "W"), ("kept", "W")}
    other = (around("job.create", jobType={"eq": "refund"}), around("job.timeout"))
    assert rules_of(lint_rules(allowing(work, *other))) == {("unmade", "W")}
    by_worker = (around("job.create"), around("job.timeout", actor={"eq": "cashier"}))
    assert rules_of(lint_rules(allowing(work, *by_worker))) == {("kept", "W")}
    assert rules_of(lint_rules(GRANT)) == {("unmade", "A1"), ("kept", "A1")}


def test_lint_finds_dead_clauses_of_a_child() -> None:
    attenuation = Attenuation(
        allow=(
            Clause(id="alive", do=("job.complete",), on={"jobType": {"prefix": "pay"}}),
            Clause(id="dead", do=("job.complete",), on={"jobType": {"eq": "refund"}}),
            Clause(id="buried", do=("timer.fire",)),
        )
    )
    leaf = verify_chain(child_of(chain_of(GRANT), attenuation=attenuation), RING).leaf

    assert isinstance(leaf, Derive)
    assert rules_of(lint_child(leaf, [GRANT])) == {("dead", "dead"), ("dead", "buried")}


def test_lint_finds_elements_that_are_never_admitted() -> None:
    process = read_model(PROCESS.encode(), "order.bpmn").processes[0]
    steps = steps_of(process, "acme")
    jobs = [(each.element, each.facts["jobType"]) for each in steps if each.action == "job.create"]
    assert jobs == [("pay", "example"), ("odd", "refund")]
    grant = allowing(
        Clause(id="E", do=("element.enter",)),
        Clause(id="J", do=("job.*",), on={"jobType": {"eq": "example"}}),
        Clause(id="C", do=("call.activity",), on={"calledProcess": {"eq": "billing"}}),
    )

    found = lint_steps(steps, [grant])
    assert rules_of(found) == {("element", "odd")}
    assert "job.create of odd can never be admitted: no allow clause can match" in found[0].text
    no_calls = replace(grant, deny=(Clause(id="D", do=("call.activity",)),))
    assert ("element", "call") in rules_of(lint_steps(steps, [no_calls]))


SCENARIOS = """
slope: [{actor: alice, kind: initiator, method: human+mfa}]
facts: {jobType: example}
cases:
  - {name: small, step: job.complete, facts: {var.amount: 5}, expect: admit, by: A2}
  - {name: large, step: job.complete, facts: {var.amount: 10001}, expect: deny, by: D1}
  - name: stranger
    step: job.complete
    facts: {var.amount: 5}
    hop: {actor: x, kind: worker, method: none}
    expect: deny
    by: $slope.floor
  - {name: late, step: job.fail, at: 2030-01-01, expect: deny, by: $validity}
"""


def test_scenarios_say_what_goes_otherwise() -> None:
    grant = to_grant(read_form(FORM), now=5)

    outcomes = run_scenarios(read_scenarios(SCENARIOS), grant)
    assert [outcome.problem for outcome in outcomes] == ["", "", "", ""]
    wrong = SCENARIOS.replace("by: A2", "by: A1").replace("expect: deny, by: D1", "expect: admit")
    problems = [outcome.problem for outcome in run_scenarios(read_scenarios(wrong), grant)]
    assert problems == [
        "expected admit by A1, it was A2",
        "expected admit, got deny by D1",
        "",
        "",
    ]
    with pytest.raises(BadForm, match="unknown field"):
        read_scenarios("cases: [{name: a, step: b, expect: admit, buy: x}]")


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(policy_group, arguments)
    assert result.exit_code == code, result.output
    return result.output


def test_from_a_new_policy_to_a_derived_chain(tmp_path: Path) -> None:
    written = tmp_path / "order.policy.yaml"
    written.write_text(run("new", "order"))
    assert "nothing to complain about" in run("lint", str(written))
    scenarios = tmp_path / "order.scenarios.yaml"
    scenarios.write_text("policy: order.policy.yaml\n" + SCENARIOS.replace("2030", "2999"))
    assert "4 of 4 cases as expected" in run("test", str(scenarios))
    scenarios.write_text(scenarios.read_text().replace("by: A2", "by: A1"))
    assert "3 of 4 cases as expected" in run("test", str(scenarios), code=1)

    issuer = "https://policy.example.com"
    private, public = tmp_path / "acme.seed", tmp_path / "keys.json"
    public.write_text(
        run(
            "key", "acme", "--role", "authority", "--role", "holder",
            "--issuer", issuer, "--private", str(private),
        )
    )  # fmt: skip
    assert private.stat().st_mode & 0o777 == 0o600
    written.write_text(written.read_text().replace("[broker-1]", "[acme]"))
    token = run("mint", str(written), "--key", str(private), "--kid", "acme").strip()
    ring = read_key_ring(public.read_bytes())
    block = verify_block(token, ring)
    signer = Signer("acme", bytes.fromhex(private.read_text()))
    bound = BoundTo(tenant="<default>", process="order", ver=1, instance="9")
    start = block.block.nbf
    binding = mint_binding(
        [block], bound, Initiator(actor="a", method="none"), signer, jti="b", now=start
    )
    chain = tmp_path / "chain"
    chain.write_text(f"{token}\n{binding}\n")
    assert "Verified: for instance 9 of order." in run("inspect", str(chain), "--keys", str(public))
    derived = run(
        "derive", str(chain), "--keys", str(public), "--key", str(private), "--kid", "acme",
        "--process", "billing", "--version", "1", "--instance", "10", "--element", "call",
        "--narrow", str(written),
    )  # fmt: skip
    assert verify_chain(derived.split(), ring).subject.instance == "10"


def test_the_command_line_refuses_with_a_sentence(tmp_path: Path) -> None:
    written = tmp_path / "policy.yaml"
    written.write_text(FORM.replace("job.fail", "job.fial"))
    assert "did you mean job.fail" in run("lint", str(written), code=1)
    written.write_text(FORM)
    model = tmp_path / "order.bpmn"
    model.write_text(PROCESS)
    assert "job.create of odd can never be admitted" in run(
        "lint", str(written), "--model", str(model), code=1
    )
    seed = tmp_path / "seed"
    seed.write_text("not a key")
    assert "holds no private key" in run(
        "mint", str(written), "--key", str(seed), "--kid", "x", code=1
    )
    assert "seed" in run("key", "x", "--role", "holder", "--private", str(seed), code=2)
    assert "Refused" in run("inspect", str(written), code=1)
    for old, new, said in (
        ("revision: 1 ", "revision: one", "policy.yaml, line 5: Expected `int`"),
        ("job.fail", "job.fial", "policy.yaml, clause A2: there is no action job.fial"),
        ("allow:", "allow: [", "policy.yaml, line 12: not YAML"),
    ):
        written.write_text(FORM.replace(old, new))
        assert said in run("lint", str(written), code=1)
