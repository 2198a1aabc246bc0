"""What happens to a ticket is written twice, in one transaction: as an entry of the ledger, and as a step that lists it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from inspection.database import lock_enterprise
from inspection.errors import VersionConflict
from inspection.journal import Event, attach, write_event
from inspection.queries import get_ticket
from inspection.scopes import Actor, Scope
from inspection.sections import hazard_section
from inspection.tables import Evidence, RemediationTicket, TicketStep


@dataclass(frozen=True)
class Happening:
    """Something that happened to a ticket: `kind` in the ledger, `action` in its steps, and what else the entry says.

    `evidence` is attached in the role `evidence_role`; `assignee_id` is to whom the ticket was assigned by it.
    """

    kind: str
    action: str
    note: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    evidence: Sequence[Evidence] = ()
    evidence_role: str = "photo"
    assignee_id: UUID | None = None


@dataclass(frozen=True)
class TicketRef:
    """Which ticket, when it is done, and the version that was read; None does not ask."""

    enterprise_id: UUID
    ticket_id: UUID
    now: datetime
    expected_version: int | None = None


def locked_ticket(session: Session, scope: Scope, ref: TicketRef) -> RemediationTicket:
    """Return a ticket of which nobody else can change anything until the transaction ends.

    Raises `NotFound`, `VersionConflict`.
    """
    scope.require(ref.enterprise_id)
    lock_enterprise(session, ref.enterprise_id)
    ticket = get_ticket(session, scope, ref.enterprise_id, ref.ticket_id)
    session.refresh(ticket)
    if ref.expected_version is not None and ticket.version != ref.expected_version:
        raise VersionConflict(ref.expected_version, ticket.version)
    return ticket


def write_step(
    session: Session, actor: Actor, ticket: RemediationTicket, happening: Happening, now: datetime
) -> TicketStep:
    """Write what happened to a ticket, which is already in its new state; its version grows by one.

    The caller holds the enterprise's lock.
    """
    number = ticket.version
    ticket.version += 1
    data = {
        "ticket_id": str(ticket.id),
        "number": ticket.number,
        "step": number,
        "action": happening.action,
        "state": ticket.state.value,
        "item_id": str(ticket.item_id),
        "note": happening.note,
        **happening.facts,
    }
    attached = attach(happening.evidence, happening.evidence_role)
    event = Event(happening.kind, hazard_section(ticket.level), data, attached)
    entry = write_event(session, ticket.enterprise_id, actor, event, now)
    step = TicketStep(
        enterprise_id=ticket.enterprise_id,
        ticket_id=ticket.id,
        number=number,
        action=happening.action,
        state=ticket.state,
        by_user_id=actor.user_id,
        assignee_id=happening.assignee_id,
        at=now,
        note=happening.note,
        evidence_sha256s=[row.sha256 for row in happening.evidence],
        entry_index=entry.index,
    )
    session.add(step)
    session.flush()
    return step
