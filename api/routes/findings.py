"""Findings: devices deliver them, people decide on them."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, status

from api.access import log_access
from api.deps import (
    CurrentDevice,
    CurrentUser,
    EnterpriseFilter,
    EnterpriseId,
    PageAsked,
    Reading,
    Remote,
    Writing,
)
from api.errors import problems
from api.routing import ApiRouter
from api.shapes.findings import FindingPage, FindingView
from api.shapes.items import Decision
from api.views import decision_view
from inspection import decisions, queries
from inspection.intake import record_batch
from inspection.queries import FindingFilter
from inspection.spotted import record_spotted, record_spotted_beside
from inspection.spotted_wire import SpottedHazard
from inspection.wire import (
    Confirmation,
    Dismissal,
    FindingBatch,
    FindingReceipts,
    FindingState,
    Sha256,
    utc_now,
)

router = ApiRouter(tags=["findings"])
FINDING = "/enterprises/{enterprise_id}/findings/{finding_id}"


async def finding_filter(
    enterprise_id: EnterpriseFilter = None,
    state: Annotated[FindingState | None, Query()] = None,
    inspection_id: Annotated[UUID | None, Query(description="found on its photos")] = None,
    item_id: Annotated[UUID | None, Query(description="sightings of this item")] = None,
    evidence_sha256: Annotated[Sha256 | None, Query(description="seen on this picture")] = None,
) -> FindingFilter:
    """Return which findings are asked for."""
    return FindingFilter(
        enterprise_id=enterprise_id,
        state=state,
        inspection_id=inspection_id,
        item_id=item_id,
        evidence_sha256=evidence_sha256,
    )


@router.post(
    "/findings",
    operation_id="submitFindings",
    summary="Deliver findings as a device",
    responses=problems(401, 413, 422),
)
def submit_findings(body: FindingBatch, device: CurrentDevice, session: Writing) -> FindingReceipts:
    """Judge each draft alone and answer in the order of the batch. Sending again is safe."""
    receipts = record_batch(
        session,
        enterprise_id=device.enterprise_id,
        actor=device.scope.actor,
        drafts=body.drafts,
        now=utc_now(),
        public_key=device.device.public_key,
    )
    return FindingReceipts(receipts=receipts)


@router.get(
    "/findings",
    operation_id="listFindings",
    summary="Findings",
    responses=problems(401, 404, 422),
)
def list_findings(
    user: CurrentUser,
    session: Reading,
    wanted: Annotated[FindingFilter, Depends(finding_filter)],
    asked: PageAsked,
) -> FindingPage:
    """Return findings within the caller's scope, newest first."""
    page = queries.list_findings(session, user.scope, wanted, asked)
    return FindingPage(
        items=[FindingView.from_row(row) for row in page.rows], next_cursor=page.next_cursor
    )


@router.get(
    FINDING,
    operation_id="getFinding",
    summary="A finding",
    responses=problems(401, 404, 422),
)
def get_finding(
    enterprise_id: EnterpriseId, finding_id: UUID, user: CurrentUser, session: Reading
) -> FindingView:
    """Return a finding with its boxes and its place in the ledger."""
    return FindingView.from_row(queries.get_finding(session, user.scope, enterprise_id, finding_id))


@router.post(
    f"{FINDING}/confirmation",
    operation_id="confirmFinding",
    summary="Confirm a finding",
    responses=problems(401, 403, 404, 409, 422),
)
def confirm_finding(
    enterprise_id: EnterpriseId,
    finding_id: UUID,
    body: Confirmation,
    user: CurrentUser,
    session: Writing,
    remote: Remote,
) -> Decision:
    """The hazard is there: its item stands, and a ticket opens where the plan says so."""
    now = utc_now()
    decision = decisions.confirm_finding(session, user.scope, enterprise_id, finding_id, body, now)
    log_access(
        session,
        actor=user.actor,
        action="finding.confirm",
        enterprise_id=enterprise_id,
        detail=str(finding_id),
        remote=remote,
    )
    return decision_view(session, decision, now)


@router.post(
    "/enterprises/{enterprise_id}/inspections/{inspection_id}/findings",
    operation_id="recordSpottedHazard",
    status_code=status.HTTP_201_CREATED,
    summary="Record a hazard that no model reported",
    responses=problems(401, 403, 404, 409, 422),
)
def record_spotted_hazard(
    enterprise_id: EnterpriseId,
    inspection_id: UUID,
    body: SpottedHazard,
    user: CurrentUser,
    session: Writing,
    remote: Remote,
) -> Decision:
    """Record what a person saw on a photo of the inspection, as confirmed by them. Sending it again changes nothing."""
    now = utc_now()
    decision = record_spotted(session, user.scope, enterprise_id, inspection_id, body, now)
    _log_spotted(session, user, enterprise_id, body, remote)
    return decision_view(session, decision, now)


@router.post(
    f"{FINDING}/spotted",
    operation_id="recordSpottedBeside",
    status_code=status.HTTP_201_CREATED,
    summary="Record a hazard that no model reported, on the picture of a finding",
    responses=problems(401, 403, 404, 409, 422),
)
def record_spotted_hazard_beside(
    enterprise_id: EnterpriseId,
    finding_id: UUID,
    body: SpottedHazard,
    user: CurrentUser,
    session: Writing,
    remote: Remote,
) -> Decision:
    """Record what else a person saw on a finding's picture, as confirmed by them. Sending it again changes nothing."""
    now = utc_now()
    decision = record_spotted_beside(session, user.scope, enterprise_id, finding_id, body, now)
    _log_spotted(session, user, enterprise_id, body, remote)
    return decision_view(session, decision, now)


def _log_spotted(
    session: Writing, user: CurrentUser, enterprise_id: UUID, body: SpottedHazard, remote: str
) -> None:
    log_access(
        session,
        actor=user.actor,
        action="finding.spot",
        enterprise_id=enterprise_id,
        detail=str(body.id),
        remote=remote,
    )


@router.post(
    f"{FINDING}/dismissal",
    operation_id="dismissFinding",
    summary="Dismiss a finding",
    responses=problems(401, 403, 404, 409, 422),
)
def dismiss_finding(
    enterprise_id: EnterpriseId,
    finding_id: UUID,
    body: Dismissal,
    user: CurrentUser,
    session: Writing,
    remote: Remote,
) -> Decision:
    """The hazard is not there; the finding and the reason stay in the ledger."""
    now = utc_now()
    decision = decisions.dismiss_finding(session, user.scope, enterprise_id, finding_id, body, now)
    log_access(
        session,
        actor=user.actor,
        action="finding.dismiss",
        enterprise_id=enterprise_id,
        detail=str(finding_id),
        remote=remote,
    )
    return decision_view(session, decision, now)
