"""Laws that hold for every process: it ends, it leaves nothing, the log is the state.

Processes are made of blocks; every block says how a worker drives it to its end.
"""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remit import Engine
from remit.engine.state.state import State
from remit.protocol.values import ActivatedJob
from tests.support.model import Model
from tests.support.story import leftovers, replayed, story

Block = tuple[str, Any]
"""(kind, inner blocks)"""

LEAVES = (
    "service", "manual", "timer", "message", "boundary-timer", "boundary-message", "error",
    "end-error", "call", "race", "each", "one-by-one", "signal", "condition", "user", "script", "loop",
    "ad-hoc", "agent", "undone", "cancelled", "any-of", "all-of", "escalation", "discriminator",
    "listened", "link", "send", "counted", "telling", "told-once",
)  # fmt: skip

leaf = st.sampled_from(LEAVES).map(lambda kind: (kind, None))
blocks = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.tuples(st.just("sequence"), st.lists(inner, min_size=1, max_size=3)),
        st.tuples(st.just("choice"), st.lists(inner, min_size=2, max_size=3)),
        st.tuples(st.just("parallel"), st.lists(inner, min_size=2, max_size=3)),
        st.tuples(st.just("inclusive"), st.lists(inner, min_size=2, max_size=3)),
        st.tuples(st.just("ad-hoc-of"), st.lists(inner, min_size=1, max_size=2)),
        st.tuples(st.just("sub"), inner),
        st.tuples(st.just("doubled"), inner),
        st.tuples(st.just("listening-sub"), inner),
    ),
    max_leaves=8,
)


