"""A hazard of the period as one thing to read: where, how bad, by when, its photos, and what was done about it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, or_, select

from inspection.evidence import PICTURE_TYPES
from inspection.reports.asked import Period
from inspection.reports.people import Names
from inspection.sections import MAJOR_HAZARDS
from inspection.tables import (
    Evidence,
    Finding,
    HazardItem,
    ItemState,
    RemediationTicket,
    SectionRecord,
    TicketStep,
)
from inspection.taxonomy import hazard_catalogue
from inspection.ticket_deadlines import is_overdue


@dataclass(frozen=True)
class Shot:
    """A photo: its evidence, when it was taken or handed in, and boxes in relative coordinates, xyxy."""

    sha256: str
    at: datetime
    boxes: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class StepLine:
    """A step of the ticket, and the entry that proves it."""

    at: datetime
    action: str
    by: str
    note: str
    entry_index: int


@dataclass(frozen=True)
class HazardCard:
    """A hazard with everything that a report tells of it. `deadline` and `number` are None where it has no ticket."""

    item_id: UUID
    hazard_code: str
    level: str
    state: str
    place: str
    source_kind: str
    source_name: str
    first_seen_at: datetime
    last_seen_at: datetime
    sightings: int
    number: str | None
    ticket_state: str | None
    deadline: datetime | None
    closed_at: datetime | None
    is_overdue: bool
    basis: str
    is_basis_checked: bool
    assignee: str
    fixer: str
    inspector: str
    before: Shot | None
    after: Shot | None
    steps: Sequence[StepLine]
    proof_index: int | None


@dataclass(frozen=True)
class Hazards:
    """Reads the hazards of an enterprise that stood in a period: seen before its end, not closed before its start."""

    session: Session
    enterprise_id: UUID
    period: Period
    names: Names
    now: datetime

    def count(self, section: str | None = None) -> int:
        """Return how many there are, in a section or in both."""
        chosen = select(func.count()).select_from(HazardItem)
        count: int = self.session.exec(_with_ticket(chosen).where(*self._standing(section))).one()
        return count

    def in_section(self, section: str) -> Iterator[HazardCard]:
        """Yield them, the first seen first."""
        chosen = _with_ticket(select(HazardItem.id)).where(*self._standing(section))
        keys = self.session.exec(
            chosen.order_by(col(HazardItem.first_seen_at), col(HazardItem.id))
        ).all()
        for key in keys:
            yield self._card(self.session.get_one(HazardItem, (self.enterprise_id, key)))

    def finding_of(self, finding_id: object) -> Finding | None:
        """Return the finding that an entry tells of."""
        key = _uuid(finding_id)
        return self.session.get(Finding, (self.enterprise_id, key)) if key else None

    def record_of(self, record_id: object) -> SectionRecord | None:
        """Return where a section's record stands."""
        key = _uuid(record_id)
        return self.session.get(SectionRecord, (self.enterprise_id, key)) if key else None

    def _standing(self, section: str | None) -> list[ColumnElement[bool]]:
        conditions: list[Any] = [
            col(HazardItem.enterprise_id) == self.enterprise_id,
            # A level is set by a person: what nobody confirmed is in the AI's section only.
            col(HazardItem.level).is_not(None),
            col(HazardItem.state).not_in((ItemState.DISMISSED, ItemState.MERGED)),
            col(HazardItem.first_seen_at) < self.period.ends_at,
            or_(
                col(RemediationTicket.closed_at).is_(None),
                col(RemediationTicket.closed_at) >= self.period.begins_at,
            ),
        ]
        if section is not None:
            is_major = col(HazardItem.level) == "major"
            conditions.append(is_major if section == MAJOR_HAZARDS else ~is_major)
        return conditions

    def _card(self, item: HazardItem) -> HazardCard:
        ticket = self._ticket(item)
        steps = self._steps(ticket)
        finding = self._first_finding(item)
        known = hazard_catalogue().get(item.hazard_code)
        return HazardCard(
            item_id=item.id,
            hazard_code=item.hazard_code,
            level=item.level or "general",
            state=item.state.value,
            place=item.place,
            source_kind=finding.source_kind.value if finding else "",
            source_name=finding.source_name if finding else "",
            first_seen_at=item.first_seen_at,
            last_seen_at=item.last_seen_at,
            sightings=item.sightings,
            number=ticket.number if ticket else None,
            ticket_state=ticket.state.value if ticket else None,
            deadline=ticket.deadline if ticket else None,
            closed_at=ticket.closed_at if ticket else None,
            is_overdue=bool(ticket and is_overdue(ticket, self.now)),
            basis=ticket.basis if ticket else (known.basis if known else ""),
            is_basis_checked=(
                ticket.is_basis_checked if ticket else bool(known and known.basis_checked)
            ),
            assignee=self._person(ticket.assignee_id if ticket else None),
            fixer=self._person(_by_of(steps, "submit", "start")),
            inspector=self._person(_by_of(steps, "close", "return")),
            before=self._before(finding),
            after=self._after(steps),
            steps=[self._line(step) for step in steps],
            proof_index=_proof(steps, finding),
        )

    def _ticket(self, item: HazardItem) -> RemediationTicket | None:
        if item.ticket_id is None:
            return None
        return self.session.get(RemediationTicket, (self.enterprise_id, item.ticket_id))

    def _steps(self, ticket: RemediationTicket | None) -> Sequence[TicketStep]:
        if ticket is None:
            return ()
        return self.session.exec(
            select(TicketStep)
            .where(
                col(TicketStep.enterprise_id) == self.enterprise_id,
                col(TicketStep.ticket_id) == ticket.id,
            )
            .order_by(col(TicketStep.number))
        ).all()

    def _first_finding(self, item: HazardItem) -> Finding | None:
        return self.session.exec(
            select(Finding)
            .where(
                col(Finding.enterprise_id) == self.enterprise_id,
                col(Finding.item_id) == item.id,
                col(Finding.state) == "confirmed",
            )
            .order_by(col(Finding.captured_at), col(Finding.id))
        ).first()

    def _before(self, finding: Finding | None) -> Shot | None:
        if finding is None:
            return None
        return Shot(finding.evidence_sha256, finding.captured_at, finding.boxes)

    def _after(self, steps: Sequence[TicketStep]) -> Shot | None:
        for step in reversed(steps):
            for sha256 in step.evidence_sha256s if step.action == "submit" else ():
                row = self.session.get(Evidence, (self.enterprise_id, sha256))
                if row is not None and row.media_type in PICTURE_TYPES:
                    return Shot(sha256, step.at)
        return None

    def _line(self, step: TicketStep) -> StepLine:
        by = self._person(step.by_user_id)
        return StepLine(step.at, step.action, by, step.note, step.entry_index)

    def _person(self, user_id: UUID | None) -> str:
        return self.names.of(f"user:{user_id}") if user_id else ""


def _with_ticket(chosen: Any) -> Any:
    joined = (col(RemediationTicket.enterprise_id) == col(HazardItem.enterprise_id)) & (
        col(RemediationTicket.id) == col(HazardItem.ticket_id)
    )
    return chosen.outerjoin(RemediationTicket, joined)


def _by_of(steps: Sequence[TicketStep], *actions: str) -> UUID | None:
    return next((step.by_user_id for step in reversed(steps) if step.action in actions), None)


def _proof(steps: Sequence[TicketStep], finding: Finding | None) -> int | None:
    if steps:
        return steps[-1].entry_index
    return finding.entry_index if finding else None


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None
