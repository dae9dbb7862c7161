"""How much a BPMN file may hold. Size in bytes and depth of XML are bounded by `remit.model.xml`.

A file is read on the partition's turn: these keep that turn short whatever a client sends.
"""

MAX_ELEMENTS = 100_000
"""BPMN elements of a file; 5,000 flow nodes with flows and what is inside them are a third of it."""

MAX_BOUNDARIES = 200
"""Boundary events of one activity: all of them are opened in one turn."""

MAX_FINDINGS = 100
"""Findings told in one answer; the rest are counted."""
