"""Audit of an enterprise's evidence: its rows, the bytes in the store, its register, and what the ledger's entries name."""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from inspection.errors import EvidenceRefused, StorageError
from inspection.evidence import CHUNK, SNIFFED_BYTES, EvidenceStore, kept_media_type
from inspection.evidence_register import Registered, RegisterReader, register_id_of
from inspection.tables import Enterprise, ErasureTarget, Evidence, TargetState
from ledger.audit import LogAudit
from ledger.stored_rows import Fault, raw, stored_rows

_EVIDENCE: sa.Table = Evidence.metadata.tables["evidence"]
_SHA256 = re.compile(rb"[0-9a-f]{64}")


@dataclass(frozen=True)
class EvidenceAudit:
    """How many files were read, and what is wrong."""

    files: int
    faults: tuple[Fault, ...]


def audit_evidence(
    session: Session,
    store: EvidenceStore,
    enterprise_id: UUID,
    log: LogAudit,
    register: RegisterReader,
    progress: Callable[[int, int], None] | None = None,
) -> EvidenceAudit:
    """Read every row and all bytes of an enterprise's evidence.

    log: what its ledger's audit has found; register: has read its register.
    """
    reader = _Reader(session, store, enterprise_id, log, register)
    rows = list(reader.rows())
    for done, row in enumerate(rows):
        reader.read(row)
        if progress is not None:
            progress(done + 1, len(rows))
    reader.registered()
    reader.named_by_entries()
    reader.erased_by_order()
    return EvidenceAudit(len(rows), tuple(reader.faults))


def stray_evidence(session: Session) -> Iterator[Fault]:
    """Yield a fault for each enterprise id that evidence bears and that is none."""
    known = {_id_text(found) for found in session.exec(select(Enterprise.id))}
    for (found,) in session.execute(sa.select(raw(session, _EVIDENCE.c.enterprise_id)).distinct()):
        if _id_text(found) not in known:
            yield Fault(f"evidence of enterprise {_id_text(found)}", "there is no such enterprise")


class _Reader:
    def __init__(
        self,
        session: Session,
        store: EvidenceStore,
        enterprise_id: UUID,
        log: LogAudit,
        register: RegisterReader,
    ) -> None:
        self._session, self._store, self._enterprise_id = session, store, enterprise_id
        self._log, self._register = log, register
        self._is_sqlite = session.get_bind().dialect.name == "sqlite"
        self._rows: dict[str, Any] = {}
        self._named = {attachment.sha256: index for attachment, index in log.attachments.items()}
        self.faults: list[Fault] = []

    def rows(self) -> Iterator[Any]:
        """Yield the enterprise's rows as they are stored."""
        names = "sha256 media_type size received_at received_from erased_at register_index"
        yield from stored_rows(
            self._session, _EVIDENCE, names, self._misfit, enterprise_id=self._enterprise_id
        )

    def read(self, row: Any) -> None:
        """Check one row and its bytes."""
        sha256 = bytes(row.sha256).decode(errors="backslashreplace")
        self._rows[sha256] = row
        for what in self._wrong(sha256, row):
            self._fault(sha256, what)

    def registered(self) -> None:
        """Check that every file of the register has its row, and that the register contradicts itself nowhere."""
        for sha256, file in self._register.files.items():
            if sha256 not in self._rows:
                self._fault(
                    sha256,
                    f"the register's entry {file.index} says that it came in, and it has no row",
                )
        place = f"ledger_entry log {register_id_of(self._enterprise_id)} index"
        for index, what in self._register.faults:
            self.faults.append(Fault(f"{place} {index}", what))
        for index in self._register.unexplained():
            what = "its content is gone, and no entry says that its file is"
            self.faults.append(Fault(f"{place} {index}", what))

    def named_by_entries(self) -> None:
        """Check that every file which an entry names has its row, and that both say the same of it."""
        for attachment, index in self._log.attachments.items():
            row = self._rows.get(attachment.sha256)
            if row is None:
                self._fault(attachment.sha256, f"entry {index} names it, and it has no row")
            elif (bytes(row.media_type), row.size) != (
                attachment.media_type.encode(),
                attachment.size,
            ):
                said = f"entry {index} names {attachment.media_type} of {attachment.size} bytes"
                self._fault(attachment.sha256, said)

    def erased_by_order(self) -> None:
        """Check that somebody ordered and approved the erasure of every entry whose content is gone."""
        ordered = select(ErasureTarget.entry_index).where(
            col(ErasureTarget.enterprise_id) == self._enterprise_id,
            col(ErasureTarget.state) == TargetState.ERASED,
        )
        known = set(self._session.exec(ordered).all())
        for index in sorted(set(self._log.erased) - known):
            place = f"ledger_entry log {self._log.log_id} index {index}"
            self.faults.append(Fault(place, "its content is gone, and no erasure was ordered"))

    def _misfit(self, row: str, what: str) -> None:
        self._fault(row.removeprefix("sha256 "), what)

    def _fault(self, sha256: str, what: str) -> None:
        place = f"evidence {sha256} of enterprise {self._enterprise_id}"
        self.faults.append(Fault(place, what))

    def _wrong(self, sha256: str, row: Any) -> Iterator[str]:
        if not _SHA256.fullmatch(bytes(row.sha256)):
            yield "its name is no SHA-256"
            return
        registered = self._register.files.get(sha256)
        if registered is None:
            yield "the register knows nothing of it"
        else:
            yield from self._unlike(row, registered)
        if row.erased_at is None:
            yield from self._wrong_bytes(sha256, row)
        elif sha256 in self._named:
            yield f"it was erased, and entry {self._named[sha256]} still names it"

    def _unlike(self, row: Any, registered: Registered) -> Iterator[str]:
        """Yield what the row says otherwise than the register."""
        expected = {
            "media_type": registered.media_type.encode(),
            "size": registered.size,
            "received_at": self._time(registered.received_at),
            "received_from": registered.received_from.encode(),
            "erased_at": self._time(registered.erased_at),
            "register_index": registered.index,
        }
        for name, value in expected.items():
            if getattr(row, name) != value:
                yield f"{name}: the register's entry {registered.index} gives {value!r}, the row says {getattr(row, name)!r}"

    def _time(self, at: datetime | None) -> datetime | bytes | None:
        """Return a time as it is stored: SQLite keeps it as text."""
        if at is None or not self._is_sqlite:
            return at
        return at.strftime("%Y-%m-%d %H:%M:%S.%f").encode()

    def _wrong_bytes(self, sha256: str, row: Any) -> Iterator[str]:
        digest, size, head = hashlib.sha256(), 0, b""
        try:
            with self._store.open(sha256) as source:
                while chunk := source.read(CHUNK):
                    head = head or chunk[:SNIFFED_BYTES]
                    digest.update(chunk)
                    size += len(chunk)
            media_type = kept_media_type(head)
        except (StorageError, EvidenceRefused, OSError) as error:
            yield f"its bytes: {error}"
            return
        if digest.hexdigest() != sha256:
            yield f"its bytes hash to {digest.hexdigest()}"
        if size != row.size:
            yield f"its row says {row.size} bytes, the store holds {size}"
        if media_type.encode() != bytes(row.media_type):
            yield f"its row says {bytes(row.media_type)!r}, its bytes are {media_type}"


def _id_text(stored: UUID | bytes) -> str:
    """Return an id as SQLite writes it, also where it is none any more."""
    return stored.hex if isinstance(stored, UUID) else stored.decode(errors="backslashreplace")
