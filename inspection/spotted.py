"""A hazard that a person saw on a picture and no model reported: recorded and confirmed in one go.

The picture is a photo of a visit, or that of another finding: a camera's frame, a patrol's photo. It is a finding like any other, with
two differences: no model named it and none was sure of it, so `model_name`, `model_sha256` and `confidence` are null; and its boxes are
the person's alone. From its confirmation on everything is as usual: item, level, recurrence, ticket, notices. In what is exported for
training each of its boxes is one that the model missed.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from inspection.database import lock_enterprise
from inspection.decisions import Decision, confirm_finding
from inspection.errors import EvidenceErased, EvidenceMissing, IdReused, InvalidInput
from inspection.evidence import evidence_row
from inspection.intake import is_plausible
from inspection.items import join_item, place_of, ticket_of
from inspection.journal import Event, attach, timestamp, write_event
from inspection.queries import get_finding, get_inspection
from inspection.scopes import DECIDING_ROLES, Scope
from inspection.sections import AI_PATROL
from inspection.spotted_wire import SpottedHazard
from inspection.tables import Evidence, Finding, HazardItem, Inspection, InspectionPhoto
from inspection.taxonomy import hazard_type
from inspection.wire import Confirmation, Source, SourceKind
from ledger.canonical import canonical
from models.training.pool import LABELS


@dataclass(frozen=True)
class _Picture:
    """What a person marks on: where it was taken and when, by the server's clock and by its own; `said` is for the ledger alone."""

    evidence: Evidence
    source: Source
    place: str
    zone: str | None
    captured_at: datetime
    device_captured_at: datetime
    clock_offset_s: float | None = None
    photo_id: UUID | None = None
    said: dict[str, Any] = field(default_factory=dict)


def record_spotted(
    session: Session,
    scope: Scope,
    enterprise_id: UUID,
    inspection_id: UUID,
    spotted: SpottedHazard,
    now: datetime,
) -> Decision:
    """Record what a person saw on a photo of an inspection, as confirmed by them; sent again, it is the same finding.

    Raises `NotFound`, `NotAllowed`, `IdReused`, `UnknownHazard`, `InvalidInput` for a box's label that is neither a model's nor
    the hazard's code, and `EvidenceMissing` where the inspection has no such photo; nothing is written then.
    """
    inspection = get_inspection(session, scope, enterprise_id, inspection_id)
    known = _known(session, scope, enterprise_id, spotted)
    if known is not None:
        return known
    return _record(session, scope, spotted, _of_visit(session, inspection, spotted, now), now)


def record_spotted_beside(
    session: Session,
    scope: Scope,
    enterprise_id: UUID,
    finding_id: UUID,
    spotted: SpottedHazard,
    now: datetime,
) -> Decision:
    """Record what else a person saw on the picture of a finding, whoever decided what about that one; sent again, it is the same.

    Without a zone it is where that finding is: the same zone, camera or visit. Raises as `record_spotted` does, but `InvalidInput` for
    another picture than the finding's, and `EvidenceErased` for one that nobody can look at any more.
    """
    beside = get_finding(session, scope, enterprise_id, finding_id)
    known = _known(session, scope, enterprise_id, spotted)
    if known is not None:
        return known
    return _record(session, scope, spotted, _of_finding(session, beside, spotted), now)


def _known(
    session: Session, scope: Scope, enterprise_id: UUID, spotted: SpottedHazard
) -> Decision | None:
    """Say who may; return what was recorded under this id before."""
    scope.require_role(enterprise_id, "record hazards", *DECIDING_ROLES)
    lock_enterprise(session, enterprise_id)
    known = session.get(Finding, (enterprise_id, spotted.id))
    if known is None:
        return None
    if known.draft_sha256 != _digest(spotted):
        raise IdReused("finding", known.id)
    item = session.get_one(HazardItem, (known.enterprise_id, known.item_id))
    return Decision(known, item, ticket_of(session, item))


def _digest(spotted: SpottedHazard) -> str:
    return hashlib.sha256(canonical(spotted.model_dump(mode="json"))).hexdigest()


