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
from remit.authority.lint import lint_child, lint_rules, lint_steps, lint_time, steps_of
from remit.authority.plain_yaml import load_yaml
from remit.authority.policy import BoundTo, Clause, Derive, Duty, Initiator, Operand
from remit.authority.scenarios import read_scenarios, run_scenarios
from remit.cli.policy import policy_group
from remit.model.bpmn import read as read_model
from tests.authority.test_chains import child_of
from tests.authority.world import GRANT, RING, SLOPE, allowing, chain_of

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
        ("revision: 1 ", "revision: one", "line 5: revision takes a whole number, not text"),
        ("revision: 1 ", "revision: -1", "line 5: revision is 0 or more"),
        ("revision: 1 ", "revision: 99999999999999999", "line 5: revision is 9007199254740991 or"),
        ("holders: [broker-1]", "holders: []", "line 8: holders is empty"),
        ("delegations: 2", "delegations: -1", "delegations is 0 or more"),
        ("processes: [order]", "processes: []", "processes is empty"),
        ("processes: [order]", "processes: order", "write a list of process ids, or any"),
        ("[order]}", "[order], versions: {from: 3, to: 2}}", "no version is from 3 to 2"),
        ("tenant: <default>", "tenant: ''", "tenant is empty"),
        ("issuer: https", "issuer: '' # https", "issuer is empty"),
        ("policy: order", f"policy: {'x' * 2000}", "policy is longer than 1024"),
        ("{default: incident}", "{default: explode}", "there are incident, error, skip-worker"),
        ("at least: 10001", "at least: '10001'", "var.amount 'at least' takes number"),
        ("at least: 10001", "at least: 0.5", "a whole number or text or a list, not a number with"),
        ("longest delegation: 5", "longest delegation: 0", "is 1 or more"),
        ("job.complete: 200", "job.complete: 2000", "floors is 1000 or less"),
        ("holders: [broker-1]", "holders: [&x broker-1]", "anchors"),
        ("why: Larger", 'why: "\\ud800" # ', "half a character"),
        ("why: Larger", f"why: {'x' * 1025} # ", "string longer than 1024"),
        ("longest delegation:", "longest:", "line 34: .* `longest`; there are floor, .*caps"),
        (
            "actions: [var.read",
            "acts: [var.read",
            "line 21: .* .did you mean actions",
        ),
        ("revision: 1 ", "revision: 1.0", "a whole number, not a number with a fraction"),
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
        Clause(id="E", do=("instance.create", "element.enter", "flow.take")),
        Clause(id="J", do=("job.*",), on={"jobType": {"eq": "example"}}),
        Clause(id="C", do=("call.activity",), on={"calledProcess": {"eq": "billing"}}),
    )

    found = lint_steps(steps, [grant])
    assert rules_of(found) == {("element", "odd")}
    assert "job.create of odd can never be admitted: no allow clause can match" in found[0].text
    no_calls = replace(grant, deny=(Clause(id="D", do=("call.activity",)),))
    assert ("element", "call") in rules_of(lint_steps(steps, [no_calls]))


def test_lint_finds_that_an_instance_can_not_begin_or_go_on() -> None:
    process = read_model(PROCESS.encode(), "order.bpmn").processes[0]
    grant = allowing(
        Clause(id="E", do=("element.enter", "job.*", "call.activity")),
        Clause(id="F", do=("flow.take",), on={"flowId": {"in": ["f1", "f2", "f3"]}}),
    )
    texts = [each.text for each in lint_steps(steps_of(process, "acme"), [grant])]
    assert texts == [
        "instance.create of order can never be admitted: no allow clause can match",
        "flow.take of f4 can never be admitted: no allow clause can match",
    ]


def test_lint_finds_what_no_broker_asks_or_tells() -> None:
    succeeds = Clause(id="C", do=("policy.succeed",))
    coded = Clause(id="E", do=("job.complete", "job.error"), on={"errorCode": {"eq": "X"}})
    taken = Duty(id="U", do=("job.timeout",), need=("actor=activator",))
    found = lint_rules(replace(allowing(coded), deny=(succeeds,), duty=(taken,)))
    texts = {each.clause: each.text for each in found}
    assert "the signature of the policy's issuer" in texts["C"]
    why = "only who throws an error (job.error) says a code"
    assert texts["E"] == f"job.complete has no fact errorCode: {why}"
    assert "job.timeout has no fact actorIsActivator" in texts["U"]


