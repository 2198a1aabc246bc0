"""From rows to what the API shows: people's names are looked up once for a whole list."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, func, select

from api.auth import Caller
from api.names import names_of
from api.shapes.base import NamedRef
from api.shapes.enterprises import (
    EnterpriseDetail,
    EnterpriseView,
    InsurancePolicyView,
    ServicePlanView,
)
from api.shapes.findings import FindingView
from api.shapes.inspections import InspectionView, PhotoView
from api.shapes.items import Decision, ItemView
from api.shapes.people import Me, OrganisationRef, RoleView
from api.ticket_views import ticket_views
from inspection import decisions
from inspection.photo_privacy import shows_heads
from inspection.plans import china_day, plan_in_force, policy_in_force
from inspection.queries import PhotoRow
from inspection.tables import (
    Enterprise,
    Finding,
    Inspection,
    InspectionPhoto,
    InsurancePolicy,
    Membership,
    Organisation,
    PilotArea,
)
from inspection.wire import utc_now


def me_view(session: Session, caller: Caller) -> Me:
    """Return the caller with their roles and enterprises."""
    held = session.exec(
        select(Membership, Organisation, Enterprise)
        .outerjoin(Organisation, col(Organisation.id) == col(Membership.organisation_id))
        .outerjoin(Enterprise, col(Enterprise.id) == col(Membership.enterprise_id))
        .where(col(Membership.user_id) == caller.user_id)
        .order_by(col(Membership.id))
    ).all()
    seen = session.exec(
        select(Enterprise.id, Enterprise.name)
        .where(col(Enterprise.id).in_(caller.scope.enterprise_ids))
        .order_by(col(Enterprise.name), col(Enterprise.id))
    )
    return Me(
        id=caller.user_id,
        login=caller.login,
        name=caller.name,
        roles=[_role_view(*row) for row in held],
        enterprises=[NamedRef(id=key, name=name) for key, name in seen],
        shows_heads=shows_heads({membership.role for membership, *_ in held}, china_day(utc_now())),
    )


def _role_view(
    membership: Membership, organisation: Organisation | None, enterprise: Enterprise | None
) -> RoleView:
    return RoleView(
        role=membership.role,
        organisation=organisation
        and OrganisationRef(id=organisation.id, name=organisation.name, kind=organisation.kind),
        enterprise=enterprise and NamedRef(id=enterprise.id, name=enterprise.name),
        is_administrator=membership.is_administrator,
    )


def enterprise_views(session: Session, rows: Sequence[Enterprise]) -> list[EnterpriseView]:
    """Return enterprises with the names of their areas."""
    wanted = {row.area_id for row in rows}
    named = select(PilotArea.id, PilotArea.name).where(col(PilotArea.id).in_(wanted))
    areas = {area_id: name for area_id, name in session.exec(named)}  # noqa: C416  a result has keys(), so dict() takes it for a mapping
    return [
        EnterpriseView(
            **row.model_dump(exclude={"area_id"}),
            area=NamedRef(id=row.area_id, name=areas[row.area_id]),
        )
        for row in rows
    ]


def enterprise_detail(session: Session, row: Enterprise, now: datetime) -> EnterpriseDetail:
    """Return an enterprise with the plan and the insurance in force."""
    today = china_day(now)
    plan = plan_in_force(session, row.id, today)
    policy = policy_in_force(session, row.id, today)
    view = enterprise_views(session, [row])[0]
    return EnterpriseDetail(
        **dict(view),
        plan=plan and ServicePlanView(**plan.model_dump(include=set(ServicePlanView.model_fields))),
        insurance_policy=policy and _policy_view(session, policy),
    )


def _policy_view(session: Session, policy: InsurancePolicy) -> InsurancePolicyView:
    insurer = session.get_one(Organisation, policy.insurer_id)
    return InsurancePolicyView(
        id=policy.id,
        number=policy.number,
        insurer=NamedRef(id=insurer.id, name=insurer.name),
        starts_on=policy.starts_on,
        ends_on=policy.ends_on,
    )


def inspection_views(session: Session, rows: Sequence[Inspection]) -> list[InspectionView]:
    """Return inspections with the names of the inspectors."""
    names = names_of(session, (row.inspector_id for row in rows))
    return [
        InspectionView(
            **row.model_dump(exclude={"inspector_id"}), inspector=names[row.inspector_id]
        )
        for row in rows
    ]


def photo_view(row: PhotoRow) -> PhotoView:
    """Return a photo of an inspection."""
    facts = row.photo.model_dump(include=set(PhotoView.model_fields) - {"finding_count"})
    return PhotoView(**facts, finding_count=row.findings)


def new_photo_view(session: Session, photo: InspectionPhoto) -> PhotoView:
    """Return a photo that was added, now or before."""
    count = session.exec(
        select(func.count())
        .select_from(Finding)
        .where(
            col(Finding.enterprise_id) == photo.enterprise_id,
            col(Finding.inspection_id) == photo.inspection_id,
            col(Finding.photo_id) == photo.id,
        )
    ).one()
    return photo_view(PhotoRow(photo, count))


def decision_view(session: Session, decision: decisions.Decision, now: datetime) -> Decision:
    """Return what a decision changed."""
    ticket = decision.ticket
    return Decision(
        finding=FindingView.from_row(decision.finding),
        item=ItemView.from_row(decision.item),
        ticket=ticket_views(session, [ticket], now)[0] if ticket else None,
    )
