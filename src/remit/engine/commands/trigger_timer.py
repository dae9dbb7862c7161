"""TRIGGER a timer that is due: the event it was armed for happens (rules 55-58)."""

from __future__ import annotations

from remit.base.errors import NotFound
from remit.engine import instances, timers
from remit.engine.agenda import Hit
from remit.engine.denials import may_happen
from remit.engine.governance import begin_by_event
from remit.engine.run import Handler, Run
from remit.engine.triggering import accepts, trigger, wants_all
from remit.protocol.commands import TriggerTimer
from remit.protocol.events.timer import TimerCanceled, TimerTriggered
from remit.protocol.replies import Done
from remit.protocol.values import NONE_KEY, Timer


def trigger_timer(run: Run, command: TriggerTimer) -> None:
    timer = run.state.find_timer(command.key, command.root)
    if timer is None:
        raise NotFound(
            f"Expected to trigger timer with key '{command.key}', but no such timer was found"
        )
    if timer.element_key == NONE_KEY:
        _start(run, timer)
    else:
        _hit(run, timer)
    run.reply = Done(timer.key)


def _start(run: Run, timer: Timer) -> None:
    definition = run.definition(timer.definition)
    run.emit(TimerTriggered(timer.key, timer))
    again = timers.next_of(timer, run.now)
    if again is not None:
        start = definition.process.nodes[timer.target]
        timers.create_start(run, definition.row, start, again)
    key = run.new_key()
    run.root = key
    unborn = instances.unborn(definition, key)
    if begin_by_event(run, definition, unborn, timer.target, {}):
        instances.start(run, definition, unborn, start=timer.target)


def _hit(run: Run, timer: Timer) -> None:
    run.touch(timer.root, timer.instance)
    element = run.element(timer.element_key)
    is_taken = accepts(element)
    fires = is_taken and may_happen(
        run, element, Hit(element.key, timer.target, {}, "timer.fire", timer.target)
    )
    is_denied = is_taken and not fires
    run.emit((TimerCanceled if is_denied else TimerTriggered)(timer.key, timer))
    if not is_taken:
        return
    again = timers.next_of(timer, run.now)
    target = run.definition(timer.definition).process.nodes[timer.target]
    if again is not None and not wants_all(target):
        timers.create(run, element, target, again)
    if fires:
        trigger(run, element, timer.target, {})


HANDLES = {TriggerTimer: Handler("TRIGGER", trigger_timer)}
