"""Clips of findings: added by the device that saw them, once, with an entry of their own in the ledger."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from inspection.database import lock_enterprise
from inspection.errors import AlreadyExists, EvidenceMissing, InvalidInput, NotFound
from inspection.evidence import evidence_row
from inspection.journal import Event, attach, write_event
from inspection.scopes import Actor
from inspection.sections import AI_PATROL
from inspection.tables import Finding, FindingClip

CLIP_TYPES = frozenset({"video/mp4"})


def add_clip(
    session: Session, finding: Finding, sha256: str, actor: Actor, now: datetime
) -> FindingClip:
    """Add a clip to a finding; the same again is answered the same.

    Raises:
        EvidenceMissing: the clip was not uploaded.
        InvalidInput: it is no video.
        AlreadyExists: the finding has another clip.
    """
    lock_enterprise(session, finding.enterprise_id)
    known = session.get(FindingClip, (finding.enterprise_id, finding.id))
    if known is not None:
        if known.evidence_sha256 != sha256:
            raise AlreadyExists("clip", known.evidence_sha256)
        return known
    evidence = evidence_row(session, finding.enterprise_id, sha256)
    if evidence is None:
        raise EvidenceMissing(sha256)
    if evidence.media_type not in CLIP_TYPES:
        raise InvalidInput(f"a clip is video/mp4, not {evidence.media_type}")
    data = {
        "finding_id": str(finding.id),
        "item_id": str(finding.item_id),
        "hazard_code": finding.hazard_code,
        "evidence_sha256": sha256,
    }
    event = Event("finding.clip_added", AI_PATROL, data, attach([evidence], "clip"))
    entry = write_event(session, finding.enterprise_id, actor, event, now)
    made = FindingClip(
        enterprise_id=finding.enterprise_id,
        finding_id=finding.id,
        evidence_sha256=sha256,
        added_at=now,
        entry_index=entry.index,
        leaf_hash=entry.leaf_hash,
    )
    session.add(made)
    session.flush()
    return made


def clip_of(session: Session, finding: Finding) -> FindingClip | None:
    """Return the clip of a finding; None where there is none."""
    return session.get(FindingClip, (finding.enterprise_id, finding.id))


def own_finding(session: Session, enterprise_id: UUID, finding_id: UUID) -> Finding:
    """Return a finding of a device's enterprise. Raises `NotFound`."""
    finding = session.get(Finding, (enterprise_id, finding_id))
    if finding is None:
        raise NotFound("finding", finding_id)
    return finding
