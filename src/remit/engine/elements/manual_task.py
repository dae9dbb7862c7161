"""Manual task: somebody does it outside; the token passes through."""

from remit.engine.elements.activity import ActivityElement

ELEMENT = ActivityElement()
