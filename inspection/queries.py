"""Reading, always through a scope: what a caller may not see does not exist for them (`NotFound`).

Lists are keyset pages, newest first: a cursor names the last row seen, so that pages neither skip nor repeat
while rows are added, and page 1,000 costs what page 1 costs.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, tuple_
from sqlmodel import Session, SQLModel, col, select

from inspection.entry_text import terms_of
from inspection.errors import EvidenceErased, InvalidCursor, NotFound
from inspection.item_conditions import is_seen_by, says
from inspection.scopes import Scope
from inspection.tables import (
    Device,
    Enterprise,
    Evidence,
    ExpertAssignment,
    Finding,
    HazardItem,
    Inspection,
    InspectionPhoto,
    ItemState,
    Membership,
    RemediationTicket,
    Role,
    TicketState,
    TicketStep,
    User,
)
from inspection.ticket_deadlines import is_late
from inspection.wire import FindingState, SourceKind

MAX_LIMIT = 200
Row = TypeVar("Row")
OwnedRow = TypeVar("OwnedRow", Finding, HazardItem, RemediationTicket, Inspection)


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Rows of a list, and the cursor of the next page; None where this is the last."""

    rows: Sequence[Row]
    next_cursor: str | None


@dataclass(frozen=True)
class Paging:
    """Which page is asked for: after `cursor`, at most `limit` rows (1 to `MAX_LIMIT`)."""

    cursor: str | None = None
    limit: int = 50


FIRST_PAGE = Paging()


@dataclass(frozen=True)
class PhotoRow:
    """A photo of an inspection and how many findings it brought."""

    photo: InspectionPhoto
    findings: int


@dataclass(frozen=True)
class Person:
    """Someone who acts in an enterprise, with their roles there."""

    id: UUID
    login: str
    name: str
    roles: frozenset[Role]


def get_enterprise(session: Session, scope: Scope, enterprise_id: UUID) -> Enterprise:
    """Return an enterprise in scope."""
    scope.require(enterprise_id)
    return session.get_one(Enterprise, enterprise_id)


def list_enterprises(
    session: Session, scope: Scope, paging: Paging = FIRST_PAGE, *, text: str = ""
) -> Page[Enterprise]:
    """Return the enterprises in scope whose name, credit code or address has every word of a text."""
    keys = (col(Enterprise.id), col(Enterprise.id))
    named = (Enterprise.name, Enterprise.credit_code, Enterprise.address)
    conditions = [
        or_(*(func.lower(col(each)).contains(term, autoescape=True) for each in named))
        for term in terms_of(text)
    ]
    within = col(Enterprise.id).in_(scope.enterprise_ids)
    return page_of(session, Enterprise, keys, [within, *conditions], paging)


@dataclass(frozen=True)
class FindingFilter:
    """Which findings; None is no condition."""

    enterprise_id: UUID | None = None
    state: FindingState | None = None
    inspection_id: UUID | None = None
    item_id: UUID | None = None
    photo_id: UUID | None = None
    evidence_sha256: str | None = None


def list_findings(
    session: Session,
    scope: Scope,
    wanted: FindingFilter | None = None,
    paging: Paging = FIRST_PAGE,
) -> Page[Finding]:
    """Return findings in scope."""
    wanted = wanted or FindingFilter()
    conditions = [
        _seen(scope, col(Finding.enterprise_id), wanted.enterprise_id),
        *_equal(col(Finding.state), wanted.state),
        *_equal(col(Finding.inspection_id), wanted.inspection_id),
        *_equal(col(Finding.item_id), wanted.item_id),
        *_equal(col(Finding.photo_id), wanted.photo_id),
        *_equal(col(Finding.evidence_sha256), wanted.evidence_sha256),
    ]
    keys = (col(Finding.id), col(Finding.enterprise_id))
    return page_of(session, Finding, keys, conditions, paging)


def get_finding(session: Session, scope: Scope, enterprise_id: UUID, finding_id: UUID) -> Finding:
    """Return a finding in scope."""
    return _get(session, scope, Finding, enterprise_id, finding_id)


@dataclass(frozen=True)
class ItemFilter:
    """Which hazard items; None or an empty text is no condition. `since` and `until` are of the last sighting."""

    text: str = ""
    hazard_code: str | None = None
    level: str | None = None
    source: SourceKind | None = None
    since: datetime | None = None
    until: datetime | None = None
    recurring: bool | None = None


