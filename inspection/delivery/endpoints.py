"""Webhooks of enterprises and organisations: where their own programs are told of what happens in their scope.

| of | kept by |
| --- | --- |
| an enterprise | its safety officers; adding and removing one is an entry of its ledger |
| an organisation | its administrators, and those of the bureau above it |
"""

import secrets
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, or_, select

from inspection.database import lock_enterprise
from inspection.delivery.channels import drop_waiting, page_of, refuse_soon
from inspection.delivery.outbox import put_test
from inspection.delivery.reach import AddressRefused, Reach
from inspection.errors import Conflict, InvalidInput, NotAllowed, NotFound
from inspection.journal import Event, write_event
from inspection.memberships import Place, organisations_of
from inspection.queries import Page, Paging
from inspection.scopes import Actor, Scope
from inspection.sealing import Seal
from inspection.sections import AI_PATROL
from inspection.tables import NoticeDelivery, Role, WebhookEndpoint

MAX_ENDPOINTS = 5
MAX_URL = 2000
KEEP = "keep webhooks"
SECRET_PREFIX = "whsec_"  # noqa: S105  what Standard Webhooks puts before every secret
_SECRET_BYTES = 32


@dataclass(frozen=True)
class NewEndpoint:
    """An endpoint as it is entered."""

    place: Place
    url: str
    label: str = ""


def add_endpoint(
    session: Session, seal: Seal, reach: Reach, scope: Scope, new: NewEndpoint, now: datetime
) -> tuple[WebhookEndpoint, str]:
    """Add an endpoint; return it with the secret that signs what it is sent, which is told this once.

    Raises `NotFound`, `NotAllowed`, `InvalidInput`, and `Conflict` beyond `MAX_ENDPOINTS`.
    """
    _require_keeper(session, scope, new.place)
    if len(new.url) > MAX_URL:
        raise InvalidInput(f"an address has at most {MAX_URL} characters")
    try:
        host = reach.check_url(new.url)
    except AddressRefused as error:
        raise InvalidInput(str(error)) from error
    if len(_standing(session, new.place)) >= MAX_ENDPOINTS:
        raise Conflict(f"there are {MAX_ENDPOINTS} webhooks already; remove one first")
    secret = SECRET_PREFIX + b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    row = WebhookEndpoint(
        enterprise_id=new.place.enterprise_id,
        organisation_id=new.place.organisation_id,
        label=new.label.strip(),
        shown=host,
        sealed=b"",
        created_by=scope.user_id,
        created_at=now,
    )
    row.sealed = seal.seal({"url": new.url, "secret": secret}, row.id)
    session.add(row)
    session.flush()
    write_change(session, scope.actor, row, "webhook.added", now)
    return row, secret


def endpoints_of(session: Session, scope: Scope) -> Sequence[WebhookEndpoint]:
    """Return the endpoints that the caller keeps, the oldest first."""
    enterprises = [
        key for key, roles in scope.roles_by_enterprise.items() if Role.ENTERPRISE_OFFICER in roles
    ]
    organisations = [row.id for row, may in organisations_of(session, scope) if may]
    kept = select(WebhookEndpoint).where(
        col(WebhookEndpoint.removed_at).is_(None),
        or_(
            col(WebhookEndpoint.enterprise_id).in_(enterprises),
            col(WebhookEndpoint.organisation_id).in_(organisations),
        ),
    )
    return session.exec(kept.order_by(col(WebhookEndpoint.id))).all()


def remove_endpoint(session: Session, scope: Scope, endpoint_id: UUID, now: datetime) -> None:
    """Forget an endpoint; what waits for it is not sent. Raises `NotFound`."""
    forget_endpoint(session, scope.actor, _own(session, scope, endpoint_id), now)


def forget_endpoint(session: Session, actor: Actor, row: WebhookEndpoint, now: datetime) -> None:
    """Remove an endpoint, by whoever: a person, or the server because the endpoint said that it is gone."""
    row.removed_at, row.sealed = now, b""
    drop_waiting(session, col(NoticeDelivery.endpoint_id) == row.id, now)
    write_change(session, actor, row, "webhook.removed", now)


def test_endpoint(
    session: Session, scope: Scope, endpoint_id: UUID, now: datetime
) -> NoticeDelivery:
    """Put a test event out. Raises `NotFound`, `Conflict` soon after the last one."""
    _own(session, scope, endpoint_id)
    refuse_soon(session, col(NoticeDelivery.endpoint_id) == endpoint_id, now)
    return put_test(session, now, endpoint_id=endpoint_id)


def endpoint_deliveries(
    session: Session, scope: Scope, endpoint_id: UUID, paging: Paging, *, failed: bool = False
) -> Page[NoticeDelivery]:
    """Return what was, or will be, sent to an endpoint, the newest first. Raises `NotFound`, `InvalidCursor`."""
    _own(session, scope, endpoint_id)
    statement = select(NoticeDelivery).where(col(NoticeDelivery.endpoint_id) == endpoint_id)
    return page_of(session, statement, paging, failed=failed)


def write_change(
    session: Session, actor: Actor, row: WebhookEndpoint, kind: str, now: datetime
) -> None:
    """Write into an enterprise's ledger that a program is, or is no more, told of what happens in it."""
    if row.enterprise_id is None:
        return
    lock_enterprise(session, row.enterprise_id)
    data = {"webhook_id": str(row.id), "host": row.shown, "label": row.label}
    write_event(session, row.enterprise_id, actor, Event(kind, AI_PATROL, data), now)


def _require_keeper(session: Session, scope: Scope, place: Place) -> None:
    if place.enterprise_id is not None:
        scope.require_role(place.enterprise_id, KEEP, Role.ENTERPRISE_OFFICER)
        return
    kept = {row.id: may for row, may in organisations_of(session, scope)}
    if place.organisation_id not in kept:
        raise NotFound("organisation", place.organisation_id)
    if not kept[place.organisation_id]:
        raise NotAllowed(KEEP, ["administrator"])


def _standing(session: Session, place: Place) -> Sequence[WebhookEndpoint]:
    standing = select(WebhookEndpoint).where(
        *place.is_of(WebhookEndpoint), col(WebhookEndpoint.removed_at).is_(None)
    )
    return session.exec(standing).all()


def _own(session: Session, scope: Scope, endpoint_id: UUID) -> WebhookEndpoint:
    row = next((row for row in endpoints_of(session, scope) if row.id == endpoint_id), None)
    if row is None:
        raise NotFound("webhook", endpoint_id)
    return row
