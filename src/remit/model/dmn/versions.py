"""The versions of DMN that are read, by the namespace of the file.

From 1.2 to 1.5 only new elements came (boxed `for`, `filter` and so on in 1.4, `typeConstraint` in
1.5), so that one reader serves them all.
"""

from __future__ import annotations

from typing import Final

READ: Final = {
    "http://www.omg.org/spec/DMN/20180521/MODEL/": "1.2",
    "https://www.omg.org/spec/DMN/20191111/MODEL/": "1.3",
    "https://www.omg.org/spec/DMN/20211108/MODEL/": "1.4",
    "https://www.omg.org/spec/DMN/20230324/MODEL/": "1.5",
}

REFUSED: Final = {
    "http://www.omg.org/spec/DMN/20130901": "1.0",
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd": "1.1",
    "http://www.omg.org/spec/DMN/20151101/dmn11.xsd": "1.1",
    "http://www.omg.org/spec/DMN/20151101/MODEL/": "1.1",
    "http://www.omg.org/spec/DMN/20151130": "1.1",
}

FEEL_LANGUAGES: Final = frozenset(
    (
        "", "feel",
        "http://www.omg.org/spec/FEEL/20140401",
        "http://www.omg.org/spec/DMN/20180521/FEEL/",
        "https://www.omg.org/spec/DMN/20191111/FEEL/",
        "https://www.omg.org/spec/DMN/20211108/FEEL/",
        "https://www.omg.org/spec/DMN/20230324/FEEL/",
    )
)  # fmt: skip
"""What `expressionLanguage` may be; anything else can't be evaluated."""

CAMUNDA: Final = "http://camunda.org/schema/modeler/1.0"
ZEEBE: Final = "http://camunda.org/schema/zeebe/1.0"
