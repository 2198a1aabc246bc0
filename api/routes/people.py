"""The people whom I manage, over all my places; and what is decided about an account as a whole."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, status
from sqlmodel import Session

from api import invitations, second_factor, sign_ins
from api.auth import Caller
from api.deps import (
    AppParts,
    CurrentUser,
    EnterpriseFilter,
    PageAsked,
    Reading,
    Remote,
    SearchText,
    SignedInPerson,
)
from api.errors import problems
from api.parts import Parts
from api.people_views import kept_invitations, kept_members
from api.preconditions import Read, WhatWasRead
from api.proofs import require_password
from api.routes.memberships import (
    EnterprisePlace,
    Keeper,
    Keeping,
    OrganisationPlace,
    log_people,
    require_read,
)
from api.routing import ApiRouter
from api.shapes.accounts import PasswordProof
from api.shapes.memberships import KeptInvitations, KeptMembers, MemberView, StandingChange
from inspection import kept_people, memberships, standing
from inspection.account_news import tell_changed
from inspection.database import bound_to
from inspection.errors import Conflict
from inspection.kept_people import MemberFilter
from inspection.memberships import Place
from inspection.tables import Role
from inspection.wire import utc_now

router = ApiRouter(tags=["people"])
NO_FACTOR = "no authenticator is set up there"


async def place_filter(
    enterprise_id: EnterpriseFilter = None,
    organisation_id: Annotated[UUID | None, Query(description="of this organisation only")] = None,
) -> Place | None:
    """Return the one place that is asked for, where one is; an enterprise goes before an organisation."""
    if enterprise_id is not None:
        return Place(enterprise_id=enterprise_id)
    return None if organisation_id is None else Place(organisation_id=organisation_id)


PlaceFilter = Annotated[Place | None, Depends(place_filter)]


async def member_filter(
    q: SearchText = "",
    role: Annotated[Role | None, Query(description="who has this role")] = None,
    is_active: Annotated[bool | None, Query(description="false: suspended ones")] = None,
) -> MemberFilter:
    """Return which members are asked for."""
    return MemberFilter(q, role, is_active)


@router.get(
    "/members",
    operation_id="listKeptMembers",
    summary="The people whom I manage",
    responses=problems(401, 403, 404, 422),
)
def list_kept_members(
    user: CurrentUser,
    session: Reading,
    place: PlaceFilter,
    wanted: Annotated[MemberFilter, Depends(member_filter)],
    asked: PageAsked,
) -> KeptMembers:
    """Return the members of every place whose people I manage, by name: a row a membership. Words are looked for in name, login and place."""
    within = kept_people.places_asked(session, user.scope, place)
    page = kept_people.kept_members(session, within, wanted, asked)
    return kept_members(session, user.scope, page)


@router.get(
    "/invitations",
    operation_id="listKeptInvitations",
    summary="Open invitations to my places",
    responses=problems(401, 403, 404, 422),
)
def list_kept_invitations(
    user: CurrentUser, session: Reading, place: PlaceFilter, asked: PageAsked
) -> KeptInvitations:
    """Return the invitations that can still be accepted to the places whose people I manage, the newest first."""
    within = kept_people.places_asked(session, user.scope, place)
    return kept_invitations(session, invitations.invitations_to(session, within, utc_now(), asked))


@router.put(
    "/enterprises/{enterprise_id}/members/{user_id}/standing",
    operation_id="setEnterpriseMemberStanding",
    summary="Suspend or restore a member",
    responses=problems(400, 401, 403, 404, 409, 412, 422, 428),
)
def set_enterprise_member_standing(
    user_id: UUID, body: StandingChange, by: Keeper, place: EnterprisePlace, read: Read
) -> MemberView:
    """Let a person sign in no more, anywhere, or again. Only where every place that they belong to is mine to manage."""
    return _set_standing(by, place, user_id, body, read)


@router.put(
    "/organisations/{organisation_id}/members/{user_id}/standing",
    operation_id="setOrganisationMemberStanding",
    summary="Suspend or restore a member",
    responses=problems(400, 401, 403, 404, 409, 412, 422, 428),
)
def set_organisation_member_standing(
    user_id: UUID, body: StandingChange, by: Keeper, place: OrganisationPlace, read: Read
) -> MemberView:
    """Let a person sign in no more, anywhere, or again. Only where every place that they belong to is mine to manage."""
    return _set_standing(by, place, user_id, body, read)


def _set_standing(
    by: Keeping, place: Place, user_id: UUID, body: StandingChange, read: WhatWasRead
) -> MemberView:
    require_read(by.session, by.caller, place, user_id, read)
    standing.set_standing(by.session, by.caller.scope, user_id, is_active=body.is_active)
    member = memberships.get_member(by.session, place, user_id)
    if not body.is_active:
        sign_ins.end_all(by.session, user_id)
    action = "member.restore" if body.is_active else "member.suspend"
    detail = f"{member.user.login}: {body.reason}" if body.reason else member.user.login
    log_people(by.session, by.caller, action, place, detail, by.remote)
    return MemberView.from_member(member)


@dataclass(frozen=True)
class Resetting:
    """Who takes away a second factor, in which state of the membership, from where."""

    caller: Caller
    parts: Parts
    remote: str
    read: WhatWasRead


async def resetting(
    caller: SignedInPerson, parts: AppParts, remote: Remote, read: Read
) -> Resetting:
    """Return who does it; the transaction begins after their password was checked."""
    return Resetting(caller, parts, remote, read)


Resetter = Annotated[Resetting, Depends(resetting)]


@router.post(
    "/enterprises/{enterprise_id}/members/{user_id}/second-factor/removal",
    operation_id="resetEnterpriseMemberSecondFactor",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Take a member's second factor away",
    responses=problems(400, 401, 403, 404, 409, 412, 422, 428, 429),
)
def reset_enterprise_member_second_factor(
    user_id: UUID, body: PasswordProof, by: Resetter, place: EnterprisePlace
) -> None:
    """For whoever lost authenticator and recovery codes: their sign-ins end, and they are told. It asks for the caller's own password."""
    _reset_second_factor(by, place, user_id, body.password)