def list_items(
    session: Session,
    scope: Scope,
    *,
    enterprise_id: UUID | None = None,
    state: ItemState | None = None,
    wanted: ItemFilter | None = None,
    paging: Paging = FIRST_PAGE,
) -> Page[HazardItem]:
    """Return hazard items in scope; those that were joined into others only where that state is asked for.

    Text is looked for in the place and in the hazard's names and code.
    """
    wanted = wanted or ItemFilter()
    conditions = [
        _seen(scope, col(HazardItem.enterprise_id), enterprise_id),
        col(HazardItem.state) == state if state else col(HazardItem.state) != ItemState.MERGED,
        *_equal(col(HazardItem.hazard_code), wanted.hazard_code),
        *_equal(col(HazardItem.level), wanted.level),
        *_between(col(HazardItem.last_seen_at), wanted.since, wanted.until),
        *(says(term) for term in terms_of(wanted.text)),
    ]
    if wanted.recurring is not None:
        came_back = col(HazardItem.recurrences) > 0
        conditions.append(came_back if wanted.recurring else ~came_back)
    if wanted.source is not None:
        conditions.append(is_seen_by(wanted.source))
    keys = (col(HazardItem.id), col(HazardItem.enterprise_id))
    return page_of(session, HazardItem, keys, conditions, paging)


def get_item(session: Session, scope: Scope, enterprise_id: UUID, item_id: UUID) -> HazardItem:
    """Return a hazard item in scope."""
    return _get(session, scope, HazardItem, enterprise_id, item_id)


@dataclass(frozen=True)
class TicketFilter:
    """Which tickets; None is no condition. `late_at` asks for those that are not finished and late at that time."""

    enterprise_id: UUID | None = None
    state: TicketState | None = None
    assignee_id: UUID | None = None
    late_at: datetime | None = None


def list_tickets(
    session: Session,
    scope: Scope,
    wanted: TicketFilter | None = None,
    paging: Paging = FIRST_PAGE,
) -> Page[RemediationTicket]:
    """Return tickets in scope."""
    wanted = wanted or TicketFilter()
    conditions = [
        _seen(scope, col(RemediationTicket.enterprise_id), wanted.enterprise_id),
        *_equal(col(RemediationTicket.state), wanted.state),
        *_equal(col(RemediationTicket.assignee_id), wanted.assignee_id),
        *([] if wanted.late_at is None else [is_late(wanted.late_at)]),
    ]
    keys = (col(RemediationTicket.id), col(RemediationTicket.enterprise_id))
    return page_of(session, RemediationTicket, keys, conditions, paging)


def get_ticket(
    session: Session, scope: Scope, enterprise_id: UUID, ticket_id: UUID
) -> RemediationTicket:
    """Return a ticket in scope."""
    return _get(session, scope, RemediationTicket, enterprise_id, ticket_id)


def ticket_steps(session: Session, ticket: RemediationTicket) -> Sequence[TicketStep]:
    """Return a ticket's steps, oldest first."""
    return session.exec(
        select(TicketStep)
        .where(
            col(TicketStep.enterprise_id) == ticket.enterprise_id,
            col(TicketStep.ticket_id) == ticket.id,
        )
        .order_by(col(TicketStep.number))
    ).all()


def list_inspections(
    session: Session,
    scope: Scope,
    *,
    enterprise_id: UUID | None = None,
    paging: Paging = FIRST_PAGE,
) -> Page[Inspection]:
    """Return inspections in scope."""
    keys = (col(Inspection.id), col(Inspection.enterprise_id))
    seen = _seen(scope, col(Inspection.enterprise_id), enterprise_id)
    return page_of(session, Inspection, keys, [seen], paging)


def get_inspection(
    session: Session, scope: Scope, enterprise_id: UUID, inspection_id: UUID
) -> Inspection:
    """Return an inspection in scope."""
    return _get(session, scope, Inspection, enterprise_id, inspection_id)


def inspection_photos(session: Session, inspection: Inspection) -> Sequence[PhotoRow]:
    """Return an inspection's photos in the order of upload, each with its count of findings."""
    of_photo = and_(
        col(Finding.enterprise_id) == col(InspectionPhoto.enterprise_id),
        col(Finding.inspection_id) == col(InspectionPhoto.inspection_id),
        col(Finding.photo_id) == col(InspectionPhoto.id),
    )
    rows = session.exec(
        select(InspectionPhoto, func.count(col(Finding.id)))
        .outerjoin(Finding, of_photo)
        .where(
            col(InspectionPhoto.enterprise_id) == inspection.enterprise_id,
            col(InspectionPhoto.inspection_id) == inspection.id,
        )
        .group_by(col(InspectionPhoto.enterprise_id), col(InspectionPhoto.id))
        .order_by(col(InspectionPhoto.id))
    )
    return [PhotoRow(photo, findings) for photo, findings in rows]


