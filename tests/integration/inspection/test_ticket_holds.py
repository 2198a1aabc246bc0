"""Pauses and extensions of a ticket: who asks, who decides, what the clock and the ledger then say."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from inspection.decisions import confirm_finding
from inspection.errors import (
    AnotherApproverRequired,
    HoldDecided,
    HoldPending,
    InvalidInput,
    NotAllowed,
    NotFound,
    StepNotPossible,
    VersionConflict,
)
from inspection.intake import record_finding
from inspection.queries import TicketFilter, list_tickets, ticket_steps
from inspection.scopes import Actor, scope_of
from inspection.tables import (
    HoldKind,
    Membership,
    RemediationTicket,
    Role,
    TicketHold,
    TicketState,
    User,
    new_id,
)
from inspection.ticket_clock import StopReason
from inspection.ticket_deadlines import holds_of, is_overdue, reading_of
from inspection.ticket_holds import HoldRequest, decide_hold, end_pause, request_hold, withdraw_hold
from inspection.ticket_steps import TicketRef
from inspection.tickets import Step, TicketAction, take_step
from inspection.wire import Confirmation
from ledger.log import entries
from ledger.sql import SqlStore
from tests.builders import NOW, Town, jpeg, keep, make_draft

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
PAUSE = HoldRequest(HoldKind.PAUSE, "waiting_parts", "光栅备件", until=NOW + 5 * DAY)
EXTENSION = HoldRequest(HoldKind.EXTENSION, "larger_than_planned", days=2)
# A hazard that is fixed within three days, by the catalogue.
HAZARD = "FIR-03"
Do = Callable[..., RemediationTicket]


@pytest.fixture
def ticket(session: Session, town: Town) -> RemediationTicket:
    """Return an open ticket of three days."""
    draft = make_draft(keep(session, town.mine, jpeg(0)).sha256, hazard_code=HAZARD)
    device = Actor.from_device(town.device.id)
    record_finding(session, enterprise_id=town.mine.id, actor=device, draft=draft, now=NOW)
    scope = scope_of(session, town.expert.id)
    decision = confirm_finding(session, scope, town.mine.id, draft.id, Confirmation(), NOW)
    assert decision.ticket is not None
    assert decision.ticket.deadline == NOW + 3 * DAY
    return decision.ticket


@pytest.fixture
def ask(session: Session, town: Town, ticket: RemediationTicket) -> Callable[..., TicketHold]:
    """Return what asks for time, as a person and at a time; it returns the request."""

    def ask(asked: HoldRequest, user: User = town.officer, at: datetime = NOW) -> TicketHold:
        ref = TicketRef(town.mine.id, ticket.id, at)
        request_hold(session, scope_of(session, user.id), ref, asked)
        return holds_of(session, ticket)[-1]

    return ask


@pytest.fixture
def decide(session: Session, town: Town, ticket: RemediationTicket) -> Do:
    """Return what decides about a request."""

    def decide(
        hold: TicketHold,
        *,
        approved: bool = True,
        note: str = "",
        user: User = town.expert,
        at: datetime = NOW,
    ) -> RemediationTicket:
        ref = TicketRef(town.mine.id, ticket.id, at)
        scope = scope_of(session, user.id)
        return decide_hold(session, scope, ref, hold.id, approved=approved, note=note)

    return decide


def step(
    session: Session,
    ticket: RemediationTicket,
    user: User,
    at: datetime,
    action: str,
    **facts: object,
) -> None:
    """Take a step of the ticket."""
    ref = TicketRef(ticket.enterprise_id, ticket.id, at)
    take_step(session, scope_of(session, user.id), ref, Step(TicketAction(action), **facts))  # type: ignore[arg-type]  # facts of a step


def fix(session: Session, town: Town, ticket: RemediationTicket, at: datetime) -> None:
    """Assign, start and submit at a time."""
    photo = keep(session, town.mine, jpeg(200)).sha256
    step(session, ticket, town.officer, at, "assign", assignee_id=town.worker.id)
    step(session, ticket, town.worker, at, "start")
    step(session, ticket, town.worker, at, "submit", evidence_sha256s=(photo,))


def test_an_approved_pause_counts_from_its_request(
    session: Session, ticket: RemediationTicket, ask: Do, decide: Do
) -> None:
    """However late the decision: the deadline moves by the pause's whole length."""
    hold = ask(PAUSE, at=NOW + DAY)
    assert ticket.deadline == NOW + 3 * DAY
    decide(hold, at=NOW + 6 * DAY)
    assert ticket.deadline == NOW + 3 * DAY + 4 * DAY
    reading = reading_of(session, ticket, NOW + 2 * DAY)
    assert (reading.elapsed, reading.stopped_by) == (DAY, StopReason.PAUSE)


