"""Experts stationed at an enterprise: for the service centre."""

from uuid import UUID

from fastapi import status
from sqlmodel import Session

from api.access import log_access
from api.auth import Caller
from api.deps import CurrentUser, EnterpriseId, PageAsked, Reading, Remote, SearchText, Writing
from api.errors import problems
from api.preconditions import Read, WhatWasRead
from api.routing import ApiRouter
from api.shapes.memberships import Experts, ExpertView, station_tag
from inspection import memberships
from inspection.entry_text import fold, terms_of
from inspection.keysets import page_of_rows
from inspection.memberships import Place
from inspection.tables import Role, User

router = ApiRouter(tags=["people"])


@router.get(
    "/enterprises/{enterprise_id}/experts",
    operation_id="listExperts",
    summary="Experts who may be stationed",
    responses=problems(401, 403, 404, 422),
)
def list_experts(
    enterprise_id: EnterpriseId,
    user: CurrentUser,
    session: Reading,
    asked: PageAsked,
    q: SearchText = "",
) -> Experts:
    """Return every active expert and whether they are stationed here: for the service centre. Words are looked for in name and login."""
    user.scope.require_role(enterprise_id, "station experts", Role.SERVICE_CENTRE)
    terms = terms_of(q)
    found = [
        (each, is_here)
        for each, is_here in memberships.experts_for(session, enterprise_id)
        if all(term in fold(f"{each.name} {each.login}") for term in terms)
    ]
    page = page_of_rows(found, lambda each: (each[0].name, str(each[0].id)), asked)
    return Experts(
        items=[
            ExpertView(
                id=each.id,
                name=each.name,
                login=each.login,
                is_stationed=is_here,
                etag=station_tag(each.id, is_stationed=is_here),
            )
            for each, is_here in page.rows
        ],
        next_cursor=page.next_cursor,
    )


@router.put(
    "/enterprises/{enterprise_id}/experts/{user_id}",
    operation_id="stationExpert",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Station an expert",
    responses=problems(400, 401, 403, 404, 412, 422, 428),
)
def station_expert(
    enterprise_id: EnterpriseId,
    user_id: UUID,
    user: CurrentUser,
    session: Writing,
    remote: Remote,
    read: Read,
) -> None:
    """Let an expert see the enterprise and decide on its findings."""
    user.scope.require_role(enterprise_id, "station experts", Role.SERVICE_CENTRE)
    _require_station_read(session, enterprise_id, user_id, read)
    memberships.station(session, enterprise_id, user_id)
    _log_expert(session, user, "expert.assign", enterprise_id, user_id, remote)


@router.delete(
    "/enterprises/{enterprise_id}/experts/{user_id}",
    operation_id="withdrawExpert",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="End an expert's station",
    responses=problems(400, 401, 403, 404, 412, 422, 428),
)
def withdraw_expert(
    enterprise_id: EnterpriseId,
    user_id: UUID,
    user: CurrentUser,
    session: Writing,
    remote: Remote,
    read: Read,
) -> None:
    """The expert sees the enterprise no more; what they decided stays."""
    user.scope.require_role(enterprise_id, "station experts", Role.SERVICE_CENTRE)
    _require_station_read(session, enterprise_id, user_id, read)
    memberships.withdraw_expert(session, enterprise_id, user_id)
    _log_expert(session, user, "expert.withdraw", enterprise_id, user_id, remote)


def _require_station_read(
    session: Session, enterprise_id: UUID, user_id: UUID, read: WhatWasRead
) -> None:
    memberships.lock_place(session, Place(enterprise_id=enterprise_id))
    is_stationed = memberships.is_stationed(session, enterprise_id, user_id)
    read.require(station_tag(user_id, is_stationed=is_stationed), "whether the expert is stationed")


def _log_expert(
    session: Session, user: Caller, action: str, enterprise_id: UUID, user_id: UUID, remote: str
) -> None:
    log_access(
        session,
        actor=user.actor,
        action=action,
        enterprise_id=enterprise_id,
        detail=session.get_one(User, user_id).login,
        remote=remote,
    )
