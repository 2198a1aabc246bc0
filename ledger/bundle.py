"""Write an export that anyone can check with `ledger.verify` and read in a browser. `archive` shows the layout.

Memory is bounded by one page of entries, one chunk of evidence and the set of the evidence's names.
"""

import hashlib
import os
import secrets
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, BinaryIO

from ledger import log
from ledger.archive import (
    AREA,
    AREA_KEY,
    AREA_KEY_CHANGES,
    CHECKPOINT,
    CHUNK_BYTES,
    ENTRIES,
    EVIDENCE,
    KEY,
    KEY_CHANGES,
    MANIFEST,
    PAGE,
    PROOFS,
    Manifest,
)
from ledger.checkpoint import Checkpoint
from ledger.entry import LedgerEntry, Record, format_time
from ledger.errors import EntryError, EvidenceMismatch, EvidenceMissing, LogCorrupt, OutOfRange
from ledger.key_changes import member_of
from ledger.lines import entry_to_line
from ledger.page import PageWriter
from ledger.statement import Statement
from ledger.store import LogStore

OpenEvidence = Callable[[str], BinaryIO]

# The same export twice gives the same bytes.
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_SPOOL_BYTES = 8 << 20


@dataclass(frozen=True)
class AreaProof:
    """That an area's log covers the exported one, and the key (vkey) that signed the area's checkpoint.

    changes: of the area's key, up to this one, for verifiers of the area's checkpoint.
    """

    statement: Statement
    vkey: str
    changes: tuple[Statement, ...] = ()


def write_bundle(  # noqa: PLR0913  what an export is made of
    target: Path | BinaryIO,
    store: LogStore,
    log_id: str,
    checkpoint: Checkpoint,
    evidence: OpenEvidence,
    vkey: str,
    *,
    indices: Sequence[int] | None = None,
    title: str = "",
    area: AreaProof | None = None,
    changes: Sequence[Statement] = (),
    created_at: datetime | None = None,
) -> Manifest:
    """Export all entries under `checkpoint`, or those of `indices` with their proofs, with every attachment.

    `area` is of this very checkpoint, and so are `changes`, those of the log's key up to `vkey`. `evidence` opens the bytes of a SHA-256 (hex); it raises KeyError or OSError for one that it does not have.
    A path is replaced only once the export is whole. Raises OutOfRange, EvidenceMissing, EvidenceMismatch, and LogCorrupt
    naming the first entry that is missing or can't be read.
    """
    chosen = None if indices is None else sorted(set(indices))
    if chosen and not 0 <= chosen[0] <= chosen[-1] < checkpoint.size:
        msg = f"the checkpoint covers {checkpoint.size} entries, not {chosen[0]} to {chosen[-1]}"
        raise OutOfRange(msg)
    manifest = Manifest(
        title=title,
        origin=checkpoint.origin,
        log=log_id,
        tree_size=checkpoint.size,
        entries=checkpoint.size if chosen is None else len(chosen),
        evidence=0,
        partial=chosen is not None,
        created_at=format_time(created_at or datetime.now(UTC)),
    )
    with _whole_file(target) as file, zipfile.ZipFile(file, "w") as archive:
        source = _Source(store, log_id, checkpoint, chosen, area)
        manifest = _write(archive, manifest, source, evidence)
        _add(archive, CHECKPOINT, checkpoint.text.encode())
        _add(archive, KEY, f"{vkey}\n".encode())
        _add_changes(archive, KEY_CHANGES, changes)
        if area is not None:
            _add(archive, AREA, area.statement.to_text().encode())
            _add(archive, AREA_KEY, f"{area.vkey}\n".encode())
            _add_changes(archive, AREA_KEY_CHANGES, area.changes)
        _add(archive, MANIFEST, manifest.model_dump_json(indent=2).encode() + b"\n")
    return manifest


