"""The people of an enterprise and of an organisation: invited, changed, let go; experts stationed."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import segno
from fastapi import Depends, Path, status
from sqlmodel import Session, col, select

from api import invitations, sign_ins
from api.access import log_access
from api.auth import Caller
from api.deps import (
    AppParts,
    CurrentUser,
    EnterpriseId,
    PageAsked,
    Reading,
    Remote,
    SignedInPerson,
    Writing,
)
from api.errors import problems
from api.invitations import Invitee
from api.preconditions import Read, WhatWasRead
from api.routing import ApiRouter
from api.shapes.base import NamedRef
from api.shapes.memberships import (
    InvitationMade,
    Invitations,
    InvitationView,
    Members,
    MemberView,
    NewInvitation,
    Organisations,
    OrganisationView,
    RoleChange,
    member_tag,
)
from inspection import memberships
from inspection.errors import InvalidInput
from inspection.importing.people import normal_contact
from inspection.keysets import page_of_rows
from inspection.memberships import Member, Place
from inspection.queries import Paging
from inspection.tables import PilotArea
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


@dataclass(frozen=True)
class Keeping:
    """Who changes the people of a place, from where, and the transaction in which they do."""

    caller: Caller
    session: Session
    remote: str


async def keeping(caller: SignedInPerson, session: Writing, remote: Remote) -> Keeping:
    """Return who changes the people of a place."""
    return Keeping(caller, session, remote)


Keeper = Annotated[Keeping, Depends(keeping, scope="function")]
EnterprisePlace = Annotated[Place, Depends(enterprise_place)]
OrganisationPlace = Annotated[Place, Depends(organisation_place)]


@router.get(
    "/organisations",
    operation_id="listOrganisations",
    summary="My organisations",
    responses=problems(401, 422),
)
def list_organisations(user: CurrentUser, session: Reading, asked: PageAsked) -> Organisations:
    """Return the organisations that I belong to, and the towns of a bureau that I administer."""
    page = page_of_rows(
        memberships.organisations_of(session, user.scope),
        lambda held: (held[0].name, str(held[0].id)),
        asked,
    )
    held = page.rows
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
        ],
        next_cursor=page.next_cursor,
    )


@router.get(
    "/enterprises/{enterprise_id}/members",
    operation_id="listEnterpriseMembers",
    summary="Who belongs to an enterprise",
    responses=problems(401, 403, 404, 422),
)
def list_enterprise_members(
    place: EnterprisePlace, user: CurrentUser, session: Reading, asked: PageAsked
) -> Members:
    """Return everybody, also those who sign in no more: for those who manage them."""
    return _members(session, user, place, asked)


@router.get(
    "/organisations/{organisation_id}/members",
    operation_id="listOrganisationMembers",
    summary="Who belongs to an organisation",
    responses=problems(401, 403, 404, 422),
)
def list_organisation_members(
    place: OrganisationPlace, user: CurrentUser, session: Reading, asked: PageAsked
) -> Members:
    """Return everybody, also those who sign in no more: for those who manage them."""
    return _members(session, user, place, asked)


def _members(session: Session, user: Caller, place: Place, asked: Paging) -> Members:
    memberships.require_keeper(session, user.scope, place)
    found = memberships.members(session, place)
    page = page_of_rows(found, lambda each: (each.user.name, str(each.user.id)), asked)
    return Members(
        items=[MemberView.from_member(member) for member in page.rows],
        next_cursor=page.next_cursor,
    )


@router.put(
    "/enterprises/{enterprise_id}/members/{user_id}",
    operation_id="changeEnterpriseMember",
    summary="Change a member's role",
    responses=problems(400, 401, 403, 404, 409, 412, 422, 428),
)
def change_enterprise_member(
    user_id: UUID,
    body: RoleChange,
    by: Keeper,
    place: EnterprisePlace,
    read: Read,
) -> MemberView:
    """Give a member of the enterprise another role."""
    return _change(by, place, user_id, body, read)


@router.put(
    "/organisations/{organisation_id}/members/{user_id}",
    operation_id="changeOrganisationMember",
    summary="Change a member's role",
    responses=problems(400, 401, 403, 404, 409, 412, 422, 428),
)
def change_organisation_member(
    user_id: UUID,
    body: RoleChange,
    by: Keeper,
    place: OrganisationPlace,
    read: Read,
) -> MemberView:
    """Give a member of the organisation another role, or make them an administrator."""
    return _change(by, place, user_id, body, read)


def _change(
    by: Keeping, place: Place, user_id: UUID, body: RoleChange, read: WhatWasRead
) -> MemberView:
    require_read(by.session, by.caller, place, user_id, read)
    member = memberships.change(by.session, place, user_id, body.granted())
    detail = f"{member.user.login}: {body.role}"
    log_people(by.session, by.caller, "member.change", place, detail, by.remote)
    return MemberView.from_member(member)


@router.delete(
    "/enterprises/{enterprise_id}/members/{user_id}",
    operation_id="removeEnterpriseMember",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Let a member go",
    responses=problems(400, 401, 403, 404, 409, 412, 422, 428),
)
def remove_enterprise_member(user_id: UUID, by: Keeper, place: EnterprisePlace, read: Read) -> None:
    """End a membership; who belongs nowhere any more is signed out and signs in no more. What they did stays."""
    _remove(by, place, user_id, read)


@router.delete(
    "/organisations/{organisation_id}/members/{user_id}",
    operation_id="removeOrganisationMember",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Let a member go",
    responses=problems(400, 401, 403, 404, 409, 412, 422, 428),
)
def remove_organisation_member(
    user_id: UUID, by: Keeper, place: OrganisationPlace, read: Read
) -> None:
    """End a membership; who belongs nowhere any more is signed out and signs in no more. What they did stays."""
    _remove(by, place, user_id, read)


def _remove(by: Keeping, place: Place, user_id: UUID, read: WhatWasRead) -> None:
    require_read(by.session, by.caller, place, user_id, read)
    gone = memberships.leave(by.session, place, user_id)
    if not gone.is_active:
        sign_ins.end_all(by.session, gone.id)
    log_people(by.session, by.caller, "member.remove", place, gone.login, by.remote)


def require_read(
    session: Session, caller: Caller, place: Place, user_id: UUID, read: WhatWasRead
) -> Member:
    """Return a member whose state is the one that was read, the place locked. Raises `NotFound`, `NotAllowed`, `ChangedMeanwhile`."""
    memberships.require_keeper(session, caller.scope, place)
    memberships.lock_place(session, place)
    member = memberships.get_member(session, place, user_id)
    read.require(member_tag(member), "the membership")
    return member


@router.get(
    "/enterprises/{enterprise_id}/invitations",
    operation_id="listEnterpriseInvitations",
    summary="Open invitations to an enterprise",
    responses=problems(401, 403, 404, 422),
)
def list_enterprise_invitations(
    place: EnterprisePlace, user: CurrentUser, session: Reading, asked: PageAsked
) -> Invitations:
    """Return the invitations that can still be accepted, the newest first."""
    return _invitations(session, user, place, asked)


@router.get(
    "/organisations/{organisation_id}/invitations",
    operation_id="listOrganisationInvitations",
    summary="Open invitations to an organisation",
    responses=problems(401, 403, 404, 422),
)
def list_organisation_invitations(
    place: OrganisationPlace, user: CurrentUser, session: Reading, asked: PageAsked
) -> Invitations:
    """Return the invitations that can still be accepted, the newest first."""
    return _invitations(session, user, place, asked)


def _invitations(session: Session, user: Caller, place: Place, asked: Paging) -> Invitations:
    memberships.require_keeper(session, user.scope, place)
    page = invitations.invitations_to(session, place, utc_now(), asked)
    return Invitations(
        items=[InvitationView.from_row(row) for row in page.rows], next_cursor=page.next_cursor
    )


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
    contact = normal_contact(body.contact) if body.contact else None
    if body.contact and contact is None:
        raise InvalidInput("the contact is neither a telephone number nor an e-mail address")
    invitee = Invitee(body.name, body.granted(), contact)
    token, row = invitations.invite(session, place, invitee, by=user.user_id, until=until)
    log_people(session, user, "invitation.create", place, f"{body.name}: {body.role}", remote)
    link = invitations.link_of(app_url, token)
    qr_svg = segno.make(link, error="m").svg_data_uri(scale=4, border=4)
    return InvitationMade(**dict(InvitationView.from_row(row)), link=link, qr_svg=qr_svg)


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
    log_people(session, user, "invitation.withdraw", place, row.name, remote)


def log_people(
    session: Session, user: Caller, action: str, place: Place, detail: str, remote: str
) -> None:
    """Note what was done about the people of a place."""
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
