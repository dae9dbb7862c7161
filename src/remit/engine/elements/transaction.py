"""Transaction: a sub-process that a cancel end event inside it takes back (B5-B8).

Everything else in it is ended, what had completed is compensated in reverse order, and then the token
goes on at its cancel boundary event.
"""

from remit.engine.elements.container import ContainerElement

ELEMENT = ContainerElement()
