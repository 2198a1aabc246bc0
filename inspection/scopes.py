"""Who acts, and which enterprises they may see: the one source of every question of access.

| role | sees |
| --- | --- |
| expert | the enterprises they are assigned to |
| enterprise officer, worker | their own enterprise |
| service centre, town government | the enterprises of their organisation's area; all where it has none |
| government bureau | the enterprises of its own area and of the towns below it |
| insurer | the enterprises that have a policy with it |
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self
from uuid import UUID

from sqlmodel import Session, col, select

from inspection.errors import NotAllowed, NotFound
from inspection.tables import (
    Device,
    Enterprise,
    ExpertAssignment,
    InsurancePolicy,
    Membership,
    Organisation,
    OrganisationKind,
    Role,
    User,
)

ENTERPRISE_ROLES = frozenset({Role.ENTERPRISE_OFFICER, Role.ENTERPRISE_WORKER})
DECIDING_ROLES = (Role.EXPERT, Role.SERVICE_CENTRE)


@dataclass(frozen=True)
class Actor:
    """Whoever causes a ledger entry. `name` is how the ledger writes it: ``user:…``, ``device:…`` or ``system``."""

    name: str
    user_id: UUID | None = None
    device_id: UUID | None = None

    @classmethod
    def from_user(cls, user_id: UUID) -> Self:
        """Return a person."""
        return cls(f"user:{user_id}", user_id=user_id)

    @classmethod
    def from_device(cls, device_id: UUID) -> Self:
        """Return an enrolled device."""
        return cls(f"device:{device_id}", device_id=device_id)


SYSTEM = Actor("system")


@dataclass(frozen=True)
class Scope:
    """The caller and the enterprises they may see, with their roles in each (a device has none)."""

    actor: Actor
    roles_by_enterprise: Mapping[UUID, frozenset[Role]]
    enterprise_ids: frozenset[UUID] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "enterprise_ids", frozenset(self.roles_by_enterprise))

    @property
    def user_id(self) -> UUID:
        """The person's id. Raises `NotAllowed` for a device."""
        if self.actor.user_id is None:
            raise NotAllowed("act as a person", [role.value for role in Role])
        return self.actor.user_id

    def roles_in(self, enterprise_id: UUID) -> frozenset[Role]:
        """Return the caller's roles in an enterprise; none where they have no business there."""
        return self.roles_by_enterprise.get(enterprise_id, frozenset())

    def require(self, enterprise_id: UUID) -> None:
        """Raise `NotFound` unless the enterprise is in scope."""
        if enterprise_id not in self.enterprise_ids:
            raise NotFound("enterprise", enterprise_id)

    def require_role(self, enterprise_id: UUID, action: str, *roles: Role) -> None:
        """Raise `NotFound` for a foreign enterprise, `NotAllowed` without one of `roles` in it."""
        self.require(enterprise_id)
        if not self.roles_in(enterprise_id).intersection(roles):
            raise NotAllowed(action, [role.value for role in roles])


def scope_of(session: Session, user_id: UUID) -> Scope:
    """Return what a person may see now. Raises `NotFound` for an unknown or inactive person."""
    user = session.get(User, user_id)
    if user is None or not user.is_active:
        raise NotFound("user", user_id)
    roles: defaultdict[UUID, set[Role]] = defaultdict(set)
    memberships = session.exec(select(Membership).where(col(Membership.user_id) == user_id))
    for membership in memberships:
        for enterprise_id in _enterprises_of(session, membership):
            roles[enterprise_id].add(membership.role)
    return Scope(Actor.from_user(user_id), {key: frozenset(value) for key, value in roles.items()})


def device_scope(device: Device) -> Scope:
    """Return a device's scope: its one enterprise, without any role."""
    return Scope(Actor.from_device(device.id), {device.enterprise_id: frozenset()})


def _enterprises_of(session: Session, membership: Membership) -> Iterator[UUID]:
    if membership.role in ENTERPRISE_ROLES:
        if membership.enterprise_id is not None:
            yield membership.enterprise_id
    elif membership.role is Role.EXPERT:
        yield from session.exec(
            select(ExpertAssignment.enterprise_id).where(
                col(ExpertAssignment.user_id) == membership.user_id
            )
        )
    elif membership.organisation_id is not None:
        yield from _enterprises_of_organisation(
            session, membership.role, membership.organisation_id
        )


def _enterprises_of_organisation(
    session: Session, role: Role, organisation_id: UUID
) -> Iterator[UUID]:
    if role is Role.INSURER:
        yield from session.exec(
            select(InsurancePolicy.enterprise_id)
            .where(col(InsurancePolicy.insurer_id) == organisation_id)
            .distinct()
        )
        return
    areas = areas_of(session, organisation_id)
    enterprises = select(Enterprise.id)
    if areas is not None:
        enterprises = enterprises.where(col(Enterprise.area_id).in_(areas))
    yield from session.exec(enterprises)


def organisation_sees(session: Session, organisation: Organisation, enterprise_id: UUID) -> bool:
    """Return whether an enterprise is in the scope of an organisation as a whole; a service body has none of its own."""
    if organisation.kind is OrganisationKind.SERVICE_BODY:
        return False
    if organisation.kind is OrganisationKind.INSURER:
        insured = select(InsurancePolicy.id).where(
            col(InsurancePolicy.enterprise_id) == enterprise_id,
            col(InsurancePolicy.insurer_id) == organisation.id,
        )
        return session.exec(insured.limit(1)).first() is not None
    areas = areas_of(session, organisation.id)
    return areas is None or session.get_one(Enterprise, enterprise_id).area_id in areas


def areas_of(session: Session, organisation_id: UUID) -> set[UUID] | None:
    """Return the areas of an organisation and of those below it; None means all."""
    organisation = session.get_one(Organisation, organisation_id)
    found = [organisation, *organisations_below(session, organisation_id)]
    if len(found) == 1 and organisation.area_id is None:
        return None
    return {row.area_id for row in found if row.area_id is not None}


def organisations_below(session: Session, organisation_id: UUID) -> Iterator[Organisation]:
    """Yield the organisations under one, at every depth."""
    waiting, seen = [organisation_id], {organisation_id}
    while waiting:
        under = col(Organisation.parent_id) == waiting.pop()
        for row in session.exec(select(Organisation).where(under)):
            if row.id not in seen:
                seen.add(row.id)
                waiting.append(row.id)
                yield row
