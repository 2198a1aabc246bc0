"""Treatment plans of major hazards: filed by the enterprise before the fix starts, and again when they change.

The five things that must be settled (五落实) are among the six parts that the norm names: who is responsible, measures, funds,
time, and what to do if it goes wrong. A plan is filed whole or not at all, so that whoever reads "filed" can rely on it.
"""

from sqlmodel import Session, col, select

from inspection.china import china_day
from inspection.errors import InvalidInput, StepNotPossible
from inspection.scopes import Scope
from inspection.tables import RemediationTicket, Role, TicketState, TicketTreatment
from inspection.ticket_steps import Happening, TicketRef, locked_ticket, write_step
from inspection.wire import TreatmentPlan

# While the enterprise has something to do.
FILEABLE = (
    TicketState.OPEN,
    TicketState.ASSIGNED,
    TicketState.FIXING,
    TicketState.RETURNED,
)
MAJOR = "major"


def file_plan(
    session: Session, scope: Scope, ref: TicketRef, plan: TreatmentPlan
) -> RemediationTicket:
    """File a plan as the enterprise's officer; write it into the ledger. It takes the place of an earlier one.

    Raises `NotFound`, `NotAllowed`, `VersionConflict`, `StepNotPossible`, `InvalidInput`; nothing is written then.
    """
    ticket = locked_ticket(session, scope, ref)
    scope.require_role(ticket.enterprise_id, "file a treatment plan", Role.ENTERPRISE_OFFICER)
    if ticket.level != MAJOR:
        raise InvalidInput("only a major hazard has a treatment plan; fix this one at once")
    if ticket.state not in FILEABLE:
        raise StepNotPossible(ticket.state, "be given a treatment plan", [])
    today = china_day(ref.now)
    if plan.reported_on > today:
        raise InvalidInput(f"reported_on: {plan.reported_on} is not over yet; today is {today}")
    if plan.due_on < china_day(ticket.opened_at):
        raise InvalidInput(f"due_on: {plan.due_on} is before the ticket was opened")
    earlier = treatment_of(session, ticket)
    parts = plan.model_dump(mode="json", exclude={"note"})
    happening = Happening("ticket.plan_filed", "plan_filed", plan.note, parts)
    step = write_step(session, scope.actor, ticket, happening, ref.now)
    session.add(
        TicketTreatment(
            enterprise_id=ticket.enterprise_id,
            ticket_id=ticket.id,
            number=1 if earlier is None else earlier.number + 1,
            filed_at=ref.now,
            filed_by=scope.user_id,
            parts=parts,
            entry_index=step.entry_index,
        )
    )
    session.flush()
    return ticket


def treatment_of(session: Session, ticket: RemediationTicket) -> TicketTreatment | None:
    """Return the plan that stands, None before one was filed."""
    return session.exec(
        select(TicketTreatment)
        .where(
            col(TicketTreatment.enterprise_id) == ticket.enterprise_id,
            col(TicketTreatment.ticket_id) == ticket.id,
        )
        .order_by(col(TicketTreatment.number).desc())
        .limit(1)
    ).first()


def lacks_plan(session: Session, ticket: RemediationTicket) -> bool:
    """Return whether a fix may not start yet for want of a plan."""
    return ticket.level == MAJOR and treatment_of(session, ticket) is None


def may_file(scope: Scope, ticket: RemediationTicket) -> bool:
    """Return whether the caller may file a plan now."""
    is_officer = Role.ENTERPRISE_OFFICER in scope.roles_in(ticket.enterprise_id)
    return is_officer and ticket.level == MAJOR and ticket.state in FILEABLE
