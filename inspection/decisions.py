"""A person confirms or dismisses what a model proposed: the only way to a hazard level and to a ticket.

The model's boxes stay as they were recorded; what the person redrew stands beside them, in the row and in the ledger.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from inspection.database import lock_enterprise
from inspection.dismissals import dismissal_reason
from inspection.errors import AlreadyDecided, InvalidInput
from inspection.item_changes import ItemStory, write_change
from inspection.items import dismiss_if_empty, ticket_of
from inspection.journal import Event, write_event
from inspection.plans import china_day, plan_in_force
from inspection.queries import get_finding
from inspection.recurrence import Placement, place_finding
from inspection.scopes import DECIDING_ROLES, Scope
from inspection.sections import hazard_section
from inspection.tables import (
    Finding,
    HazardItem,
    ItemChangeKind,
    ItemState,
    RemediationTicket,
)
from inspection.taxonomy import hazard_type
from inspection.ticket_notices import tell_of_confirmation
from inspection.tickets import open_ticket
from inspection.wire import Confirmation, Dismissal
from ledger.entry import LedgerEntry
from models.training.pool import LABELS


@dataclass(frozen=True)
class Decision:
    """What a person's word changed. `ticket` is the item's ticket, opened now or before; None when it has none."""

    finding: Finding
    item: HazardItem
    ticket: RemediationTicket | None


def confirm_finding(
    session: Session,
    scope: Scope,
    enterprise_id: UUID,
    finding_id: UUID,
    confirmation: Confirmation,
    now: datetime,
) -> Decision:
    """Confirm a proposed finding; when the service plan in force says so, its item gets a ticket, once.

    Raises `NotFound`, `NotAllowed`, `AlreadyDecided`, `InvalidInput` for a box of a label that nobody knows,
    `UnknownHazard` for a corrected code that is none.
    """
    finding = _finding_to_decide(session, scope, enterprise_id, finding_id)
    hazard = hazard_type(confirmation.hazard_code or finding.hazard_code)
    _keep_drawing(finding, confirmation)
    _decide(finding, "confirmed", scope, confirmation.note, now)
    placed = place_finding(session, finding, hazard.code, now)
    item = placed.item
    proposed_code, finding.hazard_code = finding.hazard_code, hazard.code
    if proposed_code != hazard.code:
        finding.proposed_hazard_code = proposed_code
    finding.catalogue_level = hazard.level
    finding.decided_level = confirmation.level or hazard.level
    ticket = ticket_of(session, item)
    level = _set_level(item, ticket, confirmation.level or item.level or hazard.level)
    data = {
        "finding_id": str(finding.id),
        "entry_index": finding.entry_index,
        "item_id": str(item.id),
        "state": "confirmed",
        "proposed_hazard_code": proposed_code,
        "hazard_code": hazard.code,
        "hazard": hazard.name_zh,
        "level": level,
        "catalogue_level": hazard.level,
        **_drawing(finding),
        "note": confirmation.note,
    }
    session.flush()
    event = Event("finding.confirmed", hazard_section(level), data)
    _name_entry(finding, write_event(session, enterprise_id, scope.actor, event, now))
    _write_return(session, scope, placed, now)
    if ticket is None and item.state is ItemState.OPEN:
        plan = plan_in_force(session, enterprise_id, china_day(now))
        if plan is not None and plan.opens_tickets:
            ticket = open_ticket(session, scope, item, plan, now)
            return Decision(finding, item, ticket)
    tell_of_confirmation(session, scope, finding, item.recurrences if placed.came_back else 0, now)
    return Decision(finding, item, ticket)


def dismiss_finding(
    session: Session,
    scope: Scope,
    enterprise_id: UUID,
    finding_id: UUID,
    dismissal: Dismissal,
    now: datetime,
) -> Decision:
    """Dismiss a proposed finding; its item is dismissed when all its findings are.

    Raises `NotFound`, `NotAllowed`, `AlreadyDecided`, `InvalidInput` for a reason or a box's label that nobody knows.
    """
    finding = _finding_to_decide(session, scope, enterprise_id, finding_id)
    why = dismissal_reason(dismissal.code)
    finding.dismissal_code = why.code
    _keep_drawing(finding, dismissal)
    _decide(finding, "dismissed", scope, dismissal.reason, now)
    session.flush()
    item = session.get_one(HazardItem, (enterprise_id, finding.item_id))
    dismiss_if_empty(session, item)
    data = {
        "finding_id": str(finding.id),
        "entry_index": finding.entry_index,
        "item_id": str(item.id),
        "state": "dismissed",
        "hazard_code": finding.hazard_code,
        "reason_code": why.code,
        "reason": dismissal.reason or why.name_zh,
        **_drawing(finding),
    }
    event = Event("finding.dismissed", hazard_section(item.level), data)
    _name_entry(finding, write_event(session, enterprise_id, scope.actor, event, now))
    return Decision(finding, item, ticket_of(session, item))


def _write_return(session: Session, scope: Scope, placed: Placement, now: datetime) -> None:
    if placed.came_back is not None:
        story = ItemStory(
            ItemChangeKind.REOPENED, placed.absorbed, placed.moved, facts=placed.came_back
        )
        write_change(session, scope, placed.item, story, now)


def _finding_to_decide(
    session: Session, scope: Scope, enterprise_id: UUID, finding_id: UUID
) -> Finding:
    scope.require(enterprise_id)
    lock_enterprise(session, enterprise_id)
    finding = get_finding(session, scope, enterprise_id, finding_id)
    scope.require_role(enterprise_id, "decide about findings", *DECIDING_ROLES)
    session.refresh(finding)
    if finding.state != "proposed":
        raise AlreadyDecided(finding_id, finding.state)
    return finding


def _decide(finding: Finding, state: str, scope: Scope, note: str, now: datetime) -> None:
    finding.state = state
    finding.decided_by = scope.user_id
    finding.decided_at = now
    finding.decision_note = note
    roles = scope.roles_in(finding.enterprise_id)
    finding.decided_role = next(role.value for role in DECIDING_ROLES if role in roles)


def _keep_drawing(finding: Finding, said: Confirmation | Dismissal) -> None:
    """Keep what the person drew beside the model's boxes. Raises `InvalidInput` for a label that nobody knows."""
    drawn = said.boxes
    known = {
        *LABELS,
        finding.label,
        finding.hazard_code,
        *(str(box["label"]) for box in finding.boxes),
    }
    _require_known([*(box.label for box in drawn or ()), *said.complete_labels], known)
    if drawn is not None:
        finding.decided_boxes = [box.model_dump(mode="json") for box in drawn]
    finding.complete_labels = sorted(set(said.complete_labels)) or None


def _require_known(labels: Iterable[str], known: set[str]) -> None:
    strange = sorted(set(labels) - known)
    if strange:
        msg = f"no model here knows {', '.join(strange)}; the labels are {', '.join(sorted(known))}"
        raise InvalidInput(msg)


def _drawing(finding: Finding) -> dict[str, Any]:
    """Return what the ledger says of boxes: those that stand, whose they are, and what the person vouches for."""
    is_drawn = finding.decided_boxes is not None
    return {
        "boxes": finding.decided_boxes if is_drawn else finding.boxes,
        "boxes_by": "person" if is_drawn else "model",
        "complete_labels": finding.complete_labels or [],
        "decided_as": finding.decided_role,
    }


def _name_entry(finding: Finding, entry: LedgerEntry) -> None:
    finding.decision_entry_index, finding.decision_leaf_hash = entry.index, entry.leaf_hash


def _set_level(item: HazardItem, ticket: RemediationTicket | None, level: str) -> str:
    # The worst that a person said stands: a later sighting may raise the level, never lower it in passing.
    if item.level != "major" and item.state is ItemState.OPEN and item.level != level:
        item.level = level
        item.version += 1
        if ticket is not None:
            ticket.level = level
    return item.level or level
