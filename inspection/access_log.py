"""The access log: what is noted, who may read which part of it, and how long it is kept.

| reader | reads |
| --- | --- |
| enterprise officer | whatever concerned the data of their enterprise, whoever did it, refusals to strangers too |
| anybody | what they did themselves, and failed sign-ins with their login |
| administrator of an organisation | what its members did, of enterprises that the administrator sees, and what they were refused |

Rows are added and never changed: triggers of the database (migration 0014) refuse every change but that a repetition is
counted, and every deletion of a row younger than `FLOOR`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, or_
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, col, select

from inspection.memberships import Place, members, require_keeper
from inspection.plans import china_day, parameter
from inspection.queries import Page, Paging, page_of
from inspection.scopes import Scope
from inspection.tables import AccessLog, Role

# Known to the triggers as well, in days.
FLOOR = timedelta(days=183)
RETENTION = "access_log_retention"
BATCH = 1000


class AccessKind(StrEnum):
    """What sort of thing was done."""

    SIGN_IN = "sign_in"
    ACCOUNT = "account"
    REFUSAL = "refusal"
    READ = "read"
    EXPORT = "export"
    DECISION = "decision"
    PEOPLE = "people"
    CHANGE = "change"


# By the first word of the action; what is not here is a change.
KINDS: Mapping[str, AccessKind] = {
    "sign_in": AccessKind.SIGN_IN,
    "sign_out": AccessKind.SIGN_IN,
    "password": AccessKind.ACCOUNT,
    "second_factor": AccessKind.ACCOUNT,
    "token": AccessKind.ACCOUNT,
    "recovery_codes": AccessKind.ACCOUNT,
    "channel": AccessKind.ACCOUNT,
    "identity": AccessKind.ACCOUNT,
    "refused": AccessKind.REFUSAL,
    "evidence": AccessKind.READ,
    "model": AccessKind.READ,
    "ledger": AccessKind.EXPORT,
    "report": AccessKind.EXPORT,
    "dataset": AccessKind.EXPORT,
    "finding": AccessKind.DECISION,
    "item": AccessKind.DECISION,
    "ticket": AccessKind.DECISION,
    "erasure": AccessKind.DECISION,
    "hold": AccessKind.DECISION,
    "section": AccessKind.DECISION,
    "member": AccessKind.PEOPLE,
    "invitation": AccessKind.PEOPLE,
    "expert": AccessKind.PEOPLE,
    "user": AccessKind.PEOPLE,
    "device": AccessKind.PEOPLE,
    "enrolment_code": AccessKind.PEOPLE,
}


@dataclass(frozen=True)
class AccessFilter:
    """Which rows; None is no condition. Times are of the row's beginning."""

    kind: AccessKind | None = None
    user_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


def kind_of(action: str) -> AccessKind:
    """Return what sort of thing an action is."""
    return KINDS.get(action.split(".")[0], AccessKind.CHANGE)


def enterprise_log(
    session: Session, scope: Scope, enterprise_id: UUID, wanted: AccessFilter, paging: Paging
) -> Page[AccessLog]:
    """Return what was done with an enterprise's data, newest first. Raises `NotFound`, `NotAllowed` for all but its officers."""
    scope.require_role(enterprise_id, "read the access log", Role.ENTERPRISE_OFFICER)
    return _page(session, [col(AccessLog.enterprise_id) == enterprise_id], wanted, paging)


def own_log(
    session: Session, user_id: UUID, login: str, wanted: AccessFilter, paging: Paging
) -> Page[AccessLog]:
    """Return what a person did, and what was tried with their login, newest first."""
    mine = col(AccessLog.actor).in_([f"user:{user_id}", f"login:{login}"])
    return _page(session, [mine], wanted, paging)


def organisation_log(
    session: Session, scope: Scope, organisation_id: UUID, wanted: AccessFilter, paging: Paging
) -> Page[AccessLog]:
    """Return what an organisation's members did, newest first. Raises `NotFound`, `NotAllowed` for all who do not manage it.

    What a member did elsewhere, for another employer, is none of its business; what they were refused is.
    """
    place = Place(organisation_id=organisation_id)
    require_keeper(session, scope, place)
    actors = [f"user:{member.user.id}" for member in members(session, place)]
    conditions = [col(AccessLog.actor).in_(actors), _is_seen(scope.enterprise_ids)]
    return _page(session, conditions, wanted, paging)


def forget_past(writers: sessionmaker[Session], now: datetime) -> int:
    """Delete what is past its retention, some rows a transaction; return how many."""
    kept = max(timedelta(days=parameter(RETENTION, china_day(now)).value), FLOOR)
    old = select(AccessLog.id).where(col(AccessLog.at) < now - kept).limit(BATCH)
    forgotten = 0
    while True:
        with writers.begin() as session:
            ids = session.exec(old).all()
            session.exec(delete(AccessLog).where(col(AccessLog.id).in_(ids)))
        forgotten += len(ids)
        if len(ids) < BATCH:
            return forgotten


def _is_seen(enterprise_ids: Collection[UUID]) -> ColumnElement[bool]:
    return or_(
        col(AccessLog.enterprise_id).is_(None),
        col(AccessLog.enterprise_id).in_(enterprise_ids),
        col(AccessLog.kind) == AccessKind.REFUSAL,
    )


def _page(
    session: Session, conditions: list[ColumnElement[bool]], wanted: AccessFilter, paging: Paging
) -> Page[AccessLog]:
    more: list[Any] = []
    if wanted.kind is not None:
        more.append(col(AccessLog.kind) == wanted.kind.value)
    if wanted.user_id is not None:
        more.append(col(AccessLog.actor) == f"user:{wanted.user_id}")
    if wanted.since is not None:
        more.append(col(AccessLog.at) >= wanted.since)
    if wanted.until is not None:
        more.append(col(AccessLog.at) < wanted.until)
    keys = (col(AccessLog.id), col(AccessLog.id))
    return page_of(session, AccessLog, keys, [*conditions, *more], paging)
