"""Data objects as variables, and data associations as mappings (B21).

A data object is a variable of its scope when it has an initial value: the `zeebe:property` named
`remit:initialValue`, in FEEL. Its variable has its name (or that of its first reference), else its id.

An association with an input or output of the activity's `ioSpecification` is a mapping; one that is
only drawn, without such an item, stays a drawing. An activity with a `zeebe:ioMapping` has said what it
maps: its associations are drawings, too.
"""

from __future__ import annotations

from collections.abc import Mapping as ById

from remit import feel
from remit.model.bpmn.checks.finding import fault
from remit.model.bpmn.graph import Activity, Container, Mapping, Node
from remit.model.bpmn.notation import DataAssociation
from remit.model.bpmn.reading import Reading
from remit.model.finding import Finding


def bind_data(reading: Reading, nodes: ById[str, Node]) -> None:
    """Give scopes their data objects and activities their mappings.

    `nodes` are the processes of the file and all that is in them, by id.
    """
    names = _variable_names(reading)
    for item in reading.notation.data_objects:
        scope = nodes.get(item.scope)
        if isinstance(scope, Container):
            scope.data[names[item.id]] = _initial(reading, scope, item.id, item.initial)
    items = {item.id: item.name or item.id for item in reading.notation.data_items}
    mapped = {node.id for node in nodes.values() if node.inputs or node.outputs}
    for association in reading.notation.data_associations:
        node = nodes.get(association.owner)
        if isinstance(node, Activity) and node.id not in mapped:
            _map(reading, node, association, items, names)


def _variable_names(reading: Reading) -> dict[str, str]:
    """Data objects, their references and stores by id, each with the name of its variable."""
    notation = reading.notation
    drawn: dict[str, str] = {}
    for reference in notation.data_object_references:
        if reference.data_object and reference.name:
            drawn.setdefault(reference.data_object, reference.name)
    names = {item.id: item.name or drawn.get(item.id, item.id) for item in notation.data_objects}
    for reference in notation.data_object_references:
        names[reference.id] = names.get(reference.data_object or "", reference.name or reference.id)
    for store in notation.data_store_references:
        names[store.id] = store.name or store.id
    return names


def _initial(
    reading: Reading, scope: Container, data_object: str, text: str | None
) -> feel.Expression | None:
    if text is None or not text.strip():
        return None
    try:
        return feel.compile(text.strip().removeprefix("="))
    except feel.FeelError as wrong:
        reading.findings.append(
            fault(
                scope, "feel", f"the initial value of data object '{data_object}' is no FEEL "
                f"expression: {wrong}", "correct the expression",
            )
        )  # fmt: skip
        return None


def _map(
    reading: Reading,
    node: Activity,
    association: DataAssociation,
    items: dict[str, str],
    names: dict[str, str],
) -> None:
    own: tuple[str | None, ...] = (association.target,)
    others: tuple[str | None, ...] = association.sources
    if not association.is_input:
        own, others = others, own
    if not any(each in items for each in own):
        return
    unknown = [each for each in (*own, *others) if each not in items and each not in names]
    if unknown:
        said = "nothing" if unknown[0] is None else f"'{unknown[0]}'"
        reading.findings.append(_unknown(node, said))
        return
    known = {**names, **items}
    target = known[association.target or ""]
    source = association.transformation
    if source is None and association.sources:
        source = f"`{known[association.sources[0]]}`"
    if source is not None:
        mapped = node.inputs if association.is_input else node.outputs
        mapping = _mapping(reading, node, source, target, tuple(known.values()))
        if mapping is not None:
            mapped.append(mapping)


def _mapping(
    reading: Reading, node: Activity, source: str, target: str, names: tuple[str, ...]
) -> Mapping | None:
    """`names` of data items may be of several words."""
    try:
        text = source.strip().removeprefix("=")
        return Mapping(feel.compile(text, names=names), (target,))
    except feel.FeelError as wrong:
        reading.findings.append(
            fault(
                node, "data-association", f"the transformation into '{target}' is no FEEL "
                f"expression: {wrong}", "write it in FEEL, or remove the association",
            )
        )  # fmt: skip
        return None


def _unknown(node: Activity, said: str) -> Finding:
    return fault(
        node, "data-association", f"a data association refers to {said}, which is no data item",
        "draw the association again",
    )  # fmt: skip