def test_the_clock_runs_while_a_request_waits_or_after_it_was_refused(
    session: Session, ticket: RemediationTicket, ask: Do, decide: Do
) -> None:
    """A request alone gives nothing."""
    hold = ask(PAUSE)
    assert reading_of(session, ticket, NOW + DAY).remaining == 2 * DAY
    with pytest.raises(InvalidInput, match="why it is refused"):
        decide(hold, approved=False, note=" ")
    decide(hold, approved=False, note="备件有货")
    assert reading_of(session, ticket, NOW + DAY).remaining == 2 * DAY
    assert ticket.deadline == NOW + 3 * DAY


def test_a_pause_ends_by_itself_or_before(
    session: Session, town: Town, ticket: RemediationTicket, ask: Do, decide: Do
) -> None:
    """Ended by hand, the deadline comes nearer; after its planned end there is nothing to end."""
    hold = ask(PAUSE)
    decide(hold)
    assert ticket.deadline == NOW + 8 * DAY
    ref = TicketRef(town.mine.id, ticket.id, NOW + 2 * DAY)
    end_pause(session, scope_of(session, town.officer.id), ref, hold.id, "备件到了")
    assert ticket.deadline == NOW + 5 * DAY
    with pytest.raises(HoldDecided, match="over"):
        end_pause(session, scope_of(session, town.expert.id), ref, hold.id, "")
    with pytest.raises(NotAllowed):
        end_pause(session, scope_of(session, town.insurer.id), ref, hold.id, "")


def test_an_extension_adds_days(ticket: RemediationTicket, ask: Do, decide: Do) -> None:
    """Beside a pause, in any order."""
    decide(ask(EXTENSION))
    assert ticket.deadline == NOW + 5 * DAY
    decide(ask(PAUSE))
    assert ticket.deadline == NOW + 10 * DAY


def test_glpi_7946_what_waits_is_not_overdue(
    session: Session, ticket: RemediationTicket, ask: Do, decide: Do
) -> None:
    """GLPI 7946: it was told to be late although it was pending. A pause that began in time keeps it from being late."""
    decide(ask(PAUSE))
    assert not is_overdue(ticket, NOW + 4 * DAY)
    assert not reading_of(session, ticket, NOW + 4 * DAY).is_overdue
    assert is_overdue(ticket, NOW + 8 * DAY + HOUR)


def test_the_wait_for_a_reinspection_is_not_the_fixers(
    session: Session, town: Town, ticket: RemediationTicket
) -> None:
    """Submitted in time, it is not late while it waits; sent back, it has the time that was left."""
    fix(session, town, ticket, NOW + DAY)
    assert reading_of(session, ticket, NOW + 9 * DAY).stopped_by is StopReason.REINSPECTION
    assert reading_of(session, ticket, NOW + 9 * DAY).due.at is None
    assert not is_overdue(ticket, NOW + 9 * DAY)
    step(session, ticket, town.expert, NOW + 9 * DAY, "return", note="仍缺一具")
    assert ticket.deadline == NOW + 11 * DAY
    assert is_overdue(ticket, NOW + 11 * DAY + HOUR)
    fix(session, town, ticket, NOW + 12 * DAY)
    assert is_overdue(ticket, NOW + 12 * DAY)
    step(session, ticket, town.expert, NOW + 20 * DAY, "close")
    assert is_overdue(ticket, NOW + 90 * DAY)
    assert reading_of(session, ticket, NOW + 90 * DAY).remaining == -DAY


def test_late_and_mine_are_asked_of_the_database(
    session: Session, town: Town, ticket: RemediationTicket, ask: Do, decide: Do
) -> None:
    """A list of what is late agrees with each ticket's own word, through a pause, a submission and a return."""

    def is_listed(**wanted: object) -> bool:
        scope = scope_of(session, town.expert.id)
        page = list_tickets(session, scope, TicketFilter(**wanted))  # type: ignore[arg-type]  # filters of the list
        return [row.id for row in page.rows] == [ticket.id]

    def check() -> None:
        for day in range(30):
            now = NOW + day * DAY + HOUR
            assert is_listed(late_at=now) == is_overdue(ticket, now)

    check()
    assert is_listed(late_at=NOW + 4 * DAY)
    decide(ask(PAUSE))
    check()
    assert not is_listed(late_at=NOW + 4 * DAY)
    fix(session, town, ticket, NOW + 9 * DAY)
    check()
    step(session, ticket, town.expert, NOW + 12 * DAY, "return", note="仍缺一具")
    check()
    assert is_listed(assignee_id=town.worker.id)
    assert not is_listed(assignee_id=town.officer.id)
    ticket.is_deadline_provisional = True
    session.flush()
    assert not is_listed(late_at=NOW + 90 * DAY)
    fix(session, town, ticket, NOW + 13 * DAY)
    step(session, ticket, town.expert, NOW + 14 * DAY, "close")
    assert not is_listed(late_at=NOW + 90 * DAY)


