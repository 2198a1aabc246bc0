"""Who is told of what happens in an enterprise, by role. Inactive people are told nothing."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlmodel import Session, col, or_, select

from inspection.escalation_rules import Party
from inspection.scopes import areas_of, organisations_below
from inspection.tables import (
    Enterprise,
    ExpertAssignment,
    Membership,
    Organisation,
    OrganisationKind,
    Role,
    User,
)


def addressees(session: Session, enterprise_id: UUID) -> Mapping[Role, Sequence[UUID]]:
    """Return the officers, the stationed experts and the people of the service centre in charge."""
    enterprise = session.get_one(Enterprise, enterprise_id)
    members = (
        select(Membership.user_id)
        .join(User, col(User.id) == col(Membership.user_id))
        .where(col(User.is_active))
    )
    officers = members.where(
        col(Membership.role) == Role.ENTERPRISE_OFFICER,
        col(Membership.enterprise_id) == enterprise_id,
    )
    stationed = select(ExpertAssignment.user_id).where(
        col(ExpertAssignment.enterprise_id) == enterprise_id
    )
    experts = members.where(
        col(Membership.role) == Role.EXPERT, col(Membership.user_id).in_(stationed)
    )
    centre = members.join(
        Organisation, col(Organisation.id) == col(Membership.organisation_id)
    ).where(
        col(Membership.role) == Role.SERVICE_CENTRE,
        or_(col(Organisation.area_id) == enterprise.area_id, col(Organisation.area_id).is_(None)),
    )
    return {
        Role.ENTERPRISE_OFFICER: session.exec(officers).all(),
        Role.EXPERT: session.exec(experts).all(),
        Role.SERVICE_CENTRE: session.exec(centre).all(),
    }


def authorities(session: Session, enterprise_id: UUID) -> Mapping[Party, Sequence[UUID]]:
    """Return the people of the town and of the bureau in whose scope an enterprise is.

    A town is the government organisation that sees the enterprise while none below it does; a bureau is one above a town, or
    one that sees every enterprise.
    """
    area_id = session.get_one(Enterprise, enterprise_id).area_id
    governments = select(Organisation).where(col(Organisation.kind) == OrganisationKind.GOVERNMENT)
    seeing = {row.id: row for row in session.exec(governments) if _sees(session, row.id, area_id)}
    towns: list[UUID] = []
    bureaus: list[UUID] = []
    for row in seeing.values():
        is_above = any(below.id in seeing for below in organisations_below(session, row.id))
        (bureaus if is_above or row.area_id is None else towns).append(row.id)
    return {
        Party.TOWN: _members_of(session, towns),
        Party.BUREAU: _members_of(session, bureaus),
    }


def _sees(session: Session, organisation_id: UUID, area_id: UUID) -> bool:
    areas = areas_of(session, organisation_id)
    return areas is None or area_id in areas


def _members_of(session: Session, organisation_ids: Sequence[UUID]) -> Sequence[UUID]:
    return session.exec(
        select(Membership.user_id)
        .join(User, col(User.id) == col(Membership.user_id))
        .where(
            col(User.is_active),
            col(Membership.role) == Role.GOVERNMENT,
            col(Membership.organisation_id).in_(organisation_ids),
        )
        .distinct()
    ).all()
