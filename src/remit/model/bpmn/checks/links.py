"""Link events: every throw has one catch of its name in its scope, and no flow leads over the gap."""

from __future__ import annotations

from collections.abc import Iterator

from remit.model.bpmn.checks.finding import fault
from remit.model.bpmn.connecting import catches_link, link_of
from remit.model.bpmn.graph import Container, Node, Process
from remit.model.finding import Finding

RULE = "link-event"


def check(process: Process) -> Iterator[Finding]:
    for scope in (process, *process.nodes.values()):
        if isinstance(scope, Container):
            yield from _in_scope(scope)


def _in_scope(scope: Container) -> Iterator[Finding]:
    links = [
        (node, name) for node in scope.children.values() if (name := link_of(node)) is not None
    ]
    caught: dict[str, Node] = {}
    for node, name in links:
        if not name.strip():
            yield fault(node, RULE, "its link has no name", "name the link")
        if not catches_link(node):
            continue
        if name in caught:
            yield fault(
                node,
                RULE,
                f"'{caught[name].id}' catches link '{name}' as well",
                "rename one of them",
            )
        caught[name] = node
        if node.incoming:
            yield fault(node, RULE, "a catching link has no incoming flows", "remove them")
    for node, name in links:
        if catches_link(node):
            continue
        if name not in caught:
            yield fault(
                node, RULE, f"no catch event in its scope has the link name '{name}'",
                "add a catching link event of this name",
            )  # fmt: skip
        if node.outgoing:
            yield fault(node, RULE, "a throwing link has no outgoing flows", "remove them")
