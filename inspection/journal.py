"""What the domain writes into an enterprise's ledger: one function, so that every entry looks alike."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from inspection.entry_index import index_appended
from inspection.scopes import Actor
from inspection.tables import Evidence
from ledger.entry import Attachment, LedgerEntry, Record
from ledger.log import append
from ledger.sql import SqlStore


@dataclass(frozen=True)
class Event:
    """Something that happened: `kind` such as ``finding.recorded``, in a section such as L27, with its facts."""

    kind: str
    section: str
    data: Mapping[str, Any]
    attachments: tuple[Attachment, ...] = ()


def log_id_of(enterprise_id: UUID) -> str:
    """Return the name of an enterprise's ledger."""
    return str(enterprise_id)


def area_log_id_of(area_id: UUID) -> str:
    """Return the name of an area's log, whose entries are the checkpoints of its enterprises."""
    return f"area-{area_id}"


def write_event(
    session: Session, enterprise_id: UUID, actor: Actor, event: Event, now: datetime
) -> LedgerEntry:
    """Append an event to the enterprise's ledger, and to what it is found by, in the caller's transaction."""
    record = Record(
        kind=event.kind,
        section=event.section,
        at=now,
        by=actor.name,
        data=dict(event.data),
        attachments=event.attachments,
    )
    entry = append(SqlStore(session), log_id_of(enterprise_id), record)
    index_appended(session, enterprise_id, entry)
    return entry


def records_at(
    session: Session, enterprise_id: UUID, indexes: Collection[int]
) -> Mapping[int, Record | None]:
    """Return what the entries at these places say, with one query; None where the content was erased."""
    found = SqlStore(session).entries_at(log_id_of(enterprise_id), indexes)
    return {entry.index: entry.record for entry in found}


def attach(evidence: Iterable[Evidence], role: str) -> tuple[Attachment, ...]:
    """Return evidence as attachments of an entry: what it is there (``photo``, ``after_photo``)."""
    return tuple(
        Attachment(sha256=row.sha256, media_type=row.media_type, size=row.size, role=role)
        for row in evidence
    )


def timestamp(at: datetime) -> str:
    """Return a time as the ledger writes it: RFC 3339, UTC, milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
