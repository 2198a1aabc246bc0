"""Hazard items (隐患): the standing problems of an enterprise."""

from typing import Self
from uuid import UUID

from pydantic import Field

from api.shapes.base import HazardCode, Level, Page, PersonRef
from api.shapes.findings import FindingView
from api.shapes.tickets import TicketView
from inspection.tables import HazardItem, ItemChangeKind, ItemState
from inspection.wire import UtcDatetime, Wire


class ItemView(Wire):
    """Findings of the same hazard at the same place are sightings of one item."""

    id: UUID
    enterprise_id: UUID
    hazard_code: HazardCode
    place: str = Field(description="zone, camera, or place of the inspection")
    level: Level | None = Field(description="null until a person has decided")
    state: ItemState
    first_seen_at: UtcDatetime
    last_seen_at: UtcDatetime
    sightings: int
    ticket_id: UUID | None
    closed_at: UtcDatetime | None
    merged_into: UUID | None = Field(description="the item that has its findings now")
    recurrences: int = Field(ge=0, description="how often it came back after it was closed")
    version: int

    @classmethod
    def from_row(cls, row: HazardItem) -> Self:
        """Return the view of a stored item."""
        return cls.model_validate(row.model_dump(include=set(cls.model_fields)))


class ItemPage(Page[ItemView]):
    """Hazard items."""


class ItemChangeView(Wire):
    """What happened to an item besides its sightings, and the ledger entry that proves it."""

    id: UUID
    kind: ItemChangeKind
    item_id: UUID = Field(description="that came back, has the other now, or lost findings")
    other_item_id: UUID | None = Field(description="that was joined into it, or is the new one")
    at: UtcDatetime
    by: PersonRef
    reason: str
    finding_ids: list[UUID] = Field(description="findings that moved")
    entry_index: int


class ItemDetail(Wire):
    """An item with its sightings (the newest 100), its standing or last ticket, all its tickets, and what happened to it.

    `tickets`: that one first, then the newest; those of items that were joined into it among them.
    """

    item: ItemView
    findings: list[FindingView]
    ticket: TicketView | None
    tickets: list[TicketView]
    changes: list[ItemChangeView]
    may_change: bool = Field(description="the caller may join it and split findings off")


class Decision(Wire):
    """What a decision changed. A ticket is there when the enterprise's plan opens one."""

    finding: FindingView
    item: ItemView
    ticket: TicketView | None