def _record(
    session: Session, scope: Scope, spotted: SpottedHazard, picture: _Picture, now: datetime
) -> Decision:
    # 1 what is named is there
    hazard = hazard_type(spotted.hazard_code)
    _require_labels(spotted)
    evidence, source = picture.evidence, picture.source
    enterprise_id = evidence.enterprise_id
    # 2 the item, the entry and the row, as if it had been proposed
    item = join_item(session, enterprise_id, hazard.code, picture.place, picture.captured_at)
    data = {
        "finding_id": str(spotted.id),
        "item_id": str(item.id),
        "state": "proposed",
        "hazard_code": hazard.code,
        "hazard": hazard.name_zh,
        "place": picture.place,
        "boxes": [box.model_dump(mode="json") for box in spotted.boxes],
        "boxes_by": "person",
        "captured_at": timestamp(picture.captured_at),
        "received_at": timestamp(now),
        "source": source.model_dump(mode="json"),
        "zone": picture.zone,
        "evidence_sha256": evidence.sha256,
        "draft_sha256": _digest(spotted),
        **picture.said,
    }
    event = Event("finding.spotted", AI_PATROL, data, attach([evidence], "photo"))
    entry = write_event(session, enterprise_id, scope.actor, event, now)
    session.add(
        Finding(
            enterprise_id=enterprise_id,
            id=spotted.id,
            draft_sha256=_digest(spotted),
            hazard_code=hazard.code,
            label=spotted.boxes[0].label,
            boxes=[],
            captured_at=picture.captured_at,
            device_captured_at=picture.device_captured_at,
            clock_offset_s=picture.clock_offset_s,
            received_at=now,
            source_kind=source.kind,
            source_name=source.name,
            inspection_id=source.inspection_id,
            photo_id=picture.photo_id,
            zone=picture.zone,
            evidence_sha256=evidence.sha256,
            item_id=item.id,
            entry_index=entry.index,
            leaf_hash=entry.leaf_hash,
        )
    )
    session.flush()
    # 3 confirmed by the same person: the one way to a level and a ticket
    said = Confirmation(
        level=spotted.level,
        boxes=spotted.boxes,
        complete_labels=spotted.complete_labels,
        note=spotted.note,
    )
    return confirm_finding(session, scope, enterprise_id, spotted.id, said, now)


def _of_visit(
    session: Session, inspection: Inspection, spotted: SpottedHazard, now: datetime
) -> _Picture:
    photo, evidence = _photo(session, inspection, spotted.evidence_sha256)
    source = Source(
        kind=SourceKind.INSPECTION,
        name=photo.file_name[:200] or photo.evidence_sha256,
        inspection_id=inspection.id,
    )
    captured_at = _captured_at(photo, spotted.spotted_at, now)
    return _Picture(
        evidence,
        source,
        place=place_of(spotted.zone or None, source.kind, source.name, inspection),
        zone=spotted.zone or None,
        captured_at=captured_at,
        device_captured_at=captured_at,
        photo_id=photo.id,
        said={"photo_id": str(photo.id)},
    )


def _of_finding(session: Session, beside: Finding, spotted: SpottedHazard) -> _Picture:
    if spotted.evidence_sha256 != beside.evidence_sha256:
        msg = f"the picture of this finding is {beside.evidence_sha256}, not {spotted.evidence_sha256}"
        raise InvalidInput(msg)
    evidence = evidence_row(session, beside.enterprise_id, beside.evidence_sha256)
    if evidence is None:
        raise EvidenceErased(beside.evidence_sha256)
    visit = beside.inspection_id and session.get(
        Inspection, (beside.enterprise_id, beside.inspection_id)
    )
    zone = spotted.zone or beside.zone
    said = {"beside_finding_id": str(beside.id), "clock_offset_s": beside.clock_offset_s}
    if beside.photo_id is not None:
        said["photo_id"] = str(beside.photo_id)
    return _Picture(
        evidence,
        Source(
            kind=beside.source_kind, name=beside.source_name, inspection_id=beside.inspection_id
        ),
        place=place_of(zone, beside.source_kind, beside.source_name, visit or None),
        zone=zone,
        captured_at=beside.captured_at,
        device_captured_at=beside.device_captured_at,
        clock_offset_s=beside.clock_offset_s,
        photo_id=beside.photo_id,
        said=said,
    )


def _require_labels(spotted: SpottedHazard) -> None:
    known = {*LABELS, spotted.hazard_code}
    strange = sorted({*(box.label for box in spotted.boxes), *spotted.complete_labels} - known)
    if strange:
        msg = f"label a box with the hazard's code {spotted.hazard_code} or one of {', '.join(LABELS)}, not {', '.join(strange)}"
        raise InvalidInput(msg)


def _photo(
    session: Session, inspection: Inspection, sha256: str
) -> tuple[InspectionPhoto, Evidence]:
    photo = session.exec(
        select(InspectionPhoto).where(
            col(InspectionPhoto.enterprise_id) == inspection.enterprise_id,
            col(InspectionPhoto.inspection_id) == inspection.id,
            col(InspectionPhoto.evidence_sha256) == sha256,
        )
    ).first()
    evidence = evidence_row(session, inspection.enterprise_id, sha256)
    if photo is None or evidence is None:
        raise EvidenceMissing(sha256)
    return photo, evidence


def _captured_at(photo: InspectionPhoto, spotted_at: datetime | None, now: datetime) -> datetime:
    """Return when the photo was taken: by its EXIF, else no later than it was marked, else than it was uploaded."""
    for at in (photo.taken_at, spotted_at):
        if at is not None and is_plausible(at, now):
            return at
    return photo.uploaded_at
