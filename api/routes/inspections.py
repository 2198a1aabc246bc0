"""Inspections: a visit by a person, whose photos the server looks at in a job."""

from uuid import UUID

from fastapi import APIRouter, status

from api.deps import CurrentUser, Cursor, EnterpriseId, Limit
from api.errors import problems
from api.shapes.inspections import (
    InspectionDetail,
    InspectionPage,
    InspectionStart,
    InspectionView,
    PhotoSubmission,
    PhotoView,
)

router = APIRouter(prefix="/enterprises/{enterprise_id}/inspections", tags=["inspections"])


@router.post(
    "",
    operation_id="startInspection",
    status_code=status.HTTP_201_CREATED,
    summary="Start an inspection",
    responses=problems(401, 403, 404, 422),
)
def start_inspection(
    enterprise_id: EnterpriseId, body: InspectionStart, user: CurrentUser
) -> InspectionView:
    """Open a visit at the enterprise; photos join it."""
    raise NotImplementedError


@router.get(
    "",
    operation_id="listInspections",
    summary="Inspections",
    responses=problems(401, 404, 422),
)
def list_inspections(
    enterprise_id: EnterpriseId, user: CurrentUser, cursor: Cursor = None, limit: Limit = 50
) -> InspectionPage:
    """Return the enterprise's inspections, newest first."""
    raise NotImplementedError


@router.get(
    "/{inspection_id}",
    operation_id="getInspection",
    summary="An inspection",
    responses=problems(401, 404, 422),
)
def get_inspection(
    enterprise_id: EnterpriseId, inspection_id: UUID, user: CurrentUser
) -> InspectionDetail:
    """Return an inspection with its photos and what became of each."""
    raise NotImplementedError


@router.post(
    "/{inspection_id}/photos",
    operation_id="addPhoto",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Add a photo",
    responses=problems(401, 403, 404, 409, 422),
)
def add_photo(
    enterprise_id: EnterpriseId, inspection_id: UUID, body: PhotoSubmission, user: CurrentUser
) -> PhotoView:
    """Queue a photo, already uploaded as evidence, for detection. Sending it again changes nothing."""
    raise NotImplementedError
