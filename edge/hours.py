"""Hours of the week in which something counts: ``mon-fri 07:30-18:00``, ``sat 22:00-06:00``, ``07:30-18:00``.

Days are ``mon`` to ``sun`` or 周一 to 周日, alone, in a range (``mon-fri``, 周一至周五) or listed (``mon,wed``); without
days it is every day. An end that is not after its start lies on the next day, so a night shift is one line. ``24:00``
is the end of a day.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time
from typing import Annotated

from pydantic import AfterValidator

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CHINESE = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6}
_DAY_MINUTES = 24 * 60
_LINE = re.compile(
    r"(?:(?P<days>\D+?)\s+)?(?P<from>\d{1,2}:\d{2})\s*[-–~至]\s*(?P<to>\d{1,2}:\d{2})"
)


class HoursInvalid(ValueError):
    """A line does not say hours."""

    def __init__(self, line: str, reason: str) -> None:
        super().__init__(f"hours {line!r}: {reason}, such as 'mon-fri 07:30-18:00'")


@dataclass(frozen=True, slots=True)
class Hours:
    """A span of some days.

    Attributes:
        days: 0 (Monday) to 6, on which it begins.
        from_minute, to_minute: minutes of the day; `to_minute` is above 1440 where it ends on the next day.
    """

    days: frozenset[int]
    from_minute: int
    to_minute: int

    @classmethod
    def from_text(cls, line: str) -> "Hours":
        """Read a line.

        Raises:
            HoursInvalid: it says no hours.
        """
        found = _LINE.fullmatch(line.strip().lower())
        if found is None:
            raise HoursInvalid(line, "write days and a span of time")
        start, end = _minute(line, found["from"]), _minute(line, found["to"])
        if start >= _DAY_MINUTES:
            raise HoursInvalid(line, "a span cannot begin at 24:00")
        return cls(_days(line, found["days"]), start, end if end > start else end + _DAY_MINUTES)

    def holds(self, at: datetime) -> bool:
        """Tell whether a local time lies within; the end does not."""
        minute = at.hour * 60 + at.minute
        if at.weekday() in self.days and self.from_minute <= minute < self.to_minute:
            return True
        yesterday = (at.weekday() - 1) % 7
        return yesterday in self.days and minute + _DAY_MINUTES < self.to_minute


def spans_of(lines: Iterable[str]) -> tuple[Hours, ...]:
    """Return what lines say.

    Raises:
        HoursInvalid: one says no hours.
    """
    return tuple(Hours.from_text(line) for line in lines)


def is_within(hours: Iterable[Hours], at: datetime) -> bool:
    """Tell whether a local time lies in one of some hours; none given: always."""
    spans = tuple(hours)
    return not spans or any(span.holds(at) for span in spans)


def _readable(lines: tuple[str, ...]) -> tuple[str, ...]:
    spans_of(lines)
    return lines


# Lines in a file, each of which says hours.
HoursLines = Annotated[tuple[str, ...], AfterValidator(_readable)]


def _minute(line: str, text: str) -> int:
    hour, minute = (int(part) for part in text.split(":"))
    if (hour, minute) == (24, 0):
        return _DAY_MINUTES
    try:
        time(hour, minute)
    except ValueError:
        raise HoursInvalid(line, f"{text} is no time of day") from None
    return hour * 60 + minute


def _days(line: str, text: str | None) -> frozenset[int]:
    if text is None or text in ("daily", "每天"):
        return frozenset(range(7))
    days: set[int] = set()
    for part in re.split(r"[,，、]\s*", text):
        first, _, last = re.sub(r"[–~至]", "-", part.strip()).partition("-")
        begin, end = _day(line, first), _day(line, last or first)
        days |= {(begin + step) % 7 for step in range((end - begin) % 7 + 1)}
    return frozenset(days)


def _day(line: str, text: str) -> int:
    name = text.strip()
    if name[:3] in DAYS and name.isalpha():
        return DAYS.index(name[:3])
    if name[:1] in "周" and name[1:] in _CHINESE:
        return _CHINESE[name[1:]]
    raise HoursInvalid(line, f"{name!r} is no day")
