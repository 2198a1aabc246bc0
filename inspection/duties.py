"""When a section's records are due: pure functions from a rule, what is there, and today.

    period   one record in every calendar period (month, quarter, half-year, year) since the enterprise began
    once     one record at all, at the latest `notice_days` after the enterprise began
    review   as once, and each standing record again `months` after its day
    dates, event, live   nothing by themselves
    any      a standing record that names a date must be renewed (superseded) by then; a section of plans holds its plan

A duty is *done*, *missing* (its last day is over), *due* (within its notice), or *upcoming*. Days are days in China.
Nobody is asked for a period of which less than its notice was left when the enterprise began.
"""

from bisect import bisect_left
from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from itertools import chain
from uuid import UUID

from inspection.section_rules import FrequencyRule, RuleKind

# Ten years of months: older ones are history, not a duty.
MAX_PERIODS = 120
FIRST, PLAN = "first", "plan"


class DutyState(StrEnum):
    """Where a duty stands today."""

    DONE = "done"
    MISSING = "missing"
    DUE = "due"
    UPCOMING = "upcoming"


@dataclass(frozen=True)
class Absence:
    """Days on which a section does not apply to the enterprise; without an end it still does not."""

    since: date
    until: date | None = None

    def holds_on(self, day: date) -> bool:
        """Return whether the section does not apply on a day."""
        return self.since <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True)
class StandingRecord:
    """A record that was neither superseded nor withdrawn. `due_on`: when it says that it must be renewed."""

    id: UUID
    on_day: date
    due_on: date | None = None
    is_counted: bool = True
    is_plan: bool = False


@dataclass(frozen=True)
class SectionFacts:
    """What an enterprise has in a section: its standing records in any order, and when it does not apply."""

    records: Sequence[StandingRecord] = ()
    absences: Sequence[Absence] = ()

    def is_absent_on(self, day: date) -> bool:
        """Return whether the section does not apply on a day."""
        return any(absence.holds_on(day) for absence in self.absences)


@dataclass(frozen=True)
class Duty:
    """Something that is asked for from `first` to `last`. `period` names it for good: 2026-10, 2026-Q4, 2026-H2, 2026.

    For a record that runs out, `period` is its id and the day, and `record_id` is set. For a plan it is ``plan``; for the
    plan of one ticket ``plan:`` and the ticket's id, and `ticket_id` and `ticket_number` are set.
    """

    period: str
    first: date
    last: date
    state: DutyState
    record_id: UUID | None = field(default=None)
    ticket_id: UUID | None = field(default=None)
    ticket_number: str | None = field(default=None)

    @property
    def is_plan(self) -> bool:
        """Return whether a plan is asked for."""
        return self.period.partition(":")[0] == PLAN


@dataclass(frozen=True)
class Calendar:
    """When the enterprise began to be asked, today, and how many days before a record runs out notice is given."""

    since: date
    today: date
    renewal_notice_days: int


def duties(rule: FrequencyRule, facts: SectionFacts, calendar: Calendar) -> list[Duty]:
    """Return what is and was asked for, oldest first; what is not applicable is left out."""
    if calendar.since > calendar.today:
        return []
    found = chain(
        _periods(rule, facts, calendar),
        _first_record(rule, facts, calendar),
        _renewals(rule, facts, calendar),
    )
    return sorted(found, key=lambda duty: (duty.last, duty.period))


def plan_of_section(facts: SectionFacts, calendar: Calendar, within_days: int) -> list[Duty]:
    """Return that a section must hold a plan, at the latest so many days after the enterprise began."""
    if calendar.since > calendar.today or facts.is_absent_on(calendar.today):
        return []
    last = calendar.since + timedelta(days=within_days)
    is_there = any(record.is_plan for record in facts.records)
    state = DutyState.DONE if is_there else _state(last, within_days, calendar.today)
    return [Duty(PLAN, calendar.since, last, state)]


