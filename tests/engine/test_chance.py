"""Chance in expressions and decisions comes from the turn (DESIGN: time, random, uuid in FEEL)."""

from __future__ import annotations

import uuid

from remit import Engine
from tests.support.model import Model

LOTTERY = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="lots"
 name="lots" namespace="test"><decision id="lot" name="lot"><variable name="lot"/>
 <literalExpression><text>[random number(), random number()]</text></literalExpression>
</decision></definitions>"""


def drawing() -> bytes:
    outputs = {"one": "=random number()", "two": "=random number()", "name": "=uuid()"}
    model = Model("p").start("s").service("a", "work", inputs=outputs)
    return model.decide("d", "lot", "lots").end("e").path("s", "d", "a", "e").xml()


def draw() -> dict[str, object]:
    with Engine(clock=lambda: 1_700_000_000_000) as engine:
        engine.deploy(("lots.dmn", LOTTERY), ("p.bpmn", drawing()))
        engine.create("p")
        (job,) = engine.activate("work")
        return dict(job.variables)


def test_the_same_inputs_draw_the_same() -> None:
    assert draw() == draw()


def test_draws_of_one_turn_differ_and_keep_their_form() -> None:
    drawn = draw()

    numbers = [drawn["one"], drawn["two"], *drawn["lots"]]  # type: ignore[misc]
    assert len(set(numbers)) == 4
    assert all(0 <= number < 1 for number in numbers)
    assert uuid.UUID(str(drawn["name"])).version == 4
