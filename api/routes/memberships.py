"""The people of an enterprise and of an organisation: invited, changed, let go; experts stationed."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, status
from sqlmodel import Session, col, select

from api import invitations, sign_ins
from api.access import log_access
from api.auth import Caller
from api.deps import AppParts, CurrentUser, EnterpriseId, Reading, Remote, SignedInPerson, Writing
from api.errors import problems
from api.routing import ApiRouter
from api.shapes.base import NamedRef
from api.shapes.memberships import (
    Experts,
    ExpertView,
    InvitationMade,
    Invitations,
    InvitationView,
    Members,
    MemberView,
    NewInvitation,
    Organisations,
    OrganisationView,
    RoleChange,
)
from inspection import memberships
from inspection.memberships import Place
from inspection.tables import PilotArea, Role, User
from inspection.wire import utc_now

router = ApiRouter(tags=["people"])


async def enterprise_place(enterprise_id: EnterpriseId) -> Place:
    """Return the enterprise of the path."""
    return Place(enterprise_id=enterprise_id)


async def organisation_place(
    organisation_id: Annotated[UUID, Path(description="the organisation")],
) -> Place:
    """Return the organisation of the path; `require_keeper` asks whose it is."""
    return Place(organisation_id=organisation_id)


EnterprisePlace = Annotated[Place, Depends(enterprise_place)]
OrganisationPlace = Annotated[Place, Depends(organisation_place)]


@router.get(
    "/organisations",
    operation_id="listOrganisations",
    summary="My organisations",
    responses=problems(401),
)
def list_organisations(user: CurrentUser, session: Reading) -> Organisations:
    """Return the organisations that I belong to, and the towns of a bureau that I administer."""
    held = memberships.organisations_of(session, user.scope)
    wanted = {row.area_id for row, _ in held}
    areas = session.exec(select(PilotArea).where(col(PilotArea.id).in_(wanted)))
    named = {area.id: NamedRef(id=area.id, name=area.name) for area in areas}
    return Organisations(
        items=[
            OrganisationView(
                id=row.id,
                name=row.name,
                kind=row.kind,
                parent_id=row.parent_id,
                area=named[row.area_id] if row.area_id else None,
                manages_people=may,
            )
            for row, may in held
        ]
    )


@router.get(
    "/enterprises/{enterprise_id}/members",
    operation_id="listEnterpriseMembers",
    summary="Who belongs to an enterprise",
    responses=problems(401, 403, 404, 422),
)
def list_enterprise_members(place: EnterprisePlace, user: CurrentUser, session: Reading) -> Members:
    """Return everybody, also those who sign in no more: for those who manage them."""
    return _members(session, user, place)


@router.get(
    "/organisations/{organisation_id}/members",
    operation_id="listOrganisationMembers",
    summary="Who belongs to an organisation",
    responses=problems(401, 403, 404, 422),
)
def list_organisation_members(
    place: OrganisationPlace, user: CurrentUser, session: Reading
) -> Members:
    """Return everybody, also those who sign in no more: for those who manage them."""
    return _members(session, user, place)


def _members(session: Session, user: Caller, place: Place) -> Members:
    memberships.require_keeper(session, user.scope, place)
    found = memberships.members(session, place)
    return Members(items=[MemberView.from_member(member) for member in found])


@router.put(
    "/enterprises/{enterprise_id}/members/{user_id}",
    operation_id="changeEnterpriseMember",
    summary="Change a member's role",
    responses=problems(401, 403, 404, 409, 422),
)
def change_enterprise_member(
    user_id: UUID,
    body: RoleChange,
    place: EnterprisePlace,
    user: SignedInPerson,
    session: Writing,
    remote: Remote,
) -> MemberView:
    """Give a member of the enterprise another role."""
    return _change(session, user, place, user_id, body, remote)


@router.put(
    "/organisations/{organisation_id}/members/{user_id}",
    operation_id="changeOrganisationMember",
    summary="Change a member's role",
    responses=problems(401, 403, 404, 409, 422),
)
def change_organisation_member(
    user_id: UUID,
    body: RoleChange,
    place: OrganisationPlace,
    user: SignedInPerson,
    session: Writing,
    remote: Remote,
) -> MemberView:
    """Give a member of the organisation another role, or make them an administrator."""
    return _change(session, user, place, user_id, body, remote)


def _change(
    session: Session, user: Caller, place: Place, user_id: UUID, body: RoleChange, remote: str
) -> MemberView:
    memberships.require_keeper(session, user.scope, place)
    member = memberships.change(session, place, user_id, body.granted())
    _log(session, user, "member.change", place, f"{member.user.login}: {body.role}", remote)
    return MemberView.from_member(member)


@router.delete(
    "/enterprises/{enterprise_id}/members/{user_id}",
    operation_id="removeEnterpriseMember",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Let a member go",
    responses=problems(401, 403, 404, 409, 422),
)
def remove_enterprise_member(
    user_id: UUID, place: EnterprisePlace, user: SignedInPerson, session: Writing, remote: Remote
) -> None:
    """End a membership; who belongs nowhere any more is signed out and signs in no more. What they did stays."""
    _remove(session, user, place, user_id, remote)


@router.delete(
    "/organisations/{organisation_id}/members/{user_id}",
    operation_id="removeOrganisationMember",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Let a member go",
    responses=problems(401, 403, 404, 409, 422),
)
def remove_organisation_member(
    user_id: UUID, place: OrganisationPlace, user: SignedInPerson, session: Writing, remote: Remote
) -> None:
    """End a membership; who belongs nowhere any more is signed out and signs in no more. What they did stays."""
    _remove(session, user, place, user_id, remote)


def _remove(session: Session, user: Caller, place: Place, user_id: UUID, remote: str) -> None:
    memberships.require_keeper(session, user.scope, place)
    gone = memberships.leave(session, place, user_id)
    if not gone.is_active:
        sign_ins.end_all(session, gone.id)
    _log(session, user, "member.remove", place, gone.login, remote)


@router.get(
    "/enterprises/{enterprise_id}/invitations",
    operation_id="listEnterpriseInvitations",
    summary="Open invitations to an enterprise",
    responses=problems(401, 403, 404, 422),
)
def list_enterprise_invitations(
    place: EnterprisePlace, user: CurrentUser, session: Reading
) -> Invitations:
    """Return the invitations that can still be accepted, the newest first."""
    return _invitations(session, user, place)


@router.get(
    "/organisations/{organisation_id}/invitations",
    operation_id="listOrganisationInvitations",
    summary="Open invitations to an organisation",
    responses=problems(401, 403, 404, 422),
)
def list_organisation_invitations(
    place: OrganisationPlace, user: CurrentUser, session: Reading
) -> Invitations:
    """Return the invitations that can still be accepted, the newest first."""
    return _invitations(session, user, place)


def _invitations(session: Session, user: Caller, place: Place) -> Invitations:
    memberships.require_keeper(session, user.scope, place)
    rows = invitations.invitations_to(session, place, utc_now())
    return Invitations(items=[InvitationView.from_row(row) for row in rows])


@router.post(
    "/enterprises/{enterprise_id}/invitations",
    operation_id="inviteToEnterprise",
    status_code=status.HTTP_201_CREATED,
    summary="Invite somebody to an enterprise",
    responses=problems(401, 403, 404, 422),
)
def invite_to_enterprise(
    body: NewInvitation,
    place: EnterprisePlace,
    user: SignedInPerson,
    session: Writing,
    parts: AppParts,
    remote: Remote,
) -> InvitationMade:
    """Return a link, shown once, with which one person sets a password and becomes a member."""
    return _invite(session, user, place, body, parts.settings.invitation_hours, parts.settings.app_url, remote)  # fmt: skip


@router.post(
    "/organisations/{organisation_id}/invitations",
    operation_id="inviteToOrganisation",
    status_code=status.HTTP_201_CREATED,
    summary="Invite somebody to an organisation",
    responses=problems(401, 403, 404, 422),
)
def invite_to_organisation(
    body: NewInvitation,
    place: OrganisationPlace,
    user: SignedInPerson,
    session: Writing,
    parts: AppParts,
    remote: Remote,
) -> InvitationMade:
    """Return a link, shown once, with which one person sets a password and becomes a member."""
    return _invite(session, user, place, body, parts.settings.invitation_hours, parts.settings.app_url, remote)  # fmt: skip


def _invite(  # noqa: PLR0913  one body of two routes
    session: Session,
    user: Caller,
    place: Place,
    body: NewInvitation,
    hours: int,
    app_url: str,
    remote: str,
) -> InvitationMade:
    memberships.require_keeper(session, user.scope, place)
    until = invitations.end_of(utc_now(), hours)
    token, row = invitations.invite(
        session, place, body.name, body.granted(), by=user.user_id, until=until
    )
    _log(session, user, "invitation.create", place, f"{body.name}: {body.role}", remote)
    return InvitationMade(
        **dict(InvitationView.from_row(row)), link=invitations.link_of(app_url, token)
    )


@router.delete(
    "/enterprises/{enterprise_id}/invitations/{invitation_id}",
    operation_id="withdrawEnterpriseInvitation",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Withdraw an invitation",
    responses=problems(401, 403, 404, 422),
)
def withdraw_enterprise_invitation(
    invitation_id: UUID,
    place: EnterprisePlace,
    user: SignedInPerson,
    session: Writing,
    remote: Remote,
) -> None:
    """Let the link count no more."""
    _withdraw(session, user, place, invitation_id, remote)


@router.delete(
    "/organisations/{organisation_id}/invitations/{invitation_id}",
    operation_id="withdrawOrganisationInvitation",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Withdraw an invitation",
    responses=problems(401, 403, 404, 422),
)
def withdraw_organisation_invitation(
    invitation_id: UUID,
    place: OrganisationPlace,
    user: SignedInPerson,
    session: Writing,
    remote: Remote,
) -> None:
    """Let the link count no more."""
    _withdraw(session, user, place, invitation_id, remote)


def _withdraw(
    session: Session, user: Caller, place: Place, invitation_id: UUID, remote: str
) -> None:
    memberships.require_keeper(session, user.scope, place)
    row = invitations.withdraw(session, place, invitation_id, utc_now())
    _log(session, user, "invitation.withdraw", place, row.name, remote)


def _log(
    session: Session, user: Caller, action: str, place: Place, detail: str, remote: str
) -> None:
    if place.organisation_id is not None:
        detail = f"{detail} (organisation {place.organisation_id})"
    log_access(
        session,
        actor=user.actor,
        action=action,
        enterprise_id=place.enterprise_id,
        detail=detail,
        remote=remote,
    )


@router.get(
    "/enterprises/{enterprise_id}/experts",
    operation_id="listExperts",
    summary="Experts who may be stationed",
    responses=problems(401, 403, 404, 422),
)
def list_experts(enterprise_id: EnterpriseId, user: CurrentUser, session: Reading) -> Experts:
    """Return every active expert and whether they are stationed here: for the service centre."""
    user.scope.require_role(enterprise_id, "station experts", Role.SERVICE_CENTRE)
    found = memberships.experts_for(session, enterprise_id)
    return Experts(
        items=[
            ExpertView(id=each.id, name=each.name, login=each.login, is_stationed=is_here)
            for each, is_here in found
        ]
    )


@router.put(
    "/enterprises/{enterprise_id}/experts/{user_id}",
    operation_id="stationExpert",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Station an expert",
    responses=problems(401, 403, 404, 422),
)
def station_expert(
    enterprise_id: EnterpriseId, user_id: UUID, user: CurrentUser, session: Writing, remote: Remote
) -> None:
    """Let an expert see the enterprise and decide on its findings."""
    user.scope.require_role(enterprise_id, "station experts", Role.SERVICE_CENTRE)
    memberships.station(session, enterprise_id, user_id)
    _log_expert(session, user, "expert.assign", enterprise_id, user_id, remote)


@router.delete(
    "/enterprises/{enterprise_id}/experts/{user_id}",
    operation_id="withdrawExpert",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="End an expert's station",
    responses=problems(401, 403, 404, 422),
)
def withdraw_expert(
    enterprise_id: EnterpriseId, user_id: UUID, user: CurrentUser, session: Writing, remote: Remote
) -> None:
    """The expert sees the enterprise no more; what they decided stays."""
    user.scope.require_role(enterprise_id, "station experts", Role.SERVICE_CENTRE)
    memberships.withdraw_expert(session, enterprise_id, user_id)
    _log_expert(session, user, "expert.withdraw", enterprise_id, user_id, remote)


def _log_expert(
    session: Session, user: Caller, action: str, enterprise_id: UUID, user_id: UUID, remote: str
) -> None:
    login = session.get_one(User, user_id).login
    _log(session, user, action, Place(enterprise_id=enterprise_id), login, remote)