class Writer:
    """Writes blocks into a model; each block begins at one element and ends at one."""

    def __init__(self) -> None:
        self.model = Model("p")
        self._count = 0

    def write(self, block: Block) -> bytes:
        self.model.start("start").end("end")
        first, last = self.block(block)
        self.model.path("start", first).path(last, "end")
        return self.model.xml()

    def name(self, kind: str) -> str:
        self._count += 1
        return f"{kind}{self._count}"

    def block(self, block: Block) -> tuple[str, str]:
        kind, inner = block
        method = getattr(self, kind.replace("-", "_"))
        pair: tuple[str, str] = method(inner)
        return pair

    def service(self, _: None) -> tuple[str, str]:
        name = self.name("service")
        self.model.service(name, "work", inputs={"local": "=1 + 1"}, outputs={name: "=local"})
        return name, name

    def manual(self, _: None) -> tuple[str, str]:
        name = self.name("manual")
        self.model.plain("manualTask", name)
        return name, name

    def timer(self, _: None) -> tuple[str, str]:
        name = self.name("timer")
        self.model.catch(name, Model.timer("duration", "PT10S"))
        return name, name

    def message(self, _: None) -> tuple[str, str]:
        name = self.name("message")
        self.model.catch(name, self.model.message("ping", "=key"))
        return name, name

    def boundary_timer(self, _: None) -> tuple[str, str]:
        return self._boundary(Model.timer("duration", "PT5S"))

    def boundary_message(self, _: None) -> tuple[str, str]:
        return self._boundary(self.model.message(self.name("hit"), "=key"), interrupting=False)

    def error(self, _: None) -> tuple[str, str]:
        return self._boundary(self.model.error("bad"))

    def end_error(self, _: None) -> tuple[str, str]:
        name, boundary, after = self.name("sub"), self.name("boundary"), self.name("after")
        with self.model.sub_process(name):
            start, end = self.name("start"), self.name("end")
            self.model.start(start).end(end, self.model.error("bad")).path(start, end)
        self.model.boundary(boundary, name, self.model.error("bad")).gateway(after)
        self.model.path(name, after).path(boundary, after)
        return name, after

    def call(self, _: None) -> tuple[str, str]:
        name = self.name("call")
        self.model.call(name, "called")
        return name, name

    def each(self, _: None) -> tuple[str, str]:
        return self._repeat(sequential=False)

    def one_by_one(self, _: None) -> tuple[str, str]:
        return self._repeat(sequential=True)

    def _repeat(self, *, sequential: bool) -> tuple[str, str]:
        name, boundary, after = self.name("each"), self.name("boundary"), self.name("after")
        self.model.service(name, "work")
        self.model.repeat(
            "=[1, 2, 3]", output="=item * 2", result=f"{name}-all", sequential=sequential
        )
        self.model.boundary(boundary, name, Model.timer("duration", "PT25S")).gateway(after)
        self.model.path(name, after).path(boundary, after)
        return name, after

    def signal(self, _: None) -> tuple[str, str]:
        name = self.name("signal")
        self.model.catch(name, self.model.signal("ring"))
        return name, name

    def condition(self, _: None) -> tuple[str, str]:
        name = self.name("condition")
        self.model.catch(name, Model.condition("=tick != null and modulo(tick, 2) = 0"))
        return name, name

    def user(self, _: None) -> tuple[str, str]:
        name = self.name("user")
        self.model.native_user(name, ("creating", "work"), ("completing", "work"))
        return name, name

    def script(self, _: None) -> tuple[str, str]:
        name = self.name("script")
        self.model.script(name, "=choice + 1", f"{name}-result")
        return name, name

    def loop(self, _: None) -> tuple[str, str]:
        name = self.name("loop")
        self.model.service(name, "work").loop("=done < 2", maximum=3)
        return name, name

    def ad_hoc(self, _: None) -> tuple[str, str]:
        name, one, two = self.name("adhoc"), self.name("one"), self.name("two")
        with self.model.ad_hoc(name, f'=["{one}", "{two}"]', until="=done = 1 or true"):
            self.model.service(one, "work").service(two, "work")
        return name, name

    def agent(self, _: None) -> tuple[str, str]:
        name, one = self.name("agent"), self.name("one")
        with self.model.ad_hoc(name, job_type="agent", output=("said", "=done")):
            self.model.service(one, "work")
        return name, name

    def undone(self, _: None) -> tuple[str, str]:
        name, throw = self.name("done"), self.name("undo")
        self.model.service(name, "work").undone_by(name, f"{name}-handler", "work")
        self.model.throw(throw, Model.compensation(name)).path(name, throw)
        return name, throw

    def cancelled(self, _: None) -> tuple[str, str]:
        name, after, boundary = self.name("trip"), self.name("after"), self.name("boundary")
        with self.model.sub_process(name, tag="transaction"):
            start, task = self.name("start"), self.name("task")
            self.model.start(start).service(task, "work").undone_by(task, f"{task}-undo", "work")
            split, end = self.name("split"), self.name("end")
            self.model.gateway(split, default=f"{split}-ok").end(end)
            self.model.end(f"{end}-cancel", Model.CANCEL)
            self.model.path(start, task, split).flow(split, end, flow_id=f"{split}-ok")
            self.model.flow(split, f"{end}-cancel", "=modulo(choice, 2) = 0")
        self.model.boundary(boundary, name, Model.CANCEL).gateway(after)
        self.model.path(name, after).path(boundary, after)
        return name, after

    def any_of(self, _: None) -> tuple[str, str]:
        name = self.name("any")
        ends = self.model.signal("ring") + Model.timer("duration", "PT3S")
        self.model.catch(name, ends + self.model.message("ping", "=key"))
        return name, name

    def all_of(self, _: None) -> tuple[str, str]:
        name = self.name("all")
        ends = self.model.signal("ring") + Model.timer("duration", "PT3S")
        self.model.catch(name, ends + self.model.message("ping", "=key"), parallel=True)
        return name, name

    def escalation(self, _: None) -> tuple[str, str]:
        name, boundary, end = self.name("sub"), self.name("boundary"), self.name("aside")
        with self.model.sub_process(name):
            start, throw, task = self.name("start"), self.name("throw"), self.name("task")
            self.model.start(start).throw(throw, self.model.escalation("late"))
            self.model.service(task, "work").path(start, throw, task)
        self.model.boundary(boundary, name, self.model.escalation("late"), interrupting=False)
        self.model.end(end).path(boundary, end)
        return name, name

    def discriminator(self, _: None) -> tuple[str, str]:
        split, join = self.name("split"), self.name("complex")
        self.model.gateway(split, "parallel").complex(
            join, "<activationCondition>=activationCount &gt;= 2</activationCondition>"
        )
        for _ in range(3):
            task = self.name("task")
            self.model.service(task, "work").path(split, task, join)
        return split, join

    def listened(self, _: None) -> tuple[str, str]:
        name = self.name("listened")
        self.model.service(name, "work").listen(("start", "work"), ("end", "work"))
        return name, name

    def link(self, _: None) -> tuple[str, str]:
        source, target = self.name("from"), self.name("to")
        self.model.throw(source, Model.link(source)).catch(target, Model.link(source))
        return source, target

    def send(self, _: None) -> tuple[str, str]:
        name = self.name("send")
        self.model.throw(name, self.model.signal("ring"))
        return name, name

    def counted(self, _: None) -> tuple[str, str]:
        """One token becomes four, they begin two bodies, which send six to what needs as many."""
        first, each, last = self.name("four"), self.name("each"), self.name("six")
        self.model.service(first, "work").quantities(completion=4)
        self.model.service(each, "work").repeat("=[1, 2]").quantities(start=2, completion=3)
        self.model.service(last, "work").quantities(start=6).path(first, each, last)
        return first, last

    def telling(self, _: None) -> tuple[str, str]:
        name, boundary, end = self.name("telling"), self.name("boundary"), self.name("end")
        self.model.service(name, "work").repeat("=[1, 2, 3]", behavior='behavior="None"')
        self.model.boundary(boundary, name, self.model.signal(name), interrupting=False)
        self.model.end(end).path(boundary, end)
        return name, name

    def told_once(self, _: None) -> tuple[str, str]:
        """The second of three that completes ends the others, if what it brings is small enough."""
        name, boundary, after = self.name("told"), self.name("boundary"), self.name("after")
        late = self.model.escalation("late")
        small = "=numberOfCompletedInstances = 2 and done != null and done < 2"
        self.model.service(name, "work").repeat(
            "=[1, 2, 3]", behavior='behavior="Complex"', inside=Model.when(small, late)
        )
        self.model.boundary(boundary, name, late).gateway(after)
        self.model.path(name, after).path(boundary, after)
        return name, after

    def doubled(self, inner: Block) -> tuple[str, str]:
        """Two tokens go through the same block, and come to one activity by two flows."""
        first, split, last = self.name("two"), self.name("split"), self.name("both")
        self.model.plain("manualTask", first).quantities(completion=2)
        block, _ = self.sub(inner)
        default = f"{split}-default"
        self.model.gateway(split, default=default).service(last, "work").quantities(start=2)
        self.model.path(first, block, split).flow(split, last, "=done = 1")
        self.model.flow(split, last, flow_id=default)
        return first, last

    def race(self, _: None) -> tuple[str, str]:
        gateway, after = self.name("race"), self.name("after")
        message, timer = self.name("message"), self.name("timer")
        self.model.gateway(gateway, "eventBased").gateway(after)
        self.model.catch(message, self.model.message("ping", "=key"))
        self.model.catch(timer, Model.timer("duration", "PT7S"))
        self.model.path(gateway, message, after).path(gateway, timer, after)
        return gateway, after

    def _boundary(self, definition: str, *, interrupting: bool = True) -> tuple[str, str]:
        name, boundary, after = self.name("task"), self.name("boundary"), self.name("after")
        self.model.service(name, "work").gateway(after)
        self.model.boundary(boundary, name, definition, interrupting=interrupting)
        if interrupting:
            self.model.path(name, after).path(boundary, after)
        else:
            end = self.name("end")
            self.model.end(end).path(name, after).path(boundary, end)
        return name, after

    def sequence(self, inner: list[Block]) -> tuple[str, str]:
        pairs = [self.block(each) for each in inner]
        for (_, last), (first, _) in pairwise(pairs):
            self.model.path(last, first)
        return pairs[0][0], pairs[-1][1]

    def choice(self, inner: list[Block]) -> tuple[str, str]:
        split, join = self.name("split"), self.name("join")
        default = f"{split}-default"
        self.model.gateway(split, default=default).gateway(join)
        for number, each in enumerate(inner):
            first, last = self.block(each)
            last_one = number == len(inner) - 1
            condition = "" if last_one else f"=modulo(choice, {len(inner)}) = {number}"
            self.model.flow(split, first, condition, default if last_one else "")
            self.model.path(last, join)
        return split, join

    def parallel(self, inner: list[Block]) -> tuple[str, str]:
        split, join = self.name("split"), self.name("join")
        self.model.gateway(split, "parallel").gateway(join, "parallel")
        for each in inner:
            first, last = self.block(each)
            self.model.path(split, first).path(last, join)
        return split, join

    def inclusive(self, inner: list[Block]) -> tuple[str, str]:
        split, join = self.name("split"), self.name("join")
        default = f"{split}-default"
        self.model.gateway(split, "inclusive", default=default).gateway(join, "inclusive")
        for number, each in enumerate(inner):
            first, last = self.block(each)
            condition = "" if number == 0 else f"=choice >= {number}"
            self.model.flow(split, first, condition, default if number == 0 else "")
            self.model.path(last, join)
        return split, join

    def ad_hoc_of(self, inner: list[Block]) -> tuple[str, str]:
        name = self.name("adhoc")
        outer, self.model._parts = self.model._parts, []
        firsts = [self.sub(each)[0] for each in inner]
        made, self.model._parts = self.model._parts, outer
        active = ", ".join(f'"{first}"' for first in firsts)
        with self.model.ad_hoc(name, f"=[{active}]", ordering="Sequential"):
            self.model._parts.extend(made)
        return name, name

    def sub(self, inner: Block) -> tuple[str, str]:
        name = self.name("sub")
        with self.model.sub_process(name, inputs={"inner": "=choice"}):
            self._body(inner)
        return name, name

    def listening_sub(self, inner: Block) -> tuple[str, str]:
        name = self.name("sub")
        with self.model.sub_process(name):
            self._body(inner)
            with self.model.sub_process(self.name("esp"), by_event=True):
                start, end = self.name("start"), self.name("end")
                self.model.start(start, self.model.message("stop", "=key")).end(end)
                self.model.path(start, end)
        return name, name

    def _body(self, inner: Block) -> None:
        start, end = self.name("start"), self.name("end")
        self.model.start(start).end(end)
        first, last = self.block(inner)
        self.model.path(start, first).path(last, end)


