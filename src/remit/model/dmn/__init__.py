"""DMN 1.2 to 1.5: from XML to structs.

definitions = read(content, "dish.dmn")        # never raises; what is wrong is in `findings`
"""

from __future__ import annotations

from remit.model.dmn.graph import Definitions
from remit.model.dmn.reader import read

__all__ = ["Definitions", "read"]
