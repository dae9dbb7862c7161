"""The tables of the read model. Every time is epoch milliseconds, every key what the engine gave it."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    func,
    literal_column,
    text,
)

VERSION = 9
"""Raise it when the tables change: a history of another version is made anew from the log."""

metadata = MetaData()

META = Table("meta", metadata, Column("name", String, primary_key=True), Column("value", String))

POSITIONS = Table(
    "positions",
    metadata,
    Column("partition", Integer, primary_key=True),
    Column("position", BigInteger, nullable=False),
)


def _index_where(name: str, condition: str, *columns: str) -> Index:
    """An index of the few rows that fulfil a condition; a search has to say it in the same words."""
    return Index(name, *columns, sqlite_where=text(condition), postgresql_where=text(condition))


def _key(name: str = "key") -> Column[int]:
    """In SQLite it is the place of the row itself, and needs no index."""
    kind = BigInteger().with_variant(Integer, "sqlite")
    return Column(name, kind, primary_key=True, autoincrement=False)


PROCESSES = Table(
    "process_definitions",
    metadata,
    _key(),
    Column("process_id", String, nullable=False, index=True),
    Column("name", String),
    Column("version", Integer, nullable=False),
    Column("version_tag", String),
    Column("resource_name", String, nullable=False),
    Column("tenant", String, nullable=False),
    Column("has_start_form", Boolean, nullable=False),
    Column("state", String, nullable=False),
    Column("form_id", String),
    Column("xml", LargeBinary, nullable=False),
)

INSTANCES = Table(
    "process_instances",
    metadata,
    _key(),
    Column("definition", BigInteger, nullable=False),
    Column("process_id", String, nullable=False),
    Column("process_name", String),
    Column("version", Integer, nullable=False),
    Column("version_tag", String),
    Column("start_date", BigInteger, nullable=False),
    Column("tenant", String, nullable=False),
    Column("parent_instance", BigInteger),
    Column("parent_element", BigInteger),
    Column("root", BigInteger, nullable=False),
    Column("tags", Text, nullable=False, default="[]"),
    Column("business_id", String),
    Column("end_date", BigInteger),
    Column("state", String, nullable=False),
    Column("incidents", Integer, nullable=False, default=0),
    Column("suspended_date", BigInteger),
    Index("instances_by_state", "state", "start_date", "key", "incidents"),
    Index("instances_by_start", "start_date", "key"),
    _index_where("instances_by_end", "end_date IS NOT NULL", "end_date", "key"),
    Index("instances_by_process", "process_id", "state", "start_date", "key"),
    Index("instances_by_definition", "definition", "state", "start_date", "key"),
    _index_where("instances_by_parent", "parent_instance IS NOT NULL", "parent_instance"),
    Index("instances_by_root", "root"),
    _index_where("instances_by_business_id", "business_id IS NOT NULL", "business_id"),
    _index_where(
        "instances_running", "end_date IS NULL", "definition", "process_id", "tenant", "incidents"
    ),
    _index_where("instances_in_trouble", "incidents > 0", "start_date", "key"),
    _index_where("instances_standing", "incidents > 0", "state", "start_date", "key", "end_date"),
)

ELEMENTS = Table(
    "element_instances",
    metadata,
    _key(),
    Column("instance", BigInteger, nullable=False),
    Column("definition", BigInteger, nullable=False),
    Column("process_id", String, nullable=False),
    Column("element", String, nullable=False),
    Column("element_name", String),
    Column("type", String, nullable=False),
    Column("start_date", BigInteger, nullable=False),
    Column("scope", BigInteger),
    Column("root", BigInteger, nullable=False),
    Column("tenant", String, nullable=False),
    Column("end_date", BigInteger),
    Column("state", String, nullable=False),
    Column("incident", BigInteger),
    Index("elements_by_instance", "instance", "key"),
    Index("elements_by_definition", "definition", "element", "state"),
    Index("elements_by_start", "start_date"),
    _index_where("elements_running", "end_date IS NULL", "element", "instance", "state"),
    _index_where("elements_in_trouble", "incident IS NOT NULL", "incident"),
)

FLOWS = Table(
    "sequence_flows",
    metadata,
    Column("instance", BigInteger, primary_key=True),
    Column("flow", String, primary_key=True),
    Column("definition", BigInteger, nullable=False),
    Column("process_id", String, nullable=False),
    Column("tenant", String, nullable=False),
    Column("root", BigInteger),
    sqlite_with_rowid=False,
)

VARIABLES = Table(
    "variables",
    metadata,
    _key(),
    Column("name", String, nullable=False),
    Column("value", Text, nullable=False),
    Column("scope", BigInteger, nullable=False),
    Column("instance", BigInteger, nullable=False),
    Column("definition", BigInteger, nullable=False),
    Column("root", BigInteger, nullable=False),
    Column("tenant", String, nullable=False),
    Index("variables_by_instance", "instance", "name"),
    Index("variables_by_scope", "scope"),
    Index("variables_by_name", "name", "instance"),
)
START = 64
"""Characters of a variable's value that it is found by."""
VALUE_START: ColumnElement[str] = func.substr(
    VARIABLES.c.value, literal_column("1"), literal_column(str(START))
)
Index("variables_by_value", VALUE_START, VARIABLES.c.name)