CALLED = Model("called").start("s").service("a", "work").end("e").path("s", "a", "e")


def play(block: Block, seed: int, *, faults: bool) -> Engine:
    """Drive one instance to its end, the way `seed` says; with `faults` it is hit on the way."""
    luck = random.Random(seed)
    engine = Engine(clock=lambda: 1_700_000_000_000)
    engine.deploy(("called.bpmn", CALLED.xml()), ("p.bpmn", Writer().write(block)))
    key = engine.create("p", {"choice": luck.randrange(6), "key": "k"}).key
    for _ in range(400):
        if key not in engine.state.elements:
            return engine
        if faults and luck.random() < 0.08:
            engine.publish("stop", "k", {"stopped": True})
        stopped = bool(engine.state.incidents.rows) or (faults and luck.random() < 0.03)
        if stopped and key in engine.state.elements:
            engine.cancel(key)
            _undo_all(engine, key)
            return engine
        _advance(engine, luck, faults=faults)
    raise AssertionError("the process does not end")


def _undo_all(engine: Engine, key: int) -> None:
    """User tasks of a cancelled instance end when their listeners have been asked."""
    for _ in range(50):
        if key not in engine.state.elements:
            return
        for activated in engine.activate("work", limit=20):
            if activated.job.key in engine.state.jobs:
                engine.complete(activated.job.key)


