"""Batch operations: every item is a turn of its own, what is refused is kept, other work goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from remit import Engine, Refused
from remit.base.errors import RejectionType
from remit.engine import lifecycle
from remit.engine.state.folds import FOLDS
from remit.engine.state.state import BATCH_PORTION, State
from remit.engine.step import step
from remit.engine.turn import Request, Turn
from remit.identity.principal import Access
from remit.protocol import commands as c
from remit.protocol.events.batch import BatchItemDone, BatchItemFailed
from remit.protocol.replies import Done
from remit.protocol.values import (
    Actor,
    BatchItem,
    BatchPlan,
    Header,
    MappingInstruction,
    MoveInstruction,
)
from tests.support.model import Model, one_task
from tests.support.story import completed, leftovers, story

CANCEL = BatchPlan("CANCEL_PROCESS_INSTANCE")


def deploy(engine: Engine, model: Model) -> int:
    return engine.deploy((f"{model.id}.bpmn", model.xml())).resources[0].key


def many(engine: Engine, count: int) -> list[int]:
    deploy(engine, one_task())
    return [engine.create("one").key for _ in range(count)]


def outcomes(engine: Engine) -> list[str]:
    return story(engine, "BATCH_OPERATION_EXECUTION", "BATCH_OPERATION_LIFECYCLE")


def failures(engine: Engine) -> list[tuple[int, str, str]]:
    return [
        (event.item.key, event.error_type, event.reason)
        for event in engine.events()
        if isinstance(event, BatchItemFailed)
    ]


def test_every_instance_is_cancelled_and_nothing_is_left(engine: Engine) -> None:
    keys = many(engine, 250)
    engine.batch(CANCEL, keys)
    assert len(engine.state.batch_chunks.rows) == 3
    engine.run_due()

    assert outcomes(engine) == [
        *["BATCH_OPERATION_EXECUTION EXECUTED"] * 250,
        "BATCH_OPERATION_LIFECYCLE_MANAGEMENT PARTITION_COMPLETED",
        "BATCH_OPERATION_LIFECYCLE_MANAGEMENT COMPLETED",
    ]
    assert leftovers(engine) == []


def test_a_refused_item_keeps_its_reason_and_the_others_are_done(engine: Engine) -> None:
    keys = many(engine, 3)
    engine.cancel(keys[1])
    engine.batch(CANCEL, keys)
    engine.run_due()

    assert failures(engine) == [
        (
            keys[1],
            "NOT_FOUND",
            f"Expected to cancel a process instance with key '{keys[1]}', but no such process was "
            f"found",
        )
    ]
    assert leftovers(engine) == []


def test_a_batch_of_nothing_is_done_at_once(engine: Engine) -> None:
    engine.batch(CANCEL, [])

    assert story(engine) == [
        "BATCH_OPERATION_CREATION CREATED",
        "BATCH_OPERATION_LIFECYCLE_MANAGEMENT COMPLETED",
    ]


def test_instances_are_suspended_resumed_moved_and_migrated_by_the_many(engine: Engine) -> None:
    model = Model("p").start("s").service("a", "work").service("b", "more").end("e")
    deploy(engine, model.path("s", "a", "b", "e"))
    target = deploy(engine, one_task("q", "last"))
    keys = [engine.create("p").key for _ in range(4)]
    for plan in (
        BatchPlan("MODIFY_PROCESS_INSTANCE", moves=(MoveInstruction("b", "a"),)),
        BatchPlan("SUSPEND_PROCESS_INSTANCE"),
        BatchPlan(
            "MIGRATE_PROCESS_INSTANCE", target=target, mapping=(MappingInstruction("b", "a"),)
        ),
        BatchPlan("RESUME_PROCESS_INSTANCE"),
    ):
        engine.batch(plan, keys)
        engine.run_due()
    assert failures(engine) == []
    for job in engine.activate("more", limit=10):
        engine.complete(job.job.key)

    assert completed(engine).count("q") == 4
    assert leftovers(engine) == []


def test_what_is_suspended_with_its_caller_is_no_failure(engine: Engine) -> None:
    caller = Model("caller").start("s").call("c", "one").end("e").path("s", "c", "e")
    deploy(engine, one_task())
    deploy(engine, caller)
    engine.create("caller")
    keys = [each.key for each in engine.state.elements.rows.values() if each.scope == -1]
    assert len(keys) == 2
    for plan in (BatchPlan("SUSPEND_PROCESS_INSTANCE"), BatchPlan("RESUME_PROCESS_INSTANCE")):
        engine.batch(plan, keys)
        engine.run_due()
        assert len(engine.state.suspensions.rows) == (2 if "SUSPEND" in plan.kind else 0)

    assert failures(engine) == []


def test_incidents_are_resolved_and_their_jobs_get_a_retry(engine: Engine) -> None:
    many(engine, 2)
    for job in engine.activate("work", limit=2):
        engine.fail(job.job.key, retries=0)
    incidents = list(engine.state.incidents.rows)
    engine.batch(BatchPlan("RESOLVE_INCIDENT"), incidents)
    engine.run_due()

    assert failures(engine) == []
    assert [job.job.retries for job in engine.activate("work", limit=5)] == [1, 1]


def test_only_the_history_of_what_has_ended_is_deleted(engine: Engine) -> None:
    keys = many(engine, 2)
    engine.cancel(keys[0])
    engine.batch(BatchPlan("DELETE_PROCESS_INSTANCE"), keys)
    engine.run_due()

    assert story(engine, "HISTORY_DELETION") == ["HISTORY_DELETION DELETED"]
    ((key, kind, reason),) = failures(engine)
    assert (key, kind) == (keys[1], "INVALID_STATE")
    assert reason.endswith("but it has not ended. Cancel it first.")


def test_running_instances_are_found_for_batches(tmp_path: Path) -> None:
    caller = Model("caller").start("s").call("c", "one").end("e").path("s", "c", "e")
    with Engine(tmp_path) as engine:
        deploy(engine, one_task())
        deploy(engine, caller)
        ones = [engine.create("one").key for _ in range(3)]
        called = engine.create("caller").key
        engine.suspend(ones[1])
        for job in engine.activate("work", limit=9):
            if job.job.instance != ones[0]:
                engine.fail(job.job.key, retries=0)
        assert engine.instances() == (*ones, called)
    with Engine(tmp_path) as engine:
        assert engine.instances("one") == tuple(ones)
        assert engine.instances(is_suspended=True) == (ones[1],)
        assert engine.instances(has_incident=True) == (ones[2], called)
        assert engine.instances("one", has_incident=False, is_suspended=False) == (ones[0],)


# --- steering --------------------------------------------------------------------------------------


def some_items(engine: Engine) -> None:
    """As much as is done between two looks at the inbox."""
    for _, command in engine.state.due(engine.now, 100):
        engine._play(command)


def done(engine: Engine) -> int:
    return sum(isinstance(event, BatchItemDone) for event in engine.events())


def test_a_portion_is_done_between_two_looks_at_the_inbox(engine: Engine) -> None:
    keys = many(engine, 130)
    engine.batch(CANCEL, keys[:65])
    engine.batch(CANCEL, keys[65:])
    some_items(engine)

    assert done(engine) == BATCH_PORTION
    engine.run_due()
    assert leftovers(engine) == []


def test_a_suspended_batch_goes_on_when_it_is_resumed(engine: Engine) -> None:
    keys = many(engine, 120)
    batch = engine.batch(CANCEL, keys).key
    some_items(engine)
    engine.steer_batch(batch, "suspend")
    engine.run_due()
    assert done(engine) == BATCH_PORTION
    engine.steer_batch(batch, "resume")
    engine.run_due()

    assert done(engine) == 120
    assert leftovers(engine) == []


@pytest.mark.parametrize("first", [[], ["suspend"]])
def test_what_is_left_of_a_cancelled_batch_is_not_done(engine: Engine, first: list[str]) -> None:
    keys = many(engine, 120)
    batch = engine.batch(CANCEL, keys).key
    some_items(engine)
    for action in (*first, "cancel"):
        engine.steer_batch(batch, action)
    engine.run_due()

    assert done(engine) == BATCH_PORTION
    assert len(engine.activate("work", limit=200)) == 70
    assert outcomes(engine)[-1] == "BATCH_OPERATION_LIFECYCLE_MANAGEMENT CANCELED"
    assert engine.state.batch_chunks.rows == {}


def refused(call: Callable[[], object]) -> tuple[RejectionType, str]:
    with pytest.raises(Refused) as fault:
        call()
    return fault.value.reply.type, fault.value.reply.reason


@pytest.mark.parametrize(
    ("plan", "items", "said"),
    [
        (BatchPlan("BAKE"), [1 << 51], "'BAKE' is no kind of batch operation: choose among"),
        (BatchPlan("MIGRATE_PROCESS_INSTANCE"), [1 << 51], "needs a target process definition"),
        (BatchPlan("MODIFY_PROCESS_INSTANCE"), [1 << 51], "needs at least one move instruction"),
        (CANCEL, [7], "'7' is the key of nothing in this cluster"),
        (CANCEL, [5 << 51], "is the key of nothing in this cluster"),
        (CANCEL, [1 << 51, 1 << 51], "an item is there more than once"),
    ],
)
def test_what_a_batch_is_refused_for(
    engine: Engine, plan: BatchPlan, items: list[int], said: str
) -> None:
    kind, reason = refused(lambda: engine.batch(plan, items))

    assert kind is RejectionType.INVALID_ARGUMENT
    assert said in reason
    assert story(engine) == []


def test_steering_says_what_is_wrong(engine: Engine) -> None:
    batch = engine.batch(CANCEL, many(engine, 1)).key
    assert refused(lambda: engine.steer_batch(batch, "resume")) == (
        RejectionType.INVALID_STATE,
        f"Expected to resume batch operation with key '{batch}', but it is not suspended",
    )
    assert refused(lambda: engine.steer_batch(batch, "stop"))[0] is RejectionType.INVALID_ARGUMENT
    engine.steer_batch(batch, "suspend")
    assert refused(lambda: engine.steer_batch(batch, "suspend"))[0] is RejectionType.INVALID_STATE
    engine.steer_batch(batch, "cancel")

    assert refused(lambda: engine.steer_batch(batch, "cancel"))[0] is RejectionType.NOT_FOUND


# --- isolation -------------------------------------------------------------------------------------


def test_an_item_that_meets_a_bug_bans_its_instance_and_the_batch_goes_on(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = many(engine, 3)
    from_now_on: list[int] = []

    def broken(run: object, key: int) -> None:
        from_now_on.append(key)
        if key == keys[1]:
            raise RuntimeError("a bug")
        own(run, key)  # type: ignore[arg-type]

    own = lifecycle.terminate
    monkeypatch.setattr(lifecycle, "terminate", broken)
    engine.batch(CANCEL, keys)
    engine.run_due()

    ((key, kind, reason),) = failures(engine)
    assert (key, kind, "a bug" in reason) == (keys[1], "INVALID_STATE", True)
    assert done(engine) == 2
    assert list(engine.state.banned.rows) == [keys[1]]


def test_items_are_done_in_the_name_of_who_asked(engine: Engine) -> None:
    keys = many(engine, 1)
    with engine.acting_as(Actor("olga", "basic")):
        engine.batch(CANCEL, keys)
    assert [part.header.actor.id for part in engine.state.batch_parts.rows.values()] == ["olga"]


def test_every_item_needs_the_permission_of_who_asked() -> None:
    root, ada = Actor("root", "basic"), Actor("ada", "basic")
    access = Access(admins=frozenset(("root",)), authorizations=True)
    with Engine(actor=root, access=access) as engine:
        engine.deploy(("one.bpmn", one_task().xml()), ("two.bpmn", one_task("two").xml()))
        keys = [engine.create(process).key for process in ("one", "two")]
        engine.execute(c.CreateUser("ada"), Done)
        with engine.acting_as(ada):
            assert refused(lambda: engine.batch(CANCEL, keys))[0] is RejectionType.FORBIDDEN
        for resource, permission, name in (
            ("BATCH", "CREATE_BATCH_OPERATION_CANCEL_PROCESS_INSTANCE", "*"),
            ("PROCESS_DEFINITION", "CANCEL_PROCESS_INSTANCE", "two"),
        ):
            grant = c.CreateAuthorization("USER", "ada", resource, (permission,), name)
            engine.execute(grant, Done)
        with engine.acting_as(ada):
            batch = engine.batch(CANCEL, keys).key
            assert refused(lambda: engine.steer_batch(batch, "cancel"))[1].startswith(
                "Insufficient permissions to perform operation 'UPDATE' on resource 'BATCH'"
            )
        engine.run_due()

        assert [(key, kind) for key, kind, _ in failures(engine)] == [(keys[0], "FORBIDDEN")]
        assert list(engine.state.elements.of(keys[1])) == []
        engine.cancel(keys[0])


def test_a_batch_goes_on_after_a_restart(tmp_path: Path) -> None:
    with Engine(tmp_path) as engine:
        keys = many(engine, 120)
        engine.batch(CANCEL, keys)
        some_items(engine)
    with Engine(tmp_path) as engine:
        engine.run_due()

        assert done(engine) == 120
        assert leftovers(engine) == []


def test_the_log_alone_gives_a_running_batch_back(engine: Engine) -> None:
    keys = many(engine, 120)
    engine.cancel(keys[3])
    first = engine.batch(CANCEL, keys).key
    engine.batch(BatchPlan("SUSPEND_PROCESS_INSTANCE"), keys)
    engine.steer_batch(first, "suspend")
    some_items(engine)
    again = State(1, 1)
    for event in engine.events():
        FOLDS[type(event)](again, event)

    def rows(state: State) -> dict[tuple[int, object], object]:
        return {(number, key): row for number, key, row in state.table_rows()}

    assert rows(again) == rows(engine.state)
    assert again.due_queue.take(100) == engine.state.due_queue.take(100)


# --- partitions ------------------------------------------------------------------------------------


class Cluster:
    """Partitions in memory that hand each other what they send, in order."""

    def __init__(self, count: int) -> None:
        self.states = {number: State(number, count) for number in range(1, count + 1)}
        self.turns: dict[int, list[Turn]] = {number: [] for number in self.states}

    def play(self, partition: int, request: Request) -> Turn:
        turn = step(self.states[partition], request, 1_700_000_000_000)
        self.turns[partition].append(turn)
        for effect in turn.effects:
            if type(effect).__name__ == "Send":
                self.play(effect.partition, effect.request)  # type: ignore[union-attr]
        return turn

    def ask(self, partition: int, command: c.Command) -> Turn:
        return self.play(partition, Request(command, Header(actor=Actor("olga"))))

    def run_due(self) -> None:
        for number, state in self.states.items():
            while due := state.due(1_700_000_000_000, 100):
                for _, command in due:
                    self.ask(number, command)

    def told(self) -> list[str]:
        return [
            f"{number} {type(event).__name__}"
            for number, turns in self.turns.items()
            for turn in turns
            for event in turn.events
            if type(event).__name__.startswith("Batch")
        ]


def test_every_partition_does_its_items_and_reports_to_the_one_that_leads() -> None:
    cluster = Cluster(3)
    keys = []
    for number in cluster.states:
        cluster.ask(number, c.DeployResources((("one.bpmn", one_task().xml()),)))
    for number in (2, 3):
        for _ in range(2):
            turn = cluster.ask(number, c.CreateInstance(process_id="one"))
            keys.append(turn.reply.key)  # type: ignore[union-attr]
    items = tuple(BatchItem(key, key) for key in keys)
    batch = cluster.ask(1, c.CreateBatch(CANCEL, items)).reply.key  # type: ignore[union-attr]
    cluster.ask(1, c.SteerBatch(batch, "suspend"))
    cluster.run_due()
    assert "2 BatchItemDone" not in cluster.told()
    cluster.ask(1, c.SteerBatch(batch, "resume"))
    cluster.run_due()

    assert [line for line in cluster.told() if line[0] == "1"] == [
        "1 BatchCreated", "1 BatchSuspended", "1 BatchResumed", "1 BatchPartReported",
        "1 BatchPartReported", "1 BatchCompleted",
    ]  # fmt: skip
    assert cluster.told().count("2 BatchItemDone") == 2
    for state in cluster.states.values():
        assert [*state.batches.rows, *state.batch_parts.rows, *state.elements.rows] == []
