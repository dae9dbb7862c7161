"""What a caller may do: tenants and authorizations, asked once for each command of a client.

A tenant that a command names has to be one of the caller's (FORBIDDEN); what is in another tenant is
not there for the caller (NOT_FOUND, by `Run.sees`). With authorizations on, each command needs the
permission that `NEEDS` says, on the process, decision or other resource that it is about (FORBIDDEN).
What commands lead to inside the engine is not asked about again.

Whoever breaks the glass with a command needs the right to, for the process that it is about, whether or
not permissions count otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from remit.base.errors import Denied, NotFound
from remit.engine.run import Run
from remit.engine.state.state import State
from remit.identity.principal import Access, Owner, Principal, principal_of
from remit.identity.resources import ANY, BREAK_GLASS, PERMISSIONS
from remit.protocol import commands as c
from remit.protocol.values import (
    DEFAULT_TENANT,
    NONE_KEY,
    Authorization,
    DecisionRequirements,
    Job,
    MappingRule,
    Member,
    ProcessDefinition,
)

REMEMBERED = 10_000

_encode = msgspec.json.Encoder(order="sorted").encode


class Need(NamedTuple):
    """`id` "*": something that only a permission for all of the type covers."""

    resource_type: str
    permission: str
    id: str = ANY


class Tables:
    """The rows as `remit.identity` asks for them."""

    def __init__(self, state: State) -> None:
        self._state = state

    def memberships(self, owner: Owner) -> Iterable[Member]:
        return self._state.members.values_of(owner)

    def granted(self, owner: Owner) -> Iterable[Authorization]:
        return self._state.authorizations.values_of(owner)

    def mapping_rules(self) -> Iterable[MappingRule]:
        return self._state.mapping_rules.rows.values()


def principal(run: Run) -> Principal:
    """The caller of this turn. Only where `state.access` is there."""
    state, actor = run.state, run.actor
    assert state.access is not None
    name = (actor.method, actor.id, _encode(actor.claims) if actor.claims else b"")
    found = state.principals.get(name)
    if found is None:
        if len(state.principals) >= REMEMBERED:
            state.principals.clear()
        found = state.principals[name] = principal_of(actor, state.access, Tables(state))
    return found


def check(run: Run, command: c.Command) -> None:
    """Refuse what the caller may not do; called before anything of a turn has happened."""
    needs = NEEDS.get(type(command))
    access = run.state.access
    if needs is None or access is None:
        return
    who = principal(run)
    if access.tenants:
        _check_tenant(run, who, command)
        run.viewer = who
    for need in needs(run, command):
        if not who.may(*need) and not _may_by_property(run, who, command):
            raise Denied(_insufficient(need))


def check_glass(run: Run, command: c.Command) -> None:
    """Refuse whoever breaks the glass without the right to; called like `check`, after it.

    Where a command is about no process, or about many, the right for any of them will do.
    """
    needs = NEEDS.get(type(command))
    if needs is None:
        return
    if run.state.access is None:
        raise Denied(
            "Expected to break the glass, but nobody here was given the right to: start the broker with "
            "--authorizations, and give it by `remit grant give NAME PROCESS_DEFINITION BREAK_GLASS`"
        )
    who = principal(run)
    processes = [each.id for each in needs(run, command) if each.resource_type == _PROCESS]
    for each in processes or [ANY]:
        if not (who.may_break_glass(each) or (each == ANY and who.glass)):
            raise Denied(_not_for_glass(who, each))


def _not_for_glass(who: Principal, process_id: str) -> str:
    of, on = (
        ("", "") if process_id == ANY else (f" for process '{process_id}'", f" --on {process_id}")
    )
    return (
        f"Expected to break the glass{of}, but '{who.name}' has no permission '{BREAK_GLASS}' on "
        f"resource '{_PROCESS}': leave the reason out, or ask an administrator for it (`remit grant "
        f"give {who.name} {_PROCESS} {BREAK_GLASS}{on}`, with --as for clients, groups and roles)"
    )


def may_work(run: Run, job: Job) -> bool:
    """Whether the caller gets jobs of this process."""
    if run.state.access is None:
        return True
    return principal(run).may("PROCESS_DEFINITION", "UPDATE_PROCESS_INSTANCE", job.process_id)


def tenants_of(run: Run, command: c.ActivateJobs) -> tuple[str, ...]:
    """Whose jobs are wanted; none named: of all tenants that the caller is in."""
    access: Access | None = run.state.access
    if command.tenants or access is None:
        return command.tenants or (DEFAULT_TENANT,)
    who = principal(run)
    every = [
        DEFAULT_TENANT,
        *sorted(name for kind, name in run.state.circles.rows if kind == "TENANT"),
    ]
    return tuple(dict.fromkeys(each for each in every if who.sees(each)))


def _check_tenant(run: Run, who: Principal, command: c.Command) -> None:
    named = getattr(command, "tenants", None)
    if named is None:
        tenant = getattr(command, "tenant", None)
        named = () if tenant is None else (tenant,)
    for each in named:
        if each != DEFAULT_TENANT and ("TENANT", each) not in run.state.circles:
            said = f"Expected to work in tenant '{each}', but there is no such tenant"
            raise NotFound(said) if who.sees_all else Denied(_not_assigned(each))
        if not who.sees(each):
            raise Denied(_not_assigned(each))


def _not_assigned(tenant: str) -> str:
    return (
        f"Expected to perform the operation for tenant '{tenant}', but user is not assigned to this "
        f"tenant"
    )


def _insufficient(need: Need) -> str:
    said = (
        f"Insufficient permissions to perform operation '{need.permission}' on resource "
        f"'{need.resource_type}'"
    )
    if need.id == ANY:
        return said
    return f"{said}, required resource identifiers are one of '[*, {need.id}]'"


# --- what each command needs -----------------------------------------------------------------------

Needs = Callable[[Run, Any], Iterable[Need]]

_PROCESS = "PROCESS_DEFINITION"


def _always(resource_type: str, permission: str) -> Needs:
    return lambda run, command: (Need(resource_type, permission),)


def _named(resource_type: str, permission: str, attribute: str) -> Needs:
    return lambda run, command: (Need(resource_type, permission, getattr(command, attribute)),)


def _on_instance(permission: str, attribute: str = "key") -> Needs:
    """Of the process whose instance, or element instance, has this key."""

    def needs(run: Run, command: Any) -> Iterator[Need]:
        element = run.state.find_element(getattr(command, attribute))
        if element is not None and run.sees(element.tenant):
            row = run.state.processes.get(element.definition)
            yield Need(_PROCESS, permission, ANY if row is None else row.process_id)

    return needs


def _on_job(run: Run, command: Any) -> Iterator[Need]:
    job = run.state.find_job(command.key)
    if job is not None and run.sees(job.tenant):
        yield Need(_PROCESS, "UPDATE_PROCESS_INSTANCE", job.process_id)


def _on_incident(run: Run, command: c.ResolveIncident) -> Iterator[Need]:
    incident = run.state.find_incident(command.key)
    if incident is not None and run.sees(incident.tenant):
        yield Need(_PROCESS, "UPDATE_PROCESS_INSTANCE", incident.process_id)


def _on_task(run: Run, command: Any) -> Iterator[Need]:
    task = run.state.find_user_task(command.key)
    if task is not None and run.sees(task.tenant):
        yield Need(_PROCESS, "UPDATE_USER_TASK", task.process_id)


_ASSIGNING = c.AssignUserTask | c.ClaimUserTask
_ON_TASK = c.CompleteUserTask | c.UpdateUserTask | _ASSIGNING
_TASK_PERMISSIONS = {c.CompleteUserTask: "COMPLETE", c.UpdateUserTask: "UPDATE"}


def _may_by_property(run: Run, who: Principal, command: c.Command) -> bool:
    """Tasks that name the caller may be done although their process is not the caller's."""
    if not isinstance(command, _ON_TASK):
        return False
    task = run.state.find_user_task(command.key)
    if task is None:
        return False
    permissions = ["UPDATE", _TASK_PERMISSIONS.get(type(command), "UPDATE")]
    if isinstance(command, _ASSIGNING) and command.assignee == who.name:
        permissions.append("CLAIM")
    return any(
        who.may("USER_TASK", each)
        or who.may_by_property(each, task.assignee, task.candidate_users, task.candidate_groups)
        for each in permissions
    )


