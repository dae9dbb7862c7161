"""MODIFY a process instance: place tokens, move them, end elements; all of it or nothing.

Everything is decided before anything happens. Placing comes first, so that no scope ends in between; a
scope in which nothing is left by what was ended is ended too, up to the instance: it does not complete.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from remit.base.errors import InvalidArgument, NotFound
from remit.engine.agenda import Place, Terminate
from remit.engine.definitions import Definition
from remit.engine.governance import admit_command
from remit.engine.instances import find_running
from remit.engine.lifecycle import IS_ENDING
from remit.engine.placing import Wanted, node_to_place, placements
from remit.engine.run import BODY_KIND, Handler, Run
from remit.engine.state.entities import ElementInstance
from remit.engine.variables import set_local
from remit.model.bpmn.graph import Node, Process
from remit.protocol.commands import ModifyInstance
from remit.protocol.events.process_instance import InstanceModified
from remit.protocol.replies import Done
from remit.protocol.values import (
    NONE_KEY,
    ActivateInstruction,
    Document,
    MoveInstruction,
    Placement,
    TerminateInstruction,
)

INSTRUCTION = "modification"


def modify_instance(run: Run, command: ModifyInstance) -> None:
    instance = _instance(run, command.key)
    definition = run.definition(instance.definition)
    _admit(run, instance, command)
    ended = {key for each in command.terminate for key in _ended(run, instance, each)}
    activate = list(command.activate)
    for move in command.move:
        for source in _sources(run, instance, move):
            ended.add(source.key)
            activate.append(_target(run, definition.process, source, move))
    placed, written = _placed(run, instance, definition, activate)
    run.emit(
        InstanceModified(
            command.key, command.key, instance.definition, tuple(activate), tuple(sorted(ended)),
            instance.tenant,
        )
    )  # fmt: skip
    for scope, document in written:
        set_local(run, scope, document)
    for base, placement in placed:
        run.later(Place(base.key, placement))
    for key in _whole_scopes(run, ended, {base.key for base, _ in placed}):
        run.later(Terminate(key))
    run.reply = Done(command.key)


def _admit(run: Run, instance: ElementInstance, command: ModifyInstance) -> None:
    """Each element that gets a token is asked about by itself; where none does, the ending is."""
    targets = [each.element for each in command.activate] + [each.target for each in command.move]
    for target in dict.fromkeys(targets):
        admit_command(run, instance, "instance.modify", {"target": target})
    if command.terminate or not targets:
        admit_command(run, instance, "instance.modify", {})


def _instance(run: Run, key: int) -> ElementInstance:
    element = find_running(run, key)
    if element is None:
        raise NotFound(
            f"Expected to modify process instance but no process instance found with key '{key}'"
        )
    run.touch(element.root, element.instance)
    return element


# --- ending ----------------------------------------------------------------------------------------


def _ended(run: Run, instance: ElementInstance, each: TerminateInstruction) -> list[int]:
    """The element instances that an instruction ends: one by key, or all of an element."""
    if each.element:
        return [found.key for found in _of_element(run, instance, each.element)]
    return [_element(run, instance, each.key, "end").key]


def _element(run: Run, instance: ElementInstance, key: int, what: str) -> ElementInstance:
    """An active element instance of this process instance."""
    found = run.state.elements.get(key)
    if found is None or found.phase in IS_ENDING:
        raise InvalidArgument(
            f"Expected to modify process instance '{instance.key}', but no active element instance "
            f"to {what} was found with key '{key}'"
        )
    if found.instance != instance.key:
        raise InvalidArgument(
            f"Expected to modify process instance '{instance.key}', but the element instance '{key}' "
            f"to {what} belongs to process instance '{found.instance}'"
        )
    return found


def _whole_scopes(run: Run, ended: set[int], kept: set[int]) -> list[int]:
    """What to end, with every scope of which nothing is left; what ends with a scope is left out."""
    elements = run.state.elements
    found = set(ended)
    waiting = list(ended)
    while waiting:
        scope = elements.get(elements[waiting.pop()].scope)
        if scope is None or scope.key in found or scope.key in kept or scope.tokens:
            continue
        if all(child in found for child in elements.of(scope.key)):
            found.add(scope.key)
            waiting.append(scope.key)
    return sorted(key for key in found if elements[key].scope not in found)


# --- placing ---------------------------------------------------------------------------------------

Placed = list[tuple[ElementInstance, Placement]]
Written = list[tuple[ElementInstance, Document]]


def _placed(
    run: Run,
    instance: ElementInstance,
    definition: Definition,
    activate: Iterable[ActivateInstruction],
) -> tuple[Placed, Written]:
    """What is placed in which scopes, and the variables of scopes that exist already."""
    process = definition.process
    by_base: dict[int, list[Wanted]] = {}
    written: Written = []
    for each in activate:
        node = node_to_place(process, each.element, INSTRUCTION)
        base = _base(run, instance, node, each.ancestor)
        variables = _by_scope(node, each)
        for scope in _outward(run, base):
            if scope.element in variables:
                written.append((scope, variables.pop(scope.element)))
        by_base.setdefault(base.key, []).append(Wanted(each.element, variables))
    placed: Placed = []
    for key, wanted in by_base.items():
        base = run.element(key)
        below = definition.plans[base.element].node
        placed.extend((base, each) for each in placements(process, wanted, INSTRUCTION, below))
    return placed, written


def _base(run: Run, instance: ElementInstance, node: Node, ancestor: int) -> ElementInstance:
    """The existing scope in which to place: the chosen one, else the innermost there is."""
    scopes = list(_scopes(node))
    if ancestor != NONE_KEY:
        found = _element(run, instance, ancestor, "place a token in")
        if found.kind == BODY_KIND or found.element not in {scope.id for scope in scopes}:
            raise InvalidArgument(
                f"Expected to place a token at element '{node.id}' by a modification, but the chosen "
                f"ancestor '{ancestor}' is an instance of '{found.element}', which is no scope of it"
            )
        return found
    for scope in scopes:
        active = _of_element(run, instance, scope.id)
        if len(active) > 1:
            raise InvalidArgument(
                f"Expected to place a token at element '{node.id}' by a modification, but its scope "
                f"'{scope.id}' has {len(active)} active instances: choose one by its key"
            )
        if active:
            return active[0]
    return instance


def _by_scope(node: Node, each: ActivateInstruction) -> dict[str, Document]:
    """Variables by the scope that has them; without a scope they are the process instance's."""
    names = [scope.id for scope in _scopes(node)]
    found: dict[str, Document] = {}
    for instruction in each.variables:
        scope = instruction.scope or names[-1]
        if scope != node.id and scope not in names:
            raise InvalidArgument(
                f"Expected to set variables of scope '{scope}' by a modification, but it is no scope "
                f"of element '{node.id}'"
            )
        found[scope] = {**found.get(scope, {}), **instruction.variables}
    return found


