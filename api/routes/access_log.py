"""The access log, to the owners of the data: an enterprise's officers, everybody of themselves, an organisation's administrators."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query

from api.access_views import access_page
from api.deps import (
    CurrentUser,
    EnterpriseId,
    PageAsked,
    Reading,
    ReadingBeyond,
    SignedInPerson,
    Since,
    Until,
)
from api.errors import problems
from api.routing import ApiRouter
from api.shapes.access_log import AccessPage
from inspection import access_log
from inspection.access_log import AccessFilter, AccessKind

router = ApiRouter(tags=["access log"])
Kind = Annotated[AccessKind | None, Query(description="of this sort only")]


async def own_filter(kind: Kind = None, since: Since = None, until: Until = None) -> AccessFilter:
    """Return which of a person's own rows are asked for."""
    return AccessFilter(kind=kind, since=since, until=until)


async def any_filter(
    kind: Kind = None,
    user_id: Annotated[UUID | None, Query(description="by this person only")] = None,
    since: Since = None,
    until: Until = None,
) -> AccessFilter:
    """Return which rows are asked for."""
    return AccessFilter(kind, user_id, since, until)


OwnWanted = Annotated[AccessFilter, Depends(own_filter)]
Wanted = Annotated[AccessFilter, Depends(any_filter)]


@router.get(
    "/enterprises/{enterprise_id}/access-log",
    operation_id="listEnterpriseAccess",
    summary="Who looked at an enterprise's data",
    responses=problems(401, 403, 404, 422),
)
def list_enterprise_access(
    enterprise_id: EnterpriseId,
    user: CurrentUser,
    session: Reading,
    wanted: Wanted,
    asked: PageAsked,
) -> AccessPage:
    """Return what was done with the enterprise's data, refusals too, newest first: to its officers."""
    page = access_log.enterprise_log(session, user.scope, enterprise_id, wanted, asked)
    return access_page(session, user.scope, page)


@router.get(
    "/me/access-log",
    operation_id="listOwnAccess",
    summary="What is noted about me",
    responses=problems(401, 403, 422),
)
def list_own_access(
    user: SignedInPerson, session: ReadingBeyond, wanted: OwnWanted, asked: PageAsked
) -> AccessPage:
    """Return what I did, and failed sign-ins with my login, newest first."""
    page = access_log.own_log(session, user.user_id, user.login, wanted, asked)
    return access_page(session, user.scope, page)


@router.get(
    "/organisations/{organisation_id}/access-log",
    operation_id="listOrganisationAccess",
    summary="What an organisation's people did",
    responses=problems(401, 403, 404, 422),
)
def list_organisation_access(
    organisation_id: Annotated[UUID, Path(description="the organisation")],
    user: CurrentUser,
    session: ReadingBeyond,
    wanted: Wanted,
    asked: PageAsked,
) -> AccessPage:
    """Return what its members did, newest first: to its administrators."""
    page = access_log.organisation_log(session, user.scope, organisation_id, wanted, asked)
    return access_page(session, user.scope, page)
