"""The treatment plan of a major hazard: without it no fix starts, and it is filed whole or not at all."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from pydantic import ValidationError
from sqlmodel import Session, select

from inspection.copies import forget_copies
from inspection.decisions import confirm_finding
from inspection.errors import (
    InvalidInput,
    NotAllowed,
    StepNotPossible,
    TreatmentPlanRequired,
    VersionConflict,
)
from inspection.intake import record_finding
from inspection.scopes import Actor, scope_of
from inspection.tables import RemediationTicket, TicketState, TicketTreatment, User
from inspection.ticket_steps import TicketRef
from inspection.tickets import Step, TicketAction, allowed_actions, take_step
from inspection.treatment_plans import file_plan, lacks_plan, may_file, treatment_of
from inspection.wire import Confirmation, TreatmentPlan
from ledger.log import entries
from ledger.sql import SqlStore
from tests.builders import NOW, Town, jpeg, keep, make_draft
from tests.plans import PLAN

WHOLE = TreatmentPlan.model_validate(PLAN)
REQUIRED = sorted(set(PLAN))
Do = Callable[..., RemediationTicket]


@pytest.fixture
def ticket(session: Session, town: Town) -> RemediationTicket:
    """Return an open ticket of a major hazard, given to a worker."""
    return opened(session, town, "DUS-02")


def opened(session: Session, town: Town, hazard_code: str) -> RemediationTicket:
    """Confirm a finding of this hazard and assign its ticket."""
    draft = make_draft(keep(session, town.mine, jpeg(0)).sha256, hazard_code=hazard_code)
    device = Actor.from_device(town.device.id)
    record_finding(session, enterprise_id=town.mine.id, actor=device, draft=draft, now=NOW)
    scope = scope_of(session, town.expert.id)
    decision = confirm_finding(session, scope, town.mine.id, draft.id, Confirmation(), NOW)
    assert decision.ticket is not None
    assign = Step(TicketAction.ASSIGN, assignee_id=town.worker.id)
    ref = TicketRef(town.mine.id, decision.ticket.id, NOW)
    return take_step(session, scope_of(session, town.officer.id), ref, assign)


@pytest.fixture
def file(session: Session, town: Town, ticket: RemediationTicket) -> Do:
    """Return what files a plan as a person."""

    def file(
        user: User = town.officer, plan: TreatmentPlan = WHOLE, version: int | None = None
    ) -> RemediationTicket:
        ref = TicketRef(town.mine.id, ticket.id, NOW, version)
        return file_plan(session, scope_of(session, user.id), ref, plan)

    return file


def take(session: Session, user: User, ticket: RemediationTicket, step: Step) -> RemediationTicket:
    """Take a step of the ticket as a person."""
    ref = TicketRef(ticket.enterprise_id, ticket.id, NOW)
    return take_step(session, scope_of(session, user.id), ref, step)


START = Step(TicketAction.START)


def test_the_fix_of_a_major_hazard_starts_after_its_plan(
    session: Session, town: Town, ticket: RemediationTicket, file: Do
) -> None:
    """Nobody is offered the start, whoever tries is told what is missing; once filed, it starts."""
    worker = scope_of(session, town.worker.id)
    assert lacks_plan(session, ticket)
    assert TicketAction.START not in allowed_actions(session, worker, ticket)
    for user in (town.worker, town.officer):
        with pytest.raises(TreatmentPlanRequired, match="treatment plan"):
            take(session, user, ticket, START)
    assert ticket.state is TicketState.ASSIGNED
    file()
    assert not lacks_plan(session, ticket)
    assert TicketAction.START in allowed_actions(session, worker, ticket)
    assert take(session, town.worker, ticket, START).state is TicketState.FIXING


def test_a_filed_plan_is_in_the_ledger_with_all_its_parts(
    session: Session, town: Town, ticket: RemediationTicket, file: Do
) -> None:
    """In the section of major hazards, by the officer; the row names the entry."""
    file()
    row = treatment_of(session, ticket)
    assert row is not None
    assert (row.number, row.filed_by) == (1, town.officer.id)
    [entry] = entries(SqlStore(session), str(town.mine.id), row.entry_index, 1)
    assert entry.record is not None
    assert (entry.record.kind, entry.record.section) == ("ticket.plan_filed", "L12")
    assert {name: entry.record.data[name] for name in PLAN} == PLAN
    assert entry.record.data["ticket_id"] == str(ticket.id)


def test_a_revised_plan_takes_the_place_of_the_first(
    session: Session, ticket: RemediationTicket, file: Do
) -> None:
    """Both stay; the second stands."""
    file()
    file(plan=WHOLE.model_copy(update={"funds_yuan": 60000}))
    standing = treatment_of(session, ticket)
    assert standing is not None
    assert (standing.number, standing.parts["funds_yuan"]) == (2, 60000)
    assert len(session.exec(select(TicketTreatment)).all()) == 2


@pytest.mark.parametrize("part", REQUIRED)
def test_a_plan_with_a_part_missing_is_not_a_plan(part: str) -> None:
    """Each part is asked for; blanks are none."""
    with pytest.raises(ValidationError, match=part):
        TreatmentPlan.model_validate({k: v for k, v in PLAN.items() if k != part})
    if isinstance(PLAN[part], str):
        with pytest.raises(ValidationError, match=part):
            TreatmentPlan.model_validate(PLAN | {part: " \n　"})


def test_days_that_cannot_be_are_refused(file: Do, ticket: RemediationTicket) -> None:
    """A report that was not made yet, and an end before the beginning."""
    with pytest.raises(InvalidInput, match="reported_on"):
        file(plan=WHOLE.model_copy(update={"reported_on": date(2027, 1, 1)}))
    before = (ticket.opened_at - timedelta(days=2)).date()
    with pytest.raises(InvalidInput, match="due_on"):
        file(plan=WHOLE.model_copy(update={"due_on": before}))


def test_only_the_officer_files_and_nobody_over_another(
    session: Session, town: Town, ticket: RemediationTicket, file: Do
) -> None:
    """Not the worker, not the expert; and not on a version that is past."""
    for user in (town.worker, town.expert, town.centre):
        assert not may_file(scope_of(session, user.id), ticket)
        with pytest.raises(NotAllowed):
            file(user)
    assert may_file(scope_of(session, town.officer.id), ticket)
    with pytest.raises(VersionConflict):
        file(version=ticket.version - 1)
    assert treatment_of(session, ticket) is None


def test_a_general_hazard_has_none(session: Session, town: Town) -> None:
    """It starts without, and none can be filed."""
    ticket = opened(session, town, "FIR-03")
    officer = scope_of(session, town.officer.id)
    assert not may_file(officer, ticket)
    with pytest.raises(InvalidInput, match="only a major"):
        file_plan(session, officer, TicketRef(town.mine.id, ticket.id, NOW), WHOLE)
    assert take(session, town.worker, ticket, START).state is TicketState.FIXING


def test_none_is_filed_while_a_reinspection_is_waited_for(
    session: Session, town: Town, ticket: RemediationTicket, file: Do
) -> None:
    """What was submitted is judged by the plan that stood."""
    file()
    take(session, town.worker, ticket, START)
    photo = keep(session, town.mine, jpeg(200)).sha256
    take(session, town.worker, ticket, Step(TicketAction.SUBMIT, evidence_sha256s=(photo,)))
    with pytest.raises(StepNotPossible):
        file()


def test_an_erased_plan_leaves_no_copy(
    session: Session, town: Town, ticket: RemediationTicket, file: Do
) -> None:
    """With its entry's content go its parts; that one was filed stays."""
    file()
    row = treatment_of(session, ticket)
    assert row is not None
    [entry] = entries(SqlStore(session), str(town.mine.id), row.entry_index, 1)
    forget_copies(session, town.mine.id, entry)
    session.refresh(row)
    assert row.parts == {}
    assert not lacks_plan(session, ticket)
