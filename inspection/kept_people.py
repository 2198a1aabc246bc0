"""The people whom a caller manages, over all places: found by a word, a page at a time.

Who manages whose people is in `inspection.memberships`. A membership is a row here, so that whoever belongs to two of the
caller's places is there twice.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, func, or_, select

from inspection.database import seeing_every
from inspection.entry_text import terms_of
from inspection.errors import InvalidCursor
from inspection.keysets import read_key, write_key
from inspection.memberships import (
    KEEPERS_OF_ENTERPRISES,
    Member,
    Place,
    organisations_of,
    require_keeper,
)
from inspection.queries import MAX_LIMIT, Page, Paging
from inspection.scopes import Scope
from inspection.tables import (
    Enterprise,
    ExpertAssignment,
    KnownBrowser,
    Membership,
    Organisation,
    Role,
    SecondFactor,
    User,
)


@dataclass(frozen=True)
class KeptPlaces:
    """The enterprises and organisations whose people somebody manages."""

    enterprise_ids: frozenset[UUID]
    organisation_ids: frozenset[UUID]

    @classmethod
    def of(cls, session: Session, scope: Scope) -> Self:
        """Return a caller's."""
        return cls(
            frozenset(
                each
                for each in scope.enterprise_ids
                if scope.roles_in(each).intersection(KEEPERS_OF_ENTERPRISES)
            ),
            frozenset(row.id for row, may in organisations_of(session, scope) if may),
        )

    def is_of(self, table: type) -> list[ColumnElement[bool]]:
        """Return the condition that a row with `enterprise_id` and `organisation_id` belongs to one of them."""
        held: Any = table
        return [
            or_(
                held.enterprise_id.in_(self.enterprise_ids),
                held.organisation_id.in_(self.organisation_ids),
            )
        ]

    def has(self, membership: Membership) -> bool:
        """Return whether a membership is of one of them."""
        return (
            membership.enterprise_id in self.enterprise_ids
            or membership.organisation_id in self.organisation_ids
        )


@dataclass(frozen=True)
class MemberFilter:
    """Which members; None or an empty text is no condition. Text is looked for in name, login and place."""

    text: str = ""
    role: Role | None = None
    is_active: bool | None = None


@dataclass(frozen=True)
class KeptMember(Member):
    """A member, and the place by its row."""

    place: Enterprise | Organisation


@dataclass(frozen=True)
class AccountFacts:
    """What whoever manages a person sees of the account, and at which of the caller's enterprises an expert is stationed."""

    has_second_factor: bool
    last_signed_in_at: datetime | None
    is_wholly_kept: bool
    stations: Sequence[tuple[UUID, str]]


def places_asked(session: Session, scope: Scope, place: Place | None) -> Place | KeptPlaces:
    """Return the place, or all of the caller's where none is named. Raises `NotFound`, `NotAllowed`."""
    if place is None:
        return KeptPlaces.of(session, scope)
    require_keeper(session, scope, place)
    return place


def kept_members(
    session: Session, within: Place | KeptPlaces, wanted: MemberFilter, paging: Paging
) -> Page[KeptMember]:
    """Return members of places that were asked about, by name. Raises `InvalidCursor`."""
    limit = min(max(paging.limit, 1), MAX_LIMIT)
    conditions = [*within.is_of(Membership), *_wanted(wanted)]
    if paging.cursor is not None:
        conditions.append(_follows(paging.cursor))
    found = session.exec(
        select(User, Membership, Enterprise, Organisation)
        .join(Membership, col(Membership.user_id) == col(User.id))
        .outerjoin(Enterprise, col(Enterprise.id) == col(Membership.enterprise_id))
        .outerjoin(Organisation, col(Organisation.id) == col(Membership.organisation_id))
        .where(*conditions)
        .order_by(col(User.name), col(Membership.id))
        .limit(limit + 1)
    ).all()
    rows = [
        KeptMember(user, held, _place(enterprise, organisation))
        for user, held, enterprise, organisation in found[:limit]
    ]
    if len(found) <= limit:
        return Page(rows, None)
    last = rows[-1]
    return Page(rows, write_key((last.user.name, str(last.membership.id))))


