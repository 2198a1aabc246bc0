"""Remediation tickets: assign, fix, submit, reinspect."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import BackgroundTasks, Query, Response

from api.deps import AppParts, CurrentUser, EnterpriseFilter, EnterpriseId, PageAsked, Reading
from api.errors import problems
from api.preconditions import quoted
from api.routing import ApiRouter
from api.shapes.tickets import TicketDetail, TicketPage
from api.step_taker import STEP_PROBLEMS, TICKET, Taker
from api.ticket_views import ticket_detail, ticket_views
from inspection import queries
from inspection.tables import TicketState
from inspection.tickets import Step, TicketAction, take_step
from inspection.treatment_plans import file_plan
from inspection.wire import Assignment, Reinspection, Start, Submission, TreatmentPlan, utc_now

router = ApiRouter(tags=["tickets"])


@router.get(
    "/tickets", operation_id="listTickets", summary="Tickets", responses=problems(401, 404, 422)
)
def list_tickets(  # noqa: PLR0913  each is a part of the request
    user: CurrentUser,
    session: Reading,
    asked: PageAsked,
    enterprise_id: EnterpriseFilter = None,
    state: Annotated[TicketState | None, Query()] = None,
    mine: Annotated[bool, Query(description="only those that the caller is to fix")] = False,
    overdue: Annotated[
        bool, Query(description="only those that are late and not finished")
    ] = False,
) -> TicketPage:
    """Return tickets within the caller's scope, newest first."""
    now = utc_now()
    page = queries.list_tickets(
        session,
        user.scope,
        queries.TicketFilter(
            enterprise_id=enterprise_id,
            state=state,
            assignee_id=user.scope.user_id if mine else None,
            late_at=now if overdue else None,
        ),
        asked,
    )
    return TicketPage(items=ticket_views(session, page.rows, now), next_cursor=page.next_cursor)


@router.get(TICKET, operation_id="getTicket", summary="A ticket", responses=problems(401, 404, 422))
def get_ticket(
    enterprise_id: EnterpriseId,
    ticket_id: UUID,
    user: CurrentUser,
    session: Reading,
    response: Response,
) -> TicketDetail:
    """Return a ticket, its steps, and what the caller may do next. The header `ETag` is its version, for `If-Match`."""
    ticket = queries.get_ticket(session, user.scope, enterprise_id, ticket_id)
    response.headers["ETag"] = quoted(str(ticket.version))
    return ticket_detail(session, user, ticket, utc_now())


@router.post(
    f"{TICKET}/assignment", operation_id="assignTicket", summary="Assign", responses=STEP_PROBLEMS
)
def assign_ticket(body: Assignment, taker: Taker) -> TicketDetail:
    """Name the person who is to fix it."""
    return _take(taker, Step(TicketAction.ASSIGN, body.note, assignee_id=body.assignee_id))


@router.post(
    f"{TICKET}/treatment-plan",
    operation_id="fileTreatmentPlan",
    summary="File the treatment plan",
    responses=STEP_PROBLEMS,
)
def file_treatment_plan(body: TreatmentPlan, taker: Taker) -> TicketDetail:
    """Settle how a major hazard is treated, before its fix starts; filed again, it takes the place of the earlier one."""
    return taker.take("file_plan", partial(file_plan, plan=body))


@router.post(
    f"{TICKET}/start", operation_id="startTicket", summary="Start to fix", responses=STEP_PROBLEMS
)
def start_ticket(body: Start, taker: Taker) -> TicketDetail:
    """The fix begins."""
    return _take(taker, Step(TicketAction.START, body.note))


@router.post(
    f"{TICKET}/submission",
    operation_id="submitTicket",
    summary="Submit the fix",
    responses=STEP_PROBLEMS,
)
def submit_ticket(
    body: Submission, taker: Taker, parts: AppParts, tasks: BackgroundTasks
) -> TicketDetail:
    """Say that it is fixed, with at least one after-photo. The model looks at the photos afterwards (`fix_check`)."""
    step = Step(TicketAction.SUBMIT, body.note, evidence_sha256s=body.evidence_sha256s)
    detail = _take(taker, step)
    # After the answer, and so after the commit: before it the worker would not see the submission.
    tasks.add_task(parts.fix_check_worker.wake)
    return detail


@router.post(
    f"{TICKET}/reinspection",
    operation_id="reinspectTicket",
    summary="Reinspect",
    responses=STEP_PROBLEMS,
)
def reinspect_ticket(body: Reinspection, taker: Taker) -> TicketDetail:
    """A second person checked: passed closes the ticket, not passed returns it."""
    action = TicketAction.CLOSE if body.passed else TicketAction.RETURN
    return _take(taker, Step(action, body.note, evidence_sha256s=body.evidence_sha256s))


def _take(taker: Taker, step: Step) -> TicketDetail:
    return taker.take(step.action, partial(take_step, step=step))
