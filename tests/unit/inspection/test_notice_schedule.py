"""Quiet hours and the digest: when something is sent, whatever the wishes and the moment."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.china import CHINA
from inspection.delivery.rules import NoticeRule, notice_rules
from inspection.delivery.schedule import (
    MINUTES_A_DAY,
    Quiet,
    Sending,
    Wishes,
    after_quiet,
    next_time,
    sending,
)
from inspection.tables import NoticeKind

DAY = timedelta(days=1)
RULE = NoticeRule(NoticeKind.TICKET_OVERDUE, True, True, date(2025, 1, 1), "")
CALM = NoticeRule(NoticeKind.TICKET_CLOSED, False, False, date(2025, 1, 1), "")
minutes = st.integers(0, MINUTES_A_DAY - 1)
moments = st.timedeltas(timedelta(), 2000 * DAY).map(datetime(2025, 1, 1, tzinfo=UTC).__add__)
quiets = st.builds(
    lambda begin, length: Quiet(begin, (begin + length) % MINUTES_A_DAY),
    minutes,
    st.integers(1, MINUTES_A_DAY - 1),
)


def minute_of(at: datetime) -> float:
    """Return the time of the day in China, in minutes, by way of the clock on the wall."""
    local = at.astimezone(CHINA)
    return local.hour * 60 + local.minute + local.second / 60 + local.microsecond / 60e6


def is_quiet(quiet: Quiet, at: datetime) -> bool:
    """Say the same as `Quiet.holds`, by counting minutes round the clock from its begin."""
    length = (quiet.until_min - quiet.from_min) % MINUTES_A_DAY
    return (minute_of(at) - quiet.from_min) % MINUTES_A_DAY < length


@given(quiets, moments)
def test_quiet_hours_hold_as_counted_round_the_clock(quiet: Quiet, at: datetime) -> None:
    """Over midnight or not."""
    assert quiet.holds(at) == is_quiet(quiet, at)


@given(st.none() | quiets, moments)
def test_nothing_is_sent_in_quiet_hours_and_all_of_it_right_after(
    quiet: Quiet | None, at: datetime
) -> None:
    """Outside of them at once; inside, at the first moment that is outside, within a day."""
    sent = after_quiet(quiet, at)
    assert at <= sent < at + DAY
    assert quiet is None or not quiet.holds(sent)
    if quiet is None or not quiet.holds(at):
        assert sent == at
    else:
        assert minute_of(sent) == quiet.until_min
        assert quiet.holds(sent - timedelta(microseconds=1))


@given(minutes, moments)
def test_the_digest_comes_once_a_day_at_its_time(minute: int, at: datetime) -> None:
    """Later than the event, within a day, and for every event in between the same."""
    digest = next_time(minute, at)
    assert at < digest <= at + DAY
    assert minute_of(digest) == minute
    assert next_time(minute, digest - timedelta(microseconds=1)) == digest
    assert next_time(minute, digest) == digest + DAY


@given(
    st.builds(Wishes, st.just({"ticket_overdue"}), st.none() | minutes, st.none() | quiets), moments
)
def test_major_hazards_go_through_quiet_hours(wishes: Wishes, at: datetime) -> None:
    """At once, whatever the wishes say of time; a general one waits for the end of the quiet hours."""
    assert sending(wishes, RULE, at, is_major=True) == Sending(at, is_digest=False)
    general = sending(wishes, RULE, at, is_major=False)
    assert general == Sending(after_quiet(wishes.quiet, at), is_digest=False)


@given(st.builds(Wishes, st.just(frozenset()), st.none() | minutes, st.none() | quiets), moments)
def test_what_is_not_wanted_at_once_waits_for_the_digest(wishes: Wishes, at: datetime) -> None:
    """Or stays in the app where there is none; a digest respects the quiet hours too."""
    planned = sending(wishes, CALM, at, is_major=False)
    assert (planned is None) == (wishes.digest_min is None)
    if planned is not None:
        assert planned.is_digest
        assert at < planned.at <= at + 2 * DAY
        assert wishes.quiet is None or not wishes.quiet.holds(planned.at)


@pytest.mark.parametrize(("begin", "end"), [(60, 60), (-1, 60), (0, MINUTES_A_DAY)])
def test_quiet_hours_that_are_none_are_refused(begin: int, end: int) -> None:
    """All day, or not of this clock."""
    with pytest.raises(ValueError, match=r"quiet hours|time of the day"):
        Quiet(begin, end)


def test_every_kind_has_a_rule() -> None:
    """A kind without one would never leave the app; that sending failed must not, or it would go round in circles."""
    kinds = set(notice_rules(date(2026, 11, 24)))
    assert kinds == set(NoticeKind) - {NoticeKind.DELIVERY_FAILED}
    assert notice_rules(date(2024, 12, 31)) == {}
