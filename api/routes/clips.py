"""Clips of findings: devices add them, people play them."""

from uuid import UUID

from api.deps import CurrentDevice, CurrentUser, EnterpriseId, Reading, Writing
from api.errors import problems
from api.routing import ApiRouter
from api.shapes.clips import ClipAdded, ClipView, FindingClipView
from inspection import clips, queries
from inspection.wire import utc_now

router = ApiRouter(tags=["findings"])


@router.put(
    "/findings/{finding_id}/clip",
    operation_id="addClip",
    summary="Add a clip to a finding",
    responses=problems(401, 404, 409, 422),
)
def add_clip(
    finding_id: UUID, body: ClipAdded, device: CurrentDevice, session: Writing
) -> ClipView:
    """Add evidence that was uploaded as the finding's clip, with an entry in the ledger. Twice is once."""
    finding = clips.own_finding(session, device.enterprise_id, finding_id)
    row = clips.add_clip(session, finding, body.evidence_sha256, device.scope.actor, utc_now())
    return ClipView.from_row(row)


@router.get(
    "/enterprises/{enterprise_id}/findings/{finding_id}/clip",
    operation_id="getClip",
    summary="The clip of a finding",
    responses=problems(401, 404, 422),
)
def get_clip(
    enterprise_id: EnterpriseId, finding_id: UUID, user: CurrentUser, session: Reading
) -> FindingClipView:
    """Return which evidence shows the seconds before and after the finding."""
    finding = queries.get_finding(session, user.scope, enterprise_id, finding_id)
    row = clips.clip_of(session, finding)
    return FindingClipView(clip=row and ClipView.from_row(row))
