"""Findings: devices deliver them, people decide on them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from api.deps import CurrentDevice, CurrentUser, Cursor, EnterpriseFilter, EnterpriseId, Limit
from api.errors import problems
from api.shapes.findings import Confirmation, Dismissal, FindingPage, FindingView
from api.shapes.items import Decision
from inspection.wire import FindingBatch, FindingReceipts, FindingState

router = APIRouter(tags=["findings"])


@router.post(
    "/findings",
    operation_id="submitFindings",
    summary="Deliver findings as a device",
    responses=problems(401, 413, 422),
)
def submit_findings(body: FindingBatch, device: CurrentDevice) -> FindingReceipts:
    """Judge each draft alone and answer in the order of the batch. Sending again is safe."""
    raise NotImplementedError


@router.get(
    "/findings",
    operation_id="listFindings",
    summary="Findings",
    responses=problems(401, 404, 422),
)
def list_findings(  # noqa: PLR0913  each filter is a parameter of the query
    user: CurrentUser,
    enterprise_id: EnterpriseFilter = None,
    state: Annotated[FindingState | None, Query()] = None,
    inspection_id: Annotated[UUID | None, Query()] = None,
    item_id: Annotated[UUID | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> FindingPage:
    """Return findings within the caller's scope, newest first."""
    raise NotImplementedError


@router.get(
    "/enterprises/{enterprise_id}/findings/{finding_id}",
    operation_id="getFinding",
    summary="A finding",
    responses=problems(401, 404, 422),
)
def get_finding(enterprise_id: EnterpriseId, finding_id: UUID, user: CurrentUser) -> FindingView:
    """Return a finding with its boxes and its place in the ledger."""
    raise NotImplementedError


@router.post(
    "/enterprises/{enterprise_id}/findings/{finding_id}/confirmation",
    operation_id="confirmFinding",
    summary="Confirm a finding",
    responses=problems(401, 403, 404, 409, 422),
)
def confirm_finding(
    enterprise_id: EnterpriseId, finding_id: UUID, body: Confirmation, user: CurrentUser
) -> Decision:
    """The hazard is there: its item stands, and a ticket opens where the plan says so."""
    raise NotImplementedError


@router.post(
    "/enterprises/{enterprise_id}/findings/{finding_id}/dismissal",
    operation_id="dismissFinding",
    summary="Dismiss a finding",
    responses=problems(401, 403, 404, 409, 422),
)
def dismiss_finding(
    enterprise_id: EnterpriseId, finding_id: UUID, body: Dismissal, user: CurrentUser
) -> Decision:
    """The hazard is not there; the finding and the reason stay in the ledger."""
    raise NotImplementedError
