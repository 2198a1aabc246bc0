"""What is due, judged by a model that walks day by day."""

from calendar import monthrange
from datetime import date, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.duties import (
    Absence,
    Calendar,
    Duty,
    DutyState,
    PlannedTicket,
    SectionFacts,
    StandingRecord,
    add_months,
    duties,
    period_of,
    plan_of_section,
    plan_of_ticket,
)
from inspection.section_rules import FrequencyRule, RuleKind

MONTHLY = FrequencyRule(RuleKind.PERIOD, 1, 7)
ONCE = FrequencyRule(RuleKind.ONCE, 0, 30)
REVIEW = FrequencyRule(RuleKind.REVIEW, 36, 60)
EVENT = FrequencyRule(RuleKind.EVENT, 0, 30)
SINCE = date(2026, 9, 1)
TODAY = date(2026, 11, 25)
days = st.dates(date(2024, 1, 1), date(2027, 12, 31))


def record(on: date, due_on: date | None = None, *, counted: bool = True) -> StandingRecord:
    """Return a standing record of a day."""
    return StandingRecord(uuid4(), on, due_on, counted)


def asked(
    rule: FrequencyRule, facts: SectionFacts, today: date = TODAY, since: date = SINCE
) -> list[Duty]:
    """Return the duties with a renewal notice of 30 days."""
    return duties(rule, facts, Calendar(since, today, 30))


def states(found: list[Duty]) -> dict[str, str]:
    """Return the state of each period."""
    return {duty.period: duty.state.value for duty in found}


def test_the_safety_meeting_of_october_is_missing() -> None:
    """September's and November's are there, October's is not."""
    facts = SectionFacts([record(date(2026, 9, 30)), record(date(2026, 11, 1))])
    assert states(asked(MONTHLY, facts)) == {
        "2026-09": "done",
        "2026-10": "missing",
        "2026-11": "done",
    }


def test_the_present_month_is_upcoming_then_due() -> None:
    """Notice begins seven days before the end; the month is missing only when it is over."""
    for day, state in ((23, "upcoming"), (24, "due"), (30, "due")):
        assert states(asked(MONTHLY, SectionFacts(), date(2026, 11, day)))["2026-11"] == state
    assert states(asked(MONTHLY, SectionFacts(), date(2026, 12, 1)))["2026-11"] == "missing"


def test_nobody_is_asked_for_what_they_could_not_know() -> None:
    """An enterprise that begins six days before a month's end is not asked for that month; seven days are enough."""
    assert "2026-09" not in states(asked(MONTHLY, SectionFacts(), since=date(2026, 9, 24)))
    assert "2026-09" in states(asked(MONTHLY, SectionFacts(), since=date(2026, 9, 23)))
    assert asked(MONTHLY, SectionFacts(), since=date(2027, 1, 1)) == []


def test_what_does_not_apply_is_not_asked_for() -> None:
    """From the day of the mark on; what was missing before stays missing; when it applies again it is asked for."""
    away = SectionFacts(absences=[Absence(date(2026, 10, 15))])
    assert states(asked(MONTHLY, away)) == {"2026-09": "missing"}
    back = SectionFacts(absences=[Absence(date(2026, 10, 15), date(2026, 11, 10))])
    assert states(asked(MONTHLY, back)) == {"2026-09": "missing", "2026-11": "due"}
    for rule in (ONCE, REVIEW):
        assert asked(rule, away) == []
    assert asked(EVENT, SectionFacts([record(SINCE, TODAY)], away.absences)) == []


def test_only_counted_records_count() -> None:
    """A drill's plan is no drill."""
    facts = SectionFacts([record(date(2026, 11, 3), counted=False)])
    assert states(asked(MONTHLY, facts))["2026-11"] == "due"
    assert states(asked(ONCE, facts))["first"] == "missing"


def test_one_at_all() -> None:
    """It is due at once, missing after the notice, done with the first record."""
    assert states(asked(ONCE, SectionFacts(), SINCE)) == {"first": "upcoming"}
    assert states(asked(ONCE, SectionFacts(), SINCE + timedelta(1))) == {"first": "due"}
    assert states(asked(ONCE, SectionFacts(), SINCE + timedelta(31))) == {"first": "missing"}
    assert states(asked(ONCE, SectionFacts([record(TODAY)]))) == {"first": "done"}


def test_a_rule_is_reviewed_after_three_years() -> None:
    """Each standing record again 36 months after its day; 29 February becomes 28."""
    rule = record(date(2024, 2, 29))
    found = asked(REVIEW, SectionFacts([rule]), date(2027, 2, 1))
    renewal = next(duty for duty in found if duty.record_id == rule.id)
    assert (renewal.last, renewal.state) == (date(2027, 2, 28), DutyState.DUE)


