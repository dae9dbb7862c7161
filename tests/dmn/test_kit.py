"""The compatibility kit: reading its files, comparing, and all of its cases where it is present."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from remit.dmn import tck
from remit.dmn.tck.cases import value_of
from remit.dmn.tck.compare import is_expected
from remit.feel import Date
from tests.dmn.writing import decision, input_data, literal, model, needs

KIT = Path(__file__).parents[3] / "shared" / "tck"

CASES = """<testCases xmlns="http://www.omg.org/spec/DMN/20160719/testcase"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xmlns:xsd="http://www.w3.org/2001/XMLSchema">
  <modelName>m.dmn</modelName>
  <testCase id="1"><inputNode name="x"><value xsi:type="xsd:decimal">2</value></inputNode>
    <resultNode name="d" type="decision"><expected><value xsi:type="xsd:decimal">3</value>
    </expected></resultNode></testCase>
  <testCase id="2"><resultNode name="d" type="decision" errorResult="true">
    <expected><value xsi:nil="true"/></expected></resultNode></testCase>
  <testCase id="3"><resultNode name="d" type="decision">
    <expected><value xsi:type="xsd:decimal">4</value></expected></resultNode></testCase>
  <testCase id="4"><resultNode name="nothing" type="decision">
    <expected><value xsi:nil="true"/></expected></resultNode></testCase>
</testCases>"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A kit of our own with one suite."""
    suite = tmp_path / "level-2" / "0001-own"
    suite.mkdir(parents=True)
    (suite / "0001-own-test-01.xml").write_text(CASES)
    content = model(input_data("x"), decision("d", literal("x + 1"), needs(inputs="x")))
    (suite / "m.dmn").write_bytes(content)
    return tmp_path


def test_a_case_is_right_when_all_its_values_are(folder: Path) -> None:
    outcomes = list(tck.run(tck.find_suites(folder)))

    assert [each.is_right for each in outcomes] == [True, True, False, False]
    assert outcomes[2].message == "d: expected 4, found null"
    assert outcomes[3].message.startswith("no decision or service 'nothing'")


def test_null_results_are_counted_apart(folder: Path) -> None:
    (counts,) = tck.count(tck.run(tck.find_suites(folder)))

    assert (counts.level, counts.right, counts.total) == ("level-2", 2, 4)
    assert (counts.null_right, counts.null_total) == (1, 2)


def test_the_file_of_results_has_the_columns_of_the_kit(folder: Path) -> None:
    file = io.StringIO()
    tck.write_csv(tck.run(tck.find_suites(folder)), file)
    rows = list(csv.reader(io.StringIO(file.getvalue())))

    assert rows[0] == ["level-2/0001-own", "0001-own-test-01", "1", "SUCCESS", ""]
    assert rows[2][3:] == ["ERROR", "d: expected 4, found null"]


def test_a_model_that_can_not_be_read_makes_its_cases_wrong(folder: Path) -> None:
    (folder / "level-2" / "0001-own" / "m.dmn").write_text("<a/>")

    assert not any(each.is_right for each in tck.run(tck.find_suites(folder)))


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ('<value xsi:type="xsd:decimal">1.50</value>', Decimal("1.5")),
        ('<value xsi:type="xsd:double">-2</value>', -2),
        ('<value xsi:type="xsd:boolean">true</value>', True),
        ('<value xsi:type="xsd:string"> a </value>', " a "),
        ('<value xsi:type="xsd:string"/>', ""),
        ('<value xsi:nil="true"/>', None),
        ('<component name="a"><value xsi:type="xsd:decimal">1</value></component>', {"a": 1}),
        ("<list/>", []),
        ('<list xsi:nil="true"/>', None),
        ("<list><item><list><item><value xsi:nil='true'/></item></list></item></list>", [[None]]),
        ('<value xsi:type="xsd:date">2024-02-29</value>', Date.of(2024, 2, 29)),
    ],
)
def test_values_are_read_by_their_types(inner: str, expected: Any) -> None:
    found = value_of(
        etree.fromstring(
            f'<expected xmlns="http://www.omg.org/spec/DMN/20160719/testcase" '
            f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{inner}</expected>'
        )
    )

    assert found == expected
    assert found.__class__ is expected.__class__


@pytest.mark.parametrize(
    ("expected", "found", "same"),
    [
        (1, Decimal("1.0"), True),
        (1, Decimal("1.000000000001"), False),
        (Decimal("0.1"), Decimal("0.1000000001"), False),
        (Decimal("0.33333333"), Decimal("0.3333333333333333"), True),
        (Decimal("0.33333333"), Decimal("0.3333334"), False),
        (True, 1, False),
        (None, False, False),
        ([1], [1, 2], False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": [1]}, {"a": [1]}, True),
        ("a", "a", True),
    ],
)
def test_numbers_are_compared_digit_by_digit(expected: Any, found: Any, same: bool) -> None:
    assert is_expected(expected, found) is same


@pytest.mark.skipif(not KIT.is_dir(), reason="the compatibility kit is not beside this checkout")
def test_every_case_of_the_kit_is_right() -> None:
    outcomes = list(tck.run(tck.find_suites(KIT)))

    wrong = [f"{each.suite.folder} {each.case.id}: {each.message}"
             for each in outcomes if not each.is_right]  # fmt: skip
    assert wrong == []
    assert len(outcomes) > 2_000
