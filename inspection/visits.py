"""Inspections: a person visits a place of an enterprise and takes photos; the server detects on them in a job."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from inspection.database import lock_enterprise
from inspection.errors import EvidenceMissing, EvidenceTypeRefused
from inspection.evidence import PICTURE_TYPES, evidence_row
from inspection.queries import get_inspection
from inspection.scopes import Scope
from inspection.tables import Inspection, InspectionPhoto, Role

INSPECTING_ROLES = (
    Role.EXPERT,
    Role.SERVICE_CENTRE,
    Role.ENTERPRISE_OFFICER,
    Role.ENTERPRISE_WORKER,
)


def begin_inspection(
    session: Session,
    scope: Scope,
    enterprise_id: UUID,
    *,
    place: str,
    note: str,
    now: datetime,
) -> Inspection:
    """Begin an inspection by the caller. Raises `NotFound`, `NotAllowed`."""
    scope.require_role(enterprise_id, "inspect", *INSPECTING_ROLES)
    inspection = Inspection(
        enterprise_id=enterprise_id,
        inspector_id=scope.user_id,
        place=place,
        note=note,
        started_at=now,
    )
    session.add(inspection)
    session.flush()
    return inspection


def add_photo(
    session: Session,
    scope: Scope,
    inspection: Inspection,
    *,
    evidence_sha256: str,
    file_name: str,
    now: datetime,
) -> InspectionPhoto:
    """Put an uploaded picture into an inspection and the job's queue; a second time it is the same photo.

    Raises `NotFound`, `NotAllowed`, `EvidenceMissing`, and `EvidenceTypeRefused` for a clip.
    """
    enterprise_id = inspection.enterprise_id
    scope.require_role(enterprise_id, "add photos", *INSPECTING_ROLES)
    lock_enterprise(session, enterprise_id)
    get_inspection(session, scope, enterprise_id, inspection.id)
    present = session.exec(
        select(InspectionPhoto).where(
            col(InspectionPhoto.enterprise_id) == enterprise_id,
            col(InspectionPhoto.inspection_id) == inspection.id,
            col(InspectionPhoto.evidence_sha256) == evidence_sha256,
        )
    ).first()
    if present is not None:
        return present
    evidence = evidence_row(session, enterprise_id, evidence_sha256)
    if evidence is None:
        raise EvidenceMissing(evidence_sha256)
    if evidence.media_type not in PICTURE_TYPES:
        raise EvidenceTypeRefused
    photo = InspectionPhoto(
        enterprise_id=enterprise_id,
        inspection_id=inspection.id,
        evidence_sha256=evidence_sha256,
        file_name=file_name,
        uploaded_at=now,
        uploaded_by=scope.user_id,
    )
    session.add(photo)
    session.flush()
    return photo