def _scopes(node: Node) -> Iterator[Node]:
    """The scopes around a node, innermost first; the last is the process."""
    scope = node.scope
    while scope is not None:
        yield scope
        scope = scope.scope


def _outward(run: Run, element: ElementInstance | None) -> Iterator[ElementInstance]:
    while element is not None:
        yield element
        element = run.state.elements.get(element.scope)


def _of_element(run: Run, instance: ElementInstance, element_id: str) -> list[ElementInstance]:
    """The active instances of an element; multi-instance bodies are no scopes to place in."""
    if element_id == instance.element:
        return [instance]
    return [
        each
        for each in _inside(run, instance)
        if each.element == element_id and each.phase not in IS_ENDING and each.kind != BODY_KIND
    ]


def _tokens_at(run: Run, instance: ElementInstance, element_id: str) -> list[ElementInstance]:
    """The active instances of an element as its tokens count: a multi-instance body is one."""
    found = []
    for each in _inside(run, instance):
        if each.element == element_id and each.phase not in IS_ENDING:
            scope = run.state.elements.get(each.scope)
            if scope is None or scope.kind != BODY_KIND or scope.element != element_id:
                found.append(each)
    return found


def _inside(run: Run, instance: ElementInstance) -> Iterator[ElementInstance]:
    """Every element instance of a process instance; called processes are instances of their own."""
    waiting = [instance.key]
    while waiting:
        for key in run.state.elements.of(waiting.pop()):
            element = run.element(key)
            if element.instance == instance.key:
                yield element
                waiting.append(key)


# --- moving ----------------------------------------------------------------------------------------


def _sources(run: Run, instance: ElementInstance, move: MoveInstruction) -> list[ElementInstance]:
    if move.source_key != NONE_KEY:
        return [_element(run, instance, move.source_key, "move")]
    found = _tokens_at(run, instance, move.source)
    if not found:
        raise InvalidArgument(
            f"Expected to move the tokens at element '{move.source}' of process instance "
            f"'{instance.key}', but it has no active instance"
        )
    return found


def _target(
    run: Run, process: Process, source: ElementInstance, move: MoveInstruction
) -> ActivateInstruction:
    """Where a moved token goes: into the chosen ancestor, or the source's own, as far as it fits."""
    ancestor = move.ancestor
    node = node_to_place(process, move.target, INSTRUCTION)
    if move.ancestor_from == "sourceParent":
        ancestor = source.scope
    elif move.ancestor_from == "inferred":
        scopes = {scope.id for scope in _scopes(node)}
        around = _outward(run, run.state.elements.get(source.scope))
        fitting = (each for each in around if each.element in scopes and each.kind != BODY_KIND)
        ancestor = next((each.key for each in fitting), NONE_KEY)
    return ActivateInstruction(move.target, ancestor, move.variables)


HANDLES = {ModifyInstance: Handler("MODIFY", modify_instance)}
