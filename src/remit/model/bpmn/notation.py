"""What a BPMN file says beside its executable graph: pools, lanes, messages, data, artifacts.

No token visits any of this. Message flows and data have effects (B21, B22); what those are is told
on the nodes of the graph, the rest is kept for people, diagrams and reports.
References are ids, as the file has them.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Participant:
    """A pool. `process` None is a black box: a partner of whom only the messages are known."""

    id: str
    name: str | None
    line: int
    process: str | None
    minimum: int = 1
    maximum: int = 1


@dataclass(slots=True)
class Lane:
    """`holds` are the ids of its flow nodes; `parent` is the lane it is a part of."""

    id: str
    name: str | None
    line: int
    process: str
    parent: str | None
    holds: tuple[str, ...]


@dataclass(slots=True)
class MessageFlow:
    """Between two pools; `source` and `target` are flow nodes or participants."""

    id: str
    name: str | None
    line: int
    source: str
    target: str
    message: str | None = None


@dataclass(slots=True)
class DataObject:
    """`scope` is the process or sub-process that owns it; `initial` its `remit:initialValue`."""

    id: str
    name: str | None
    line: int
    scope: str
    is_collection: bool = False
    initial: str | None = None


@dataclass(slots=True)
class DataObjectReference:
    """A drawn occurrence of a data object, perhaps in a named state."""

    id: str
    name: str | None
    line: int
    scope: str
    data_object: str | None
    state: str | None = None


@dataclass(slots=True)
class DataStore:
    """What outlives instances; a reference only (B21)."""

    id: str
    name: str | None
    line: int


@dataclass(slots=True)
class DataStoreReference:
    id: str
    name: str | None
    line: int
    scope: str
    data_store: str | None


@dataclass(slots=True)
class DataItem:
    """A data input or output of `owner`: an activity, an event or a process."""

    id: str
    name: str | None
    line: int
    owner: str
    is_input: bool


@dataclass(slots=True)
class DataAssociation:
    """Data that flow into (`is_input`) or out of `owner`. `transformation` is its text."""

    id: str
    line: int
    owner: str
    is_input: bool
    sources: tuple[str, ...]
    target: str | None
    transformation: str | None = None


@dataclass(slots=True)
class Association:
    """A dotted line; `direction` is "None", "One" or "Both"."""

    id: str
    line: int
    source: str
    target: str
    direction: str = "None"


@dataclass(slots=True)
class TextAnnotation:
    id: str
    line: int
    text: str


@dataclass(slots=True)
class Group:
    """A dashed frame; `category` is the text of its category value."""

    id: str
    line: int
    category: str | None


@dataclass(slots=True)
class Notation:
    """Everything of these in a file, in document order, through all processes and scopes."""

    participants: list[Participant] = field(default_factory=list)
    lanes: list[Lane] = field(default_factory=list)
    message_flows: list[MessageFlow] = field(default_factory=list)
    data_objects: list[DataObject] = field(default_factory=list)
    data_object_references: list[DataObjectReference] = field(default_factory=list)
    data_stores: list[DataStore] = field(default_factory=list)
    data_store_references: list[DataStoreReference] = field(default_factory=list)
    data_items: list[DataItem] = field(default_factory=list)
    data_associations: list[DataAssociation] = field(default_factory=list)
    associations: list[Association] = field(default_factory=list)
    text_annotations: list[TextAnnotation] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
