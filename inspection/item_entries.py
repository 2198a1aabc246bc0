"""Which entries of a ledger tell an item's story: its sightings, the decisions on them, the steps of its tickets."""

from uuid import UUID

from sqlmodel import Session, col, select

from inspection.item_changes import changes_of
from inspection.items import joined_items
from inspection.tables import Finding, RemediationTicket, TicketStep
from inspection.tables.search import EntryFacts


def item_entries(session: Session, enterprise_id: UUID, item_id: UUID) -> tuple[int, ...]:
    """Return the indices of every entry about an item, and about those joined into it, in the ledger's order.

    A sighting that a person moved to another item counts to both: its entry names the item that it was recorded for.
    """
    item_ids = [item_id, *joined_items(session, enterprise_id, item_id)]
    sightings = session.exec(
        select(Finding.entry_index, Finding.decision_entry_index).where(
            col(Finding.enterprise_id) == enterprise_id, col(Finding.item_id) == item_id
        )
    ).all()
    tickets = select(RemediationTicket.id).where(
        col(RemediationTicket.enterprise_id) == enterprise_id,
        col(RemediationTicket.item_id).in_(item_ids),
    )
    steps = session.exec(
        select(TicketStep.entry_index).where(
            col(TicketStep.enterprise_id) == enterprise_id, col(TicketStep.ticket_id).in_(tickets)
        )
    ).all()
    named = session.exec(
        select(EntryFacts.entry_index).where(
            col(EntryFacts.enterprise_id) == enterprise_id,
            col(EntryFacts.item_id).in_([str(each) for each in item_ids]),
        )
    ).all()
    changes = (change.entry_index for change in changes_of(session, enterprise_id, item_ids))
    decided = {index for pair in sightings for index in pair if index is not None}
    return tuple(sorted(decided | set(steps) | set(named) | set(changes)))
