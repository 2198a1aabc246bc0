"""Who belongs where, and who decides about it: members of enterprises and of organisations, and stationed experts.

| place | its people are invited, changed and let go by |
| --- | --- |
| enterprise | its officers, and the service centre in whose area it lies |
| organisation | its administrators, and those of the bureau above it |

A place keeps at least one person who may do this.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from inspection.database import lock_enterprise, seeing_every
from inspection.errors import AlreadyExists, Conflict, InvalidInput, NotAllowed, NotFound
from inspection.scopes import ENTERPRISE_ROLES, Scope, organisations_below
from inspection.tables import (
    Enterprise,
    ExpertAssignment,
    Membership,
    Organisation,
    OrganisationKind,
    Role,
    User,
)

KEEPERS_OF_ENTERPRISES = (Role.ENTERPRISE_OFFICER, Role.SERVICE_CENTRE)
ROLES_OF_KIND: Mapping[OrganisationKind, frozenset[Role]] = {
    OrganisationKind.GOVERNMENT: frozenset({Role.GOVERNMENT}),
    OrganisationKind.SERVICE_CENTRE: frozenset({Role.SERVICE_CENTRE, Role.EXPERT}),
    OrganisationKind.INSURER: frozenset({Role.INSURER}),
    OrganisationKind.SERVICE_BODY: frozenset({Role.EXPERT}),
}
MANAGE = "manage people here"


@dataclass(frozen=True)
class Place:
    """An enterprise or an organisation: where a role is held."""

    enterprise_id: UUID | None = None
    organisation_id: UUID | None = None

    @classmethod
    def of(cls, row: Enterprise | Organisation) -> Self:
        """Return the place of a row."""
        if isinstance(row, Enterprise):
            return cls(enterprise_id=row.id)
        return cls(organisation_id=row.id)

    def is_of(self, table: type) -> list[ColumnElement[bool]]:
        """Return the condition that a row with `enterprise_id` and `organisation_id` belongs here."""
        if self.enterprise_id is not None:
            return [table.enterprise_id == self.enterprise_id]  # type: ignore[attr-defined]
        return [table.organisation_id == self.organisation_id]  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Granted:
    """A role, and whether its holder administers the organisation."""

    role: Role
    is_administrator: bool = False


@dataclass(frozen=True)
class Member:
    """Somebody who belongs to a place."""

    user: User
    membership: Membership


def require_keeper(session: Session, scope: Scope, place: Place) -> None:
    """Raise `NotFound` for a place that is not the caller's, `NotAllowed` for one whose people they do not manage."""
    if place.enterprise_id is not None:
        scope.require_role(place.enterprise_id, MANAGE, *KEEPERS_OF_ENTERPRISES)
        return
    kept = {row.id: may for row, may in organisations_of(session, scope)}
    if place.organisation_id not in kept:
        raise NotFound("organisation", place.organisation_id)
    if not kept[place.organisation_id]:
        raise NotAllowed(MANAGE, ["administrator"])


def organisations_of(session: Session, scope: Scope) -> list[tuple[Organisation, bool]]:
    """Return the caller's organisations, and the towns of bureaus that they administer; and whether they manage each."""
    held = session.exec(
        select(Organisation, Membership.is_administrator)
        .join(Membership, col(Membership.organisation_id) == col(Organisation.id))
        .where(col(Membership.user_id) == scope.user_id)
        .order_by(col(Organisation.name), col(Organisation.id))
    ).all()
    found = {row.id: (row, False) for row, _ in held}
    for row, is_administrator in held:
        if is_administrator:
            found |= {
                each.id: (each, True) for each in [row, *organisations_below(session, row.id)]
            }
    return list(found.values())


def require_grantable(session: Session, place: Place, granted: Granted) -> None:
    """Raise `InvalidInput` for a role that a place does not have."""
    if place.enterprise_id is not None:
        roles = ENTERPRISE_ROLES
    else:
        roles = ROLES_OF_KIND[session.get_one(Organisation, place.organisation_id).kind]
    if granted.role not in roles:
        raise InvalidInput(f"the roles here are {', '.join(sorted(roles))}; not {granted.role}")
    if granted.is_administrator and place.enterprise_id is not None:
        raise InvalidInput("an enterprise has no administrators; its officers manage its people")


def members(session: Session, place: Place) -> Sequence[Member]:
    """Return who belongs to a place, also those who sign in no more, by name."""
    rows = session.exec(
        select(User, Membership)
        .join(Membership, col(Membership.user_id) == col(User.id))
        .where(*place.is_of(Membership))
        .order_by(col(User.name), col(User.id))
    )
    return [Member(user, membership) for user, membership in rows]