@dataclass
class _Source:
    store: LogStore
    log_id: str
    checkpoint: Checkpoint
    indices: list[int] | None
    area: AreaProof | None
    attachments: dict[str, int] = field(default_factory=dict)

    @property
    def area_checkpoint(self) -> Checkpoint | None:
        """The area's checkpoint that covers the exported one."""
        return None if self.area is None else self.area.statement.checkpoint

    def entries(self) -> Iterator[LedgerEntry]:
        """Yield the chosen entries, noting the first entry of each attachment."""
        if self.indices is None:
            found = log.walk(self.store, self.log_id, self.checkpoint.size)
        else:
            found = (log.get_entry(self.store, self.log_id, index) for index in self.indices)
        for entry in found:
            record = self._record(entry)
            for attachment in record.attachments if record else ():
                self.attachments.setdefault(attachment.sha256, entry.index)
            yield entry

    def _record(self, entry: LedgerEntry) -> Record | None:
        # What can be read goes out even if it was changed, for whoever verifies the export to see.
        try:
            _, record = entry.header, entry.record
        except EntryError as error:
            msg = f"log {self.log_id}: entry {entry.index} was changed where it is kept and can't be exported: {error}"
            raise LogCorrupt(msg) from error
        return record


def _write(
    archive: zipfile.ZipFile, manifest: Manifest, source: _Source, evidence: OpenEvidence
) -> Manifest:
    # One pass over the entries gives both files, so that an erasure in between can't set them apart.
    with tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES) as spool:
        page = PageWriter(spool.write, manifest, source.checkpoint, source.area_checkpoint)
        page.begin()
        with archive.open(_member(ENTRIES), "w", force_zip64=True) as lines:
            for position, entry in enumerate(source.entries()):
                lines.write(entry_to_line(entry))
                if page.shows(position):
                    page.add(entry.header, entry.leaf_hash, entry.record)
        page.end()
        spool.seek(0)
        with archive.open(_member(PAGE), "w", force_zip64=True) as out:
            _copy(spool, out)
    for index in source.indices or ():
        proof = log.tlog_proof(source.store, source.log_id, index, source.checkpoint)
        _add(archive, f"{PROOFS}{index}.tlog-proof", proof.to_text().encode())
    for sha256 in sorted(source.attachments):
        _add_evidence(archive, sha256, source.attachments[sha256], evidence)
    return manifest.model_copy(update={"evidence": len(source.attachments)})


def _add_changes(archive: zipfile.ZipFile, folder: str, changes: Sequence[Statement]) -> None:
    for statement in changes:
        member = member_of(folder, statement.proof.index)
        _add(archive, member, statement.to_text().encode())


def _add_evidence(
    archive: zipfile.ZipFile, sha256: str, index: int, evidence: OpenEvidence
) -> None:
    try:
        file = evidence(sha256)
    except (KeyError, OSError) as error:
        msg = f"entry {index}: the evidence {sha256} can't be read: {error}"
        raise EvidenceMissing(msg, index=index, member=sha256) from error
    # Pictures do not compress.
    member = _member(f"{EVIDENCE}{sha256}", zipfile.ZIP_STORED)
    with file, archive.open(member, "w", force_zip64=True) as out:
        actual = _copy(file, out)
    if actual != sha256:
        msg = f"entry {index}: the stored evidence {sha256} hashes to {actual}"
        raise EvidenceMismatch(msg, index=index, member=sha256)


def _copy(source: BinaryIO | IO[bytes], target: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := source.read(CHUNK_BYTES):
        digest.update(chunk)
        target.write(chunk)
    return digest.hexdigest()


def _member(name: str, method: int = zipfile.ZIP_DEFLATED) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _ZIP_TIME)
    info.compress_type = method
    info.external_attr = 0o644 << 16
    return info


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    archive.writestr(_member(name), data)


@contextmanager
def _whole_file(target: Path | BinaryIO) -> Iterator[BinaryIO]:
    if not isinstance(target, Path):
        yield target
        return
    draft = target.with_name(f".{target.name}.{secrets.token_hex(8)}.part")
    try:
        with draft.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
