"""Which days are worked in China: the State Council's yearly arrangement of holidays and of weekends worked instead.

It comes from the `holidays` library, and for years that the library does not know yet from
``catalogue/work_calendar.csv``, which an area fills in when the arrangement is published. A year that neither knows is
*unknown*: its holidays are not guessed, `is_working_day` refuses to tell.

The library computes the statutory holidays of any year, but which days are moved is decided each year anew; only years
whose arrangement it holds (`special_public_holidays`) count as known.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files

from holidays import HolidayBase, country_holidays


class YearUnknown(LookupError):
    """Nobody has said yet which days of a year are worked."""

    def __init__(self, year: int) -> None:
        self.year = year
        super().__init__(
            f"which days of {year} are worked in China is not known here; add them to work_calendar.csv"
        )


@dataclass(frozen=True)
class WorkCalendar:
    """Days that are worked. `exceptions` are days of years that the library does not know: worked, or not."""

    exceptions: Mapping[date, bool] = field(default_factory=dict)

    def is_known(self, year: int) -> bool:
        """Return whether the year's arrangement is known."""
        return year in _arranged_years() or year in self._years

    def is_working_day(self, day: date) -> bool:
        """Return whether a day is worked. Raises `YearUnknown`."""
        if day.year in self._years:
            return self.exceptions.get(day, day.weekday() < 5)
        if not self.is_known(day.year):
            raise YearUnknown(day.year)
        return _library().is_working_day(day)

    @property
    def _years(self) -> set[int]:
        return {day.year for day in self.exceptions}


@cache
def work_calendar() -> WorkCalendar:
    """Return the calendar of the library and of the catalogue."""
    text = files("inspection").joinpath("catalogue", "work_calendar.csv").read_text("utf-8-sig")
    return read_calendar(text.splitlines())


def read_calendar(lines: Iterable[str]) -> WorkCalendar:
    """Read the lines of a CSV file: day, kind (``holiday`` or ``workday``), basis. Raises `ValueError`, `KeyError`."""
    worked = {"holiday": False, "workday": True}
    return WorkCalendar(
        {date.fromisoformat(row["day"]): worked[row["kind"]] for row in csv.DictReader(lines)}
    )


@cache
def _library() -> HolidayBase:
    return country_holidays("CN", years=sorted(_arranged_years()))


@cache
def _arranged_years() -> frozenset[int]:
    return frozenset(country_holidays("CN").special_public_holidays)
