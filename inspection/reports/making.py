"""Makes a report: reads the ledger up to a checkpoint, writes the file, and records the file's hash in the ledger.

1 a checkpoint of the ledger as it is now: the report covers what it covers, and prints its root
2 the file, from one reading transaction; nothing is locked while it is written
3 its SHA-256
4 the entry `report.made`, which names that hash: a copy can be compared with the ledger ever after
"""

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from inspection.evidence import EvidenceStore
from inspection.journal import Event, log_id_of, write_event
from inspection.reports.asked import Period, ReportRequest
from inspection.reports.chapters import Chapters
from inspection.reports.cover import Cover
from inspection.reports.fonts import ReportFonts
from inspection.reports.hazards import Hazards
from inspection.reports.pdf import PdfReport
from inspection.reports.people import Names
from inspection.reports.photos import Image, PhotoShelf
from inspection.reports.reading import LedgerPart
from inspection.reports.words import words_of
from inspection.reports.workbook import Workbook
from inspection.scopes import Actor
from inspection.sections import LEDGER_ITSELF
from inspection.tables import Enterprise, Report, ReportFormat
from ledger.checkpoint import Checkpoint
from ledger.entry import LedgerEntry
from ledger.log import publish_checkpoint
from ledger.note import Signer
from ledger.sql import SqlStore

CHUNK = 1 << 20
MADE = "report.made"


@dataclass(frozen=True)
class MadeFile:
    """A report's file, and what of the ledger it covers."""

    path: Path
    sha256: str
    size: int
    checkpoint: Checkpoint


@dataclass(frozen=True)
class ReportMaker:
    """What reports are made from. `folder` keeps their files; `blur` makes heads on a picture unrecognisable."""

    read: sessionmaker[Session]
    write: sessionmaker[Session]
    evidence: EvidenceStore
    folder: Path
    public_url: str
    signer_of: Callable[[Session, str], Signer]
    blur: Callable[[Image], Image]
    extra_fonts: Sequence[Path] = field(default=())

    def file_of(self, report: Report) -> Path:
        """Return where a report's file lies."""
        return self.folder / f"{report.id}.{report.format.value}"

    def make(self, report: Report, now: datetime, on_percent: Callable[[int], None]) -> MadeFile:
        """Write a report's file. `on_percent` is told how far it is, and may raise to end it; nothing is left then.

        Raises `StorageUnavailable`, `ledger.errors.LogCorrupt`, `OSError`.
        """
        # 1 a checkpoint
        with self.write.begin() as session:
            log_id = log_id_of(report.enterprise_id)
            signer = self.signer_of(session, log_id)
            checkpoint = publish_checkpoint(SqlStore(session), log_id, signer)
        # 2 the file
        target = self.file_of(report)
        self.folder.mkdir(parents=True, exist_ok=True)
        staged = target.with_name(f"{target.stem}.part{target.suffix}")
        try:
            with self.read() as session:
                self._write(session, report, checkpoint, staged, now, on_percent)
            # 3 its hash
            sha256, size = _hash_and_flush(staged)
            staged.replace(target)
        finally:
            staged.unlink(missing_ok=True)
        return MadeFile(target, sha256, size, checkpoint)

    def _write(
        self,
        session: Session,
        report: Report,
        checkpoint: Checkpoint,
        staged: Path,
        now: datetime,
        on_percent: Callable[[int], None],
    ) -> None:
        asked = request_of(report)
        names = Names(session, words_of(asked.language))
        ledger = LedgerPart(session, report.enterprise_id, checkpoint.size)
        found = Hazards(session, report.enterprise_id, asked.period, names, now)
        chapters = Chapters(asked, ledger, names, found)
        cover = Cover(
            report_id=report.id,
            enterprise=session.get_one(Enterprise, report.enterprise_id),
            asked=asked,
            made_by=names.of(report.requested_by),
            made_at=now,
            origin=checkpoint.origin,
            tree_size=checkpoint.size,
            root=checkpoint.root.hex(),
            entries=sum(ledger.count(asked.period, row.code) for row in asked.chosen()),
            hazards=sum(found.count(code) for code in ("L11", "L12") if asked.holds(code)),
            blurs_heads=report.blurs_heads,
            public_url=self.public_url,
        )
        progress = Progress(cover.entries + cover.hazards, on_percent)
        if asked.format is ReportFormat.XLSX:
            Workbook(cover, chapters).write(staged, progress.advance)
            return
        shelf = PhotoShelf(self.evidence, self.blur if report.blurs_heads else None)
        fonts = ReportFonts(self.extra_fonts)
        report_file = PdfReport(cover, chapters, shelf, fonts, spool_in=staged.parent)
        report_file.write(staged, progress.advance)


@dataclass
class Progress:
    """Counts what is done of `total`; `on_percent` hears of each whole percent below 100."""

    total: int
    on_percent: Callable[[int], None]
    done: int = 0
    _told: int = -1

    def advance(self) -> None:
        """Count one more."""
        self.done += 1
        percent = min(99, self.done * 100 // max(self.total, 1))
        if percent != self._told or self.done % 50 == 0:
            self._told = percent
            self.on_percent(percent)


def request_of(report: Report) -> ReportRequest:
    """Return what a stored report was asked to hold."""
    return ReportRequest(
        Period(report.starts_on, report.ends_on),
        report.format,
        report.language,
        tuple(report.sections),
    )


def record_made(
    session: Session, report: Report, made: MadeFile, actor: Actor, now: datetime
) -> LedgerEntry:
    """Write the entry that names a report's file, and note it in the row; the caller holds the enterprise's lock."""
    data = {
        "report_id": str(report.id),
        "format": report.format.value,
        "language": report.language.value,
        "starts_on": report.starts_on.isoformat(),
        "ends_on": report.ends_on.isoformat(),
        "sections": list(report.sections),
        "heads_blurred": report.blurs_heads,
        "tree_size": made.checkpoint.size,
        "root": made.checkpoint.root.hex(),
        "sha256": made.sha256,
        "size": made.size,
    }
    # 4 the entry
    entry = write_event(session, report.enterprise_id, actor, Event(MADE, LEDGER_ITSELF, data), now)
    report.origin, report.tree_size = made.checkpoint.origin, made.checkpoint.size
    report.root = made.checkpoint.root.hex()
    report.sha256, report.size = made.sha256, made.size
    report.entry_index, report.leaf_hash, report.made_at = entry.index, entry.leaf_hash, now
    return entry


def _hash_and_flush(path: Path) -> tuple[str, int]:
    digest = hashlib.sha256()
    with path.open("r+b") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
        os.fsync(file.fileno())
        return digest.hexdigest(), file.tell()
