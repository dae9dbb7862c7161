"""Reading what is drawn beside the executable graph: one function per kind, found by its tag."""

from __future__ import annotations

from collections.abc import Callable

from lxml import etree

from remit.model.bpmn import xml
from remit.model.bpmn.notation import (
    Association,
    DataAssociation,
    DataItem,
    DataObject,
    DataObjectReference,
    DataStore,
    DataStoreReference,
    Group,
    Lane,
    MessageFlow,
    Notation,
    Participant,
    TextAnnotation,
)
from remit.model.errors import Unreadable
from remit.model.xml import parse

INITIAL_VALUE = "remit:initialValue"
"""The `zeebe:property` that gives a data object its initial value, in FEEL."""

_INPUTS = frozenset(("dataInput", "dataInputAssociation"))


def read_notation(root: etree._Element) -> Notation:
    """Everything of a file that no token visits."""
    notation = Notation()
    for element in root.iter(*(xml.BPMN + name for name in _READERS)):
        _READERS[xml.local_name(element)](notation, element)
    _name_groups(notation, root)
    return notation


def _participant(notation: Notation, element: etree._Element) -> None:
    bounds = xml.child(element, "participantMultiplicity")
    notation.participants.append(
        Participant(
            *xml.head(element),
            reference(element, "processRef"),
            _whole(bounds, "minimum"),
            _whole(bounds, "maximum"),
        )
    )


def _lane(notation: Notation, element: etree._Element) -> None:
    holds = tuple(text for each in xml.children(element, "flowNodeRef") if (text := _text(each)))
    parent = next(element.iterancestors(f"{xml.BPMN}lane"), None)
    notation.lanes.append(
        Lane(
            *xml.head(element),
            process=_id(next(element.iterancestors(f"{xml.BPMN}process"), None)),
            parent=None if parent is None else _id(parent),
            holds=holds,
        )
    )


def _message_flow(notation: Notation, element: etree._Element) -> None:
    notation.message_flows.append(
        MessageFlow(
            *xml.head(element),
            source=reference(element, "sourceRef") or "",
            target=reference(element, "targetRef") or "",
            message=reference(element, "messageRef"),
        )
    )


def _data_object(notation: Notation, element: etree._Element) -> None:
    initial = next(
        (
            xml.attribute(each, "value")
            for each in xml.nested(element, "properties", "property")
            if each.get("name") == INITIAL_VALUE
        ),
        None,
    )
    notation.data_objects.append(
        DataObject(
            *xml.head(element),
            _id(element.getparent()),
            xml.is_true(element, "isCollection"),
            initial,
        )
    )


def _data_object_reference(notation: Notation, element: etree._Element) -> None:
    state = xml.child(element, "dataState")
    notation.data_object_references.append(
        DataObjectReference(
            *xml.head(element),
            _id(element.getparent()),
            reference(element, "dataObjectRef"),
            None if state is None else xml.attribute(state, "name"),
        )
    )


def _data_store(notation: Notation, element: etree._Element) -> None:
    notation.data_stores.append(DataStore(*xml.head(element)))


def _data_store_reference(notation: Notation, element: etree._Element) -> None:
    notation.data_store_references.append(
        DataStoreReference(
            *xml.head(element), _id(element.getparent()), reference(element, "dataStoreRef")
        )
    )


def _data_item(notation: Notation, element: etree._Element) -> None:
    holder = element.getparent()
    if holder is not None and xml.local_name(holder) == "ioSpecification":
        holder = holder.getparent()
    notation.data_items.append(
        DataItem(*xml.head(element), _id(holder), xml.local_name(element) in _INPUTS)
    )


def _data_association(notation: Notation, element: etree._Element) -> None:
    notation.data_associations.append(
        DataAssociation(
            _id(element),
            xml.line(element),
            _id(element.getparent()),
            xml.local_name(element) in _INPUTS,
            tuple(text for each in xml.children(element, "sourceRef") if (text := _text(each))),
            _text(xml.child(element, "targetRef")),
            _transformation(element),
        )
    )


def _transformation(element: etree._Element) -> str | None:
    """Its text; DMN editors write a whole literal expression into it, as text."""
    text = _text(xml.child(element, "transformation"))
    if text is None or not text.lstrip().startswith("<"):
        return text
    try:
        literal = parse(text.encode(), shallower="write the expression as text")
    except Unreadable:
        return text
    inner = literal.find("{*}text")
    return text if inner is None else inner.text


def _association(notation: Notation, element: etree._Element) -> None:
    notation.associations.append(
        Association(
            _id(element),
            xml.line(element),
            reference(element, "sourceRef") or "",
            reference(element, "targetRef") or "",
            element.get("associationDirection") or "None",
        )
    )


def _text_annotation(notation: Notation, element: etree._Element) -> None:
    text = _text(xml.child(element, "text")) or ""
    notation.text_annotations.append(TextAnnotation(_id(element), xml.line(element), text))


def _group(notation: Notation, element: etree._Element) -> None:
    category = reference(element, "categoryValueRef")
    notation.groups.append(Group(_id(element), xml.line(element), category))


def _name_groups(notation: Notation, root: etree._Element) -> None:
    """A group refers to its category value; what people know is the value's text."""
    values = {
        _id(each): xml.attribute(each, "value")
        for each in root.iterfind(f"{xml.BPMN}category/{xml.BPMN}categoryValue")
    }
    for group in notation.groups:
        group.category = values.get(group.category or "")


def reference(element: etree._Element, name: str) -> str | None:
    """The id that an attribute refers to; a prefix of a qualified name is dropped.

    >>> reference(etree.fromstring("<a of='x:b'/>"), "of")
    'b'
    """
    value = xml.attribute(element, name)
    return None if not value else value.strip().rpartition(":")[2]


def _text(element: etree._Element | None) -> str | None:
    return xml.text_of(element) or None


def _id(element: etree._Element | None) -> str:
    return "" if element is None else xml.attribute(element, "id") or ""


def _whole(element: etree._Element | None, name: str) -> int:
    text = "" if element is None else (element.get(name) or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 1


_READERS: dict[str, Callable[[Notation, etree._Element], None]] = {
    "participant": _participant,
    "lane": _lane,
    "messageFlow": _message_flow,
    "dataObject": _data_object,
    "dataObjectReference": _data_object_reference,
    "dataStore": _data_store,
    "dataStoreReference": _data_store_reference,
    "dataInput": _data_item,
    "dataOutput": _data_item,
    "dataInputAssociation": _data_association,
    "dataOutputAssociation": _data_association,
    "association": _association,
    "textAnnotation": _text_annotation,
    "group": _group,
}
