"""Remediation tickets: assign, fix, submit, reinspect."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from api.deps import CurrentUser, Cursor, EnterpriseFilter, EnterpriseId, IfMatch, Limit
from api.errors import problems
from api.shapes.tickets import (
    Assignment,
    Reinspection,
    Start,
    Submission,
    TicketDetail,
    TicketPage,
)
from inspection.tables import TicketState

router = APIRouter(tags=["tickets"])
TICKET = "/enterprises/{enterprise_id}/tickets/{ticket_id}"
STEP_PROBLEMS = problems(400, 401, 403, 404, 409, 412, 422)


@router.get(
    "/tickets", operation_id="listTickets", summary="Tickets", responses=problems(401, 404, 422)
)
def list_tickets(
    user: CurrentUser,
    enterprise_id: EnterpriseFilter = None,
    state: Annotated[TicketState | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> TicketPage:
    """Return tickets within the caller's scope."""
    raise NotImplementedError


@router.get(TICKET, operation_id="getTicket", summary="A ticket", responses=problems(401, 404, 422))
def get_ticket(enterprise_id: EnterpriseId, ticket_id: UUID, user: CurrentUser) -> TicketDetail:
    """Return a ticket, its steps, and what the caller may do next."""
    raise NotImplementedError


@router.post(
    f"{TICKET}/assignment",
    operation_id="assignTicket",
    summary="Assign",
    responses=STEP_PROBLEMS,
)
def assign_ticket(
    enterprise_id: EnterpriseId,
    ticket_id: UUID,
    body: Assignment,
    user: CurrentUser,
    if_match: IfMatch = None,
) -> TicketDetail:
    """Name the person who is to fix it."""
    raise NotImplementedError


@router.post(
    f"{TICKET}/start", operation_id="startTicket", summary="Start to fix", responses=STEP_PROBLEMS
)
def start_ticket(
    enterprise_id: EnterpriseId,
    ticket_id: UUID,
    body: Start,
    user: CurrentUser,
    if_match: IfMatch = None,
) -> TicketDetail:
    """The fix begins."""
    raise NotImplementedError


@router.post(
    f"{TICKET}/submission",
    operation_id="submitTicket",
    summary="Submit the fix",
    responses=STEP_PROBLEMS,
)
def submit_ticket(
    enterprise_id: EnterpriseId,
    ticket_id: UUID,
    body: Submission,
    user: CurrentUser,
    if_match: IfMatch = None,
) -> TicketDetail:
    """Say that it is fixed, with at least one after-photo."""
    raise NotImplementedError


@router.post(
    f"{TICKET}/reinspection",
    operation_id="reinspectTicket",
    summary="Reinspect",
    responses=STEP_PROBLEMS,
)
def reinspect_ticket(
    enterprise_id: EnterpriseId,
    ticket_id: UUID,
    body: Reinspection,
    user: CurrentUser,
    if_match: IfMatch = None,
) -> TicketDetail:
    """A second person checked: passed closes the ticket, not passed returns it."""
    raise NotImplementedError
