"""The files that the stories of official clients are about."""

from __future__ import annotations

from pathlib import Path

from tests.support.model import DISH, Model

FORM = b'{"id": "whole-form", "type": "default", "components": []}'
START = (
    '<startEvent id="s"><extensionElements><zeebe:formDefinition formId="whole-form"/>'
    "</extensionElements></startEvent>"
)


def written(folder: Path, *, second: bool = False) -> list[str]:
    """Process `whole`, the second version with one task more; a decision, a form, other processes."""
    whole = Model("whole", version_tag="two" if second else "one").part(START)
    whole.service("a", "whole-work").boundary("oops", "a", whole.error("OOPS")).end("caught")
    whole.native_user("t", form="whole-form").catch("c", whole.message("whole-paid", "=id")).end(
        "e"
    )
    whole.path("s", "a", "t", "c", *(["more"] if second else []), "e").path("oops", "caught")
    if second:
        whole.plain("task", "more")
    caller = Model("whole-caller").start("s").call("k", "whole").end("e").path("s", "k", "e")
    ad_hoc = Model("whole-ad-hoc").start("s").end("e").path("s", "h", "e")
    with ad_hoc.ad_hoc("h"):
        ad_hoc.native_user("x")
    on_condition = Model("whole-condition")
    on_condition.start("s", Model.condition("=hot = true")).native_user("t").path("s", "t")
    on_message = Model("whole-message").start("s", "").native_user("t").path("s", "t")
    files = {
        "whole.bpmn": whole.xml(), "whole-caller.bpmn": caller.xml(), "ad-hoc.bpmn": ad_hoc.xml(),
        "condition.bpmn": on_condition.xml(), "message.bpmn": on_message.xml(),
        "dish.dmn": DISH, "whole.form": FORM,
    }  # fmt: skip
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return [str(folder / name) for name in files]
