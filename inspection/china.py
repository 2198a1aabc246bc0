"""Days are days in China: UTC+8, without summer time since 1992."""

from datetime import date, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8), "CST")


def china_day(at: datetime) -> date:
    """Return the day in China at a moment."""
    return at.astimezone(CHINA).date()


def begin_of(day: date) -> datetime:
    """Return the moment at which a day begins in China."""
    return datetime(day.year, day.month, day.day, tzinfo=CHINA)
