"""Remediation tickets (整改单) and their steps."""

from uuid import UUID

from pydantic import Field

from api.shapes.base import HazardCode, Level, Page, PersonRef
from inspection.tables import TicketState
from inspection.tickets import TicketAction
from inspection.wire import Sha256, UtcDatetime, Wire


class TicketView(Wire):
    """The order to fix. `version` grows by one a step: send it as `If-Match` to refuse a stale step."""

    id: UUID
    enterprise_id: UUID
    number: str = Field(examples=["ZG-20261124-0001"])
    item_id: UUID
    hazard_code: HazardCode
    level: Level
    basis: str = Field(description="legal basis as of the day of opening")
    is_basis_checked: bool = Field(description="false: show the basis as to be verified")
    state: TicketState
    opened_at: UtcDatetime
    opened_by: PersonRef
    deadline: UtcDatetime
    is_overdue: bool
    assignee: PersonRef | None
    fixer: PersonRef | None = Field(description="who started or submitted the fix")
    closed_at: UtcDatetime | None
    version: int


class TicketPage(Page[TicketView]):
    """Tickets."""


class TicketStepView(Wire):
    """One step of a ticket, and the ledger entry that proves it."""

    number: int
    action: str = Field(examples=["assign"])
    state: TicketState = Field(description="the state after this step")
    by: PersonRef
    at: UtcDatetime
    note: str
    evidence_sha256s: list[Sha256]
    entry_index: int


class TicketDetail(Wire):
    """A ticket, every step so far, and what the caller may do next."""

    ticket: TicketView
    steps: list[TicketStepView]
    allowed_actions: list[TicketAction]