def _to_create(run: Run, command: c.CreateInstance) -> Iterator[Need]:
    process_id = command.process_id
    if command.definition != NONE_KEY:
        row = run.state.processes.get(command.definition)
        if row is None or not run.sees(row.tenant):
            return
        process_id = row.process_id
    yield Need(_PROCESS, "CREATE_PROCESS_INSTANCE", process_id)


def _to_start(run: Run, command: c.EvaluateConditional) -> Iterator[Need]:
    row = run.state.processes.get(command.definition)
    yield Need(_PROCESS, "CREATE_PROCESS_INSTANCE", ANY if row is None else row.process_id)


def _to_decide(run: Run, command: c.EvaluateDecision) -> Iterator[Need]:
    decision_id = command.decision_id
    if command.key != NONE_KEY:
        row = run.state.decisions.get(command.key)
        if row is None or not run.sees(row.tenant):
            return
        decision_id = row.decision_id
    yield Need("DECISION_DEFINITION", "CREATE_DECISION_INSTANCE", decision_id)


def _to_broadcast(run: Run, command: c.BroadcastSignal) -> Iterator[Need]:
    """Of every process that the signal starts or reaches on this partition."""
    found: dict[Need, None] = {}
    for key, root in run.state.listeners(command.tenant, command.name).after((0, 0), SIGNALLED):
        run.state.load_root(root)
        row = run.state.signals.get(key)
        process = None if row is None else run.state.processes.get(row.definition)
        if row is not None and process is not None:
            starts = row.element_key == NONE_KEY
            permission = "CREATE_PROCESS_INSTANCE" if starts else "UPDATE_PROCESS_INSTANCE"
            found[Need(_PROCESS, permission, process.process_id)] = None
    yield from found


