"""Event sub-process: a scope that an event begins inside the one that encloses it."""

from remit.engine.elements.container import ContainerElement

ELEMENT = ContainerElement()
