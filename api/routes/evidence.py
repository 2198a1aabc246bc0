"""Evidence: pictures named by their hash, sent whole or in parts."""

from collections.abc import Iterator
from typing import Annotated, Any, BinaryIO

from fastapi import Header, Query, Response
from fastapi.responses import StreamingResponse

from api.deps import (
    AppParts,
    CurrentDevice,
    CurrentUser,
    EnterpriseId,
    ReceivedBody,
    Sha256Path,
)
from api.errors import problems
from api.routing import ApiRouter
from api.uploads import ASK_FIRST, IMMUTABLE, Upload, Uploader, Viewing, kept_headers
from inspection.evidence import CHUNK, PDF_TYPE, PICTURE_TYPES
from inspection.wire import EvidenceReceipt

router = ApiRouter(tags=["evidence"])

ContentRange = Annotated[
    str | None,
    Header(
        description="`bytes a-b/total` of this part; leave out to send the whole",
        examples=["bytes 0-1048575/3145728"],
    ),
]
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "the bytes",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
OFFSET_HEADER = {
    "Upload-Offset": {
        "description": "bytes received so far",
        "required": True,
        "schema": {"type": "integer", "minimum": 0},
    }
}
PUT_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "Complete, and the hash is right"},
    202: {"description": "The part is kept; more is needed", "model": EvidenceReceipt},
    **problems(400, 401, 403, 404, 409, 413, 422, 507),
}
HEAD_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "Complete", "headers": OFFSET_HEADER},
    202: {"description": "Begun", "headers": OFFSET_HEADER},
    **{
        status_: {"description": described["description"]}
        for status_, described in problems(401, 404, 422).items()
    },
}
ORIGINAL: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The bytes as they were received",
        "content": {
            media_type: {"schema": {"type": "string", "format": "binary"}}
            for media_type in (*sorted(PICTURE_TYPES), "video/mp4", PDF_TYPE)
        },
    },
    304: {"description": "Not modified"},
    **problems(401, 404, 422),
}
PREVIEW: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "An upright JPEG",
        "headers": {
            "X-Anxun-Heads": {
                "description": "whether people's heads are `blurred` in it, or `original`",
                "required": True,
                "schema": {"type": "string", "enum": ["blurred", "original"]},
            }
        },
        "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}},
    },
    304: {"description": "Not modified"},
    **problems(401, 404, 409, 422, 503),
}


@router.put(
    "/evidence/{sha256}",
    operation_id="putDeviceEvidence",
    summary="Send evidence as a device",
    responses=PUT_RESPONSES,
    openapi_extra=BODY,
)
def put_device_evidence(
    sha256: Sha256Path,
    device: CurrentDevice,
    body: ReceivedBody,
    parts: AppParts,
    response: Response,
    content_range: ContentRange = None,
) -> EvidenceReceipt:
    """Keep the bytes for the device's enterprise; refused when they do not hash to the name."""
    upload = Upload(parts, device.scope, device.enterprise_id, sha256)
    return upload.receive(body, content_range, response)


@router.head(
    "/evidence/{sha256}",
    operation_id="headDeviceEvidence",
    summary="How much of it has arrived",
    responses=HEAD_RESPONSES,
    response_class=Response,
)
def head_device_evidence(sha256: Sha256Path, device: CurrentDevice, parts: AppParts) -> Response:
    """Answer 200 when complete, 202 when begun; `Upload-Offset` says where to go on."""
    return Upload(parts, device.scope, device.enterprise_id, sha256).offset()


@router.put(
    "/enterprises/{enterprise_id}/evidence/{sha256}",
    operation_id="putEvidence",
    summary="Send evidence as a person",
    responses=PUT_RESPONSES,
    openapi_extra=BODY,
)
def put_evidence(  # noqa: PLR0913  each is a part of the request
    enterprise_id: EnterpriseId,
    sha256: Sha256Path,
    uploader: Uploader,
    body: ReceivedBody,
    parts: AppParts,
    response: Response,
    content_range: ContentRange = None,
) -> EvidenceReceipt:
    """Keep the bytes for the enterprise; refused when they do not hash to the name."""
    upload = Upload(parts, uploader.scope, enterprise_id, sha256)
    return upload.receive(body, content_range, response)


@router.head(
    "/enterprises/{enterprise_id}/evidence/{sha256}",
    operation_id="headEvidence",
    summary="How much of it has arrived",
    responses=HEAD_RESPONSES,
    response_class=Response,
)
def head_evidence(
    enterprise_id: EnterpriseId, sha256: Sha256Path, user: CurrentUser, parts: AppParts
) -> Response:
    """Answer 200 when complete, 202 when begun; `Upload-Offset` says where to go on."""
    return Upload(parts, user.scope, enterprise_id, sha256).offset()


@router.get(
    "/enterprises/{enterprise_id}/evidence/{sha256}",
    operation_id="getEvidence",
    summary="The original bytes",
    responses=ORIGINAL,
    response_class=Response,
)
def get_evidence(view: Viewing) -> Response:
    """Return the picture exactly as it was received."""
    row = view.row()
    if view.is_cached(row.sha256):
        return view.not_modified(row.sha256)
    source = view.parts.evidence.open(row.sha256)
    view.log("evidence.read")
    headers = {**kept_headers(row.sha256), "Content-Length": str(row.size)}
    return StreamingResponse(_chunks(source), media_type=row.media_type, headers=headers)


@router.get(
    "/enterprises/{enterprise_id}/evidence/{sha256}/preview",
    operation_id="getEvidencePreview",
    summary="An upright JPEG of it",
    responses=PREVIEW,
    response_class=Response,
)
def get_evidence_preview(
    view: Viewing,
    width: Annotated[int, Query(ge=64, le=4096, description="largest width, pixels")] = 1280,
    blur: Annotated[
        bool | None,
        Query(description="people's heads blurred or not; left out: as the caller's role is shown"),
    ] = None,
) -> Response:
    """Return an upright JPEG at most this wide, so that HEIC shows in every browser.

    Heads are found by the server's model. Where it fails, the answer is an error and never an unblurred picture.
    """
    row = view.row()
    blurred = view.hides_heads() if blur is None else blur
    previews = view.parts.previews
    tag = previews.tag(row.sha256, width, blurred=blurred)
    caching = ASK_FIRST if blur is None else IMMUTABLE
    if view.is_cached(tag):
        return view.not_modified(tag, caching)
    jpeg = previews.preview(row.sha256, width, blurred=blurred)
    view.log("evidence.preview.blurred" if blurred else "evidence.preview")
    headers = kept_headers(tag, caching) | {"X-Anxun-Heads": "blurred" if blurred else "original"}
    return Response(jpeg, media_type="image/jpeg", headers=headers)


def _chunks(source: BinaryIO) -> Iterator[bytes]:
    with source:
        while chunk := source.read(CHUNK):
            yield chunk
