"""A hazard that a person saw on a photo of a visit and no model reported: recorded and confirmed in one go.

It is a finding like any other, with two differences: no model named it and none was sure of it, so `model_name`, `model_sha256`
and `confidence` are null; and its boxes are the person's alone. From its confirmation on everything is as usual: item, level,
recurrence, ticket, notices. In what is exported for training each of its boxes is one that the model missed.
"""

import hashlib
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from inspection.database import lock_enterprise
from inspection.decisions import Decision, confirm_finding
from inspection.errors import EvidenceMissing, IdReused, InvalidInput
from inspection.evidence import evidence_row
from inspection.intake import is_plausible
from inspection.items import join_item, place_of, ticket_of
from inspection.journal import Event, attach, timestamp, write_event
from inspection.queries import get_inspection
from inspection.scopes import DECIDING_ROLES, Scope
from inspection.sections import AI_PATROL
from inspection.spotted_wire import SpottedHazard
from inspection.tables import Evidence, Finding, HazardItem, Inspection, InspectionPhoto
from inspection.taxonomy import hazard_type
from inspection.wire import Confirmation, Source, SourceKind
from ledger.canonical import canonical
from models.training.pool import LABELS


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
    # 1 who may, and the same id seen before
    inspection = get_inspection(session, scope, enterprise_id, inspection_id)
    scope.require_role(enterprise_id, "record hazards", *DECIDING_ROLES)
    lock_enterprise(session, enterprise_id)
    digest = hashlib.sha256(canonical(spotted.model_dump(mode="json"))).hexdigest()
    known = session.get(Finding, (enterprise_id, spotted.id))
    if known is not None:
        return _as_before(session, known, digest)
    # 2 what is named is there
    hazard = hazard_type(spotted.hazard_code)
    _require_labels(spotted)
    photo, evidence = _photo(session, inspection, spotted.evidence_sha256)
    # 3 the item, the entry and the row, as if it had been proposed
    source = Source(
        kind=SourceKind.INSPECTION,
        name=photo.file_name[:200] or photo.evidence_sha256,
        inspection_id=inspection.id,
    )
    place = place_of(spotted.zone or None, source.kind, source.name, inspection)
    captured_at = _captured_at(photo, spotted.spotted_at, now)
    item = join_item(session, enterprise_id, hazard.code, place, captured_at)
    boxes = [box.model_dump(mode="json") for box in spotted.boxes]
    data = {
        "finding_id": str(spotted.id),
        "item_id": str(item.id),
        "state": "proposed",
        "hazard_code": hazard.code,
        "hazard": hazard.name_zh,
        "place": place,
        "boxes": boxes,
        "boxes_by": "person",
        "captured_at": timestamp(captured_at),
        "received_at": timestamp(now),
        "source": source.model_dump(mode="json"),
        "photo_id": str(photo.id),
        "zone": spotted.zone or None,
        "evidence_sha256": evidence.sha256,
        "draft_sha256": digest,
    }
    event = Event("finding.spotted", AI_PATROL, data, attach([evidence], "photo"))
    entry = write_event(session, enterprise_id, scope.actor, event, now)
    session.add(
        Finding(
            enterprise_id=enterprise_id,
            id=spotted.id,
            draft_sha256=digest,
            hazard_code=hazard.code,
            label=spotted.boxes[0].label,
            boxes=[],
            captured_at=captured_at,
            device_captured_at=captured_at,
            received_at=now,
            source_kind=source.kind,
            source_name=source.name,
            inspection_id=inspection.id,
            photo_id=photo.id,
            zone=spotted.zone or None,
            evidence_sha256=evidence.sha256,
            item_id=item.id,
            entry_index=entry.index,
            leaf_hash=entry.leaf_hash,
        )
    )
    session.flush()
    # 4 confirmed by the same person: the one way to a level and a ticket
    said = Confirmation(
        level=spotted.level,
        boxes=spotted.boxes,
        complete_labels=spotted.complete_labels,
        note=spotted.note,
    )
    return confirm_finding(session, scope, enterprise_id, spotted.id, said, now)


def _as_before(session: Session, known: Finding, digest: str) -> Decision:
    if known.draft_sha256 != digest:
        raise IdReused("finding", known.id)
    item = session.get_one(HazardItem, (known.enterprise_id, known.item_id))
    return Decision(known, item, ticket_of(session, item))


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