@pytest.mark.parametrize(
    ("today", "state"),
    [(date(2026, 12, 1), "upcoming"), (date(2026, 12, 2), "due"), (date(2027, 1, 1), "missing")],
)
def test_a_record_that_runs_out_must_be_renewed(today: date, state: str) -> None:
    """A certificate until 31 December: notice 30 days before, missing from 1 January."""
    certificate = record(date(2026, 3, 1), date(2026, 12, 31))
    (renewal,) = asked(EVENT, SectionFacts([certificate]), today)
    assert renewal.state == state
    assert renewal.period == f"{certificate.id}@2026-12-31"


@given(day=days, months=st.sampled_from([1, 3, 6, 12]))
def test_periods_tile_the_calendar(day: date, months: int) -> None:
    """Every day lies in the period that it names; the next day after a period begins another of the same length."""
    name, first, last = period_of(months, day)
    assert first <= day <= last
    assert all(period_of(months, first + timedelta(n))[0] == name for n in (0, (last - first).days))
    following = period_of(months, last + timedelta(1))
    assert following[0] != name
    assert following[1] == add_months(first, months)


@given(
    since=days,
    today=days,
    months=st.sampled_from([1, 3, 6, 12]),
    on=st.lists(days, max_size=12),
    away=st.lists(st.tuples(days, st.none() | days), max_size=2),
)
def test_periods_agree_with_a_walk_through_the_days(
    since: date,
    today: date,
    months: int,
    on: list[date],
    away: list[tuple[date, date | None]],
) -> None:
    """The model looks at every day of every period; the function must say the same."""
    rule = FrequencyRule(RuleKind.PERIOD, months, 7)
    facts = SectionFacts([record(day) for day in on], [Absence(*pair) for pair in away])
    assert states(asked(rule, facts, today, since)) == walk(rule, facts, today, since)


def test_a_plan_is_upcoming_due_missing_or_done() -> None:
    """From the day after the enterprise began to thirty days later; one that stands is enough, and absence ends the asking."""
    drill = StandingRecord(uuid4(), SINCE)
    plan = StandingRecord(uuid4(), SINCE, is_plan=True)

    def state(facts: SectionFacts, day: int) -> list[str]:
        calendar = Calendar(SINCE, SINCE + timedelta(day), 30)
        return [duty.state.value for duty in plan_of_section(facts, calendar, 30)]

    assert [state(SectionFacts([drill]), day) for day in (-1, 0, 1, 30, 31)] == [
        [], ["upcoming"], ["due"], ["due"], ["missing"],
    ]  # fmt: skip
    assert state(SectionFacts([drill, plan]), 31) == ["done"]
    assert state(SectionFacts(absences=[Absence(SINCE)]), 31) == []


@given(days, st.integers(-3, 30), st.integers(0, 30), st.booleans())
def test_a_tickets_plan_is_never_later_than_the_ticket(
    opened_on: date, budget: int, age: int, has_plan: bool
) -> None:
    """Its last day is the seventh or the deadline's; before it due, after it missing, filed done."""
    ticket = PlannedTicket(
        uuid4(), "T-1", opened_on, opened_on + timedelta(budget), has_plan=has_plan
    )
    duty = plan_of_ticket(ticket, opened_on + timedelta(age), 7)
    assert duty.is_plan
    assert (duty.last - opened_on).days == min(7, budget)
    expected = "done" if has_plan else "missing" if age > min(7, budget) else "due"
    assert duty.state == expected


def walk(rule: FrequencyRule, facts: SectionFacts, today: date, since: date) -> dict[str, str]:
    """Go from the first day to today, and judge each period on its last day or today."""
    expected: dict[str, str] = {}
    day = since
    while day <= today:
        month_last = monthrange(day.year, day.month)[1]
        is_last = day.day == month_last and day.month % rule.months == 0
        if is_last or day == today:
            begin_month = (day.month - 1) // rule.months * rule.months + 1
            begin = date(day.year, begin_month, 1)
            end_month = begin_month + rule.months - 1
            end = date(day.year, end_month, monthrange(day.year, end_month)[1])
            judged = judge(facts, begin, end, today)
            is_away = any(
                a.since <= day and (a.until is None or a.until >= day) for a in facts.absences
            )
            if not is_away and (since <= begin or (end - since).days >= rule.notice_days):
                expected[period_of(rule.months, day)[0]] = judged
        day += timedelta(1)
    return expected


def judge(facts: SectionFacts, begin: date, end: date, today: date) -> str:
    """Say what a period of this record book is on a day."""
    if any(begin <= record.on_day <= end for record in facts.records):
        return "done"
    if end < today:
        return "missing"
    return "due" if (end - today).days < 7 else "upcoming"
