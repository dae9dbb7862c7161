"""Embedded sub-process: a scope with its own start event, inside another."""

from remit.engine.elements.container import ContainerElement

ELEMENT = ContainerElement()
