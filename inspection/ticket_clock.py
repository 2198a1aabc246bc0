"""A ticket's clock: pure functions of when it was opened, its budget of counted time, and when it stood still.

    running   [opened, ∞) less the stops: approved pauses, and waits for a reinspection, whose length the fixer cannot change
    counted   what of the running time counts: all of it (calendar), or its part on working days in China
    due       where the counted time reaches the budget, found by walking the counted spans
    remaining the budget less the time counted so far; below zero once it is overdue

Stops may overlap, touch, lie before the opening or follow each other in any order: a minute counts once or not at all. So no
pause gives time beyond its own length, and none takes any.

A working day counts from midnight to midnight in China. Where a year's working days are not known, each of its days counts,
so that the due date is the earliest possible one, and `Due.unknown_years` says so: nothing is guessed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from inspection.china import begin_of, china_day

ZERO = timedelta()
DAY = timedelta(days=1)
# A hundred years: whoever asks for more has mistyped.
MAX_BUDGET = timedelta(days=36_500)


class ClockUnit(StrEnum):
    """What time counts."""

    CALENDAR = "calendar"
    WORKING = "working"


class StopReason(StrEnum):
    """Why a clock stands still."""

    PAUSE = "pause"
    REINSPECTION = "reinspection"


class Days(Protocol):
    """Which days are worked; a `work_calendar.WorkCalendar` is one."""

    def is_known(self, year: int) -> bool:
        """Return whether the year's working days are known."""

    def is_working_day(self, day: date) -> bool:
        """Return whether a day of a known year is worked."""


@dataclass(frozen=True, order=True)
class Span:
    """Time from `begin` up to `end`, which is not part of it; without an end it goes on."""

    begin: datetime
    end: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Return whether a moment lies in it."""
        return self.begin <= at and (self.end is None or at < self.end)


@dataclass(frozen=True)
class Stop:
    """When a clock stands still, and why."""

    span: Span
    reason: StopReason


@dataclass(frozen=True)
class TicketClock:
    """Everything a due date depends on."""

    opened_at: datetime
    budget: timedelta
    unit: ClockUnit = ClockUnit.CALENDAR
    stops: Sequence[Stop] = ()

    def __post_init__(self) -> None:
        if not ZERO < self.budget <= MAX_BUDGET:
            msg = f"a budget is more than nothing and at most {MAX_BUDGET.days} days, not {self.budget}"
            raise ValueError(msg)


@dataclass(frozen=True)
class Due:
    """When the budget is used up; `at` is None while a stop without an end keeps it from being known.

    With `unknown_years`, `at` is the earliest that it can be.
    """

    at: datetime | None
    unknown_years: tuple[int, ...] = ()


@dataclass(frozen=True)
class Reading:
    """What a clock shows at a moment. `stopped_by` is None while it runs."""

    elapsed: timedelta
    remaining: timedelta
    due: Due
    stopped_by: StopReason | None

    @property
    def is_overdue(self) -> bool:
        """More time than the budget was counted, for sure."""
        return self.remaining < ZERO and not self.due.unknown_years


def due(clock: TicketClock, days: Days) -> Due:
    """Return when the budget is used up."""
    left, unknown = clock.budget, set[int]()
    for span in _counted(clock, days, unknown):
        if span.end is None or span.end - span.begin >= left:
            return Due(span.begin + left, tuple(sorted(unknown)))
        left -= span.end - span.begin
    return Due(None, tuple(sorted(unknown)))


def elapsed(clock: TicketClock, at: datetime, days: Days) -> timedelta:
    """Return how much time counted from the opening to a moment."""
    total = ZERO
    for span in _counted(clock, days, set()):
        if span.begin >= at:
            break
        total += (at if span.end is None else min(span.end, at)) - span.begin
    return total


def read(clock: TicketClock, at: datetime, days: Days) -> Reading:
    """Return what the clock shows at a moment."""
    counted = elapsed(clock, at, days)
    return Reading(counted, clock.budget - counted, due(clock, days), stopped_by(clock, at))


def stopped_by(clock: TicketClock, at: datetime) -> StopReason | None:
    """Return why the clock stands still at a moment; None while it runs."""
    return next((stop.reason for stop in clock.stops if stop.span.holds(at)), None)


def running(opened_at: datetime, stops: Iterable[Span]) -> Iterator[Span]:
    """Yield the time since the opening that no stop holds, in order; the last span has no end unless a stop has none."""
    begin = opened_at
    for stop in sorted(stops, key=lambda span: span.begin):
        if stop.begin > begin:
            yield Span(begin, stop.begin)
        if stop.end is None:
            return
        begin = max(begin, stop.end)
    yield Span(begin)


def _counted(clock: TicketClock, days: Days, unknown: set[int]) -> Iterator[Span]:
    """Yield the spans that count, in order, without end; `unknown` gathers the years that had to be counted unseen."""
    for span in running(clock.opened_at, [stop.span for stop in clock.stops]):
        if clock.unit is ClockUnit.CALENDAR:
            yield span
        else:
            yield from _worked(span, days, unknown)


def _worked(span: Span, days: Days, unknown: set[int]) -> Iterator[Span]:
    begin = span.begin
    while span.end is None or begin < span.end:
        day = china_day(begin)
        midnight = begin_of(day + DAY)
        end = midnight if span.end is None else min(midnight, span.end)
        if not days.is_known(day.year):
            unknown.add(day.year)
            yield Span(begin, end)
        elif days.is_working_day(day):
            yield Span(begin, end)
        begin = end