SIGNALLED = 1_000
"""Listeners that are asked about; a signal that more wait for is asked about for these."""


def _to_delete(run: Run, command: c.DeleteResource) -> Iterator[Need]:
    state, key = run.state, command.key
    row = state.processes.get(key) or state.requirements.get(key) or state.forms.get(key)
    if row is None or not run.sees(row.tenant):
        return
    if isinstance(row, ProcessDefinition):
        yield Need("RESOURCE", "DELETE_PROCESS", row.process_id)
    elif isinstance(row, DecisionRequirements):
        yield Need("RESOURCE", "DELETE_DRD", row.requirements_id)
    else:
        yield Need("RESOURCE", "DELETE_FORM", row.form_id)


def _to_forget(run: Run, command: c.DeleteInstanceHistory) -> Iterator[Need]:
    yield Need(_PROCESS, "DELETE_PROCESS_INSTANCE", command.process_id or ANY)


def _to_batch(run: Run, command: c.CreateBatch) -> Iterator[Need]:
    """Any batch operation, or this kind of them; each of its items is asked about when it is done."""
    specific = f"CREATE_BATCH_OPERATION_{command.plan.kind}"
    is_known = specific in PERMISSIONS["BATCH"]
    if not is_known or not principal(run).may("BATCH", specific):
        yield Need("BATCH", "CREATE")


def _of_circle(permission: str, attribute: str) -> Needs:
    return lambda run, command: (Need(command.kind, permission, getattr(command, attribute)),)


def _nothing(run: Run, command: Any) -> Iterable[Need]:
    """Jobs are chosen one by one, see `may_work`."""
    return ()


def _to_set_up(run: Run, command: c.SetUpUser) -> Iterable[Need]:
    """Nothing where nobody can be known yet, which the gateway looks at; else all of it."""
    if not run.actor.id:
        return ()
    return Need("USER", "CREATE"), Need("ROLE", "CREATE"), Need("AUTHORIZATION", "CREATE")


