"""The ticket's clock against a model that looks at every minute, and against faults that others are known for."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from inspection.china import CHINA, china_day
from inspection.ticket_clock import (
    ZERO,
    ClockUnit,
    Due,
    Span,
    Stop,
    StopReason,
    TicketClock,
    due,
    elapsed,
    read,
)
from inspection.work_calendar import WorkCalendar, work_calendar

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
# A Tuesday before the long holiday of 2026: 1 to 7 October are free, Saturday the 10th is worked.
OPENED = datetime(2026, 9, 29, 9, 30, tzinfo=CHINA)
DAYS = work_calendar()
# Enough minutes for every budget and stop that is drawn.
HORIZON = 14 * 24 * 60


def at(minutes: int) -> datetime:
    """Return the moment so many minutes after the opening."""
    return OPENED + minutes * MINUTE


def pause(begin: int, end: int | None) -> Stop:
    """Return a pause between two minutes after the opening."""
    return Stop(Span(at(begin), None if end is None else at(end)), StopReason.PAUSE)


# Whether each minute after the opening lies on a working day.
WORKED = np.array([DAYS.is_working_day(china_day(at(minute))) for minute in range(HORIZON)])
MINUTES = np.arange(HORIZON)


def counted_minutes(clock: TicketClock) -> NDArray[np.bool_]:
    """Return for every minute whether it counts: the simple model."""
    counts = WORKED.copy() if clock.unit is ClockUnit.WORKING else np.ones(HORIZON, np.bool_)
    for stop in clock.stops:
        counts &= ~held_minutes(stop)
    return counts


def held_minutes(stop: Stop) -> NDArray[np.bool_]:
    """Return for every minute whether a stop holds it."""
    begin = (stop.span.begin - OPENED) // MINUTE
    end = HORIZON if stop.span.end is None else (stop.span.end - OPENED) // MINUTE
    return (begin <= MINUTES) & (end > MINUTES)


minutes = st.integers(min_value=-300, max_value=5 * 24 * 60)
stops = st.lists(
    st.tuples(minutes, st.integers(min_value=0, max_value=3 * 24 * 60)).map(
        lambda drawn: pause(drawn[0], drawn[0] + drawn[1])
    ),
    max_size=5,
)
clocks = st.builds(
    TicketClock,
    opened_at=st.just(OPENED),
    budget=st.integers(min_value=1, max_value=3 * 24 * 60).map(lambda drawn: drawn * MINUTE),
    unit=st.sampled_from(ClockUnit),
    stops=stops,
)


@given(clocks)
def test_due_is_where_the_counted_minutes_reach_the_budget(clock: TicketClock) -> None:
    """Walking spans and looking at each minute name the same moment, whatever the pauses."""
    totals = np.cumsum(counted_minutes(clock))
    last = int(np.searchsorted(totals, clock.budget // MINUTE))
    assert last < HORIZON
    assert due(clock, DAYS) == Due(at(last + 1))


@given(clocks, st.integers(min_value=-60, max_value=HORIZON))
def test_elapsed_is_the_number_of_counted_minutes(clock: TicketClock, minute: int) -> None:
    """At any moment, before the opening and long after it was due as well."""
    counted = int(counted_minutes(clock)[: max(0, minute)].sum())
    assert elapsed(clock, at(minute), DAYS) == counted * MINUTE


@given(clocks, st.data())
def test_no_pause_steals_or_gives_time(clock: TicketClock, data: st.DataObject) -> None:
    """One pause more moves the due date by what it held of the time that would have counted, and by no minute else."""
    begin = data.draw(minutes)
    added = pause(begin, begin + data.draw(st.integers(min_value=0, max_value=2 * 24 * 60)))
    longer = TicketClock(clock.opened_at, clock.budget, clock.unit, (*clock.stops, added))
    before, after = due(clock, DAYS).at, due(longer, DAYS).at
    assert before is not None
    assert after is not None
    # Counted without the pause, the time until the new due date is the budget and what the pause held of it.
    held = counted_minutes(clock) & held_minutes(added) & ((after - OPENED) // MINUTE > MINUTES)
    assert elapsed(clock, after, DAYS) == clock.budget + int(held.sum()) * MINUTE
    assert after >= before


@given(clocks, st.permutations(range(5)))
def test_the_order_in_which_pauses_are_told_is_nothing(
    clock: TicketClock, order: list[int]
) -> None:
    """Approved late or early, told twice: the same due date."""
    told = [clock.stops[index] for index in order if index < len(clock.stops)]
    twice = TicketClock(clock.opened_at, clock.budget, clock.unit, (*told, *told))
    assert due(twice, DAYS) == due(clock, DAYS)


@given(clocks, st.integers(min_value=0, max_value=HORIZON))
def test_a_reading_fits_together(clock: TicketClock, minute: int) -> None:
    """Elapsed and remaining make the budget, and it is overdue exactly after it was due."""
    reading = read(clock, at(minute), DAYS)
    assert reading.elapsed + reading.remaining == clock.budget
    assert reading.due.at is not None
    assert not (reading.is_overdue and at(minute) <= reading.due.at)
    if at(minute) == reading.due.at:
        assert reading.remaining == ZERO


def test_glpi_24481_it_does_not_become_overdue_while_it_waits() -> None:
    """GLPI 24481: a ticket that is pending with a reason was violated all the same."""
    clock = TicketClock(OPENED, DAY, stops=(pause(60, None),))
    reading = read(clock, OPENED + 30 * DAY, DAYS)
    assert (reading.stopped_by, reading.is_overdue) == (StopReason.PAUSE, False)
    assert reading.remaining == timedelta(hours=23)
    assert reading.due == Due(None)


def test_glpi_6902_another_budget_keeps_the_time_that_was_paused() -> None:
    """GLPI 6902 (and 15605): a change of the agreement forgot the time that the ticket had waited."""
    paused = (pause(60, 60 + 2 * 24 * 60),)
    assert due(TicketClock(OPENED, 3 * DAY, stops=paused), DAYS).at == OPENED + 5 * DAY
    assert due(TicketClock(OPENED, DAY, stops=paused), DAYS).at == OPENED + 3 * DAY


def test_glpi_10594_a_pause_over_days_that_do_not_count_gives_none() -> None:
    """GLPI 10594: a wait over a weekend was added in full although the weekend would not have counted."""
    friday = datetime(2026, 11, 20, 12, 0, tzinfo=CHINA)
    weekend = Span(friday + timedelta(hours=12), friday + timedelta(days=2, hours=12))
    without = TicketClock(friday, DAY, ClockUnit.WORKING)
    with_it = TicketClock(friday, DAY, ClockUnit.WORKING, (Stop(weekend, StopReason.PAUSE),))
    assert due(without, DAYS) == due(with_it, DAYS) == Due(friday + 3 * DAY)


def test_glpi_14148_a_return_to_an_earlier_state_changes_nothing() -> None:
    """GLPI 14148: set to `new` again after a pause, the ticket was overdue at once. The state is no part of the clock."""
    stops = (pause(10, 500), pause(500, 900), pause(900, 901))
    reading = read(TicketClock(OPENED, timedelta(hours=2), stops=stops), at(901), DAYS)
    assert (reading.elapsed, reading.stopped_by) == (10 * MINUTE, None)
    assert reading.due == Due(at(891 + 120))


def test_working_days_are_those_of_china() -> None:
    """The long holiday does not count, the Saturday that is worked for it does."""
    clock = TicketClock(OPENED, 3 * DAY, ClockUnit.WORKING)
    # 29 and 30 September, then Thursday the 8th: due on Friday the 9th at the hour of the opening.
    assert due(clock, DAYS) == Due(datetime(2026, 10, 9, 9, 30, tzinfo=CHINA))
    longer = TicketClock(OPENED, 5 * DAY, ClockUnit.WORKING)
    assert due(longer, DAYS) == Due(datetime(2026, 10, 12, 9, 30, tzinfo=CHINA))
    assert DAYS.is_working_day(date(2026, 10, 10))


def test_a_year_that_is_not_known_is_said() -> None:
    """The due date is then the earliest possible one, and nothing is overdue by it."""
    opened = datetime(2098, 12, 30, 8, 0, tzinfo=UTC)
    clock = TicketClock(opened, 3 * DAY, ClockUnit.WORKING)
    assert due(clock, DAYS) == Due(opened + 3 * DAY, (2098, 2099))
    assert not read(clock, opened + 30 * DAY, DAYS).is_overdue
    assert read(clock, opened + 30 * DAY, WorkCalendar({date(2098, 1, 1): False, date(2099, 1, 1): False})).is_overdue  # fmt: skip


@pytest.mark.parametrize("budget", [ZERO, -DAY, 40_000 * DAY])
def test_a_budget_that_cannot_be_meant_is_refused(budget: timedelta) -> None:
    """No time at all, less than none, more than a century."""
    with pytest.raises(ValueError, match="budget"):
        TicketClock(OPENED, budget)