JOBS = Table(
    "jobs",
    metadata,
    _key(),
    Column("type", String, nullable=False),
    Column("worker", String, nullable=False),
    Column("retries", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("listener_event", String, nullable=False),
    Column("created", BigInteger),
    Column("updated", BigInteger),
    Column("headers", Text, nullable=False),
    Column("element", String, nullable=False),
    Column("element_key", BigInteger, nullable=False),
    Column("instance", BigInteger, nullable=False),
    Column("definition", BigInteger, nullable=False),
    Column("process_id", String, nullable=False),
    Column("root", BigInteger, nullable=False),
    Column("tenant", String, nullable=False),
    Column("state", String, nullable=False),
    Column("deadline", BigInteger),
    Column("end_date", BigInteger),
    Column("error_code", String),
    Column("error_message", Text),
    Column("denied", Boolean),
    Column("denied_reason", Text),
    Index("jobs_by_instance", "instance"),
    Index("jobs_by_type", "type", "state", "key"),
    Index("jobs_by_state", "state", "key"),
    Index("jobs_by_created", "created"),
    _index_where("jobs_with_error", "error_message IS NOT NULL", "key"),
)

JOB_COUNTS = Table(
    "job_counts",
    metadata,
    Column("minute", BigInteger, primary_key=True),
    Column("type", String, primary_key=True),
    Column("worker", String, primary_key=True),
    Column("status", String, primary_key=True),
    Column("error_code", String, primary_key=True),
    Column("error_message", String, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("last", BigInteger, nullable=False),
)
"""What became of jobs, by the first millisecond of a minute: CREATED, COMPLETED, FAILED."""

INCIDENTS = Table(
    "incidents",
    metadata,
    _key(),
    Column("error_type", String, nullable=False),
    Column("error_message", Text, nullable=False),
    Column("error_hash", BigInteger, nullable=False),
    Column("state", String, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("element", String, nullable=False),
    Column("element_key", BigInteger, nullable=False),
    Column("instance", BigInteger, nullable=False),
    Column("definition", BigInteger, nullable=False),
    Column("process_id", String, nullable=False),
    Column("job", BigInteger),
    Column("root", BigInteger, nullable=False),
    Column("tenant", String, nullable=False),
    Index("incidents_by_instance", "instance"),
    Index("incidents_by_state", "state", "created", "key"),
)

USER_TASKS = Table(
    "user_tasks",
    metadata,
    _key(),
    Column("name", String),
    Column("state", String, nullable=False),
    Column("assignee", String),
    Column("element", String, nullable=False),
    Column("element_key", BigInteger, nullable=False),
    Column("candidate_groups", Text, nullable=False),
    Column("candidate_users", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("end_date", BigInteger),
    Column("follow_up_date", BigInteger),
    Column("due_date", BigInteger),
    Column("external_reference", String),
    Column("version", Integer, nullable=False),
    Column("headers", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("process_name", String),
    Column("form_key", BigInteger),
    Column("tags", Text, nullable=False),
    Column("instance", BigInteger, nullable=False),
    Column("definition", BigInteger, nullable=False),
    Column("process_id", String, nullable=False),
    Column("root", BigInteger, nullable=False),
    Column("tenant", String, nullable=False),
    Index("tasks_by_state", "state", "created", "key"),
    Index("tasks_by_assignee", "assignee", "state", "created", "key"),
    Index("tasks_by_instance", "instance"),
    Index("tasks_by_created", "created"),
)

REQUIREMENTS = Table(
    "decision_requirements",
    metadata,
    _key(),
    Column("requirements_id", String, nullable=False),
    Column("name", String),
    Column("version", Integer, nullable=False),
    Column("resource_name", String, nullable=False),
    Column("tenant", String, nullable=False),
    Column("xml", LargeBinary, nullable=False),
)

DECISIONS = Table(
    "decision_definitions",
    metadata,
    _key(),
    Column("decision_id", String, nullable=False),
    Column("name", String),
    Column("version", Integer, nullable=False),
    Column("requirements_id", String, nullable=False),
    Column("requirements_key", BigInteger, nullable=False),
    Column("requirements_name", String),
    Column("requirements_version", Integer),
    Column("tenant", String, nullable=False),
)

EVALUATIONS = Table(
    "decision_instances",
    metadata,
    Column("id", String, primary_key=True),
    Column("key", BigInteger, nullable=False, index=True),
    Column("state", String, nullable=False),
    Column("date", BigInteger, nullable=False),
    Column("failure", Text),
    Column("decision_key", BigInteger, nullable=False),
    Column("decision_id", String, nullable=False),
    Column("decision_name", String),
    Column("decision_version", Integer, nullable=False),
    Column("decision_type", String, nullable=False),
    Column("root_decision_key", BigInteger, nullable=False),
    Column("requirements_key", BigInteger, nullable=False),
    Column("requirements_id", String, nullable=False),
    Column("result", Text, nullable=False),
    Column("inputs", Text, nullable=False),
    Column("rules", Text, nullable=False),
    Column("element_key", BigInteger),
    Column("instance", BigInteger, index=True),
    Column("definition", BigInteger),
    Column("process_id", String),
    Column("tenant", String, nullable=False),
)

SUBSCRIPTIONS = Table(
    "message_subscriptions",
    metadata,
    _key(),
    Column("state", String, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("name", String, nullable=False),
    Column("correlation_key", String),
    Column("type", String, nullable=False),
    Column("process_name", String),
    Column("version", Integer),
    Column("element", String, nullable=False),
    Column("element_key", BigInteger),
    Column("instance", BigInteger, index=True),
    Column("definition", BigInteger),
    Column("process_id", String),
    Column("root", BigInteger),
    Column("tenant", String, nullable=False),
)

CORRELATIONS = Table(
    "correlated_messages",
    metadata,
    Column("subscription", BigInteger, primary_key=True),
    Column("message", BigInteger, primary_key=True),
    Column("date", BigInteger, nullable=False),
    Column("name", String, nullable=False),
    Column("correlation_key", String),
    Column("element", String, nullable=False),
    Column("element_key", BigInteger),
    Column("instance", BigInteger, nullable=False, index=True),
    Column("definition", BigInteger),
    Column("process_id", String),
    Column("partition", Integer, nullable=False),
    Column("root", BigInteger),
    Column("tenant", String, nullable=False),
)

WAITS = Table(
    "waits",
    metadata,
    _key(),
    Column("kind", String, nullable=False),
    Column("element_key", BigInteger, nullable=False),
    Column("instance", BigInteger, nullable=False),
    Column("root", BigInteger, nullable=False),
    Column("details", Text, nullable=False),
    Index("waits_by_instance", "instance"),
)
"""What stands until a timer, a signal or a condition; `details` as the public API shows them."""

FORMS = Table(
    "forms",
    metadata,
    _key(),
    Column("form_id", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("resource_name", String, nullable=False),
    Column("tenant", String, nullable=False),
    Column("schema", LargeBinary, nullable=False),
)

BATCHES = Table(
    "batch_operations",
    metadata,
    _key(),
    Column("kind", String, nullable=False),
    Column("state", String, nullable=False),
    Column("start_date", BigInteger, nullable=False),
    Column("end_date", BigInteger),
    Column("actor", String, nullable=False),
    Column("method", String, nullable=False),
    Column("total", Integer, nullable=False),
    Column("completed", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Index("batches_by_end", "end_date"),
)

BATCH_ITEMS = Table(
    "batch_items",
    metadata,
    Column("id", String, primary_key=True),
    Column("batch", BigInteger, nullable=False),
    Column("item", BigInteger, nullable=False),
    Column("instance", BigInteger),
    Column("root", BigInteger),
    Column("kind", String, nullable=False),
    Column("state", String, nullable=False),
    Column("date", BigInteger),
    Column("error", Text),
    Column("partition", Integer, nullable=False),
    Index("items_by_batch", "batch", "state", "item"),
    Index("items_by_instance", "instance", "batch"),
)

AUDIT = Table(
    "audit",
    metadata,
    _key(),
    Column("date", BigInteger, nullable=False),
    Column("command", String, nullable=False),
    Column("entity_type", String),
    Column("operation", String, nullable=False),
    Column("category", String, nullable=False),
    Column("entity_key", BigInteger, nullable=False),
    Column("actor", String, nullable=False),
    Column("method", String, nullable=False),
    Column("result", String, nullable=False),
    Column("reason", Text),
    Column("instance", BigInteger),
    Column("root", BigInteger),
    Column("definition", BigInteger),
    Column("process_id", String),
    Column("element_key", BigInteger),
    Column("tenant", String),
    Column("job", BigInteger),
    Column("user_task", BigInteger),
    Index("audit_by_date", "date", "key", "process_id", "entity_type"),
    Index("audit_by_entity", "entity_key"),
    Index("audit_by_instance", "instance"),
)
