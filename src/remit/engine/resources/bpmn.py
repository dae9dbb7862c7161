"""BPMN files: every executable process becomes a definition with a version of its own.

A new version takes over the start events: the old one's message subscriptions and start timers are
closed, its own are opened (rules 31, 58, 84).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

import msgspec

from remit.base.errors import InvalidArgument
from remit.base.keys import DEPLOYMENT_PARTITION
from remit.engine import signals, timers
from remit.engine.expressions import evaluate_static
from remit.engine.faults import IncidentRaised
from remit.engine.played import unplayed
from remit.engine.resources.draft import Draft
from remit.engine.run import Run
from remit.engine.triggering import wants_all
from remit.model.bpmn import read, refusal
from remit.model.bpmn.graph import (
    EventNode,
    MessageDefinition,
    Node,
    Process,
    SignalDefinition,
    TimerDefinition,
)
from remit.model.bpmn.starts import starts
from remit.protocol.events.deployment import ProcessCreated
from remit.protocol.events.message import StartSubscriptionCreated, StartSubscriptionDeleted
from remit.protocol.events.timer import TimerCanceled
from remit.protocol.replies import DeployedResource
from remit.protocol.values import ProcessDefinition, StartSubscription

TAG = b"p"
_decode = msgspec.msgpack.Decoder(ProcessDefinition).decode
_encode = msgspec.msgpack.Encoder().encode

Start = tuple[EventNode, timers.Schedule]


def drafts(run: Run, name: str, content: bytes, tenant: str, deployment: int) -> Iterator[Draft]:
    """One draft per executable process of the file; raises `InvalidArgument` with every finding."""
    definitions = read(content, name)
    for process in definitions.processes:
        definitions.findings.extend(unplayed(process))
    refused = refusal(definitions, name)
    if refused:
        raise InvalidArgument(refused)
    checksum = hashlib.sha256(content).digest()
    made = []
    for process in definitions.processes:
        schedules = _start_timers(process, name, run.now)
        row = ProcessDefinition(
            0, process.id, 0, name, checksum, content, deployment, process.version_tag or "", tenant,
            process.name or "",
        )  # fmt: skip
        made.append(Draft("process", process.id, name, _deployer(run, row, process, schedules)))
    return iter(made)


def encode_row(run: Run, key: int) -> bytes:
    return TAG + _encode(run.state.processes[key])


def receive(run: Run, row: bytes) -> None:
    """A definition from partition 1: start timers stay there, everything else is as there."""
    definition = _decode(row)
    if definition.key in run.state.processes:
        return
    before = run.state.latest_process(definition.tenant, definition.process_id)
    run.emit(ProcessCreated(definition.key, definition))
    if before is None or before.version < definition.version:
        _take_over(run, before, definition, run.definition(definition.key).process)


def _deployer(
    run: Run, row: ProcessDefinition, process: Process, schedules: list[Start]
) -> Callable[[], list[DeployedResource]]:
    return lambda: [_deploy(run, row, process, schedules)]


def _deploy(
    run: Run, row: ProcessDefinition, process: Process, schedules: list[Start]
) -> DeployedResource:
    before = run.state.latest_process(row.tenant, row.process_id)
    if before is not None and _is_same(before, row):
        return _tell(before, is_duplicate=True)
    key = run.new_key()
    versions = run.state.processes.values_of((row.tenant, row.process_id))
    version = 1 + max((each.version for each in versions), default=0)
    row = msgspec.structs.replace(row, key=key, version=version)
    run.emit(ProcessCreated(key, row))
    _take_over(run, before, row, process)
    if run.state.partition == DEPLOYMENT_PARTITION:
        for start, schedule in schedules:
            timers.create_start(run, row, start, schedule)
    return _tell(row, is_duplicate=False)


def _is_same(before: ProcessDefinition, row: ProcessDefinition) -> bool:
    """Content and name equal those of the latest version (rule 84)."""
    return before.checksum == row.checksum and before.resource_name == row.resource_name


def _tell(row: ProcessDefinition, *, is_duplicate: bool) -> DeployedResource:
    return DeployedResource(
        "process", row.key, row.process_id, row.version, row.resource_name, row.name,
        tenant=row.tenant, is_duplicate=is_duplicate,
    )  # fmt: skip


def _take_over(
    run: Run, before: ProcessDefinition | None, row: ProcessDefinition, process: Process
) -> None:
    if before is not None:
        close_starts(run, before)
    open_starts(run, row, process)


def close_starts(run: Run, row: ProcessDefinition) -> None:
    """This version no longer starts by its events."""
    for subscription in tuple(run.state.start_subscriptions.rows.values()):
        if subscription.definition == row.key:
            run.emit(StartSubscriptionDeleted(subscription.key, subscription))
    signals.close_all(run, row.key)
    for timer in tuple(run.state.timers.values_of(row.key)):
        run.emit(TimerCanceled(timer.key, timer))


def open_starts(run: Run, row: ProcessDefinition, process: Process) -> None:
    """Subscribe the messages and signals that start this version."""
    for start, definition in starts(process):
        if isinstance(definition, MessageDefinition):
            name = evaluate_static(definition.name, run.now)
            key = run.new_key()
            subscription = StartSubscription(
                key, row.key, row.process_id, start.id, str(name), row.tenant,
                _together(run, start),
            )  # fmt: skip
            run.emit(StartSubscriptionCreated(key, subscription))
        elif isinstance(definition, SignalDefinition):
            signal = evaluate_static(definition.name, run.now)
            signals.listen_to_start(run, row, start, str(signal))


def _together(run: Run, start: Node) -> tuple[str, ...]:
    """The names of all messages that this start event wants, if it wants them all (B17)."""
    if not isinstance(start, EventNode) or not wants_all(start):
        return ()
    names = (
        str(evaluate_static(each.name, run.now))
        for each in start.definitions
        if isinstance(each, MessageDefinition)
    )
    return tuple(dict.fromkeys(names))


def start_timers(run: Run, row: ProcessDefinition, process: Process) -> None:
    """Arm the start timers of this version from now on."""
    for start, schedule in _start_timers(process, row.resource_name, run.now):
        timers.create_start(run, row, start, schedule)


def _start_timers(process: Process, name: str, now: int) -> list[Start]:
    """Evaluated at deployment, without variables; a failure refuses the deployment (rule 60)."""
    found: list[Start] = []
    for start in process.event_starts:
        for definition in start.definitions:
            if isinstance(definition, TimerDefinition):
                try:
                    found.append((start, timers.schedule_start(definition, now, start)))
                except IncidentRaised as fault:
                    raise InvalidArgument(
                        f"'{name}': the start timer of '{start.id}' can't be computed: {fault}"
                    ) from fault
    return found
