"""The table of governance says what the tests prove; every rule and every threat has one."""

from __future__ import annotations

from tests.support.governance_table import PAGE, REQUIREMENTS, THREATS, proofs, table


def test_the_committed_governance_table_is_the_one_that_the_tests_make() -> None:
    assert PAGE.read_text() == table(), "run: python -m tests.support.governance_table"


def test_every_rule_and_threat_of_governance_has_a_test_and_no_test_names_another() -> None:
    assert set(proofs()) == {*REQUIREMENTS, *THREATS}
