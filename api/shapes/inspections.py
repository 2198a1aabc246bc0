"""Inspections: a visit by a person, with photos."""

from uuid import UUID

from pydantic import Field

from api.shapes.base import Page, PersonRef
from inspection.tables import PhotoState
from inspection.wire import Sha256, Text, UtcDatetime, Wire


class InspectionStart(Wire):
    """A visit begins."""

    place: Text = Field(default="", max_length=200, examples=["Workshop 2, press line"])
    note: Text = Field(default="", max_length=2000)


class InspectionView(Wire):
    """A visit by a person."""

    id: UUID
    enterprise_id: UUID
    inspector: PersonRef
    place: str
    note: str
    started_at: UtcDatetime


class InspectionPage(Page[InspectionView]):
    """Inspections, newest first."""


class PhotoSubmission(Wire):
    """A photo, already uploaded as evidence, joins the inspection. Sending it again changes nothing."""

    evidence_sha256: Sha256
    file_name: Text = Field(default="", max_length=200, examples=["IMG_0042.HEIC"])


class PhotoView(Wire):
    """A photo and what became of it: `waiting`, then `detected`, or `failed` with `error`."""

    id: UUID
    enterprise_id: UUID
    inspection_id: UUID
    evidence_sha256: Sha256
    file_name: str
    taken_at: UtcDatetime | None = Field(description="by the photo's own EXIF, where it says so")
    uploaded_at: UtcDatetime
    state: PhotoState
    error: str | None
    width: int | None = Field(description="pixels, upright")
    height: int | None
    finding_count: int = Field(description="hazards found on it so far")


class InspectionDetail(Wire):
    """An inspection with its photos."""

    inspection: InspectionView
    photos: list[PhotoView]
