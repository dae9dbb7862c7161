"""Reading DMN files into structs."""

from __future__ import annotations

from pathlib import Path

import pytest

from remit.model.dmn import graph as g
from remit.model.dmn import read
from remit.model.dmn.versions import READ

MODELS = Path(__file__).parents[3] / "shared" / "models" / "camunda"
LATEST = "https://www.omg.org/spec/DMN/20230324/MODEL/"


def definitions(inner: str, *, namespace: str = LATEST, prefix: str = "") -> g.Definitions:
    name = f"xmlns:{prefix}" if prefix else "xmlns"
    tag = f"{prefix}:definitions" if prefix else "definitions"
    text = f'<{tag} {name}="{namespace}" id="i" name="n" namespace="main">{inner}</{tag}>'
    return read(text.encode(), "m.dmn")


def logic(inner: str) -> g.Logic | None:
    return definitions(f'<decision id="d" name="d">{inner}</decision>').decisions[0].logic


@pytest.mark.parametrize(("namespace", "version"), READ.items())
def test_four_versions_are_read(namespace: str, version: str) -> None:
    found = definitions('<decision id="d"/>', namespace=namespace)

    assert (found.version, found.id, found.name, found.namespace) == (version, "i", "n", "main")
    assert found.findings == ()


def test_a_namespace_prefix_makes_no_difference() -> None:
    assert definitions('<a:decision id="d"/>', prefix="a").decisions[0].id == "d"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not well-formed"),
        (b"<a", "not well-formed"),
        (b"<a/>", "its root element is 'a' of namespace ''"),
        (b'<definitions xmlns="http://www.omg.org/spec/DMN/20151101/dmn.xsd"/>', "it is DMN 1.1"),
        (b'<!DOCTYPE a SYSTEM "http://127.0.0.1/a"><a/>', "document type"),
        (b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', "document type"),
    ],
)
def test_what_is_no_dmn_gives_one_finding_and_nothing_else(content: bytes, said: str) -> None:
    found = read(content, "bad.dmn")

    assert said in found.findings[0].message
    assert found.findings[0].fix
    assert (found.version, found.decisions) == ("", ())


def test_requirements_are_references_with_their_namespace() -> None:
    (decision,) = definitions(
        '<decision id="d"><informationRequirement><requiredInput href="#a"/>'
        '</informationRequirement><informationRequirement><requiredDecision href="other#b"/>'
        '</informationRequirement><knowledgeRequirement><requiredKnowledge href="main#c"/>'
        "</knowledgeRequirement></decision>"
    ).decisions

    assert decision.required_inputs == (g.Reference("main", "a", 1),)
    assert decision.required_decisions == (g.Reference("other", "b", 1),)
    assert decision.required_knowledge == (g.Reference("main", "c", 1),)


def test_a_table_has_columns_rules_and_a_policy() -> None:
    found = logic(
        '<decisionTable id="t" hitPolicy="OUTPUT ORDER" typeRef="number"><input id="i" label="in">'
        '<inputExpression id="e" typeRef="string"><text>x</text></inputExpression>'
        "<inputValues><text>1</text></inputValues></input>"
        '<output id="o" name="out" typeRef="number"><outputValues><text>2</text></outputValues>'
        "<defaultOutputEntry><text>3</text></defaultOutputEntry></output>"
        '<rule id="r"><inputEntry id="a"><text>&lt; 1</text></inputEntry>'
        '<outputEntry id="b"><text>2</text></outputEntry></rule></decisionTable>'
    )

    assert isinstance(found, g.Table)
    assert (found.hit_policy, found.aggregation) == (g.HitPolicy.OUTPUT_ORDER, None)
    (column,), (output,), (rule,) = found.inputs, found.outputs, found.rules
    assert (column.label, column.expression.text, column.expression.type) == ("in", "x", "string")
    assert column.allowed is not None
    assert column.allowed.text == "1"
    assert output.allowed is not None
    assert output.default is not None
    assert (output.name, output.allowed.text, output.default.text) == ("out", "2", "3")
    assert [cell.text for cell in (*rule.tests, *rule.outputs)] == ["< 1", "2"]


