"""What a batch of turns changes in the tables: what every family of events writes into."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from remit.history import schema
from remit.history.telling.frequent import (
    AuditRow,
    ElementRow,
    FlowRow,
    InstanceRow,
    JobRow,
    VariableRow,
)
from remit.history.telling.rows import FrequentTellings, Tellings
from remit.model.bpmn import read
from remit.model.bpmn.graph import Process
from remit.protocol.events.base import Event
from remit.protocol.events.process_instance import InstanceCreated
from remit.protocol.values import ProcessDefinition


class Told:
    """`now` is the time of the turn. What is added up or taken away is written after the rows.

    `extra` is what a creation says of an instance before its life begins, `files` the names and
    versions of decision requirements, `counts` the jobs by minute, type, worker, status and error,
    `incidents` by how many an instance has more or less.
    """

    def __init__(self, partition: int, definitions: dict[int, ProcessDefinition]) -> None:
        self.partition = partition
        self.definitions = definitions
        self.now = 0
        self.extra: dict[int, InstanceCreated] = {}
        self.flows: dict[tuple[int, str], FlowRow] = {}
        self.incidents: dict[int, int] = {}
        self.counts: dict[tuple[int, str, str, str, str, str], list[int]] = {}
        self.files: dict[int, tuple[str, int]] = {}
        self.reported: dict[int, tuple[int, int]] = {}
        self.cancelled: list[int] = []
        self.forgotten: list[int] = []
        self.undecided: list[int] = []
        self._names: dict[int, dict[str, str | None]] = {}
        self.instances = FrequentTellings(schema.INSTANCES, InstanceRow)
        self.elements = FrequentTellings(schema.ELEMENTS, ElementRow)
        self.variables = FrequentTellings(schema.VARIABLES, VariableRow)
        self.jobs = FrequentTellings(schema.JOBS, JobRow)
        self.audit = FrequentTellings(schema.AUDIT, AuditRow)
        seldom = (
            Tellings(table, next(iter(table.primary_key.columns)).name)
            for table in (
                schema.PROCESSES, schema.INCIDENTS, schema.USER_TASKS, schema.REQUIREMENTS,
                schema.DECISIONS, schema.EVALUATIONS, schema.SUBSCRIPTIONS, schema.CORRELATIONS,
                schema.FORMS, schema.WAITS, schema.BATCHES, schema.BATCH_ITEMS,
            )
        )  # fmt: skip
        often = (self.instances, self.elements, self.variables, self.jobs, self.audit)
        self.tables = {each.table.name: each for each in (*often, *seldom)}

    def process(self, row: ProcessDefinition) -> Process | None:
        """The process of a definition, read again."""
        found = read(row.resource, row.resource_name).processes
        return next((each for each in found if each.id == row.process_id), None)

    def name_of(self, definition: int, element: str) -> str | None:
        """The name that a definition gives an element, or itself."""
        names = self._names.get(definition)
        if names is None:
            row = self.definitions.get(definition)
            process = None if row is None else self.process(row)
            nodes = {} if process is None else process.nodes
            names = {node.id: node.name for node in nodes.values()}
            if process is not None:
                names[process.id] = process.name
            self._names[definition] = names
        return names.get(element)


Tells = Mapping[type[Event], Callable[[Told, Any], None]]
"""Who tells of an event. What is in no family's table changes nothing that people search for."""
