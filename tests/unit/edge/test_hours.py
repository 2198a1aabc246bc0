"""Hours of the week: which minutes a line holds."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.hours import Hours, HoursInvalid, is_within, spans_of

MONDAY = datetime(2026, 11, 23)  # noqa: DTZ001  local time, as the hours are


@pytest.mark.parametrize(
    ("line", "at", "holds"),
    [
        ("mon-fri 07:30-18:00", MONDAY + timedelta(hours=7, minutes=30), True),
        ("mon-fri 07:30-18:00", MONDAY + timedelta(hours=18), False),
        ("mon-fri 07:30-18:00", MONDAY + timedelta(days=5, hours=9), False),
        ("sat 22:00-06:00", MONDAY + timedelta(days=6, hours=5, minutes=59), True),
        ("sat 22:00-06:00", MONDAY + timedelta(days=6, hours=6), False),
        ("sat 22:00-06:00", MONDAY + timedelta(days=5, hours=5), False),
        ("fri-mon 08:00-09:00", MONDAY + timedelta(hours=8), True),
        ("fri-mon 08:00-09:00", MONDAY + timedelta(days=2, hours=8), False),
        ("mon,wed 8:00-9:00", MONDAY + timedelta(days=2, hours=8), True),
        ("08:00-24:00", MONDAY + timedelta(hours=23, minutes=59), True),
        ("00:00-00:00", MONDAY + timedelta(hours=13), True),
        ("周一至周五 07:30-18:00", MONDAY + timedelta(hours=8), True),
        ("周六、周日 07:30-18:00", MONDAY + timedelta(hours=8), False),
        ("每天 07:30-18:00", MONDAY + timedelta(days=6, hours=8), True),
        ("Monday 07:30–18:00", MONDAY + timedelta(hours=8), True),
    ],
)
def test_a_line_holds_its_minutes(line: str, at: datetime, holds: bool) -> None:
    """Days, spans over midnight, Chinese and English."""
    assert Hours.from_text(line).holds(at) is holds


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("always", "write days"),
        ("mon 7-9", "write days"),
        ("moon 07:00-09:00", "no day"),
        ("m 07:00-09:00", "no day"),
        ("周八 07:00-09:00", "no day"),
        ("mon 07:60-09:00", "no time of day"),
        ("mon 25:00-26:00", "no time of day"),
        ("mon 24:00-06:00", "cannot begin"),
        ("mon,, 07:00-09:00", "no day"),
    ],
)
def test_what_says_no_hours_is_refused_with_an_example(line: str, why: str) -> None:
    """Somebody will write it differently: the error shows how."""
    with pytest.raises(HoursInvalid, match=why) as refused:
        Hours.from_text(line)
    assert "mon-fri 07:30-18:00" in str(refused.value)


def test_no_hours_are_all_hours() -> None:
    """Who says nothing restricts nothing."""
    assert is_within((), MONDAY)
    assert not is_within(spans_of(["tue 00:00-24:00"]), MONDAY)


@given(st.integers(0, 6), st.integers(0, 1439), st.integers(1, 1440))
def test_a_span_lasts_as_long_as_it_says(day: int, start: int, lasts: int) -> None:
    """Whatever day and minute it begins, it holds so many minutes of the week."""
    end = (start + lasts) % 1440
    name = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[day]
    span = Hours.from_text(
        f"{name} {start // 60:02d}:{start % 60:02d}-{end // 60:02d}:{end % 60:02d}"
    )
    week = [MONDAY + timedelta(minutes=minute) for minute in range(7 * 1440)]
    assert sum(span.holds(at) for at in week) == lasts
