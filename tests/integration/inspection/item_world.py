"""A plant whose hazards are seen, confirmed, fixed and seen again, for tests of items."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from inspection.decisions import Decision, confirm_finding, dismiss_finding
from inspection.intake import record_finding
from inspection.scopes import Actor, Scope, scope_of
from inspection.tables import Finding, HazardItem, RemediationTicket, User
from inspection.ticket_steps import TicketRef
from inspection.tickets import Step, TicketAction, take_step
from inspection.wire import Confirmation, Dismissal
from ledger.entry import Record
from ledger.log import entries
from ledger.sql import SqlStore
from tests.builders import NOW, Town, jpeg, keep, make_draft


@dataclass
class Plant:
    """The town's enterprise at a time of day that goes on with every act."""

    session: Session
    town: Town
    now: datetime = NOW
    shade: int = 0
    photos: list[str] = field(default_factory=list)

    def scope(self, user: User | None = None) -> Scope:
        """Return a person's scope, the expert's where nobody is named."""
        return scope_of(self.session, (user or self.town.expert).id)

    def wait(self, **span: float) -> datetime:
        """Let time go on."""
        self.now += timedelta(**span)
        return self.now

    def photo(self) -> str:
        """Return evidence that was never used."""
        self.shade += 1
        data = jpeg(self.shade % 250, (64 + self.shade // 250, 48))
        return keep(self.session, self.town.mine, data).sha256

    def see(self, **facts: Any) -> Finding:
        """Record a bare head at the gate, photographed now."""
        self.wait(minutes=1)
        draft = make_draft(self.photo(), **{"captured_at": self.now, **facts})
        record_finding(
            self.session,
            enterprise_id=self.town.mine.id,
            actor=Actor.from_device(self.town.device.id),
            draft=draft,
            now=self.now,
        )
        return self.session.get_one(Finding, (self.town.mine.id, draft.id))

    def confirm(self, finding: Finding, **said: Any) -> Decision:
        """Let the expert confirm."""
        self.wait(minutes=1)
        said_by = Confirmation(**said)
        mine = self.town.mine.id
        return confirm_finding(self.session, self.scope(), mine, finding.id, said_by, self.now)

    def dismiss(self, finding: Finding) -> Decision:
        """Let the expert dismiss."""
        self.wait(minutes=1)
        why = Dismissal(reason="a mannequin")
        return dismiss_finding(
            self.session, self.scope(), self.town.mine.id, finding.id, why, self.now
        )

    def step(self, ticket: RemediationTicket, by: User, action: str, **facts: Any) -> None:
        """Take a step of a ticket."""
        self.wait(minutes=1)
        ref = TicketRef(self.town.mine.id, ticket.id, self.now)
        take_step(self.session, self.scope(by), ref, Step(TicketAction(action), **facts))

    def submit(self, ticket: RemediationTicket) -> None:
        """Fix it and hand it in."""
        self.step(ticket, self.town.officer, "assign", assignee_id=self.town.worker.id)
        self.step(ticket, self.town.worker, "start")
        self.step(ticket, self.town.worker, "submit", evidence_sha256s=(self.photo(),))

    def fix(self, ticket: RemediationTicket | None) -> None:
        """Fix it, and let a second person close it."""
        assert ticket is not None
        self.submit(ticket)
        self.step(ticket, self.town.expert, "close")

    def item(self, item_id: UUID) -> HazardItem:
        """Return an item as it is now."""
        return self.session.get_one(HazardItem, (self.town.mine.id, item_id))

    def tickets(self) -> list[RemediationTicket]:
        """Return every ticket, the oldest first."""
        return list(
            self.session.exec(select(RemediationTicket).order_by(col(RemediationTicket.id)))
        )

    def records(self) -> list[Record]:
        """Return what the ledger says."""
        found = entries(SqlStore(self.session), str(self.town.mine.id), 0, 999)
        return [entry.record for entry in found if entry.record is not None]

    def kinds(self) -> list[str]:
        """Return the kinds of the ledger's entries."""
        return [record.kind for record in self.records()]
