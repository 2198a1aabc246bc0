"""A card is written from figures, and the learning rate from the clock."""

import pytest

from models.training.card import markdown_table
from models.training.schedule import Budget, cosine


def test_a_table_has_a_row_an_entry_and_a_dash_for_no_figure() -> None:
    """An undefined figure is shown as such, not as zero."""
    table = markdown_table([{"a": "x", "b": 0.5}, {"a": "y", "b": None}], {"a": "A", "b": "B"})

    assert table.splitlines() == ["| A | B |", "| --- | --- |", "| x | 0.5 |", "| y | – |"]


def test_the_learning_rate_ends_with_the_budget() -> None:
    """It starts at one and falls to its end, however many epochs fitted in."""
    assert cosine(0.0, 0.02) == pytest.approx(1.0)
    assert cosine(0.5, 0.02) == pytest.approx(0.51)
    assert cosine(1.0, 0.02) == pytest.approx(0.02)


def test_a_resumed_run_has_only_the_rest_of_its_budget() -> None:
    """What earlier parts used counts before the clock of this part starts."""
    assert Budget(100.0, spent_s=40.0).progress() == pytest.approx(0.4)
    assert Budget(100.0, spent_s=400.0).progress() == 1.0
