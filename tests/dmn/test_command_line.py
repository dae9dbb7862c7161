"""`remit dmn`: eval, check, tck."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from remit.cli.dmn import dmn_group
from tests.dmn.test_kit import CASES
from tests.dmn.writing import decision, input_data, literal, model, needs, table


def remit(*arguments: object) -> Result:
    return CliRunner().invoke(dmn_group, [str(each) for each in arguments])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "m.dmn"
    rules = table("x", "size", '> 10 => "big"', '- => "small"', policy="FIRST")
    path.write_bytes(
        model(
            input_data("x"),
            decision("d", rules, needs(inputs="x")),
            decision("broken", literal("1 +")),
        )
    )
    return path


def test_eval_prints_the_value_as_json(file: Path) -> None:
    ran = remit("eval", file, "d", "--input", '{"x": 11}')

    assert ran.exit_code == 0
    assert json.loads(ran.stdout) == "big"


def test_explain_shows_the_rules_and_marks_the_hit(file: Path) -> None:
    ran = remit("eval", file, "d", "--input", '{"x": 1}', "--explain")
    marked = [line for line in ran.stderr.splitlines() if "▶" in line]

    assert len(marked) == 1
    assert '"small"' in marked[0]
    assert '"big"' in ran.stderr


def test_a_failed_decision_and_an_unknown_one_exit_with_1(file: Path) -> None:
    failed = remit("eval", file, "broken")
    unknown = remit("eval", file, "nothing")

    assert (failed.exit_code, unknown.exit_code) == (1, 1)
    assert "decision 'broken' failed" in failed.stderr
    assert "there is: 'd', 'broken'" in unknown.stderr


def test_check_tells_what_is_wrong(file: Path) -> None:
    ran = remit("check", file)

    assert ran.exit_code == 1
    assert "error: Element 'broken'" in ran.stdout
    assert remit("check", file, file).exit_code == 1


def test_the_kit_runs_and_its_results_are_written(tmp_path: Path) -> None:
    suite = tmp_path / "level-2" / "0001-own"
    suite.mkdir(parents=True)
    (suite / "0001-own-test-01.xml").write_text(CASES)
    (suite / "m.dmn").write_bytes(
        model(input_data("x"), decision("d", literal("x + 1"), needs(inputs="x")))
    )
    results = tmp_path / "tck_results.csv"
    ran = remit("tck", tmp_path, "--csv", results)

    assert ran.exit_code == 1
    assert "0001-own 3: d: expected 4, found null" in ran.stdout
    assert "2 (50.00%)" in ran.stdout
    assert len(results.read_text().splitlines()) == 4


def test_a_folder_without_cases_is_refused(tmp_path: Path) -> None:
    ran = remit("tck", tmp_path)

    assert ran.exit_code == 1
    assert "there are no test files" in ran.stdout.replace("\n", " ")
