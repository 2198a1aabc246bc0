"""An enterprise's register of evidence: a log of its own, so that no row of evidence can be changed, added or taken away.

evidence.received   at: when it came in, by: who sent it, its attachment: the file
evidence.erased     at: when it was erased, data: which file, and the entry that says when it came in
evidence.removed    the same of a file that nothing ever referred to; its row is gone as well

The ledger itself names a file only once something is written about it, and then not when it came in. What an erased or
removed file's first entry says, who sent it above all, is erased from the register as well; its time stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from sqlmodel import Session

from inspection.scopes import SYSTEM
from inspection.tables import Evidence
from ledger.entry import Attachment, Header, LedgerEntry, Record
from ledger.log import append, erase_content
from ledger.sql import SqlStore

SECTION = "evidence"
RECEIVED, ERASED, REMOVED = "evidence.received", "evidence.erased", "evidence.removed"


class _Gone(BaseModel):
    """What an entry says of a file that is gone; `received`: the entry that says when it came in."""

    sha256: str
    media_type: str
    size: int
    received: int


def register_id_of(enterprise_id: UUID) -> str:
    """Return the name of an enterprise's register of evidence."""
    return f"evidence-{enterprise_id}"


def register_received(session: Session, row: Evidence) -> None:
    """Note in the register that evidence came in, and in its row where that is written. Locks the register."""
    file = Attachment(row.sha256, row.media_type, row.size, "evidence")
    record = Record(RECEIVED, SECTION, row.received_at, row.received_from, {}, (file,))
    row.register_index = _append(session, row.enterprise_id, record).index


def register_gone(session: Session, row: Evidence, kind: str, at: datetime) -> None:
    """Note that evidence was erased or removed, and forget who sent it. Locks the register."""
    told = _Gone(
        sha256=row.sha256, media_type=row.media_type, size=row.size, received=row.register_index
    )
    record = Record(kind, SECTION, at, SYSTEM.name, told.model_dump())
    _append(session, row.enterprise_id, record)
    erase_content(SqlStore(session), register_id_of(row.enterprise_id), row.register_index)


def _append(session: Session, enterprise_id: UUID, record: Record) -> LedgerEntry:
    return append(SqlStore(session), register_id_of(enterprise_id), record)


@dataclass(frozen=True)
class Registered:
    """What the register says of a file: what its row must say. `index` is of the entry that says when it came in."""

    sha256: str
    index: int
    received_at: datetime
    received_from: str
    media_type: str
    size: int
    erased_at: datetime | None = None


@dataclass
class RegisterReader:
    """Reads a register's entries in order, and knows at their end which files there must be, by SHA-256.

    faults: (index, what) of entries that contradict others.
    """

    files: dict[str, Registered] = field(default_factory=dict)
    faults: list[tuple[int, str]] = field(default_factory=list)
    _emptied: dict[int, datetime] = field(default_factory=dict)

    def read(self, header: Header, record: Record | None) -> None:
        """Take down the next entry; `record` is None where its content was erased."""
        if record is None:
            self._emptied[header.index] = header.at
        elif header.kind == RECEIVED:
            for file in record.attachments:
                self.files[file.sha256] = Registered(
                    file.sha256, header.index, header.at, record.by, file.media_type, file.size
                )
        elif header.kind in {ERASED, REMOVED}:
            self._gone(header, record)

    def unexplained(self) -> Sequence[int]:
        """Return the entries whose content is gone though no later entry says that its file is."""
        return sorted(self._emptied)

    def _gone(self, header: Header, record: Record) -> None:
        told = _Gone.model_validate(record.data)
        came_at = self._emptied.pop(told.received, None)
        if came_at is None:
            self.faults.append(
                (told.received, f"its file is gone since entry {header.index}, its content is not")
            )
            return
        if header.kind == ERASED:
            self.files[told.sha256] = Registered(
                told.sha256, told.received, came_at, "", told.media_type, told.size, header.at
            )
