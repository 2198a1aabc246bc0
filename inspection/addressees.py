"""Who is told of what happens in an enterprise, by role. Inactive people are told nothing."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlmodel import Session, col, or_, select

from inspection.tables import (
    Enterprise,
    ExpertAssignment,
    Membership,
    Organisation,
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
