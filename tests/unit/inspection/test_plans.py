"""Dated numbers, days in China, sections."""

from datetime import UTC, date, datetime, timedelta

import pytest

from inspection.errors import NotFound
from inspection.plans import budget, china_day, parameter
from inspection.sections import hazard_section, ledger_section, ledger_sections


def test_a_day_in_china_begins_eight_hours_early() -> None:
    """Sixteen o'clock UTC is midnight there."""
    assert china_day(datetime(2026, 11, 24, 15, 59, tzinfo=UTC)) == date(2026, 11, 24)
    assert china_day(datetime(2026, 11, 24, 16, 0, tzinfo=UTC)) == date(2026, 11, 25)


def test_a_budget_of_no_days_is_a_number_of_hours() -> None:
    """By parameter, which says that no norm sets it."""
    opened = date(2026, 11, 24)
    assert budget(0, opened) == timedelta(hours=24)
    assert budget(7, opened) == timedelta(days=7)
    assert not parameter("same_day_deadline", opened).basis_checked


def test_an_unknown_parameter_or_one_not_yet_in_force_is_not_found() -> None:
    """Nothing is assumed."""
    with pytest.raises(NotFound):
        parameter("nonsense", date(2026, 1, 1))
    with pytest.raises(NotFound):
        parameter("same_day_deadline", date(2024, 12, 31))


def test_there_are_28_sections() -> None:
    """L01 to L28, in order, each with what it rests on."""
    sections = ledger_sections()
    assert list(sections) == [f"L{n:02d}" for n in range(1, 29)]
    assert ledger_section("L27").name_en == "AI patrol records"
    assert all(each.basis and each.key_fields for each in sections.values())
    with pytest.raises(NotFound):
        ledger_section("L29")


def test_major_hazards_have_a_section_of_their_own() -> None:
    """L12; all others L11."""
    assert [hazard_section(level) for level in ("major", "general", None)] == ["L12", "L11", "L11"]
