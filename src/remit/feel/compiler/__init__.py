"""From tree to closures: one function per kind of node, one closure per node.

A closure takes the frame of an evaluation and gives a value. A frame is a list: the evaluation
itself, then one slot for each name, found when the expression is compiled. Nothing in a closure
raises for what the data do wrong: the value is null, and a warning says why when one is wanted.
"""

from __future__ import annotations
