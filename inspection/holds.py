"""Legal holds: while one stands, nothing that it covers is erased. Setting and lifting are entries of the ledger."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from inspection.database import lock_enterprise
from inspection.errors import HoldNotStanding, InvalidInput, NotFound
from inspection.journal import Event, write_event
from inspection.queries import FIRST_PAGE, Page, Paging, get_item, page_of
from inspection.scopes import Scope
from inspection.sections import LEDGER_ITSELF, ledger_section
from inspection.tables import LegalHold, Role
from ledger.entry import LedgerEntry

HOLDING_ROLES = (Role.ENTERPRISE_OFFICER, Role.SERVICE_CENTRE)


def set_hold(  # noqa: PLR0913  who, where, what, why, when
    session: Session,
    scope: Scope,
    enterprise_id: UUID,
    *,
    reason: str,
    now: datetime,
    section: str | None = None,
    item_id: UUID | None = None,
) -> LegalHold:
    """Hold the whole ledger, a section, or the entries of a hazard item.

    Raises `NotFound`, `NotAllowed`, `InvalidInput` for both a section and an item.
    """
    scope.require_role(enterprise_id, "set a legal hold", *HOLDING_ROLES)
    lock_enterprise(session, enterprise_id)
    if section is not None and item_id is not None:
        msg = "a hold covers a section or an item, not both; set two"
        raise InvalidInput(msg)
    if section is not None:
        ledger_section(section)
    if item_id is not None:
        get_item(session, scope, enterprise_id, item_id)
    hold = LegalHold(
        enterprise_id=enterprise_id,
        section=section,
        item_id=item_id,
        reason=reason,
        set_by=scope.user_id,
        set_at=now,
        by_centre=Role.SERVICE_CENTRE in scope.roles_in(enterprise_id),
        entry_index=0,
    )
    data = {
        "hold_id": str(hold.id),
        "held_section": section,
        "held_item_id": None if item_id is None else str(item_id),
        "reason": reason,
    }
    event = Event("hold.set", LEDGER_ITSELF, data)
    hold.entry_index = write_event(session, enterprise_id, scope.actor, event, now).index
    session.add(hold)
    session.flush()
    return hold


def hold_to_lift(session: Session, scope: Scope, enterprise_id: UUID, hold_id: UUID) -> LegalHold:
    """Return a hold, locked for whoever may lift it; one that the service centre set only it may lift. Raises `NotFound`, `NotAllowed`."""
    scope.require_role(enterprise_id, "lift a legal hold", *HOLDING_ROLES)
    lock_enterprise(session, enterprise_id)
    hold = session.get(LegalHold, (enterprise_id, hold_id), populate_existing=True)
    if hold is None:
        raise NotFound("legal hold", hold_id)
    if hold.by_centre:
        scope.require_role(enterprise_id, "lift a hold of the service centre", Role.SERVICE_CENTRE)
    return hold


def lift_hold(
    session: Session,
    scope: Scope,
    enterprise_id: UUID,
    hold_id: UUID,
    *,
    reason: str,
    now: datetime,
) -> LegalHold:
    """Lift a hold.

    Raises `NotFound`, `NotAllowed`, `HoldNotStanding`.
    """
    hold = hold_to_lift(session, scope, enterprise_id, hold_id)
    if hold.lifted_at is not None:
        raise HoldNotStanding(hold_id)
    event = Event("hold.lifted", LEDGER_ITSELF, {"hold_id": str(hold_id), "reason": reason})
    hold.lift_index = write_event(session, enterprise_id, scope.actor, event, now).index
    hold.lifted_by, hold.lifted_at, hold.lift_reason = scope.user_id, now, reason
    session.flush()
    return hold


def list_holds(
    session: Session, scope: Scope, enterprise_id: UUID, paging: Paging = FIRST_PAGE
) -> Page[LegalHold]:
    """Return an enterprise's holds, lifted ones too, newest first."""
    scope.require(enterprise_id)
    mine = col(LegalHold.enterprise_id) == enterprise_id
    keys = (col(LegalHold.id), col(LegalHold.enterprise_id))
    return page_of(session, LegalHold, keys, [mine], paging)


def standing_holds(session: Session, enterprise_id: UUID) -> Sequence[LegalHold]:
    """Return the holds of an enterprise that stand, oldest first."""
    return session.exec(
        select(LegalHold)
        .where(col(LegalHold.enterprise_id) == enterprise_id, col(LegalHold.lifted_at).is_(None))
        .order_by(col(LegalHold.id))
    ).all()


def hold_over(
    holds: Sequence[LegalHold], entry: LedgerEntry, joined: Mapping[str, str]
) -> LegalHold | None:
    """Return the first hold that covers an entry; one of an item covers what was `joined` into it or it into (`items.survivors`)."""
    named = str(entry.record.data.get("item_id")) if entry.record else ""
    item_id = joined.get(named, named)
    for hold in holds:
        covers_all = hold.section is None and hold.item_id is None
        held = str(hold.item_id)
        covers_item = hold.item_id is not None and joined.get(held, held) == item_id
        if covers_all or covers_item or hold.section == entry.header.section:
            return hold
    return None
