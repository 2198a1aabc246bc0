"""From rows of the access log to what is shown of them: people, devices and places by name, looked up once for a page."""

import re
from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlmodel import Session, col, select

from api.names import names_of
from api.shapes.access_log import AccessPage, AccessView, DoerKind, DoerView
from api.shapes.base import NamedRef
from inspection.access_log import AccessKind
from inspection.queries import Page
from inspection.scopes import Scope
from inspection.tables import AccessLog, Device, Enterprise, Membership, Organisation

_ID = re.compile(r"[0-9a-f][0-9a-f-]{30,}")
_WITHOUT_ID = {DoerKind.LOGIN, DoerKind.OPERATOR, DoerKind.SYSTEM, DoerKind.ANONYMOUS}


def access_page(session: Session, scope: Scope, page: Page[AccessLog]) -> AccessPage:
    """Return a page of the log as it is told to a reader."""
    doers = _doers(session, page.rows)
    enterprises = _enterprises(session, scope, page.rows)
    return AccessPage(
        items=[
            AccessView(
                id=row.id,
                at=row.at,
                last_at=row.last_at or row.at,
                times=row.times,
                kind=AccessKind(row.kind),
                action=row.action,
                by=doers[row.actor],
                enterprise=enterprises.get(row.enterprise_id),
                detail=row.detail if _is_told(scope, row) else _outline(row.detail),
                remote=row.remote,
            )
            for row in page.rows
        ],
        next_cursor=page.next_cursor,
    )


def _is_told(scope: Scope, row: AccessLog) -> bool:
    if row.enterprise_id is None:
        return row.kind != AccessKind.REFUSAL
    return row.enterprise_id in scope.enterprise_ids


def _outline(detail: str) -> str:
    """Return what was asked for without which: no id of what is not the reader's is told, not even back to whoever named it."""
    return _ID.sub("…", detail.split(": ")[0])


def _enterprises(
    session: Session, scope: Scope, rows: Sequence[AccessLog]
) -> Mapping[UUID | None, NamedRef]:
    wanted = scope.enterprise_ids.intersection(row.enterprise_id for row in rows)
    named = select(Enterprise.id, Enterprise.name).where(col(Enterprise.id).in_(wanted))
    return {key: NamedRef(id=key, name=name) for key, name in session.exec(named)}


def _doers(session: Session, rows: Sequence[AccessLog]) -> Mapping[str, DoerView]:
    ids = {row.actor: _parsed(row.actor) for row in rows}
    users = {key for kind, key, _ in ids.values() if kind is DoerKind.USER and key}
    names, employers = names_of(session, users), _organisations_of(session, users)
    devices = {key for kind, key, _ in ids.values() if kind is DoerKind.DEVICE and key}
    of_devices = select(Device.id, Device.name).where(col(Device.id).in_(devices))
    device_names = {key: name for key, name in session.exec(of_devices)}  # noqa: C416  a result has keys(), so dict() takes it for a mapping
    views = {}
    for actor, (kind, key, text) in ids.items():
        if key is None:
            views[actor] = DoerView(kind=kind, name=text)
            continue
        name = names[key].name if key in names else device_names.get(key, text)
        views[actor] = DoerView(kind=kind, id=key, name=name, organisation=employers.get(key, ""))
    return views


def _parsed(actor: str) -> tuple[DoerKind, UUID | None, str]:
    word, _, rest = actor.partition(":")
    kind = DoerKind(word)
    return kind, None if kind in _WITHOUT_ID else UUID(rest), rest


def _organisations_of(session: Session, user_ids: set[UUID]) -> Mapping[UUID, str]:
    """Return the organisations of people, not the enterprises: another enterprise's name is not told."""
    rows = session.exec(
        select(Membership.user_id, Organisation.name)
        .join(Organisation, col(Organisation.id) == col(Membership.organisation_id))
        .where(col(Membership.user_id).in_(user_ids))
        .order_by(col(Organisation.name))
    )
    found: dict[UUID, list[str]] = {}
    for user_id, name in rows:
        found.setdefault(user_id, []).append(name)
    return {user_id: "、".join(names) for user_id, names in found.items()}
