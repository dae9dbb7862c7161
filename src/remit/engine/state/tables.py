"""The tables of a partition: what a row is, by what key and index it is found, where it lies on disk.

Owned tables have the rows of instances, correlation tables those of a message name and correlation key,
shared tables what is always in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from remit.engine.state import layout
from remit.engine.state.entities import (
    Banned,
    Batch,
    BatchChunk,
    BatchPart,
    Beginning,
    Distribution,
    ElementInstance,
    FiredGateway,
    Governed,
    ProcessInstance,
    Rest,
    Result,
    Revoked,
    Suspension,
    Taken,
    Token,
    Trigger,
    Unsigned,
    Variable,
)
from remit.engine.state.table import Journal, Table
from remit.protocol.values import (
    NONE_KEY,
    Authorization,
    Circle,
    CompensationSubscription,
    ConditionSubscription,
    DecisionDefinition,
    DecisionRequirements,
    FormDefinition,
    Incident,
    Job,
    MappingRule,
    Member,
    Message,
    MessageSubscription,
    ProcessDefinition,
    ProcessSubscription,
    SignalSubscription,
    StartSubscription,
    Timer,
    User,
    UserTask,
)

Correlation = tuple[str, str, str]
"""(tenant, message name, correlation key)."""


def _owned(number: int, row: Any) -> bytes:
    return layout.owned(number, row.root, row.key)


def _correlated(number: int, row: Any) -> bytes:
    return layout.correlated(number, row.tenant, row.name, row.correlation_key, row.key)


def _taken(number: int, row: Taken) -> bytes:
    prefix = layout.correlated(number, row.tenant, row.name, row.correlation_key, row.message)
    return prefix + row.process_id.encode()


def _parent(row: ElementInstance) -> int | None:
    """The scope, or for a called process the call activity: who ends it when it ends itself."""
    if row.scope != NONE_KEY:
        return row.scope
    return row.parent_element if row.parent_element != NONE_KEY else None


def correlation_of(row: Message | MessageSubscription | Taken) -> Correlation:
    return (row.tenant, row.name, row.correlation_key)


class Tables:
    """All of them. Each writes what it changes to the `journal`."""

    def __init__(self) -> None:
        self.journal: Journal = []
        journal = self.journal
        by_element = lambda row: row.element_key  # noqa: E731
        self.elements = Table[int, ElementInstance](
            1, ElementInstance, journal,
            key_of=lambda row: row.key, address=_owned,
            index_of=_parent, is_located=True,
        )  # fmt: skip
        self.variables = Table[tuple[int, str], Variable](
            2, Variable, journal,
            key_of=lambda row: (row.scope, row.name),
            address=lambda number, row: layout.named(number, row.root, row.scope, row.name),
            index_of=lambda row: row.scope,
        )  # fmt: skip
        self.jobs = Table[int, Job](
            3, Job, journal,
            key_of=lambda row: row.key, address=_owned, index_of=by_element, is_located=True,
        )  # fmt: skip
        self.timers = Table[int, Timer](
            4, Timer, journal,
            key_of=lambda row: row.key, address=_owned,
            index_of=lambda row: row.element_key if row.element_key != NONE_KEY else row.definition,
        )  # fmt: skip
        self.subscriptions = Table[int, ProcessSubscription](
            5, ProcessSubscription, journal,
            key_of=lambda row: row.key, address=_owned, index_of=by_element, is_located=True,
        )  # fmt: skip
        self.incidents = Table[int, Incident](
            6, Incident, journal,
            key_of=lambda row: row.key, address=_owned, index_of=by_element, is_located=True,
        )  # fmt: skip
        self.tokens = Table[tuple[int, str], Token](
            7, Token, journal,
            key_of=lambda row: (row.scope, row.flow),
            address=lambda number, row: layout.named(number, row.root, row.scope, row.flow),
            index_of=lambda row: row.scope,
        )  # fmt: skip
        self.instances = Table[int, ProcessInstance](
            8, ProcessInstance, journal, key_of=lambda row: row.key, address=_owned,
        )  # fmt: skip
        self.triggers = Table[int, Trigger](
            9, Trigger, journal,
            key_of=lambda row: row.key, address=_owned, index_of=by_element,
        )  # fmt: skip
        self.results = Table[tuple[int, int], Result](
            10, Result, journal,
            key_of=lambda row: (row.body, row.index),
            address=lambda number, row: layout.indexed(number, row.root, row.body, row.index),
            index_of=lambda row: row.body,
        )  # fmt: skip
        self.gateways = Table[tuple[int, str], FiredGateway](
            11, FiredGateway, journal,
            key_of=lambda row: (row.scope, row.gateway),
            address=lambda number, row: layout.named(number, row.root, row.scope, row.gateway),
            index_of=lambda row: row.scope,
        )  # fmt: skip
        self.signals = Table[int, SignalSubscription](
            60, SignalSubscription, journal,
            key_of=lambda row: row.key, address=_owned,
            index_of=lambda row: row.element_key if row.element_key != NONE_KEY else row.definition,
        )  # fmt: skip
        self.conditions = Table[int, ConditionSubscription](
            61, ConditionSubscription, journal,
            key_of=lambda row: row.key, address=_owned, index_of=by_element,
        )  # fmt: skip
        self.compensations = Table[int, CompensationSubscription](
            70, CompensationSubscription, journal,
            key_of=lambda row: row.key, address=_owned, index_of=lambda row: row.scope,
        )  # fmt: skip
        self.governed = Table[int, Governed](
            100, Governed, journal,
            key_of=lambda row: row.key, address=_owned, index_of=lambda row: row.key,
        )  # fmt: skip
        self.suspensions = Table[int, Suspension](
            90, Suspension, journal,
            key_of=lambda row: row.key, address=_owned, index_of=lambda row: row.key,
        )  # fmt: skip
        self.batches = Table[int, Batch](
            91, Batch, journal,
            key_of=lambda row: row.key, address=_owned, index_of=lambda row: row.root,
        )  # fmt: skip
        self.batch_parts = Table[int, BatchPart](
            92, BatchPart, journal,
            key_of=lambda row: row.key, address=_owned, index_of=lambda row: row.root,
        )  # fmt: skip
        self.batch_chunks = Table[tuple[int, int], BatchChunk](
            93, BatchChunk, journal,
            key_of=lambda row: (row.batch, row.number),
            address=lambda number, row: layout.indexed(number, row.batch, row.batch, row.number),
            index_of=lambda row: row.batch,
        )  # fmt: skip
        self.user_tasks = Table[int, UserTask](
            80, UserTask, journal,
            key_of=lambda row: row.key, address=_owned, index_of=by_element, is_located=True,
        )  # fmt: skip
        self.messages = Table[int, Message](
            20, Message, journal,
            key_of=lambda row: row.key, address=_correlated, index_of=correlation_of,
        )  # fmt: skip
        self.message_subscriptions = Table[int, MessageSubscription](
            21, MessageSubscription, journal,
            key_of=lambda row: row.key, address=_correlated, index_of=correlation_of,
        )  # fmt: skip
        self.taken = Table[tuple[int, str], Taken](
            22, Taken, journal,
            key_of=lambda row: (row.message, row.process_id), address=_taken,
            index_of=lambda row: row.message,
        )  # fmt: skip
        shared = lambda number, row: layout.shared(number, row.key)  # noqa: E731
        by_root = lambda number, row: layout.shared(number, row.root)  # noqa: E731
        self.processes = Table[int, ProcessDefinition](
            40, ProcessDefinition, journal,
            key_of=lambda row: row.key, address=shared,
            index_of=lambda row: (row.tenant, row.process_id),
        )  # fmt: skip
        self.start_subscriptions = Table[int, StartSubscription](
            41, StartSubscription, journal,
            key_of=lambda row: row.key, address=shared,
            index_of=lambda row: (row.tenant, row.name),
        )  # fmt: skip
        self.distributions = Table[int, Distribution](
            42, Distribution, journal, key_of=lambda row: row.key, address=shared
        )
        self.rests = Table[int, Rest](
            43, Rest, journal, key_of=lambda row: row.root, address=by_root
        )
        self.banned = Table[int, Banned](
            44, Banned, journal, key_of=lambda row: row.root, address=by_root
        )
        self.requirements = Table[int, DecisionRequirements](
            45, DecisionRequirements, journal,
            key_of=lambda row: row.key, address=shared,
            index_of=lambda row: (row.tenant, row.requirements_id),
        )  # fmt: skip
        self.decisions = Table[int, DecisionDefinition](
            46, DecisionDefinition, journal,
            key_of=lambda row: row.key, address=shared,
            index_of=lambda row: (row.tenant, row.decision_id),
        )  # fmt: skip
        self.forms = Table[int, FormDefinition](
            81, FormDefinition, journal,
            key_of=lambda row: row.key, address=shared,
            index_of=lambda row: (row.tenant, row.form_id),
        )  # fmt: skip
        self.revocations = Table[str, Revoked](
            100, Revoked, journal, key_of=lambda row: row.issuer,
            address=lambda number, row: layout.shared_name(number, row.issuer),
        )  # fmt: skip
        self.beginnings = Table[int, Beginning](
            101, Beginning, journal, key_of=lambda row: row.key,
            address=lambda number, row: layout.beginning(row.key),
            index_of=lambda row: row.blocks,
        )  # fmt: skip
        self.unsigned = Table[int, Unsigned](
            102, Unsigned, journal, key_of=lambda row: row.key, address=shared
        )
        self.users = Table[str, User](
            120, User, journal, key_of=lambda row: row.username, address=shared
        )
        self.circles = Table[tuple[str, str], Circle](
            121, Circle, journal, key_of=lambda row: (row.kind, row.id), address=shared
        )
        self.members = Table[tuple[str, str, str, str], Member](
            122, Member, journal,
            key_of=lambda row: (row.kind, row.circle, row.member_kind, row.member), address=shared,
            index_of=lambda row: (row.member_kind, row.member),
        )  # fmt: skip
        self.mapping_rules = Table[str, MappingRule](
            123, MappingRule, journal, key_of=lambda row: row.id, address=shared
        )
        self.authorizations = Table[int, Authorization](
            124, Authorization, journal,
            key_of=lambda row: row.key, address=shared,
            index_of=lambda row: (row.owner_kind, row.owner),
        )  # fmt: skip
        self.owned_tables: dict[int, Table[Any, Any]] = {
            table.number: table
            for table in (
                self.elements, self.variables, self.jobs, self.timers, self.subscriptions,
                self.incidents, self.tokens, self.instances, self.triggers, self.results,
                self.signals, self.conditions, self.user_tasks, self.governed,
                self.compensations, self.gateways, self.suspensions, self.batches,
                self.batch_parts, self.batch_chunks,
            )
        }  # fmt: skip
        self.correlation_tables: dict[int, Table[Any, Any]] = {
            table.number: table for table in (self.messages, self.message_subscriptions, self.taken)
        }
        self.shared_tables: dict[int, Table[Any, Any]] = {
            table.number: table
            for table in (
                self.processes, self.start_subscriptions, self.distributions, self.rests,
                self.requirements, self.decisions, self.banned, self.forms,
                self.users, self.circles, self.members, self.mapping_rules, self.authorizations,
                self.revocations,
            )
        }  # fmt: skip

    def all_tables(self) -> Iterator[Table[Any, Any]]:
        yield from self.owned_tables.values()
        yield from self.correlation_tables.values()
        yield from self.shared_tables.values()
        yield self.beginnings
        yield self.unsigned
