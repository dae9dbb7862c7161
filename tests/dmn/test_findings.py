"""What is wrong with a model is told with element, line, rule and fix."""

from __future__ import annotations

from typing import Any

import pytest

from remit import dmn
from remit.model.finding import Finding
from tests.dmn.writing import (
    NAMESPACE,
    context,
    decision,
    input_data,
    knowledge,
    literal,
    model,
    needs,
    table,
)


def findings(*elements: str, dialect: Any = "dmn") -> tuple[Finding, ...]:
    return dmn.load(model(*elements), dialect=dialect).findings


def test_a_good_model_has_no_findings() -> None:
    assert (
        findings(input_data("x"), decision("d", table("x", "o", "1 => 2"), needs(inputs="x"))) == ()
    )


@pytest.mark.parametrize(
    ("rule", "element"),
    [
        ("feel", decision("d", literal("1 +"))),
        ("feel", decision("d", table("1", "o", "1 1 => 2"))),
        ("feel", decision("d", table("1", "o", "1 => 2 2"))),
        ("feel", decision("d", table("1 1", "o", "1 => 2"))),
        ("feel", knowledge("d", "n", literal("n +"))),
        ("empty", decision("d", literal(" "))),
        ("reference", decision("d", literal("1"), needs(inputs="nowhere"))),
        ("reference", decision("d", literal("1"), needs(knowledge="d"))),
        ("circle", decision("d", literal("1"), needs(decisions="d"))),
        ("logic", decision("d", "<list><context><contextEntry/></context></list>")),
        ("entry", decision("d", context(("a", literal("1")), ("a", literal("2"))))),
        ("table-output", decision("d", "<decisionTable/>")),
        ("rule", decision("d", table("1", "o", "1|2 => 2"))),
        ("rule", decision("d", table("1", "o", "1 => 2|3"))),
        ("output-name", decision("d", table("1", "o|o", "1 => 2|3"))),
        ("hit-policy", decision("d", table("1", "o", "1 => 2", policy="BEST"))),
        ("aggregation", decision("d", table("1", "o|p", "1 => 2|3", policy="COLLECT",
                                            aggregation="SUM"))),
        ("expression-language", decision("d", literal("1").replace(
            "<literalExpression", '<literalExpression expressionLanguage="javascript"'))),
        ("id", decision("d", literal("1")) * 2),
    ],
)  # fmt: skip
def test_an_error_is_found(rule: str, element: str) -> None:
    found = [each for each in findings(element) if each.is_error]

    assert [each.rule for each in found] == [rule]
    assert found[0].element_id
    assert found[0].line == 1
    assert found[0].message
    assert found[0].fix


@pytest.mark.parametrize(
    ("rule", "element"),
    [
        ("type", decision("d", literal("1"), type_="tNowhere")),
        ("aggregation", decision("d", table("1", "o", "1 => 2", aggregation="SUM"))),
        ("external-function", decision("d", '<functionDefinition kind="PMML"/>')),
    ],
)
def test_a_warning_is_found_and_the_decision_still_works(rule: str, element: str) -> None:
    loaded = dmn.load(model(element), dialect="dmn")

    assert [(each.rule, each.is_error) for each in loaded.findings] == [(rule, False)]
    assert loaded.refusal() == ""
    assert loaded.evaluate("d").failed is None


def test_a_finding_has_the_line_and_id_of_the_cell() -> None:
    content = model(decision("d", table("1", "o", "1 => 2", "1 1 => 2"))).replace(
        b"<rule", b"\n<rule"
    )
    (found,) = dmn.load(content).findings

    assert (found.line, found.rule) == (3, "feel")
    assert found.element_name == "d"


def test_the_refusal_is_one_line_for_each_error() -> None:
    loaded = dmn.load(model(decision("a", literal("1 +")), decision("b", literal("(1"))))
    lines = loaded.refusal().splitlines()

    assert len(lines) == 2
    assert lines[0].startswith("- Element 'a'")
    assert "Fix: correct the expression." in lines[0]


def test_an_import_that_nobody_gave_is_found() -> None:
    loaded = dmn.load(model(decision("d", literal("1")), imports=[("lib", "other")]))

    assert [(each.rule, each.is_error) for each in loaded.findings] == [("import", False)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not well-formed"),
        (b"<definitions/>", "its root element is 'definitions' of namespace ''"),
        (model().replace(NAMESPACE.encode(), b"http://www.omg.org/spec/DMN/20151101/dmn.xsd"),
         "it is DMN 1.1, not the 'definitions' of DMN 1.2, 1.3, 1.4, 1.5"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]>' + model(), "document type"),
    ],
)  # fmt: skip
def test_what_is_no_dmn_is_refused_by_name(content: bytes, said: str) -> None:
    with pytest.raises(dmn.UnreadableModel, match=said):
        dmn.load(content)