def get_evidence(session: Session, scope: Scope, enterprise_id: UUID, sha256: str) -> Evidence:
    """Return an evidence row in scope. Another enterprise's copy of the same bytes does not count.

    Raises `NotFound`; `EvidenceErased` for one whose bytes are gone.
    """
    scope.require(enterprise_id)
    row = session.get(Evidence, (enterprise_id, sha256))
    if row is None:
        raise NotFound("evidence", sha256)
    if row.erased_at is not None:
        raise EvidenceErased(sha256)
    return row


def list_devices(
    session: Session, scope: Scope, enterprise_id: UUID, paging: Paging = FIRST_PAGE
) -> Page[Device]:
    """Return an enterprise's devices, revoked ones too, newest first."""
    keys = (col(Device.id), col(Device.enterprise_id))
    return page_of(session, Device, keys, [_seen(scope, keys[1], enterprise_id)], paging)


def get_device(session: Session, scope: Scope, enterprise_id: UUID, device_id: UUID) -> Device:
    """Return a device of an enterprise in scope."""
    scope.require(enterprise_id)
    device = session.get(Device, device_id)
    if device and device.enterprise_id == enterprise_id:
        return device
    raise NotFound("device", device_id)


def people(session: Session, scope: Scope, enterprise_id: UUID) -> Sequence[Person]:
    """Return an enterprise's active people and its experts, by name."""
    scope.require(enterprise_id)
    roles: dict[UUID, set[Role]] = {}
    members = select(Membership.user_id, Membership.role).where(
        col(Membership.enterprise_id) == enterprise_id
    )
    for user_id, role in session.exec(members):
        roles.setdefault(user_id, set()).add(Role(role))
    experts = select(ExpertAssignment.user_id).where(
        col(ExpertAssignment.enterprise_id) == enterprise_id
    )
    for user_id in session.exec(experts):
        roles.setdefault(user_id, set()).add(Role.EXPERT)
    users = session.exec(
        select(User)
        .where(col(User.id).in_(roles), col(User.is_active))
        .order_by(col(User.name), col(User.id))
    )
    return [Person(user.id, user.login, user.name, frozenset(roles[user.id])) for user in users]


def _seen(scope: Scope, column: Any, enterprise_id: UUID | None) -> ColumnElement[bool]:
    if enterprise_id is None:
        return column.in_(scope.enterprise_ids)  # type: ignore[no-any-return]
    scope.require(enterprise_id)
    return column == enterprise_id  # type: ignore[no-any-return]


def _equal(column: Any, value: object) -> list[ColumnElement[bool]]:
    return [] if value is None else [column == value]


def _between(
    column: Any, since: datetime | None, until: datetime | None
) -> list[ColumnElement[bool]]:
    first = [] if since is None else [column >= since]
    return first if until is None else [*first, column < until]


def _get(
    session: Session, scope: Scope, table: type[OwnedRow], enterprise_id: UUID, key: UUID
) -> OwnedRow:
    scope.require(enterprise_id)
    row = session.get(table, (enterprise_id, key))
    if row is None:
        raise NotFound(_KINDS[table], key)
    return row


_KINDS: dict[type[SQLModel], str] = {
    Finding: "finding",
    HazardItem: "hazard item",
    RemediationTicket: "ticket",
    Inspection: "inspection",
}


def page_of(
    session: Session,
    table: type[Row],
    keys: tuple[Any, Any],
    conditions: Sequence[ColumnElement[bool]],
    paging: Paging,
) -> Page[Row]:
    """Return a keyset page of a table, the newest key first; `keys` are its id and its enterprise."""
    limit = min(max(paging.limit, 1), MAX_LIMIT)
    statement = select(table).where(*conditions)
    if paging.cursor is not None:
        statement = statement.where(tuple_(*keys) < tuple_(*_read_cursor(paging.cursor)))
    statement = statement.order_by(*(key.desc() for key in keys)).limit(limit + 1)
    rows = session.exec(statement).all()
    if len(rows) <= limit:
        return Page(rows, None)
    last = tuple(getattr(rows[limit - 1], key.key) for key in keys)
    return Page(rows[:limit], _write_cursor(*last))


def _write_cursor(key: UUID, enterprise_id: UUID) -> str:
    return urlsafe_b64encode(key.bytes + enterprise_id.bytes).rstrip(b"=").decode()


def _read_cursor(cursor: str) -> tuple[UUID, UUID]:
    try:
        data = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return UUID(bytes=data[:16]), UUID(bytes=data[16:])
    except (Base64Error, ValueError):
        raise InvalidCursor from None