def test_every_act_is_an_entry_and_a_step(
    session: Session, town: Town, ticket: RemediationTicket, ask: Do, decide: Do
) -> None:
    """With the request, its reason, and the deadline as it is then."""
    decide(ask(PAUSE), note="同意")
    hold = ask(EXTENSION)
    ref = TicketRef(town.mine.id, ticket.id, NOW)
    withdraw_hold(session, scope_of(session, town.officer.id), ref, hold.id, "不需要了")
    found = entries(SqlStore(session), str(town.mine.id), 3, 10)
    kinds = ["pause_requested", "pause_approved", "extension_requested", "extension_withdrawn"]
    records = [entry.record for entry in found if entry.record]
    assert [record.kind for record in records] == [f"ticket.{kind}" for kind in kinds]
    assert [row.action for row in ticket_steps(session, ticket)] == kinds
    approved = records[1]
    assert approved.data["reason_code"] == "waiting_parts"
    assert approved.data["deadline"] == "2026-12-02T08:00:00.000Z"
    assert approved.data["note"] == "同意"
    assert ticket.version == 5


def test_nobody_decides_about_their_own_request(
    session: Session, town: Town, ask: Do, decide: Do
) -> None:
    """Not even an officer who is also the service centre."""
    both = Membership(
        user_id=town.centre.id, role=Role.ENTERPRISE_OFFICER, enterprise_id=town.mine.id
    )
    session.add(both)
    session.flush()
    hold = ask(PAUSE, user=town.centre)
    with pytest.raises(AnotherApproverRequired, match="pause"):
        decide(hold, user=town.centre)
    for user in (town.officer, town.worker, town.government, town.insurer):
        with pytest.raises(NotAllowed):
            decide(hold, user=user)
    decide(hold, user=town.expert)
    with pytest.raises(HoldDecided):
        decide(hold, user=town.expert)


def test_who_asks(session: Session, town: Town, ticket: RemediationTicket, ask: Do) -> None:
    """The officer, and the worker who is to fix it; nobody else."""
    for user in (town.worker, town.expert, town.government):
        with pytest.raises(NotAllowed):
            ask(PAUSE, user=user)
    step(session, ticket, town.officer, NOW, "assign", assignee_id=town.worker.id)
    hold = ask(PAUSE, user=town.worker)
    with pytest.raises(HoldPending):
        ask(PAUSE)
    ask(EXTENSION)
    ref = TicketRef(town.mine.id, ticket.id, NOW)
    with pytest.raises(NotAllowed):
        withdraw_hold(session, scope_of(session, town.expert.id), ref, hold.id, "")
    with pytest.raises(NotFound):
        withdraw_hold(session, scope_of(session, town.officer.id), ref, new_id(), "")
    stale = TicketRef(town.mine.id, ticket.id, NOW, 1)
    with pytest.raises(VersionConflict):
        withdraw_hold(session, scope_of(session, town.officer.id), stale, hold.id, "")
    withdraw_hold(session, scope_of(session, town.worker.id), ref, hold.id, "")
    with pytest.raises(HoldDecided):
        withdraw_hold(session, scope_of(session, town.worker.id), ref, hold.id, "")


def test_a_request_without_sense_is_refused(ask: Do) -> None:
    """No end, an end that is over or too far, a reason that is none, too many days."""
    for asked in (
        HoldRequest(HoldKind.PAUSE, "waiting_parts"),
        HoldRequest(HoldKind.PAUSE, "waiting_parts", until=NOW),
        HoldRequest(HoldKind.PAUSE, "waiting_parts", until=NOW + 61 * DAY),
        HoldRequest(HoldKind.PAUSE, "larger_than_planned", until=NOW + DAY),
        HoldRequest(HoldKind.PAUSE, "nonsense", until=NOW + DAY),
        HoldRequest(HoldKind.PAUSE, "other", " ", until=NOW + DAY),
        HoldRequest(HoldKind.EXTENSION, "waiting_parts"),
        HoldRequest(HoldKind.EXTENSION, "waiting_parts", days=0),
        HoldRequest(HoldKind.EXTENSION, "waiting_parts", days=61),
    ):
        with pytest.raises(InvalidInput):
            ask(asked)


def test_what_waits_for_reinspection_or_is_closed_needs_no_time(
    session: Session, town: Town, ticket: RemediationTicket, ask: Do, decide: Do
) -> None:
    """A request is refused then; one that was left open is not decided any more."""
    hold = ask(PAUSE)
    fix(session, town, ticket, NOW)
    with pytest.raises(StepNotPossible):
        ask(EXTENSION)
    step(session, ticket, town.expert, NOW, "close")
    assert ticket.state is TicketState.CLOSED
    with pytest.raises(StepNotPossible):
        decide(hold)
