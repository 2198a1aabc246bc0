"""Hazard items (隐患): the standing problems of an enterprise."""

from typing import Self
from uuid import UUID

from pydantic import Field

from api.shapes.base import HazardCode, Level, Page
from api.shapes.findings import FindingView
from api.shapes.tickets import TicketView
from inspection.tables import HazardItem, ItemState
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

    @classmethod
    def from_row(cls, row: HazardItem) -> Self:
        """Return the view of a stored item."""
        return cls.model_validate(row.model_dump(include=set(cls.model_fields)))


class ItemPage(Page[ItemView]):
    """Hazard items."""


class ItemDetail(Wire):
    """An item with its sightings (the newest 100) and its ticket."""

    item: ItemView
    findings: list[FindingView]
    ticket: TicketView | None


class Decision(Wire):
    """What a decision changed. A ticket is there when the enterprise's plan opens one."""

    finding: FindingView
    item: ItemView
    ticket: TicketView | None