def _place(enterprise: Enterprise | None, organisation: Organisation) -> Enterprise | Organisation:
    """Return the one of two outer joins that is there."""
    return organisation if enterprise is None else enterprise


def _wanted(wanted: MemberFilter) -> list[ColumnElement[bool]]:
    conditions = [_says(term) for term in terms_of(wanted.text)]
    if wanted.role is not None:
        conditions.append(col(Membership.role) == wanted.role)
    if wanted.is_active is not None:
        conditions.append(col(User.is_active).is_(wanted.is_active))
    return conditions


def _says(term: str) -> ColumnElement[bool]:
    named = (User.name, User.login, Enterprise.name, Organisation.name)
    return or_(*(func.lower(col(each)).contains(term, autoescape=True) for each in named))


def _follows(cursor: str) -> ColumnElement[bool]:
    match read_key(cursor):
        # PostgreSQL keeps no text with a NUL, and refuses to compare one.
        case (str(name), str(key)) if "\0" not in name:
            try:
                name.encode()
                membership_id = UUID(key)
            except ValueError:
                # No UUID, or half of a surrogate pair, which no database is sent.
                raise InvalidCursor from None
        case _:
            raise InvalidCursor
    same = and_(col(User.name) == name, col(Membership.id) > membership_id)
    return or_(col(User.name) > name, same)


def account_facts(
    session: Session, scope: Scope, user_ids: Collection[UUID]
) -> Mapping[UUID, AccountFacts]:
    """Return the facts of these people's accounts, whom the caller manages."""
    kept, places = KeptPlaces.of(session, scope), memberships_of(session, user_ids)
    seen = dict(_last_sign_ins(session, user_ids))
    protected = set(
        session.exec(
            select(SecondFactor.user_id).where(
                col(SecondFactor.user_id).in_(user_ids),
                col(SecondFactor.confirmed_at).is_not(None),
            )
        )
    )
    stations = _stations(session, scope, user_ids)
    return {
        each: AccountFacts(
            has_second_factor=each in protected,
            last_signed_in_at=seen.get(each),
            is_wholly_kept=all(kept.has(held) for held in places.get(each, ())),
            stations=stations.get(each, ()),
        )
        for each in user_ids
    }


def memberships_of(
    session: Session, user_ids: Collection[UUID]
) -> Mapping[UUID, Sequence[Membership]]:
    """Return every membership of these people, also where the caller sees nothing: for decisions, to be told to nobody."""
    with seeing_every(session):
        rows = session.exec(select(Membership).where(col(Membership.user_id).in_(user_ids))).all()
    found: dict[UUID, list[Membership]] = {}
    for row in rows:
        found.setdefault(row.user_id, []).append(row)
    return found


def _last_sign_ins(session: Session, user_ids: Collection[UUID]) -> Sequence[tuple[UUID, datetime]]:
    return session.exec(
        select(KnownBrowser.user_id, func.max(col(KnownBrowser.seen_at)))
        .where(col(KnownBrowser.user_id).in_(user_ids))
        .group_by(col(KnownBrowser.user_id))
    ).all()


def _stations(
    session: Session, scope: Scope, user_ids: Collection[UUID]
) -> Mapping[UUID, Sequence[tuple[UUID, str]]]:
    rows = session.exec(
        select(ExpertAssignment.user_id, Enterprise.id, Enterprise.name)
        .join(Enterprise, col(Enterprise.id) == col(ExpertAssignment.enterprise_id))
        .where(
            col(ExpertAssignment.user_id).in_(user_ids),
            col(ExpertAssignment.enterprise_id).in_(scope.enterprise_ids),
        )
        .order_by(col(Enterprise.name), col(Enterprise.id))
    )
    found: dict[UUID, list[tuple[UUID, str]]] = {}
    for user_id, enterprise_id, name in rows:
        found.setdefault(user_id, []).append((enterprise_id, name))
    return found