@router.post(
    "/organisations/{organisation_id}/members/{user_id}/second-factor/removal",
    operation_id="resetOrganisationMemberSecondFactor",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Take a member's second factor away",
    responses=problems(400, 401, 403, 404, 409, 412, 422, 428, 429),
)
def reset_organisation_member_second_factor(
    user_id: UUID, body: PasswordProof, by: Resetter, place: OrganisationPlace
) -> None:
    """For whoever lost authenticator and recovery codes: their sign-ins end, and they are told. It asks for the caller's own password."""
    _reset_second_factor(by, place, user_id, body.password)


def _reset_second_factor(by: Resetting, place: Place, user_id: UUID, password: str) -> None:
    scope = by.caller.scope
    seen = bound_to(lambda: scope.enterprise_ids)
    # Who may not is told so before a password is asked for: a guess costs the account's own tries.
    with by.parts.read(info=seen) as session:
        memberships.require_keeper(session, scope, place)
        memberships.get_member(session, place, user_id)
    require_password(by.parts, by.caller, password, by.remote)
    with by.parts.write(info=seen) as session, session.begin():
        _forget_second_factor(session, by, place, user_id)


def _forget_second_factor(session: Session, by: Resetting, place: Place, user_id: UUID) -> None:
    member = require_read(session, by.caller, place, user_id, by.read)
    standing.require_wholly_kept(session, by.caller.scope, user_id)
    if not second_factor.is_on(session, user_id):
        raise Conflict(NO_FACTOR)
    second_factor.remove(session, user_id)
    sign_ins.end_all(session, user_id)
    tell_changed(session, user_id, "second_factor_by_keeper", utc_now(), by=by.caller.name)
    log_people(session, by.caller, "member.second_factor", place, member.user.login, by.remote)