def test_a_policy_defaults_to_unique_and_an_unknown_one_is_found() -> None:
    unknown = definitions('<decision id="d"><decisionTable hitPolicy="U"/></decision>')
    table = unknown.decisions[0].logic

    assert isinstance(table, g.Table)
    assert table.hit_policy is g.HitPolicy.UNIQUE
    assert [each.rule for each in unknown.findings] == ["hit-policy"]


LITERAL = "<literalExpression><text>1</text></literalExpression>"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (LITERAL, g.Literal),
        ("<context><contextEntry/></context>", g.Context),
        (f"<invocation>{LITERAL}</invocation>", g.Invocation),
        (f"<functionDefinition>{LITERAL}</functionDefinition>", g.FunctionDefinition),
        ("<relation/>", g.Relation),
        (f"<list>{LITERAL}</list>", g.BoxedList),
        (f"<conditional><if>{LITERAL}</if></conditional>", g.Conditional),
        (f"<filter><in>{LITERAL}</in></filter>", g.Filter),
        ('<for iteratorVariable="i"/>', g.For),
        ('<some iteratorVariable="i"/>', g.Quantified),
        ('<every iteratorVariable="i"/>', g.Quantified),
    ],
)
def test_every_boxed_expression_is_read(text: str, kind: type[g.Logic]) -> None:
    assert type(logic(text)) is kind


def test_comments_in_a_text_are_left_out() -> None:
    found = logic("<literalExpression><text>1 <!-- one --> + 2</text></literalExpression>")

    assert isinstance(found, g.Literal)
    assert found.text.split() == ["1", "+", "2"]


def test_types_may_be_nested_collections_constrained_and_functions() -> None:
    context, function = definitions(
        '<itemDefinition name="t" isCollection="true"><itemComponent name="a">'
        "<typeRef> number </typeRef><allowedValues><text>[0..9]</text></allowedValues>"
        "</itemComponent><typeConstraint><text>count(?) &lt; 3</text></typeConstraint>"
        '</itemDefinition><itemDefinition name="f"><functionItem outputTypeRef="string">'
        '<parameters name="n" typeRef="number"/></functionItem></itemDefinition>'
    ).types

    (component,) = context.components
    assert context.is_collection
    assert context.constraint is not None
    assert component.allowed is not None
    assert (component.name, component.type, component.allowed.text) == ("a", "number", "[0..9]")
    assert function.function == g.FunctionItem((g.Variable("n", "number", 1),), "string")


def test_a_service_refers_to_outputs_inputs_and_what_is_inside() -> None:
    (service,) = definitions(
        '<decisionService id="s" name="s"><outputDecision href="#o"/>'
        '<encapsulatedDecision href="#e"/><inputDecision href="#d"/><inputData href="#i"/>'
        "</decisionService>"
    ).services
    groups = (
        service.output_decisions, service.encapsulated_decisions, service.input_decisions,
        service.input_data,
    )  # fmt: skip

    assert [group[0].id for group in groups] == ["o", "e", "d", "i"]


def test_a_version_tag_is_read() -> None:
    (decision,) = definitions(
        '<decision id="d"><extensionElements><z:versionTag value="v2" '
        'xmlns:z="http://camunda.org/schema/zeebe/1.0"/></extensionElements></decision>'
    ).decisions

    assert decision.version_tag == "v2"


def test_an_element_without_a_variable_has_its_name_for_one() -> None:
    found = definitions('<inputData id="i" name="some input"/>').inputs[0]

    assert found.variable == g.Variable("some input", "", 1)


@pytest.mark.skipif(not MODELS.is_dir(), reason="the shared models are not beside this checkout")
def test_files_of_camunda_modeler_are_read_without_findings() -> None:
    files = sorted(MODELS.glob("*.dmn"))

    assert files
    for path in files:
        found = read(path.read_bytes(), path.name)
        assert found.findings == ()
        assert found.decisions
