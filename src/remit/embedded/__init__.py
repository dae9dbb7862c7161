"""The engine inside a Python program or a test: a partition without a gateway.

>>> from remit import Engine
"""

from remit.embedded.engine import Engine, Refused

__all__ = ["Engine", "Refused"]
