"""The one write path of findings, numbered as the design numbers it.

Everything of a draft happens in the caller's transaction: finding, item and ledger entry stand or fall together.
A draft that is refused changes nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.exc import DataError
from sqlmodel import Session

from inspection.database import lock_enterprise
from inspection.device_signatures import SignatureWrong, check_signature, draft_sha256
from inspection.evidence import evidence_row
from inspection.items import join_item, place_of
from inspection.journal import Event, attach, timestamp, write_event
from inspection.plans import china_day, parameter
from inspection.scopes import Actor
from inspection.sections import AI_PATROL
from inspection.tables import (
    Evidence,
    Finding,
    Inspection,
    InspectionPhoto,
)
from inspection.taxonomy import UnknownHazard, hazard_type
from inspection.wire import (
    FindingDraft,
    FindingReceipt,
    ReceiptStatus,
    RejectionCode,
)

# No digital camera is older; a clock that says so was never set.
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


class _Rejected(Exception):
    def __init__(self, code: RejectionCode, reason: str) -> None:
        self.code, self.reason = code, reason
        super().__init__(reason)


def record_batch(
    session: Session,
    *,
    enterprise_id: UUID,
    actor: Actor,
    drafts: Sequence[Mapping[str, object]],
    now: datetime,
    public_key: str | None = None,
) -> list[FindingReceipt]:
    """Judge drafts as they came, each alone, and return a receipt for each in their order.

    With a `public_key` each has to be signed with it. Raises `NotFound` for an unknown enterprise; whatever is wrong with a draft is in its receipt.
    """
    lock_enterprise(session, enterprise_id)
    return [_judge(session, enterprise_id, actor, draft, now, public_key) for draft in drafts]


def record_finding(
    session: Session,
    *,
    enterprise_id: UUID,
    actor: Actor,
    draft: FindingDraft,
    now: datetime,
    photo: InspectionPhoto | None = None,
) -> FindingReceipt:
    """Record a draft as a proposed finding, and return its receipt; sent again, it gets the same receipt.

    `photo` is the inspection photo that a job found it on. Raises `NotFound` for an unknown enterprise.
    """
    lock_enterprise(session, enterprise_id)
    return _record(session, enterprise_id, actor, draft, now, photo)


def _record(
    session: Session,
    enterprise_id: UUID,
    actor: Actor,
    draft: FindingDraft,
    now: datetime,
    photo: InspectionPhoto | None = None,
) -> FindingReceipt:
    digest = draft_sha256(draft)
    try:
        # 1 the same id was seen before: answer the same receipt
        known = session.get(Finding, (enterprise_id, draft.id))
        if known is not None:
            return _receipt_of_known(known, digest)
        # 2 what the draft names is there
        hazard_name = _hazard_name(draft.hazard_code)
        captured_at = _captured_at(draft, now)
        evidence = _evidence(session, enterprise_id, draft)
        visit = _inspection(session, enterprise_id, draft)
        place = place_of(draft.zone, draft.source.kind, draft.source.name, visit)
    except _Rejected as rejected:
        return _rejection(draft, rejected)
    # 3 join the open item of the same place and hazard, or open one
    item = join_item(session, enterprise_id, draft.hazard_code, place, captured_at)
    # 4 append to the ledger
    data = {
        "finding_id": str(draft.id),
        "item_id": str(item.id),
        "state": "proposed",
        "hazard_code": draft.hazard_code,
        "hazard": hazard_name,
        "place": place,
        "label": draft.label,
        "confidence": draft.confidence,
        "boxes": _boxes(draft),
        "captured_at": timestamp(captured_at),
        # As the device wrote it, to the last digit: it signed that.
        "device_captured_at": draft.model_dump(mode="json")["captured_at"],
        "clock_offset_s": draft.clock_offset_s,
        "received_at": timestamp(now),
        "source": draft.source.model_dump(mode="json"),
        "photo_id": None if photo is None else str(photo.id),
        "zone": draft.zone,
        "model": {"name": draft.model_name, "sha256": draft.model_sha256},
        "evidence_sha256": draft.evidence_sha256,
        "sightings": draft.sightings,
        "sequence": draft.sequence,
        "draft_sha256": digest,
        "signature": draft.signature,
    }
    if draft.clock_is_estimated is not None:
        data["clock_is_estimated"] = draft.clock_is_estimated
    if draft.enterprise_id is not None:
        data["enterprise_id"] = str(draft.enterprise_id)
    event = Event("finding.recorded", AI_PATROL, data, attach([evidence], "photo"))
    entry = write_event(session, enterprise_id, actor, event, now)
    finding = Finding(
        enterprise_id=enterprise_id,
        id=draft.id,
        draft_sha256=digest,
        hazard_code=draft.hazard_code,
        label=draft.label,
        confidence=draft.confidence,
        boxes=_boxes(draft),
        captured_at=captured_at,
        device_captured_at=draft.captured_at,
        clock_offset_s=draft.clock_offset_s,
        received_at=now,
        source_kind=draft.source.kind,
        source_name=draft.source.name,
        device_id=actor.device_id,
        inspection_id=draft.source.inspection_id,
        photo_id=None if photo is None else photo.id,
        zone=draft.zone,
        model_name=draft.model_name,
        model_sha256=draft.model_sha256,
        evidence_sha256=draft.evidence_sha256,
        sightings=draft.sightings,
        item_id=item.id,
        entry_index=entry.index,
        leaf_hash=entry.leaf_hash,
    )
    session.add(finding)
    session.flush()
    # 5 a ticket is opened when a person confirms: the level is never the model's to decide
    return _receipt(finding, ReceiptStatus.RECORDED)


def is_plausible(captured_at: datetime, now: datetime) -> bool:
    """Return whether a picture can have been taken then: not before 2000, and hardly after `now`."""
    tolerance = timedelta(seconds=parameter("clock_tolerance", china_day(now)).value)
    return _EARLIEST <= captured_at <= now + tolerance


def _judge(
    session: Session,
    enterprise_id: UUID,
    actor: Actor,
    draft: Mapping[str, object],
    now: datetime,
    public_key: str | None,
) -> FindingReceipt:
    try:
        checked = FindingDraft.model_validate(draft)
    except ValidationError as error:
        return _malformed(draft, _explain(error))
    try:
        checked = _signed(checked, actor, public_key)
    except _Rejected as rejected:
        return _rejection(checked, rejected)
    try:
        with session.begin_nested():
            return _record(session, enterprise_id, actor, checked, now)
    except DataError as error:
        # The database can not store a value of it: no retry would help, and the other drafts must not suffer.
        return _malformed(draft, str(error.orig))


def _rejection(draft: FindingDraft, rejected: _Rejected) -> FindingReceipt:
    return FindingReceipt(
        id=str(draft.id),
        status=ReceiptStatus.REJECTED,
        code=rejected.code,
        reason=rejected.reason,
    )


def _signed(draft: FindingDraft, actor: Actor, public_key: str | None) -> FindingDraft:
    """Return the draft whose signature may be kept: one that nobody can check is none."""
    if public_key is None or actor.device_id is None:
        return draft.model_copy(update={"signature": None})
    if draft.signature is None:
        raise _Rejected(
            RejectionCode.SIGNATURE_MISSING,
            "this device has a key; sign the draft with it, or enrol the device anew",
        )
    try:
        check_signature(public_key, actor.device_id, draft_sha256(draft), draft.signature)
    except SignatureWrong as error:
        raise _Rejected(RejectionCode.SIGNATURE_INVALID, str(error)) from error
    return draft


def _malformed(draft: Mapping[str, object], reason: str) -> FindingReceipt:
    return FindingReceipt(
        id=_printable(str(draft.get("id", "")))[:100],
        status=ReceiptStatus.REJECTED,
        code=RejectionCode.MALFORMED,
        reason=_printable(reason),
    )


def _printable(text: str) -> str:
    # Half of a surrogate pair is legal in JSON, but no answer could hold it.
    return text.encode("utf-8", "replace").decode()


def _explain(error: ValidationError) -> str:
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    lines = [f"{'.'.join(map(str, fault['loc'])) or 'draft'}: {fault['msg']}" for fault in faults]
    return "; ".join(lines)[:2000]


def _receipt_of_known(known: Finding, digest: str) -> FindingReceipt:
    if known.draft_sha256 != digest:
        raise _Rejected(
            RejectionCode.ID_REUSED,
            f"draft {known.id} was recorded before with another content; give the new one an id of its own",
        )
    return _receipt(known, ReceiptStatus.DUPLICATE)


def _receipt(finding: Finding, status: ReceiptStatus) -> FindingReceipt:
    return FindingReceipt(
        id=str(finding.id), status=status, index=finding.entry_index, leaf_hash=finding.leaf_hash
    )


def _hazard_name(code: str) -> str:
    try:
        return hazard_type(code).name_zh
    except UnknownHazard as error:
        raise _Rejected(
            RejectionCode.UNKNOWN_HAZARD,
            f"{error}; send a code of the server's hazard catalogue",
        ) from None


def _captured_at(draft: FindingDraft, now: datetime) -> datetime:
    try:
        at = draft.captured_at - timedelta(seconds=draft.clock_offset_s or 0.0)
    except OverflowError:
        at = datetime.max.replace(tzinfo=UTC)
    if is_plausible(at, now):
        return at
    known = "less its stated offset" if draft.clock_offset_s is not None else "with offset unknown"
    raise _Rejected(
        RejectionCode.CLOCK_IMPLAUSIBLE,
        f"captured at {timestamp(draft.captured_at)} by the device's clock, {known}, is not possible: "
        f"the server's time is {timestamp(now)}. Set the device's clock, measure its offset, and send this "
        "draft again with clock_offset_s (device minus server, in seconds)",
    )


def _evidence(session: Session, enterprise_id: UUID, draft: FindingDraft) -> Evidence:
    row = evidence_row(session, enterprise_id, draft.evidence_sha256)
    if row is None:
        raise _Rejected(
            RejectionCode.EVIDENCE_MISSING,
            f"evidence {draft.evidence_sha256} is not there; upload it, then send this draft again",
        )
    return row


def _inspection(session: Session, enterprise_id: UUID, draft: FindingDraft) -> Inspection | None:
    if draft.enterprise_id not in (None, enterprise_id):
        raise _Rejected(
            RejectionCode.FOREIGN_ENTERPRISE,
            "this draft was made for another enterprise; send it with that enterprise's device",
        )
    inspection_id = draft.source.inspection_id
    if inspection_id is None:
        return None
    inspection = session.get(Inspection, (enterprise_id, inspection_id))
    if inspection is None:
        raise _Rejected(
            RejectionCode.FOREIGN_ENTERPRISE,
            f"inspection {inspection_id} is none of this enterprise's",
        )
    return inspection


def _boxes(draft: FindingDraft) -> list[dict[str, Any]]:
    return [box.model_dump(mode="json") for box in draft.boxes]
