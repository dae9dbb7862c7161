"""The table of supported elements says what the tests prove, no more and no less."""

from __future__ import annotations

from tests.support.support_table import CELLS, PAGE, proofs, table


def test_the_committed_table_is_the_one_that_the_tests_make() -> None:
    assert PAGE.read_text() == table(), "run: python -m tests.support.support_table"


def test_every_mark_names_a_cell_of_the_table() -> None:
    assert set(proofs()) - CELLS == set()