def test_no_new_policy_asks_for_a_fact_that_its_action_has_no_more() -> None:
    work = "actions: [job.create, job.activate, job.complete, job.fail, job.timeout]\n    when:\n"
    assert f"{work}      jobType: [example]" in FORM
    form = FORM.replace(
        f"{work}      jobType: [example]", "actions: [job.fail]\n    when: {errorCode: X}"
    )
    with pytest.raises(PolicyError, match=r"job\.fail has no fact errorCode: only who throws"):
        to_grant(read_form(form), now=5)


def test_lint_takes_a_clause_about_the_broken_glass_and_scenarios_try_it() -> None:
    """A case that says nothing of it is one with the glass whole, as for the broker."""
    operations = ("instance.cancel", "instance.modify", "incident.resolve", "job.retries")
    emergency = Clause(id="B1", do=operations, on={"breakGlass": {"eq": True}})
    daily = Clause(id="O", do=("instance.suspend",), on={"breakGlass": {"eq": False}})
    grant = allowing(emergency, daily)
    assert {"B1", "O"}.isdisjoint(each.clause for each in lint_rules(grant))
    cases = """
      - {name: a, step: instance.cancel, facts: {breakGlass: true}, expect: admit, by: B1}
      - {name: b, step: instance.cancel, facts: {breakGlass: false}, expect: deny, by: $default}
      - {name: c, step: instance.cancel, expect: deny, by: $default}
      - {name: d, step: instance.suspend, expect: admit, by: O}
      - {name: e, step: job.retries, facts: {breakGlass: true, retries: 1}, expect: admit}
    """
    outcomes = run_scenarios(read_scenarios(f"cases:{cases}"), grant)
    assert [each.problem for each in outcomes] == [""] * 5
    with pytest.raises(BadForm, match="has no fact breakGlass"):
        read_scenarios(
            "cases: [{name: a, step: job.complete, facts: {breakGlass: true}, expect: deny}]"
        )


def test_lint_finds_a_clause_about_trust_that_nobody_counts() -> None:
    low = Clause(id="L", do=("job.complete",), on={"slopeLow": {"max": 400}})
    grant = replace(GRANT, deny=(low,), slope=None)
    assert ("uncounted", "L") in rules_of(lint_rules(grant))
    assert "uncounted" not in str(lint_rules(replace(grant, slope=SLOPE)))


def test_lint_finds_trust_and_facts_that_there_are_none_of() -> None:
    form = FORM.replace("decay:", "levels: {jtw: 5, basic: 100}\n  decay:")
    grant = to_grant(read_form(form + "\naudit: {record: [jobTyp, var.amount]}\n"), now=5)
    assert [(each.rule, each.clause) for each in lint_rules(grant)] == [
        ("unknown", "trust"), ("unknown", "audit"),
    ]  # fmt: skip
    assert "did you mean jwt" in lint_rules(grant)[0].text
    assert rules_of(lint_time(grant, grant.exp)) == {("expired", "valid")}
    assert lint_time(grant, grant.exp - 1) == []


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


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "step: job.fail",
            "step: job.fial",
            "case 'late': there is no step job.fial .did you mean job",
        ),
        ("var.amount: 10001", "varNames: 5, jobTyp: x", "job.complete has no fact jobTyp .did you"),
        ("facts: {jobType: example}", "facts: {jobTyp: x}", "no step has a fact jobTyp"),
        ("method: none", "method: jtw", "nobody comes by jtw .did you mean jwt"),
        ("method: none", "mehtod: none", "line 10: .*`mehtod` .did you mean method"),
        ("kind: worker", "kind: robot", "line 10: kind can't be 'robot'; there are initiator"),
        ("expect: admit", "expect: yes", "line 5: expect can't be 'yes'; there are admit, deny"),
        ("by: D1", "by: D7", "case 'large': the policy has no clause D7.*there are D1, A1"),
    ],
)
def test_a_case_that_says_something_that_is_not_is_no_case(old: str, new: str, said: str) -> None:
    """`expect: deny` of a misspelt step would be as expected, and would say nothing."""
    assert old in SCENARIOS
    grant = to_grant(read_form(FORM), now=5)
    with pytest.raises(BadForm, match=said):
        run_scenarios(read_scenarios(SCENARIOS.replace(old, new)), grant)
    with pytest.raises(BadForm, match="there are no cases"):
        read_scenarios("cases: []")


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
        ("revision: 1 ", "revision: one", "policy.yaml, line 5: revision takes"),
        ("job.fail", "job.fial", "policy.yaml, clause A2: there is no action job.fial"),
        ("allow:", "allow: [", "policy.yaml, line 12: not YAML"),
    ):
        written.write_text(FORM.replace(old, new))
        assert said in run("lint", str(written), code=1)


