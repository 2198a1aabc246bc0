"""Which days are worked in China."""

from datetime import date

import pytest

from inspection.work_calendar import WorkCalendar, YearUnknown, read_calendar, work_calendar


@pytest.mark.parametrize(
    ("day", "is_worked"),
    [
        (date(2026, 2, 14), True),
        (date(2026, 2, 17), False),
        (date(2026, 2, 28), True),
        (date(2026, 3, 1), False),
        (date(2026, 10, 7), False),
        (date(2026, 10, 8), True),
        (date(2026, 11, 25), True),
    ],
)
def test_2026_is_the_state_council_s(day: date, is_worked: bool) -> None:
    """Holidays, weekends, and weekends that are worked for a holiday."""
    assert work_calendar().is_working_day(day) is is_worked


def test_an_unknown_year_is_refused_not_guessed() -> None:
    """The library would compute statutory holidays of any year; which days are moved nobody knows yet."""
    assert not work_calendar().is_known(2099)
    with pytest.raises(YearUnknown, match=r"2099.*work_calendar\.csv") as refusal:
        work_calendar().is_working_day(date(2099, 1, 4))
    assert refusal.value.year == 2099


def test_an_area_adds_a_year() -> None:
    """One row makes the year known; other days of it are worked from Monday to Friday."""
    rows = ["day,kind,basis", "2099-01-01,holiday,通知", "2099-01-03,workday,通知"]
    calendar = read_calendar(rows)
    days = (date(2099, 1, 1), date(2099, 1, 2), date(2099, 1, 3), date(2099, 1, 4))
    assert [calendar.is_working_day(day) for day in days] == [False, True, True, False]
    assert calendar.is_known(2026)


def test_a_kind_that_is_none_is_refused() -> None:
    """A misspelt row stops the program instead of moving a deadline."""
    with pytest.raises(KeyError):
        read_calendar(["day,kind,basis", "2099-01-01,feast,通知"])
    assert not WorkCalendar().exceptions
