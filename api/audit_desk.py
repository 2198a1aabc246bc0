"""`anxun audit`: what the keeper of a server checks by itself. It reads, and changes nothing."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session, col, select

from api.parts import open_database, open_evidence
from api.settings import Settings
from inspection.database import read_sessions, see_one_state
from inspection.errors import NotFound
from inspection.evidence import EvidenceStore
from inspection.evidence_audit import audit_evidence, stray_evidence
from inspection.evidence_register import RegisterReader, register_id_of
from inspection.journal import area_log_id_of, log_id_of
from inspection.tables import Enterprise, PilotArea
from ledger.audit import Each, LogAudit, audit_log, stray_rows
from ledger.checkpoint import Checkpoint
from ledger.keys import KeyRing
from ledger.stored_rows import Fault
from ledger.vouching_audit import Pin, pins_of

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class AuditReport:
    """What was found of one log: `name` is for people."""

    name: str
    log: LogAudit
    files: int
    faults: tuple[Fault, ...]

    def __str__(self) -> str:
        """Say it in a line, in English and in Chinese."""
        log, erased = self.log, len(self.log.erased)
        english = f"{log.size} entries ({erased} erased), {log.checkpoints} checkpoints, {self.files} files"
        chinese = f"{log.size} 条记录（{erased} 条已删除）、{log.checkpoints} 个检查点、{self.files} 个文件"
        return f"{self.name}: {english} / {chinese}; root / 树根 {log.root.hex()}"


@dataclass(frozen=True)
class AuditDesk:
    """Audits within one transaction that sees one state."""

    session: Session
    evidence: EvidenceStore
    public_keys: Sequence[bytes]
    seen: Sequence[Pin] = ()

    def audit(self, enterprise_id: UUID | None, progress: Progress) -> Iterator[AuditReport]:
        """Audit one enterprise's ledger and its area's log, or everything. Raises NotFound."""
        enterprises = self._enterprises(enterprise_id)
        areas = {row.area_id for row in enterprises} if enterprise_id else set(self._areas())
        covered = list(self.seen)
        for area_id in sorted(areas):
            found = self._log(f"area {area_id}", area_log_id_of(area_id), self.seen, progress)
            covered += found.covered.values()
            yield AuditReport(f"area {area_id}", found, 0, tuple(found.faults))
        for row in enterprises:
            yield from self._enterprise(row, covered, progress)

    def strays(self) -> Sequence[Fault]:
        """Return faults for rows that belong to no area and no enterprise."""
        enterprises = self._enterprises(None)
        logs = [name_of(row.id) for row in enterprises for name_of in (log_id_of, register_id_of)]
        logs += [area_log_id_of(area_id) for area_id in self._areas()]
        return [*stray_rows(self.session, logs), *stray_evidence(self.session)]

    def _enterprise(
        self, row: Enterprise, covered: Sequence[Pin], progress: Progress
    ) -> Iterator[AuditReport]:
        """Yield what was found of the register of evidence, then of the ledger and the evidence."""
        name, register = f"enterprise {row.id} {row.name}", RegisterReader()
        kept = f"{name}: register of evidence"
        found = self._log(kept, register_id_of(row.id), covered, progress, register.read)
        yield AuditReport(kept, found, 0, tuple(found.faults))
        found = self._log(name, log_id_of(row.id), covered, progress)
        files = audit_evidence(
            self.session, self.evidence, row.id, found, register, lambda *at: progress(name, *at)
        )
        yield AuditReport(name, found, files.files, (*found.faults, *files.faults))

    def _log(
        self,
        name: str,
        log_id: str,
        seen: Sequence[Pin],
        progress: Progress,
        each: Each | None = None,
    ) -> LogAudit:
        return audit_log(
            self.session,
            log_id,
            self.public_keys,
            pins=pins_of(seen, log_id),
            each=each,
            progress=lambda *at: progress(name, *at),
        )

    def _enterprises(self, enterprise_id: UUID | None) -> Sequence[Enterprise]:
        chosen = select(Enterprise).order_by(col(Enterprise.id))
        if enterprise_id is not None:
            chosen = chosen.where(col(Enterprise.id) == enterprise_id)
        rows = self.session.exec(chosen).all()
        if enterprise_id is not None and not rows:
            raise NotFound("enterprise", enterprise_id)
        return rows

    def _areas(self) -> Sequence[UUID]:
        return self.session.exec(select(PilotArea.id)).all()


@contextmanager
def open_audit_desk(settings: Settings, seen: Sequence[Checkpoint] = ()) -> Iterator[AuditDesk]:
    """Open database, evidence and key files for reading."""
    ring = KeyRing(settings.signing_key_path, settings.key_passphrase.get_secret_value())
    public_keys = [key.verifier.public_key for key in ring.all()]
    engine = open_database(settings)
    try:
        with read_sessions(engine)() as session:
            # Else a busy ledger would look broken.
            see_one_state(session)
            yield AuditDesk(
                session, open_evidence(settings), public_keys, [Pin(each) for each in seen]
            )
    finally:
        engine.dispose()