@pytest.mark.parametrize(
    "name", ["a: b", "true", "123", "it's # x", "{}", "order 1", "Ümlaut", '"']
)
def test_a_new_policy_of_any_name_can_be_read(name: str, tmp_path: Path) -> None:
    written = tmp_path / "policy.yaml"
    written.write_text(run("new", name))
    assert "nothing to complain about" in run("lint", str(written))
    grant = to_grant(read_form(written.read_text()), now=5)
    assert (grant.jti, grant.sub.process) == (name, (name,))


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe\x00", b"hello"])
def test_files_that_hold_something_else_are_refused_by_every_verb(
    content: bytes, tmp_path: Path
) -> None:
    odd, key, keys = (tmp_path / name for name in ("odd", "key", "keys.json"))
    odd.write_bytes(content)
    keys.write_text(
        run("key", "k", "--role", "authority", "--issuer", "https://i", "--private", str(key))
    )
    form = tmp_path / "policy.yaml"
    form.write_text(FORM)
    signing = ("--key", str(key), "--kid", "k")
    for verb in (
        ("lint", str(odd)),
        ("lint", str(form), "--model", str(odd)),
        ("mint", str(odd), *signing),
        ("mint", str(form), "--key", str(odd), "--kid", "k"),
        ("mint", str(form), "--key", str(key), "--kid", ""),
        ("inspect", str(odd)),
        ("inspect", str(odd), "--keys", str(keys)),
        ("inspect", str(odd), "--keys", str(odd)),
        ("keys", str(odd)),
        ("test", str(odd)),
        ("test", str(odd), "--policy", str(form)),
        ("succeed", str(form), "--replaces", str(odd), "--keys", str(keys), *signing),
        *([] if content == b"hello" else [("renew", "1", str(odd))]),  # the broker says that one
        ("derive", str(odd), "--keys", str(keys), *signing, "--process", "p", "--version", "1",
         "--instance", "2", "--element", "e"),
    ):  # fmt: skip
        said = run(*verb, code=1)
        assert "Refused: " in said, verb
    assert "odd holds no private key" in run(
        "mint", str(form), "--key", str(odd), "--kid", "k", code=1
    )


def test_names_of_cases_and_policies_may_be_anything(tmp_path: Path) -> None:
    written, table = tmp_path / "policy.yaml", tmp_path / "cases.yaml"
    written.write_text(FORM)
    odd = SCENARIOS.replace("small", '"[red]x[/] [/foo]"')
    table.write_text(f"policy: policy.yaml\n{odd}")
    assert "[red]x[/] [/foo]" in run("test", str(table))
    table.write_text(f"policy: {'x' * 5000}\n{SCENARIOS}")
    assert "there is no policy" in run("test", str(table), code=1)


def test_numbers_beyond_any_use_are_refused_at_the_command_line(tmp_path: Path) -> None:
    key = tmp_path / "key"
    run("key", "k", "--role", "holder", "--private", str(key))
    signing = ("--key", str(key), "--kid", "k")
    for verb in (
        ("revoke", "--issuer", "i", "--epoch", "-1", *signing),
        ("revoke", "--issuer", "i", "--epoch", "99999999999999999", *signing),
        ("revoke", "--issuer", "i", "--epoch", "1", "--days", "-1", *signing),
        ("revoke", "--issuer", "i", "--epoch", "1", "--revoked-kid", "", *signing),
        ("approve", "1", "--trust", "-5", *signing),
        ("approve", "1", "--trust", "1001", *signing),
        ("key", "", "--role", "holder", "--private", str(tmp_path / "other")),
        ("key", "a=b", "--role", "holder", "--private", str(tmp_path / "other")),
    ):
        run(*verb, code=2)
