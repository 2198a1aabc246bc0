"""Which entries of a ledger tell an item's story: its sightings, the decisions on them, the steps of its tickets."""

from uuid import UUID

from sqlmodel import Session, col, select

from inspection.tables import Finding, RemediationTicket, TicketStep
from inspection.tables.search import EntryFacts


def item_entries(session: Session, enterprise_id: UUID, item_id: UUID) -> tuple[int, ...]:
    """Return the indices of every entry about an item, in the ledger's order.

    A sighting that a person moved to another item counts to both: its entry names the item that it was recorded for.
    """
    sightings = session.exec(
        select(Finding.entry_index, Finding.decision_entry_index).where(
            col(Finding.enterprise_id) == enterprise_id, col(Finding.item_id) == item_id
        )
    ).all()
    tickets = select(RemediationTicket.id).where(
        col(RemediationTicket.enterprise_id) == enterprise_id,
        col(RemediationTicket.item_id) == item_id,
    )
    steps = session.exec(
        select(TicketStep.entry_index).where(
            col(TicketStep.enterprise_id) == enterprise_id, col(TicketStep.ticket_id).in_(tickets)
        )
    ).all()
    named = session.exec(
        select(EntryFacts.entry_index).where(
            col(EntryFacts.enterprise_id) == enterprise_id, col(EntryFacts.item_id) == str(item_id)
        )
    ).all()
    decided = {index for pair in sightings for index in pair if index is not None}
    return tuple(sorted(decided | set(steps) | set(named)))
