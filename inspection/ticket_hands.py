"""Who had a hand in the fix of a ticket, and so may not reinspect it.

Had a hand in it: whoever started or submitted, and whoever it was ever assigned to, whether they began or not; in any round, also after a
return; and the same of every ticket that was ever joined into its hazard. What is only done on site leaves no trace here, so an
assignment counts by itself: else somebody could be assigned, do the work, hand the ticket on before pressing *start*, and then pass
their own fix. For the same reason no later assignment, return or join takes anybody off this list. A ticket of the hazard that was closed
before the hazard came back is another fix, with hands of its own.

Nobody can be shut out by it so that no reinspector is left: only people of the enterprise are assigned, and the stationed expert and
the service centre reinspect as well. What else was weighed: docs/adr/0018-who-may-reinspect.md.
"""

from collections.abc import Set as AbstractSet
from uuid import UUID

from sqlmodel import Session, col, or_, select

from inspection.items import joined_items
from inspection.tables import RemediationTicket, TicketState, TicketStep

_WORK = ("start", "submit")


def hands_of(session: Session, ticket: RemediationTicket) -> AbstractSet[UUID]:
    """Return the people who had a hand in a ticket's fix."""
    tickets = [ticket, *_joined_into(session, ticket)]
    steps = session.exec(
        select(TicketStep).where(
            col(TicketStep.enterprise_id) == ticket.enterprise_id,
            col(TicketStep.ticket_id).in_([each.id for each in tickets]),
            or_(col(TicketStep.action).in_(_WORK), col(TicketStep.assignee_id).is_not(None)),
        )
    ).all()
    hands = {each.assignee_id for each in tickets} | {each.fixer_id for each in tickets}
    hands |= {step.assignee_id for step in steps}
    hands |= {step.by_user_id for step in steps if step.action in _WORK}
    return hands - {None}  # type: ignore[return-value]


def _joined_into(session: Session, ticket: RemediationTicket) -> list[RemediationTicket]:
    """Return the tickets that ended as joined into this one's hazard: what was done for them was done for it."""
    item_ids = joined_items(session, ticket.enterprise_id, ticket.item_id)
    return list(
        session.exec(
            select(RemediationTicket).where(
                col(RemediationTicket.enterprise_id) == ticket.enterprise_id,
                col(RemediationTicket.item_id).in_(item_ids),
                col(RemediationTicket.state) == TicketState.JOINED,
            )
        )
    )