@dataclass(frozen=True)
class PlannedTicket:
    """A ticket that needs a plan of its own: when it was opened and is due, in days of China."""

    id: UUID
    number: str
    opened_on: date
    due_on: date
    has_plan: bool


def plan_of_ticket(ticket: PlannedTicket, today: date, within_days: int) -> Duty:
    """Return that a ticket must have its plan; it is due from the first day on, for no fix may start before."""
    last = min(ticket.due_on, ticket.opened_on + timedelta(days=within_days))
    late = DutyState.MISSING if today > last else DutyState.DUE
    return Duty(
        f"{PLAN}:{ticket.id}",
        ticket.opened_on,
        last,
        DutyState.DONE if ticket.has_plan else late,
        ticket_id=ticket.id,
        ticket_number=ticket.number,
    )


def period_of(months: int, day: date) -> tuple[str, date, date]:
    """Return the calendar period of `months` (1, 3, 6 or 12) that holds a day: its name, first and last day."""
    number = (day.month - 1) // months
    first = date(day.year, number * months + 1, 1)
    last_month = number * months + months
    last = date(day.year, last_month, monthrange(day.year, last_month)[1])
    names = {1: f"-{day.month:02d}", 3: f"-Q{number + 1}", 6: f"-H{number + 1}", 12: ""}
    return f"{day.year}{names[months]}", first, last


def add_months(day: date, months: int) -> date:
    """Return the same day `months` later, or the last one of a shorter month."""
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def _periods(rule: FrequencyRule, facts: SectionFacts, calendar: Calendar) -> Iterator[Duty]:
    if rule.kind is not RuleKind.PERIOD:
        return
    days = sorted(record.on_day for record in facts.records if record.is_counted)
    notice = timedelta(days=rule.notice_days)
    for name, first, last in _periods_until_today(rule.months, calendar):
        is_asked = calendar.since <= first or last - calendar.since >= notice
        # A period that is over is judged by its last day, the present one by today.
        if not is_asked or facts.is_absent_on(min(last, calendar.today)):
            continue
        at = bisect_left(days, first)
        if at < len(days) and days[at] <= last:
            yield Duty(name, first, last, DutyState.DONE)
        else:
            yield Duty(name, first, last, _state(last, rule.notice_days, calendar.today))


def _periods_until_today(months: int, calendar: Calendar) -> list[tuple[str, date, date]]:
    found: list[tuple[str, date, date]] = []
    day = calendar.today
    while len(found) < MAX_PERIODS:
        period = period_of(months, day)
        found.append(period)
        if period[1] <= calendar.since:
            break
        day = period[1] - timedelta(days=1)
    return found[::-1]


def _first_record(rule: FrequencyRule, facts: SectionFacts, calendar: Calendar) -> Iterator[Duty]:
    if rule.kind not in {RuleKind.ONCE, RuleKind.REVIEW} or facts.is_absent_on(calendar.today):
        return
    last = calendar.since + timedelta(days=rule.notice_days)
    if any(record.is_counted for record in facts.records):
        yield Duty(FIRST, calendar.since, last, DutyState.DONE)
    else:
        yield Duty(FIRST, calendar.since, last, _state(last, rule.notice_days, calendar.today))


def _renewals(rule: FrequencyRule, facts: SectionFacts, calendar: Calendar) -> Iterator[Duty]:
    if facts.is_absent_on(calendar.today):
        return
    for record in facts.records:
        last, notice_days = record.due_on, calendar.renewal_notice_days
        if last is None and rule.kind is RuleKind.REVIEW:
            last, notice_days = add_months(record.on_day, rule.months), rule.notice_days
        if last is not None:
            state = _state(last, notice_days, calendar.today)
            yield Duty(f"{record.id}@{last}", record.on_day, last, state, record.id)


def _state(last: date, notice_days: int, today: date) -> DutyState:
    if today > last:
        return DutyState.MISSING
    if today > last - timedelta(days=notice_days):
        return DutyState.DUE
    return DutyState.UPCOMING
