"""DMN files in a few words."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

NAMESPACE = "https://www.omg.org/spec/DMN/20230324/MODEL/"


def model(
    *elements: str, namespace: str = "main", imports: Sequence[tuple[str, str]] = ()
) -> bytes:
    """A file; `imports` are (name, namespace)."""
    imported = "".join(
        f'<import name="{name}" namespace="{other}" importType="{NAMESPACE}"/>'
        for name, other in imports
    )
    return (
        f'<definitions xmlns="{NAMESPACE}" id="definitions" name="model" '
        f'namespace="{namespace}">{imported}{"".join(elements)}</definitions>'
    ).encode()


def literal(text: str, type_: str = "") -> str:
    return f"<literalExpression{_type(type_)}><text>{escape(text)}</text></literalExpression>"


def _type(type_: str) -> str:
    return f' typeRef="{type_}"' if type_ else ""


def variable(name: str, type_: str = "") -> str:
    return f'<variable name="{name}"{_type(type_)}/>'


def input_data(name: str, type_: str = "") -> str:
    return f'<inputData id="{_id(name)}" name="{name}">{variable(name, type_)}</inputData>'


def _id(name: str) -> str:
    return name.replace(" ", "_").replace("'", "_")


def needs(*, inputs: str = "", decisions: str = "", knowledge: str = "") -> str:
    """Requirements: names separated by commas, or whole hrefs."""
    found = ""
    for names, holder, name in (
        (inputs, "informationRequirement", "requiredInput"),
        (decisions, "informationRequirement", "requiredDecision"),
        (knowledge, "knowledgeRequirement", "requiredKnowledge"),
    ):
        for each in filter(None, (part.strip() for part in names.split(","))):
            href = each if "#" in each else f"#{_id(each)}"
            found += f'<{holder}><{name} href="{href}"/></{holder}>'
    return found


def decision(name: str, logic: str, required: str = "", type_: str = "") -> str:
    return (
        f'<decision id="{_id(name)}" name="{name}">{variable(name, type_)}{required}{logic}'
        "</decision>"
    )


def knowledge(name: str, parameters: str, logic: str, required: str = "", type_: str = "") -> str:
    """`parameters` are `name: type` or names, separated by commas."""
    formal = ""
    for each in filter(None, (part.strip() for part in parameters.split(","))):
        parameter, _, kind = each.partition(":")
        formal += f'<formalParameter name="{parameter.strip()}"{_type(kind.strip())}/>'
    return (
        f'<businessKnowledgeModel id="{_id(name)}" name="{name}">{variable(name, type_)}'
        f"<encapsulatedLogic>{formal}{logic}</encapsulatedLogic>{required}"
        "</businessKnowledgeModel>"
    )


def service(
    name: str,
    outputs: str,
    *,
    inputs: str = "",
    decisions: str = "",
    inner: str = "",
    type_: str = "",
) -> str:
    references = ""
    for names, tag in (
        (outputs, "outputDecision"), (inner, "encapsulatedDecision"),
        (decisions, "inputDecision"), (inputs, "inputData"),
    ):  # fmt: skip
        for each in filter(None, (part.strip() for part in names.split(","))):
            references += f'<{tag} href="#{_id(each)}"/>'
    return (
        f'<decisionService id="{_id(name)}" name="{name}">{variable(name, type_)}{references}'
        "</decisionService>"
    )


def table(
    inputs: str,
    outputs: str,
    *rules: str,
    policy: str = "UNIQUE",
    aggregation: str = "",
    allowed: str = "",
    output_values: str = "",
    default: str = "",
    type_: str = "",
) -> str:
    """A decision table. Columns are separated by `|`, the outputs of a rule follow `=>`.

    `allowed`, `output_values` and `default` are those of the first column.
    """
    columns = ""
    for number, each in enumerate(inputs.split("|") if inputs else ()):
        values = f"<inputValues><text>{escape(allowed)}</text></inputValues>"
        columns += (
            f'<input id="in{number + 1}"><inputExpression><text>{escape(each.strip())}</text>'
            f"</inputExpression>{values if allowed and not number else ''}</input>"
        )
    for number, each in enumerate(outputs.split("|")):
        values = f"<outputValues><text>{escape(output_values)}</text></outputValues>"
        otherwise = f"<defaultOutputEntry><text>{escape(default)}</text></defaultOutputEntry>"
        columns += (
            f'<output id="out{number + 1}" name="{each.strip()}">'
            f"{values if output_values and not number else ''}"
            f"{otherwise if default and not number else ''}</output>"
        )
    rows = "".join(_rule(number, rule) for number, rule in enumerate(rules, 1))
    how = f' aggregation="{aggregation}"' if aggregation else ""
    return f'<decisionTable hitPolicy="{policy}"{how}{_type(type_)}>{columns}{rows}</decisionTable>'


def _rule(number: int, rule: str) -> str:
    tests, _, outputs = rule.partition("=>")
    cells = "".join(
        f"<inputEntry><text>{escape(cell.strip())}</text></inputEntry>"
        for cell in (tests.split("|") if tests.strip() else ())
    )
    values = "".join(
        f"<outputEntry><text>{escape(cell.strip())}</text></outputEntry>"
        for cell in outputs.split("|")
    )
    return f'<rule id="rule{number}">{cells}{values}</rule>'


def context(*entries: tuple[str, str] | str) -> str:
    """A boxed context; an entry without a name is the result."""
    found = ""
    for entry in entries:
        if isinstance(entry, str):
            found += f"<contextEntry>{entry}</contextEntry>"
        else:
            found += f"<contextEntry>{variable(entry[0])}{entry[1]}</contextEntry>"
    return f"<context>{found}</context>"