def _advance(engine: Engine, luck: random.Random, *, faults: bool) -> None:
    jobs = engine.activate("work", limit=2)
    for activated in jobs:
        if activated.job.key not in engine.state.jobs:
            continue  # one that an earlier one of the same hand has ended
        if faults and luck.random() < 0.2 and activated.job.retries > 1:
            engine.fail(activated.job.key, retries=activated.job.retries - 1)
        elif faults and luck.random() < 0.05 and not activated.job.listener_event:
            engine.throw_error(activated.job.key, "bad")
        elif activated.job.listener_event:
            engine.complete(activated.job.key)
        else:
            engine.complete(activated.job.key, {"done": luck.randrange(3)})
    for agent in engine.activate("agent", limit=1):
        _answer(engine, agent, luck)
    for task in tuple(engine.state.user_tasks.rows.values()):
        if task.state == "CREATED":
            engine.complete_user_task(task.key)
    if not jobs:
        engine.publish("ping", "k", {"ping": luck.random()})
        engine.broadcast("ring")
        for row in tuple(engine.state.elements.rows.values()):
            if row.scope == -1 and row.key in engine.state.elements:
                engine.set_variables(row.key, {"tick": luck.randrange(4)})
        engine.advance(seconds=11)


def _answer(engine: Engine, agent: ActivatedJob, luck: random.Random) -> None:
    """Begin something, or say that it is done."""
    (what,) = agent.variables["adHocSubProcessElements"]
    if luck.random() < 0.5:
        result = {"isCompletionConditionFulfilled": True, "isCancelRemainingInstances": True}
    else:
        result = {"activateElements": [{"elementId": what["elementId"]}]}
    engine.complete(agent.job.key, result=result)


def rows(state: State) -> dict[tuple[int, Any], Any]:
    return {(table, key): row for table, key, row in state.table_rows()}


law = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


@law
@given(blocks, st.integers(0, 1_000_000), st.booleans())
def test_every_process_ends_and_leaves_nothing(block: Block, seed: int, faults: bool) -> None:
    engine = play(block, seed, faults=faults)
    engine.advance(seconds=3600)

    assert leftovers(engine) == []


@law
@given(blocks, st.integers(0, 1_000_000), st.booleans())
def test_replaying_the_events_rebuilds_the_state(block: Block, seed: int, faults: bool) -> None:
    engine = play(block, seed, faults=faults)

    assert rows(replayed(engine)) == rows(engine.state)


@law
@given(blocks, st.integers(0, 1_000_000))
def test_the_same_inputs_give_the_same_log(block: Block, seed: int) -> None:
    first, second = (play(block, seed, faults=True) for _ in range(2))

    assert list(first.turns()) == list(second.turns())
    assert story(first) == story(second)
