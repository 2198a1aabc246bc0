"""Erasing content: a request, another person's approval, and how far it has come."""

from dataclasses import asdict
from uuid import UUID

from fastapi import BackgroundTasks, status

from api.access import log_access
from api.deps import (
    AnyCaller,
    AppParts,
    CurrentUser,
    EnterpriseId,
    PageAsked,
    Reading,
    Remote,
    Writing,
)
from api.errors import problems
from api.retention_views import erasure_views, refusal_views
from api.routing import ApiRouter
from api.shapes.retention import (
    ErasureCheck,
    ErasurePage,
    ErasureReasons,
    ErasureReasonView,
    ErasureView,
    NewErasure,
    Refusals,
    Rejection,
)
from inspection import erasures
from inspection.erasure_rules import Grounds, refusals_of
from inspection.plans import china_day
from inspection.retention import erasure_reason, erasure_reasons
from inspection.wire import utc_now

router = ApiRouter(tags=["retention"])
ERASURES = "/enterprises/{enterprise_id}/erasures"
ERASURE = f"{ERASURES}/{{erasure_id}}"


@router.get(
    "/erasure-reasons",
    operation_id="listErasureReasons",
    summary="Why content may be erased",
    responses=problems(401),
)
def list_reasons(caller: AnyCaller) -> ErasureReasons:  # noqa: ARG001  being signed in is enough
    """Return the reasons that a request may give, with their legal basis."""
    reasons = erasure_reasons().values()
    return ErasureReasons(items=[ErasureReasonView(**asdict(reason)) for reason in reasons])


@router.get(
    ERASURES,
    operation_id="listErasures",
    summary="Requests to erase content",
    responses=problems(401, 404, 422),
)
def list_erasures(
    enterprise_id: EnterpriseId, user: CurrentUser, session: Reading, asked: PageAsked
) -> ErasurePage:
    """Return an enterprise's requests, newest first."""
    page = erasures.list_erasures(session, user.scope, enterprise_id, asked)
    return ErasurePage(items=erasure_views(session, user, page.rows), next_cursor=page.next_cursor)


@router.post(
    f"{ERASURES}/check",
    operation_id="checkErasure",
    summary="What would stand against an erasure",
    responses=problems(401, 403, 404, 422),
)
def check_erasure(
    enterprise_id: EnterpriseId, body: ErasureCheck, user: CurrentUser, session: Reading
) -> Refusals:
    """Return why entries could not be erased; nothing is changed."""
    user.scope.require_role(enterprise_id, "request an erasure", *erasures.REQUESTING_ROLES)
    now = utc_now()
    erasure_reason(body.reason, china_day(now))
    grounds = Grounds(body.reason, body.ended_on)
    refusals = refusals_of(session, enterprise_id, sorted(set(body.indices)), grounds, now)
    return Refusals(items=refusal_views(refusals))


@router.post(
    ERASURES,
    operation_id="requestErasure",
    summary="Request an erasure",
    status_code=status.HTTP_201_CREATED,
    responses=problems(401, 403, 404, 409, 422),
)
def request_erasure(
    enterprise_id: EnterpriseId,
    body: NewErasure,
    user: CurrentUser,
    session: Writing,
    remote: Remote,
) -> ErasureView:
    """Ask to erase the content of entries. Nothing is erased until another person approves."""
    draft = erasures.ErasureDraft(tuple(body.indices), body.reason, body.reference, body.ended_on)
    request = erasures.request_erasure(session, user.scope, enterprise_id, draft, utc_now())
    log_access(
        session,
        actor=user.actor,
        action="erasure.request",
        enterprise_id=enterprise_id,
        detail=str(request.id),
        remote=remote,
    )
    return erasure_views(session, user, [request])[0]


@router.get(
    ERASURE,
    operation_id="getErasure",
    summary="A request to erase content",
    responses=problems(401, 404, 422),
)
def get_erasure(
    enterprise_id: EnterpriseId, erasure_id: UUID, user: CurrentUser, session: Reading
) -> ErasureView:
    """Return a request and what became of its entries."""
    request = erasures.get_erasure(session, user.scope, enterprise_id, erasure_id)
    return erasure_views(session, user, [request])[0]


@router.post(
    f"{ERASURE}/approval",
    operation_id="approveErasure",
    summary="Approve an erasure",
    responses=problems(401, 403, 404, 409, 422),
)
def approve_erasure(  # noqa: PLR0913  each is a part of the request
    enterprise_id: EnterpriseId,
    erasure_id: UUID,
    user: CurrentUser,
    session: Writing,
    parts: AppParts,
    remote: Remote,
    after: BackgroundTasks,
) -> ErasureView:
    """Approve another person's request. The content goes for good, within seconds; proofs still hold."""
    request = erasures.approve_erasure(session, user.scope, enterprise_id, erasure_id, utc_now())
    log_access(
        session,
        actor=user.actor,
        action="erasure.approve",
        enterprise_id=enterprise_id,
        detail=str(erasure_id),
        remote=remote,
    )
    # After the commit, which comes before the answer.
    after.add_task(parts.keeper.wake)
    return erasure_views(session, user, [request])[0]


@router.post(
    f"{ERASURE}/rejection",
    operation_id="rejectErasure",
    summary="Reject or withdraw a request",
    responses=problems(401, 403, 404, 409, 422),
)
def reject_erasure(
    enterprise_id: EnterpriseId,
    erasure_id: UUID,
    body: Rejection,
    user: CurrentUser,
    session: Writing,
    remote: Remote,
) -> ErasureView:
    """Reject a request, or withdraw one's own; everything stays."""
    request = erasures.reject_erasure(
        session, user.scope, enterprise_id, erasure_id, note=body.note, now=utc_now()
    )
    log_access(
        session,
        actor=user.actor,
        action="erasure.reject",
        enterprise_id=enterprise_id,
        detail=str(erasure_id),
        remote=remote,
    )
    return erasure_views(session, user, [request])[0]
