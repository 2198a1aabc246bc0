"""Inspections: a visit by a person, whose photos the server looks at in a job."""

from uuid import UUID

from fastapi import BackgroundTasks, status

from api.deps import AppParts, CurrentUser, EnterpriseId, PageAsked, Reading, Writing
from api.errors import problems
from api.routing import ApiRouter
from api.shapes.inspections import (
    InspectionDetail,
    InspectionPage,
    InspectionStart,
    InspectionView,
    PhotoSubmission,
    PhotoView,
)
from api.views import inspection_views, new_photo_view, photo_view
from inspection import queries, visits
from inspection.wire import utc_now

router = ApiRouter(prefix="/enterprises/{enterprise_id}/inspections", tags=["inspections"])


@router.post(
    "",
    operation_id="startInspection",
    status_code=status.HTTP_201_CREATED,
    summary="Start an inspection",
    responses=problems(401, 403, 404, 422),
)
def start_inspection(
    enterprise_id: EnterpriseId, body: InspectionStart, user: CurrentUser, session: Writing
) -> InspectionView:
    """Open a visit at the enterprise; photos join it."""
    row = visits.begin_inspection(
        session, user.scope, enterprise_id, place=body.place, note=body.note, now=utc_now()
    )
    return inspection_views(session, [row])[0]


@router.get(
    "",
    operation_id="listInspections",
    summary="Inspections",
    responses=problems(401, 404, 422),
)
def list_inspections(
    enterprise_id: EnterpriseId, user: CurrentUser, session: Reading, asked: PageAsked
) -> InspectionPage:
    """Return the enterprise's inspections, newest first."""
    page = queries.list_inspections(session, user.scope, enterprise_id=enterprise_id, paging=asked)
    return InspectionPage(items=inspection_views(session, page.rows), next_cursor=page.next_cursor)


@router.get(
    "/{inspection_id}",
    operation_id="getInspection",
    summary="An inspection",
    responses=problems(401, 404, 422),
)
def get_inspection(
    enterprise_id: EnterpriseId, inspection_id: UUID, user: CurrentUser, session: Reading
) -> InspectionDetail:
    """Return an inspection with its photos and what became of each."""
    row = queries.get_inspection(session, user.scope, enterprise_id, inspection_id)
    photos = queries.inspection_photos(session, row)
    return InspectionDetail(
        inspection=inspection_views(session, [row])[0],
        photos=[photo_view(photo) for photo in photos],
    )


@router.post(
    "/{inspection_id}/photos",
    operation_id="addPhoto",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Add a photo",
    responses=problems(401, 403, 404, 422),
)
def add_photo(  # noqa: PLR0913  each is a part of the request
    enterprise_id: EnterpriseId,
    inspection_id: UUID,
    body: PhotoSubmission,
    user: CurrentUser,
    session: Writing,
    parts: AppParts,
    tasks: BackgroundTasks,
) -> PhotoView:
    """Queue a photo, already uploaded as evidence, for detection. Sending it again changes nothing."""
    inspection = queries.get_inspection(session, user.scope, enterprise_id, inspection_id)
    photo = visits.add_photo(
        session,
        user.scope,
        inspection,
        evidence_sha256=body.evidence_sha256,
        file_name=body.file_name,
        now=utc_now(),
    )
    # After the answer, and so after the commit: before it the worker would not see the photo.
    tasks.add_task(parts.photo_worker.wake)
    return new_photo_view(session, photo)
