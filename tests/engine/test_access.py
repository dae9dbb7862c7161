"""Tenants and authorizations in the engine: what a caller sees, and what it may do."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from remit.embedded.engine import Engine, Refused
from remit.engine import access
from remit.engine.access import NEEDS
from remit.engine.state.folds import fold
from remit.engine.state.state import State
from remit.identity.principal import Access
from remit.identity.resources import PERMISSIONS
from remit.protocol import commands as c
from remit.protocol.replies import (
    Deployed,
    Done,
    InstanceCreated,
    JobsActivated,
    MessagePublished,
)
from remit.protocol.values import Actor
from tests.support.model import Model, one_task

ROOT = Actor("root", "basic", "basic")
ADA = Actor("ada", "basic", "basic")
BOB = Actor("bob", "basic", "basic")
TASK = one_task("p", "work")

INTERNAL = {
    "YieldJob", "TimeOutJob", "RecurJob", "TriggerTimer", "ExpireMessage", "Continue",
    "OpenMessageSubscription", "ConfirmSubscription", "CorrelateSubscription",
    "AcknowledgeCorrelation", "RejectCorrelation", "CloseMessageSubscription",
    "ConfirmSubscriptionClosed", "ReachListeners", "DeliverMessage", "ForgetResource",
    "DistributeDeployment", "AcknowledgeDistribution", "ShareIdentity",
    "RunBatch", "StartBatchPart", "SteerBatchPart", "ReportBatchPart", "SignPolicies",
}  # fmt: skip
"""Commands that no client can send: partitions give them to themselves and to each other."""


def test_every_command_of_a_client_says_what_it_needs() -> None:
    known = {each.__name__ for each in c.Command.__subclasses__()}
    assert {each.__name__ for each in NEEDS} == known - INTERNAL


def open_engine(**settings: bool) -> Engine:
    return Engine(actor=ROOT, access=Access(admins=frozenset(("root",)), **settings))


def do(engine: Engine, command: c.Command, actor: Actor = ROOT, expected: Any = Done) -> Any:
    with engine.acting_as(actor):
        return engine.execute(command, expected)


def refused(engine: Engine, command: c.Command, actor: Actor) -> str:
    with pytest.raises(Refused) as fault:
        do(engine, command, actor)
    return str(fault.value)


# --- entities --------------------------------------------------------------------------------------


def test_entities_are_made_changed_and_deleted() -> None:
    engine = open_engine()
    do(engine, c.CreateUser("ada", "Ada", "ada@acme.example", "hash"))
    do(engine, c.UpdateUser("ada", "Ada L."))
    assert engine.state.users["ada"].name == "Ada L."
    assert engine.state.users["ada"].password_hash == "hash"
    for kind in ("GROUP", "ROLE", "TENANT"):
        do(engine, c.CreateCircle(kind, "a", "A"))
        do(engine, c.UpdateCircle(kind, "a", "B", "about"))
        assert engine.state.circles[(kind, "a")].description == "about"
        do(engine, c.DeleteCircle(kind, "a"))
    do(engine, c.CreateMappingRule("r", "team", "ops"))
    do(engine, c.DeleteMappingRule("r"))
    do(engine, c.DeleteUser("ada"))
    assert not engine.state.users.rows
    assert not engine.state.circles.rows
    assert not engine.state.mapping_rules.rows


def test_what_is_deleted_leaves_no_membership_and_no_permission_behind() -> None:
    engine = open_engine()
    do(engine, c.CreateCircle("GROUP", "ops"))
    do(engine, c.CreateCircle("ROLE", "boss"))
    do(engine, c.CreateUser("ada"))
    do(engine, c.AddMember("GROUP", "ops", "USER", "ada"))
    do(engine, c.AddMember("ROLE", "boss", "GROUP", "ops"))
    do(engine, c.CreateAuthorization("GROUP", "ops", "SYSTEM", ("READ",), "*"))
    do(engine, c.CreateAuthorization("USER", "ada", "SYSTEM", ("READ",), "*"))
    do(engine, c.DeleteUser("ada"))
    do(engine, c.DeleteCircle("GROUP", "ops"))
    assert not engine.state.members.rows
    assert not engine.state.authorizations.rows


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (c.CreateUser("ada"), "ALREADY_EXISTS"),
        (c.CreateUser("a/b"), "INVALID_ARGUMENT"),
        (c.CreateUser("x';DROP TABLE users;--"), "INVALID_ARGUMENT"),
        (c.UpdateUser("eve"), "NOT_FOUND"),
        (c.DeleteUser("eve"), "NOT_FOUND"),
        (c.CreateCircle("CLUB", "x"), "INVALID_ARGUMENT"),
        (c.CreateCircle("TENANT", "<default>"), "ALREADY_EXISTS"),
        (c.CreateCircle("TENANT", "t" * 32), "INVALID_ARGUMENT"),
        (c.DeleteCircle("TENANT", "<default>"), "INVALID_ARGUMENT"),
        (c.DeleteCircle("ROLE", "none"), "NOT_FOUND"),
        (c.AddMember("GROUP", "none", "USER", "ada"), "NOT_FOUND"),
        (c.AddMember("GROUP", "ops", "ROLE", "x"), "INVALID_ARGUMENT"),
        (c.AddMember("TENANT", "<default>", "GROUP", "none"), "NOT_FOUND"),
        (c.RemoveMember("GROUP", "ops", "USER", "ada"), "NOT_FOUND"),
        (c.CreateMappingRule("r", "", "x"), "INVALID_ARGUMENT"),
        (c.CreateAuthorization("USER", "ada", "CAR", ("READ",), "*"), "INVALID_ARGUMENT"),
        (c.CreateAuthorization("USER", "ada", "MESSAGE", ("DELETE",), "*"), "INVALID_ARGUMENT"),
        (c.CreateAuthorization("USER", "ada", "MESSAGE", (), "*"), "INVALID_ARGUMENT"),
        (c.CreateAuthorization("USER", "ada", "MESSAGE", ("READ",)), "INVALID_ARGUMENT"),
        (c.CreateAuthorization("USER", "ada", "MESSAGE", ("READ",), "", "x"), "INVALID_ARGUMENT"),
        (c.CreateAuthorization("ALIEN", "ada", "MESSAGE", ("READ",), "*"), "INVALID_ARGUMENT"),
        (c.DeleteAuthorization(5), "NOT_FOUND"),
        (c.AddMember("GROUP", "ops", "USER", "a\x00b"), "INVALID_ARGUMENT"),
        (c.AddMember("GROUP", "ops", "CLIENT", "a" * 257), "INVALID_ARGUMENT"),
        (c.UpdateUser("ada", "x" * 3000), "INVALID_ARGUMENT"),
        (c.CreateAuthorization("USER", "a\n", "MESSAGE", ("READ",), "*"), "INVALID_ARGUMENT"),
    ],
)
def test_nonsense_is_refused(command: c.Command, said: str) -> None:
    engine = open_engine()
    do(engine, c.CreateUser("ada"))
    do(engine, c.CreateCircle("GROUP", "ops"))
    assert f"code '{said}'" in refused(engine, command, ROOT)


def test_the_log_alone_gives_the_rows_back() -> None:
    engine = open_engine()
    do(engine, c.CreateUser("ada", "Ada", "", "hash"))
    do(engine, c.CreateCircle("TENANT", "acme"))
    do(engine, c.AddMember("TENANT", "acme", "USER", "ada"))
    do(engine, c.CreateAuthorization("USER", "ada", "MESSAGE", ("CREATE",), "*"))
    again = State(1, 1)
    for event in engine.events():
        fold(again, event)
    assert list(again.table_rows()) == list(engine.state.table_rows())


# --- tenants ---------------------------------------------------------------------------------------


@pytest.fixture
def tenants() -> Engine:
    """Ada is in acme, Bob in the default tenant; the same process is in both, with other versions."""
    engine = open_engine(tenants=True)
    do(engine, c.CreateCircle("TENANT", "acme"))
    do(engine, c.AddMember("TENANT", "acme", "USER", "ada"))
    do(engine, c.AddMember("TENANT", "<default>", "USER", "bob"))
    for tenant in ("acme", "<default>", "acme"):
        version = one_task("p", "work") if tenant == "acme" else TASK
        deploy(engine, version, tenant)
    return engine


def deploy(engine: Engine, model: Model, tenant: str, actor: Actor = ROOT) -> Any:
    command = c.DeployResources((("p.bpmn", model.xml()),), tenant)
    return do(engine, command, actor, Deployed)


def create(engine: Engine, actor: Actor, tenant: str) -> int:
    command = c.CreateInstance(process_id="p", tenant=tenant)
    key: int = do(engine, command, actor, InstanceCreated).key
    return key


def activate(engine: Engine, actor: Actor, *tenants: str) -> list[Any]:
    command = c.ActivateJobs("work", "w", 1000, 10, (), tenants)
    return list(do(engine, command, actor, JobsActivated).jobs)


def test_definitions_of_tenants_do_not_know_of_each_other(tenants: Engine) -> None:
    ours = {row.tenant: row.version for row in tenants.state.processes.rows.values()}
    assert ours == {"acme": 1, "<default>": 1}


@pytest.mark.parametrize(
    "command",
    [
        c.CreateInstance(process_id="p", tenant="acme"),
        c.DeployResources((("p.bpmn", TASK.xml()),), "acme"),
        c.PublishMessage("m", "k", tenant="acme"),
        c.CorrelateMessage("m", "k", tenant="acme"),
        c.BroadcastSignal("s", tenant="acme"),
        c.EvaluateDecision(decision_id="d", tenant="acme"),
        c.EvaluateConditional(tenant="acme"),
        c.ActivateJobs("work", "w", 1000, 1, (), ("<default>", "acme")),
        c.CreateInstance(process_id="p", tenant="nowhere"),
    ],
    ids=lambda command: type(command).__name__,
)
def test_a_tenant_is_for_its_members(tenants: Engine, command: c.Command) -> None:
    said = refused(tenants, command, BOB)
    assert "code 'FORBIDDEN'" in said
    assert "not assigned to this tenant" in said


def test_an_admin_is_told_that_a_tenant_is_not_there(tenants: Engine) -> None:
    assert "NOT_FOUND" in refused(tenants, c.PublishMessage("m", tenant="nowhere"), ROOT)


def test_jobs_go_to_workers_of_their_tenant(tenants: Engine) -> None:
    create(tenants, ADA, "acme")
    create(tenants, BOB, "<default>")
    assert [each.job.tenant for each in activate(tenants, BOB)] == ["<default>"]
    assert [each.job.tenant for each in activate(tenants, ADA)] == ["acme"]


BY_KEY: dict[str, Callable[[int, int, int], c.Command]] = {
    "cancel": lambda instance, job, definition: c.CancelInstance(instance),
    "modify": lambda instance, job, definition: c.ModifyInstance(instance),
    "migrate": lambda instance, job, definition: c.MigrateInstance(instance, definition),
    "variables": lambda instance, job, definition: c.SetVariables(instance, {"x": 1}),
    "complete": lambda instance, job, definition: c.CompleteJob(job),
    "fail": lambda instance, job, definition: c.FailJob(job, 1),
    "error": lambda instance, job, definition: c.ThrowError(job, "E"),
    "retries": lambda instance, job, definition: c.UpdateJobRetries(job, 1),
    "timeout": lambda instance, job, definition: c.UpdateJobTimeout(job, 1),
    "delete": lambda instance, job, definition: c.DeleteResource(definition),
    "create": lambda instance, job, definition: c.CreateInstance(definition),
}


@pytest.mark.parametrize("name", BY_KEY)
def test_what_is_in_another_tenant_is_not_there(tenants: Engine, name: str) -> None:
    instance = create(tenants, ADA, "acme")
    (activated,) = activate(tenants, ADA, "acme")
    command = BY_KEY[name](instance, activated.job.key, activated.job.definition)
    said = refused(tenants, command, BOB)
    missing = refused(tenants, BY_KEY[name](99, 99, 99), BOB)
    assert "code 'NOT_FOUND'" in said
    masked = said
    for key in (instance, activated.job.key, activated.job.definition):
        masked = masked.replace(str(key), "99")
    assert masked == missing


def test_nothing_migrates_into_another_tenant(tenants: Engine) -> None:
    instance = create(tenants, ADA, "acme")
    there = next(row for row in tenants.state.processes.rows.values() if row.tenant != "acme")
    assert "NOT_FOUND" in refused(tenants, c.MigrateInstance(instance, there.key), ROOT)


def test_messages_and_start_events_stay_in_their_tenant(tenants: Engine) -> None:
    model = Model("catching")
    model.start("s").catch("c", model.message("go", "=k")).end("e")
    xml = model.path("s", "c", "e").xml()
    for tenant in ("acme", "<default>"):
        do(tenants, c.DeployResources((("c.bpmn", xml),), tenant), ROOT, Deployed)
    ours = do(
        tenants, c.CreateInstance(process_id="catching", variables={"k": "1"}, tenant="acme"), ADA,
        InstanceCreated,
    ).key  # fmt: skip
    do(tenants, c.PublishMessage("go", "1", 1000), BOB, MessagePublished)
    assert ours in tenants.state.elements
    do(tenants, c.PublishMessage("go", "1", 1000, tenant="acme"), ADA, MessagePublished)
    assert ours not in tenants.state.elements


def test_memberships_come_by_groups_roles_and_rules(tenants: Engine) -> None:
    do(tenants, c.CreateCircle("GROUP", "ops"))
    do(tenants, c.CreateCircle("ROLE", "workers"))
    do(tenants, c.CreateMappingRule("rule", "team", "blue"))
    do(tenants, c.AddMember("GROUP", "ops", "MAPPING_RULE", "rule"))
    do(tenants, c.AddMember("ROLE", "workers", "GROUP", "ops"))
    do(tenants, c.AddMember("TENANT", "acme", "ROLE", "workers"))
    blue = Actor("carol", "jwt", "jwt", {"team": ["red", "blue"]})
    red = Actor("carol", "jwt", "jwt", {"team": "red"})
    assert create(tenants, blue, "acme")
    assert "FORBIDDEN" in refused(tenants, c.CreateInstance(process_id="p", tenant="acme"), red)
    do(tenants, c.RemoveMember("GROUP", "ops", "MAPPING_RULE", "rule"))
    assert "FORBIDDEN" in refused(tenants, c.CreateInstance(process_id="p", tenant="acme"), blue)


def test_a_token_may_name_groups() -> None:
    engine = Engine(
        actor=ROOT, access=Access(tenants=True, admins=frozenset(("root",)), groups_claim="teams")
    )
    do(engine, c.CreateCircle("GROUP", "ops"))
    do(engine, c.AddMember("TENANT", "<default>", "GROUP", "ops"))
    message = c.PublishMessage("m")
    do(engine, message, Actor("carol", "jwt", "jwt", {"teams": ["ops", 5]}), MessagePublished)
    assert "FORBIDDEN" in refused(engine, message, Actor("carol", "jwt", "jwt", {"teams": "dev"}))
    assert "FORBIDDEN" in refused(engine, message, Actor("carol", "jwt", "jwt", {"ops": "ops"}))


def test_an_admin_may_be_one_by_one_way_only() -> None:
    access = Access(authorizations=True, admins=frozenset(["basic:root"]))
    engine = Engine(actor=ROOT, access=access)
    do(engine, c.CreateUser("ada"))
    assert "FORBIDDEN" in refused(engine, c.CreateUser("bob"), Actor("root", "jwt", "jwt"))


# --- authorizations --------------------------------------------------------------------------------


@pytest.fixture
def guarded() -> Engine:
    engine = open_engine(authorizations=True)
    for name in ("p", "q"):
        do(
            engine,
            c.DeployResources(((f"{name}.bpmn", one_task(name, "work").xml()),)),
            ROOT,
            Deployed,
        )
    return engine


def grant(engine: Engine, resource: str, *permissions: str, on: str = "*") -> int:
    command = c.CreateAuthorization("USER", "ada", resource, permissions, on)
    key: int = do(engine, command).key
    return key


def test_nobody_may_do_anything_unless_granted(guarded: Engine) -> None:
    said = refused(guarded, c.CreateInstance(process_id="p"), ADA)
    assert said == (
        "Command 'CREATE' rejected with code 'FORBIDDEN': Insufficient permissions to perform "
        "operation 'CREATE_PROCESS_INSTANCE' on resource 'PROCESS_DEFINITION', required resource "
        "identifiers are one of '[*, p]'"
    )
    assert "FORBIDDEN" in refused(guarded, c.CreateInstance(process_id="p"), Actor())


def test_a_permission_is_for_one_process(guarded: Engine) -> None:
    key = grant(guarded, "PROCESS_DEFINITION", "CREATE_PROCESS_INSTANCE", on="p")
    do(guarded, c.CreateInstance(process_id="p"), ADA, InstanceCreated)
    assert "FORBIDDEN" in refused(guarded, c.CreateInstance(process_id="q"), ADA)
    assert "FORBIDDEN" in refused(guarded, c.CreateInstance(process_id="p"), BOB)
    do(guarded, c.UpdateAuthorization(
        key, "USER", "bob", "PROCESS_DEFINITION", ("CREATE_PROCESS_INSTANCE",), "*"
    ))  # fmt: skip
    do(guarded, c.CreateInstance(process_id="q"), BOB, InstanceCreated)
    assert "FORBIDDEN" in refused(guarded, c.CreateInstance(process_id="p"), ADA)
    do(guarded, c.DeleteAuthorization(key))
    assert "FORBIDDEN" in refused(guarded, c.CreateInstance(process_id="p"), BOB)


def test_a_worker_gets_the_jobs_of_its_processes(guarded: Engine) -> None:
    for name in ("p", "q"):
        do(guarded, c.CreateInstance(process_id=name), ROOT, InstanceCreated)
    grant(guarded, "PROCESS_DEFINITION", "UPDATE_PROCESS_INSTANCE", on="q")
    assert activate(guarded, BOB) == []
    (activated,) = activate(guarded, ADA)
    assert activated.job.process_id == "q"
    assert "FORBIDDEN" in refused(guarded, c.CompleteJob(activated.job.key), BOB)
    do(guarded, c.CompleteJob(activated.job.key), ADA)


def test_jobs_of_others_do_not_stand_in_the_way(guarded: Engine) -> None:
    for _ in range(250):
        do(guarded, c.CreateInstance(process_id="p"), ROOT, InstanceCreated)
    do(guarded, c.CreateInstance(process_id="q"), ROOT, InstanceCreated)
    grant(guarded, "PROCESS_DEFINITION", "UPDATE_PROCESS_INSTANCE", on="q")
    assert [each.job.process_id for each in activate(guarded, ADA)] == ["q"]


def test_who_grants_needs_a_grant(guarded: Engine) -> None:
    own = c.CreateAuthorization("USER", "ada", "SYSTEM", ("UPDATE",), "*")
    assert "on resource 'AUTHORIZATION'" in refused(guarded, own, ADA)
    assert "on resource 'ROLE'" in refused(guarded, c.AddMember("ROLE", "r", "USER", "ada"), ADA)
    assert "on resource 'USER'" in refused(guarded, c.UpdateUser("root", password_hash="x"), ADA)


def test_a_task_may_be_done_by_whom_it_names(guarded: Engine) -> None:
    model = Model("t").start("s").native_user("u", assignment={"assignee": "ada"}).end("e")
    do(guarded, c.DeployResources((("t.bpmn", model.path("s", "u", "e").xml()),)), ROOT, Deployed)
    do(guarded, c.CreateInstance(process_id="t"), ROOT, InstanceCreated)
    (key,) = guarded.state.user_tasks.rows
    for name in ("ada", "bob"):
        do(guarded, c.CreateAuthorization(
            "USER", name, "USER_TASK", ("COMPLETE",), "", "assignee"
        ))  # fmt: skip
    assert "UPDATE_USER_TASK" in refused(guarded, c.CompleteUserTask(key), BOB)
    do(guarded, c.CompleteUserTask(key), ADA)


def test_every_permission_that_is_asked_for_can_be_granted() -> None:
    source = Path(access.__file__).read_text().replace("_PROCESS,", '"PROCESS_DEFINITION",')
    asked = re.findall(r'\("([A-Z_]+)", "([A-Z_]+)"', source)
    assert ("PROCESS_DEFINITION", "UPDATE_USER_TASK") in asked
    assert [each for each in asked if each[1] not in PERMISSIONS[each[0]]] == []
