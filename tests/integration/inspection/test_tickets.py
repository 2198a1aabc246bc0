"""Steps of a ticket: who may, with what, and what the ledger then holds."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import Session

from inspection.decisions import confirm_finding
from inspection.errors import (
    AfterPhotoRequired,
    EvidenceMissing,
    InvalidInput,
    NotAllowed,
    NotFound,
    SecondPersonRequired,
    StepNotPossible,
    VersionConflict,
)
from inspection.intake import record_finding
from inspection.queries import get_item, ticket_steps
from inspection.scopes import Actor, device_scope, scope_of
from inspection.tables import ItemState, RemediationTicket, TicketState, User, new_id
from inspection.ticket_steps import TicketRef
from inspection.tickets import Step, TicketAction, allowed_actions, take_step
from inspection.wire import Confirmation
from ledger.log import entries
from ledger.sql import SqlStore
from tests.builders import NOW, Town, jpeg, keep, make_draft

LATER = NOW + timedelta(hours=1)
BEFORE = jpeg(0)
Take = Callable[..., RemediationTicket]


@pytest.fixture
def ticket(session: Session, town: Town) -> RemediationTicket:
    """Return an open ticket."""
    draft = make_draft(keep(session, town.mine, BEFORE).sha256)
    device = Actor.from_device(town.device.id)
    record_finding(session, enterprise_id=town.mine.id, actor=device, draft=draft, now=NOW)
    scope = scope_of(session, town.expert.id)
    decision = confirm_finding(session, scope, town.mine.id, draft.id, Confirmation(), NOW)
    session.commit()
    assert decision.ticket is not None
    return decision.ticket


@pytest.fixture
def take(session: Session, town: Town, ticket: RemediationTicket) -> Take:
    """Return what takes a step of the ticket as a person."""

    def take(user: User, action: str, **facts: object) -> RemediationTicket:
        version = facts.pop("expected_version", None)
        step = Step(TicketAction(action), **facts)
        scope = scope_of(session, user.id)
        ref = TicketRef(town.mine.id, ticket.id, LATER, version)
        return take_step(session, scope, ref, step)

    return take


@pytest.fixture
def photo(session: Session, town: Town) -> str:
    """Return an after-photo's hash."""
    return keep(session, town.mine, jpeg(200)).sha256


def _submit(take: Take, town: Town, photo: str) -> RemediationTicket:
    take(town.officer, "assign", assignee_id=town.worker.id)
    take(town.worker, "start")
    return take(town.worker, "submit", evidence_sha256s=(photo,), note="换了安全帽")


def test_from_open_to_closed_every_step_is_in_the_ledger(
    session: Session, town: Town, take: Take, photo: str
) -> None:
    """Steps, entries and the item agree at the end."""
    _submit(take, town, photo)
    closed = take(town.expert, "close", note="现场复查合格")
    session.commit()
    assert (closed.state, closed.closed_at, closed.version) == (TicketState.CLOSED, LATER, 5)
    assert (closed.assignee_id, closed.fixer_id) == (town.worker.id, town.worker.id)
    scope = scope_of(session, town.expert.id)
    assert get_item(session, scope, town.mine.id, closed.item_id).state is ItemState.CLOSED
    steps = ticket_steps(session, closed)
    found = entries(SqlStore(session), str(town.mine.id), 3, 10)
    kinds = [entry.record.kind for entry in found if entry.record]
    assert kinds == ["ticket.assigned", "ticket.started", "ticket.submitted", "ticket.closed"]
    assert [step.entry_index for step in steps] == [entry.index for entry in found]
    assert [step.number for step in steps] == [1, 2, 3, 4]
    assert [step.state.value for step in steps] == ["assigned", "fixing", "submitted", "closed"]
    assert steps[2].evidence_sha256s == [photo]
    submitted = found[2].record
    assert submitted is not None
    assert [(each.sha256, each.role) for each in submitted.attachments] == [(photo, "after_photo")]


def test_returned_is_fixed_again(session: Session, town: Town, take: Take, photo: str) -> None:
    """A returned ticket says why, and starts again."""
    _submit(take, town, photo)
    with pytest.raises(InvalidInput, match="still wrong"):
        take(town.expert, "return", note=" ")
    assert take(town.expert, "return", note="仍未佩戴").state is TicketState.RETURNED
    take(town.officer, "start")
    take(town.worker, "submit", evidence_sha256s=(photo,))
    closed = take(
        town.expert, "close", evidence_sha256s=(keep(session, town.mine, jpeg(99)).sha256,)
    )
    assert closed.state is TicketState.CLOSED


def test_whoever_fixed_or_submitted_may_not_reinspect(town: Town, take: Take, photo: str) -> None:
    """Neither the one who started, nor the assignee, nor the one who submitted."""
    take(town.officer, "assign", assignee_id=town.worker.id)
    take(town.officer, "start")
    take(town.worker, "submit", evidence_sha256s=(photo,))
    for action in ("close", "return"):
        with pytest.raises(SecondPersonRequired):
            take(town.officer, action, note="x")
        with pytest.raises(NotAllowed):
            take(town.worker, action, note="x")
    assert take(town.centre, "close").state is TicketState.CLOSED