NEEDS: dict[type[c.Command], Needs] = {
    c.DeployResources: _always("RESOURCE", "CREATE"),
    c.DeleteResource: _to_delete,
    c.CreateInstance: _to_create,
    c.CancelInstance: _on_instance("CANCEL_PROCESS_INSTANCE"),
    c.SuspendInstance: _on_instance("UPDATE_PROCESS_INSTANCE"),
    c.ResumeInstance: _on_instance("UPDATE_PROCESS_INSTANCE"),
    c.AssignBusinessId: _on_instance("UPDATE_PROCESS_INSTANCE"),
    c.DeleteInstanceHistory: _to_forget,
    c.DeleteDecisionHistory: lambda run, command: (
        Need("DECISION_DEFINITION", "DELETE_DECISION_INSTANCE", command.decision_id or ANY),
    ),
    c.CreateBatch: _to_batch,
    c.SteerBatch: _always("BATCH", "UPDATE"),
    c.ModifyInstance: _on_instance("MODIFY_PROCESS_INSTANCE"),
    c.ActivateAdHoc: _on_instance("UPDATE_PROCESS_INSTANCE"),
    c.MigrateInstance: _on_instance("UPDATE_PROCESS_INSTANCE"),
    c.RenewPolicy: _on_instance("UPDATE_PROCESS_INSTANCE"),
    c.ReanchorTrust: _on_instance("UPDATE_PROCESS_INSTANCE"),
    c.ShowPolicy: _on_instance("READ_PROCESS_INSTANCE"),
    c.ShowRevocations: _always("SYSTEM", "READ"),
    c.ChangeRevocations: _always("SYSTEM", "UPDATE"),
    c.SetVariables: _on_instance("UPDATE_PROCESS_INSTANCE", "element_key"),
    c.ResolveIncident: _on_incident,
    c.ActivateJobs: _nothing,
    c.CompleteJob: _on_job,
    c.FailJob: _on_job,
    c.ThrowError: _on_job,
    c.UpdateJobRetries: _on_job,
    c.UpdateJobTimeout: _on_job,
    c.AssignUserTask: _on_task,
    c.ClaimUserTask: _on_task,
    c.UpdateUserTask: _on_task,
    c.CompleteUserTask: _on_task,
    c.PublishMessage: _always("MESSAGE", "CREATE"),
    c.CorrelateMessage: _always("MESSAGE", "CREATE"),
    c.BroadcastSignal: _to_broadcast,
    c.EvaluateConditional: _to_start,
    c.EvaluateDecision: _to_decide,
    c.PinClock: _always("SYSTEM", "UPDATE"),
    c.ResetClock: _always("SYSTEM", "UPDATE"),
    c.SetUpUser: _to_set_up,
    c.CreateUser: _always("USER", "CREATE"),
    c.UpdateUser: _named("USER", "UPDATE", "username"),
    c.DeleteUser: _named("USER", "DELETE", "username"),
    c.CreateCircle: lambda run, command: (Need(command.kind, "CREATE"),),
    c.UpdateCircle: _of_circle("UPDATE", "id"),
    c.DeleteCircle: _of_circle("DELETE", "id"),
    c.AddMember: _of_circle("UPDATE", "circle"),
    c.RemoveMember: _of_circle("UPDATE", "circle"),
    c.CreateMappingRule: _always("MAPPING_RULE", "CREATE"),
    c.UpdateMappingRule: _named("MAPPING_RULE", "UPDATE", "id"),
    c.DeleteMappingRule: _named("MAPPING_RULE", "DELETE", "id"),
    c.CreateAuthorization: _always("AUTHORIZATION", "CREATE"),
    c.UpdateAuthorization: _always("AUTHORIZATION", "UPDATE"),
    c.DeleteAuthorization: _always("AUTHORIZATION", "DELETE"),
}
"""Every command that a client can send; a test holds the list to that."""
