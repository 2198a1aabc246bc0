"""Remediation tickets: assign, fix, submit, reinspect."""

import re
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query
from sqlmodel import Session

from api.access import log_access
from api.auth import Caller
from api.deps import (
    CurrentUser,
    EnterpriseFilter,
    EnterpriseId,
    PageAsked,
    Reading,
    Remote,
    Writing,
)
from api.errors import MalformedHeader, problems
from api.shapes.tickets import TicketDetail, TicketPage
from api.views import ticket_detail, ticket_views
from inspection import queries
from inspection.tables import TicketState
from inspection.tickets import Step, TicketAction, take_step
from inspection.wire import Assignment, Reinspection, Start, Submission, utc_now

router = APIRouter(tags=["tickets"])
TICKET = "/enterprises/{enterprise_id}/tickets/{ticket_id}"
STEP_PROBLEMS = problems(400, 401, 403, 404, 409, 412, 422)
VERSION_TAG = re.compile(r'"([0-9]{1,9})"', re.ASCII)


@dataclass(frozen=True)
class StepTaker:
    """Who takes a step of which ticket, and the version of it that they had read."""

    session: Session
    caller: Caller
    enterprise_id: UUID
    ticket_id: UUID
    expected_version: int | None
    remote: str

    def take(self, step: Step) -> TicketDetail:
        """Take the step, note it in the access log, and return the ticket as it is then."""
        now = utc_now()
        ticket = take_step(
            self.session,
            self.caller.scope,
            self.enterprise_id,
            self.ticket_id,
            step,
            now,
            expected_version=self.expected_version,
        )
        log_access(
            self.session,
            actor=self.caller.actor,
            action=f"ticket.{step.action}",
            enterprise_id=self.enterprise_id,
            detail=str(self.ticket_id),
            remote=self.remote,
        )
        return ticket_detail(self.session, self.caller, ticket, now)


async def step_taker(
    enterprise_id: EnterpriseId,
    ticket_id: UUID,
    caller: CurrentUser,
    session: Writing,
    remote: Remote,
    if_match: Annotated[
        str | None,
        Header(description="version of the ticket that was read, in quotes", examples=['"3"']),
    ] = None,
) -> StepTaker:
    """Return who takes a step. Raises `MalformedHeader`."""
    version = None if if_match is None else _version(if_match)
    return StepTaker(session, caller, enterprise_id, ticket_id, version, remote)


def _version(if_match: str) -> int:
    tag = VERSION_TAG.fullmatch(if_match.strip())
    if tag is None:
        raise MalformedHeader('If-Match is the version that was read, in quotes, such as "3"')
    return int(tag[1])


Taker = Annotated[StepTaker, Depends(step_taker, scope="function")]


@router.get(
    "/tickets", operation_id="listTickets", summary="Tickets", responses=problems(401, 404, 422)
)
def list_tickets(
    user: CurrentUser,
    session: Reading,
    asked: PageAsked,
    enterprise_id: EnterpriseFilter = None,
    state: Annotated[TicketState | None, Query()] = None,
) -> TicketPage:
    """Return tickets within the caller's scope, newest first."""
    page = queries.list_tickets(
        session, user.scope, enterprise_id=enterprise_id, state=state, paging=asked
    )
    return TicketPage(
        items=ticket_views(session, page.rows, utc_now()), next_cursor=page.next_cursor
    )


@router.get(TICKET, operation_id="getTicket", summary="A ticket", responses=problems(401, 404, 422))
def get_ticket(
    enterprise_id: EnterpriseId, ticket_id: UUID, user: CurrentUser, session: Reading
) -> TicketDetail:
    """Return a ticket, its steps, and what the caller may do next."""
    ticket = queries.get_ticket(session, user.scope, enterprise_id, ticket_id)
    return ticket_detail(session, user, ticket, utc_now())


@router.post(
    f"{TICKET}/assignment", operation_id="assignTicket", summary="Assign", responses=STEP_PROBLEMS
)
def assign_ticket(body: Assignment, taker: Taker) -> TicketDetail:
    """Name the person who is to fix it."""
    return taker.take(Step(TicketAction.ASSIGN, body.note, assignee_id=body.assignee_id))


@router.post(
    f"{TICKET}/start", operation_id="startTicket", summary="Start to fix", responses=STEP_PROBLEMS
)
def start_ticket(body: Start, taker: Taker) -> TicketDetail:
    """The fix begins."""
    return taker.take(Step(TicketAction.START, body.note))


@router.post(
    f"{TICKET}/submission",
    operation_id="submitTicket",
    summary="Submit the fix",
    responses=STEP_PROBLEMS,
)
def submit_ticket(body: Submission, taker: Taker) -> TicketDetail:
    """Say that it is fixed, with at least one after-photo."""
    step = Step(TicketAction.SUBMIT, body.note, evidence_sha256s=body.evidence_sha256s)
    return taker.take(step)


@router.post(
    f"{TICKET}/reinspection",
    operation_id="reinspectTicket",
    summary="Reinspect",
    responses=STEP_PROBLEMS,
)
def reinspect_ticket(body: Reinspection, taker: Taker) -> TicketDetail:
    """A second person checked: passed closes the ticket, not passed returns it."""
    action = TicketAction.CLOSE if body.passed else TicketAction.RETURN
    return taker.take(Step(action, body.note, evidence_sha256s=body.evidence_sha256s))