def test_whoever_was_replaced_before_starting_may_not_reinspect(
    session: Session, town: Town, take: Take, photo: str, ticket: RemediationTicket
) -> None:
    """Else the officer could be assigned, do the work, hand it on, and pass their own fix."""
    take(town.officer, "assign", assignee_id=town.officer.id)
    _submit(take, town, photo)
    scope = scope_of(session, town.officer.id)
    assert list(allowed_actions(session, scope, ticket)) == []
    for action in ("close", "return"):
        with pytest.raises(SecondPersonRequired):
            take(town.officer, action, note="x")
    assert [step.assignee_id for step in ticket_steps(session, ticket)] == [
        town.officer.id,
        town.worker.id,
        None,
        None,
    ]
    assert take(town.expert, "close").state is TicketState.CLOSED


def test_whoever_fixed_before_a_return_may_not_reinspect_after_it(
    town: Town, take: Take, photo: str
) -> None:
    """A second round by others takes nobody's hand away."""
    take(town.officer, "assign", assignee_id=town.worker.id)
    take(town.officer, "start")
    take(town.worker, "submit", evidence_sha256s=(photo,))
    take(town.expert, "return", note="仍有缺失")
    take(town.expert, "assign", assignee_id=town.second_worker.id)
    take(town.second_worker, "start")
    take(town.second_worker, "submit", evidence_sha256s=(photo,))
    with pytest.raises(SecondPersonRequired):
        take(town.officer, "close")


@pytest.mark.parametrize("login", ["worker", "government", "insurer"])
def test_who_may_not_assign(town: Town, take: Take, login: str) -> None:
    """They see the ticket only."""
    with pytest.raises(NotAllowed):
        take(getattr(town, login), "assign", assignee_id=town.worker.id)


def test_only_people_of_the_enterprise_are_assigned(town: Town, take: Take) -> None:
    """Not the expert, not a stranger, not nobody."""
    for person in (town.expert.id, town.stranger.id, new_id(), None):
        with pytest.raises(NotFound):
            take(town.officer, "assign", assignee_id=person)


def test_only_the_assignee_or_an_officer_fixes(town: Town, take: Take) -> None:
    """A second worker and the expert may not."""
    take(town.expert, "assign", assignee_id=town.worker.id)
    for user in (town.second_worker, town.expert, town.centre):
        with pytest.raises(NotAllowed):
            take(user, "start")
    assert take(town.worker, "start").state is TicketState.FIXING


def test_a_ticket_is_handed_on(town: Town, take: Take, photo: str) -> None:
    """Assigned again while it is being fixed, the new person starts."""
    take(town.officer, "assign", assignee_id=town.worker.id)
    take(town.worker, "start")
    assert take(town.officer, "assign", assignee_id=town.second_worker.id).state == "assigned"
    with pytest.raises(NotAllowed):
        take(town.worker, "start")
    assert take(town.second_worker, "start").fixer_id == town.second_worker.id


def test_a_submission_needs_a_new_photo_that_is_there(
    session: Session, town: Town, take: Take
) -> None:
    """None, a missing one, another enterprise's, a clip alone, and the hazard's own photo are refused."""
    take(town.officer, "assign", assignee_id=town.worker.id)
    take(town.worker, "start")
    foreign = keep(session, town.other, jpeg(7)).sha256
    clip = keep(session, town.mine, b"\x00\x00\x00\x18ftypisom" + bytes(20)).sha256
    before = keep(session, town.mine, BEFORE).sha256
    for photos, refusal in (
        ((), AfterPhotoRequired),
        (("ef" * 32,), EvidenceMissing),
        ((foreign,), EvidenceMissing),
        ((clip,), AfterPhotoRequired),
        ((before,), AfterPhotoRequired),
    ):
        with pytest.raises(refusal):
            take(town.worker, "submit", evidence_sha256s=photos)
    assert len(entries(SqlStore(session), str(town.mine.id), 0, 99)) == 5


def test_a_step_that_the_state_does_not_know_is_refused(town: Town, take: Take) -> None:
    """An open ticket is not closed."""
    with pytest.raises(StepNotPossible):
        take(town.expert, "close")


def test_a_stale_version_is_refused(town: Town, take: Take, ticket: RemediationTicket) -> None:
    """Someone else was faster."""
    take(town.officer, "assign", assignee_id=town.worker.id, expected_version=1)
    with pytest.raises(VersionConflict) as conflict:
        take(town.officer, "assign", assignee_id=town.second_worker.id, expected_version=1)
    assert (conflict.value.expected, conflict.value.actual) == (1, 2)


def test_a_stranger_and_an_unknown_ticket(session: Session, town: Town, take: Take) -> None:
    """Neither is told more than that there is none."""
    with pytest.raises(NotFound):
        take(town.stranger, "assign", assignee_id=town.worker.id)
    scope = scope_of(session, town.officer.id)
    with pytest.raises(NotFound):
        take_step(session, scope, TicketRef(town.mine.id, new_id(), NOW), Step(TicketAction.START))


def test_the_caller_is_told_what_they_may_do(
    session: Session, town: Town, take: Take, ticket: RemediationTicket, photo: str
) -> None:
    """Exactly the steps that would not be refused."""

    def allowed(user: User) -> list[str]:
        return [each.value for each in allowed_actions(session, scope_of(session, user.id), ticket)]

    assert allowed(town.officer) == allowed(town.expert) == ["assign"]
    assert allowed(town.worker) == allowed(town.insurer) == []
    assert allowed_actions(session, device_scope(town.device), ticket) == ()
    take(town.officer, "assign", assignee_id=town.worker.id)
    assert allowed(town.worker) == ["start"]
    assert allowed(town.officer) == ["assign", "start"]
    take(town.worker, "start")
    take(town.worker, "submit", evidence_sha256s=(photo,))
    assert allowed(town.officer) == allowed(town.expert) == ["close", "return"]
    assert allowed(town.worker) == []
