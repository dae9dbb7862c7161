"""How much a BPMN file may hold. Size in bytes and depth of XML are bounded by `remit.model.xml`.

A file is read on the partition's turn: these keep that turn short whatever a client sends.
"""

MAX_ELEMENTS = 100_000
"""BPMN elements of a file; 5,000 flow nodes with flows and what is inside them are a third of it."""

MAX_BOUNDARIES = 200
"""Boundary events of one activity: all of them are opened in one turn."""

MAX_QUANTITY = 1000
"""Tokens that an activity may need to begin, or send along one flow: all are taken in one turn."""

MAX_ID = 1024
"""Signs of an id: what the signed policy of an instance can name."""

MAX_FINDINGS = 100
"""Findings told in one answer; the rest are counted."""

MAX_LINE = 1000
"""Characters of one finding in an answer: ids, names and expressions are the client's."""

MAX_NAMES = 10
"""Elements that one finding names; the rest are counted."""

MAX_REACHING = 200
"""Joins of a process whose reachability is kept; each takes as much as its scope has elements."""