def lock_place(session: Session, place: Place) -> None:
    """Let one transaction at a time change who belongs to a place; held until it ends. Raises `NotFound`."""
    if place.enterprise_id is not None:
        lock_enterprise(session, place.enterprise_id)
        return
    row = select(Organisation).where(col(Organisation.id) == place.organisation_id)
    if session.exec(row.with_for_update()).first() is None:
        raise NotFound("organisation", place.organisation_id)


def join(session: Session, place: Place, user: User, granted: Granted) -> Membership:
    """Make somebody a member. Raises `AlreadyExists` for one who is."""
    if _membership(session, place, user.id) is not None:
        raise AlreadyExists("membership of", user.login)
    membership = Membership(
        user_id=user.id,
        role=granted.role,
        organisation_id=place.organisation_id,
        enterprise_id=place.enterprise_id,
        is_administrator=granted.is_administrator,
    )
    session.add(membership)
    session.flush()
    return membership


def change(session: Session, place: Place, user_id: UUID, granted: Granted) -> Member:
    """Give a member another role. Raises `NotFound`, `InvalidInput`, `Conflict` for the last who manages the place."""
    require_grantable(session, place, granted)
    member = get_member(session, place, user_id)
    was_keeper = keeps(member.membership)
    member.membership.role = granted.role
    member.membership.is_administrator = granted.is_administrator
    session.flush()
    if was_keeper:
        require_a_keeper(session, place)
    return member


def leave(session: Session, place: Place, user_id: UUID) -> User:
    """End a membership; whoever belongs nowhere any more signs in no more. Raises `NotFound`, `Conflict`."""
    member = get_member(session, place, user_id)
    session.delete(member.membership)
    session.flush()
    if keeps(member.membership):
        require_a_keeper(session, place)
    # Of two places that let somebody go at once, the second sees that it was the last.
    session.exec(select(User.id).where(col(User.id) == user_id).with_for_update()).one()
    # A membership where the caller sees nothing keeps the account all the same.
    with seeing_every(session):
        rest = session.exec(select(Membership.id).where(col(Membership.user_id) == user_id)).first()
    if rest is None:
        member.user.is_active = False
    return member.user


def experts_for(session: Session, enterprise_id: UUID) -> list[tuple[User, bool]]:
    """Return every active expert, and whether they are stationed at the enterprise, by name."""
    stationed = set(
        session.exec(
            select(ExpertAssignment.user_id).where(
                col(ExpertAssignment.enterprise_id) == enterprise_id
            )
        )
    )
    experts = session.exec(
        select(User)
        .join(Membership, col(Membership.user_id) == col(User.id))
        .where(col(Membership.role) == Role.EXPERT, col(User.is_active))
        .order_by(col(User.name), col(User.id))
        .distinct()
    )
    return [(user, user.id in stationed) for user in experts]


def is_stationed(session: Session, enterprise_id: UUID, user_id: UUID) -> bool:
    """Return whether an expert is stationed at the enterprise. Raises `NotFound` for somebody who is no expert."""
    for user, is_here in experts_for(session, enterprise_id):
        if user.id == user_id:
            return is_here
    raise NotFound("expert", user_id)


def station(session: Session, enterprise_id: UUID, user_id: UUID) -> None:
    """Station an expert at an enterprise; a second time changes nothing. Raises `NotFound` for somebody who is no expert."""
    if user_id not in {user.id for user, _ in experts_for(session, enterprise_id)}:
        raise NotFound("expert", user_id)
    session.merge(ExpertAssignment(enterprise_id=enterprise_id, user_id=user_id))


def withdraw_expert(session: Session, enterprise_id: UUID, user_id: UUID) -> None:
    """End an expert's station at an enterprise. Raises `NotFound`."""
    assignment = session.get(ExpertAssignment, (enterprise_id, user_id))
    if assignment is None:
        raise NotFound("expert", user_id)
    session.delete(assignment)


def _membership(session: Session, place: Place, user_id: UUID) -> Membership | None:
    mine = (col(Membership.user_id) == user_id, *place.is_of(Membership))
    return session.exec(select(Membership).where(*mine)).first()


def get_member(session: Session, place: Place, user_id: UUID) -> Member:
    """Return somebody who belongs to a place. Raises `NotFound`."""
    membership = _membership(session, place, user_id)
    if membership is None:
        raise NotFound("member", user_id)
    return Member(session.get_one(User, user_id), membership)


def keeps(membership: Membership) -> bool:
    """Return whether a member manages the people of the place from within."""
    return membership.is_administrator or membership.role is Role.ENTERPRISE_OFFICER


def require_a_keeper(session: Session, place: Place) -> None:
    """Raise `Conflict` where nobody is left who signs in and manages the people of a place."""
    active = [member for member in members(session, place) if member.user.is_active]
    if not any(keeps(member.membership) for member in active):
        raise Conflict("this is the last person who manages people here; make another one first")
