"""The operator's desk for erasure and retention: many small transactions, so that a server beside it goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, col, select

from api.access import log_access
from api.auth import normal_login
from api.database import upgrade_database
from api.keeper import Keeper
from api.parts import open_database, open_evidence
from api.previews import forget_previews
from api.settings import Settings
from inspection.database import read_sessions, write_sessions
from inspection.entry_index import catch_up, forget_index
from inspection.erasures import (
    APPROVING_ROLES,
    MAX_ENTRIES,
    ErasureDraft,
    approve_erasure,
    request_erasure,
)
from inspection.errors import NotFound
from inspection.evidence import EvidenceStore
from inspection.removals import orphans, remove_orphans, stuck_removals
from inspection.retention import RETENTION_ENDED, RetentionRule
from inspection.retention_report import past_retention, retention_report
from inspection.scopes import SYSTEM, Scope, scope_of
from inspection.sections import ledger_section
from inspection.tables import Enterprise, User
from inspection.wire import utc_now


@contextmanager
def open_desk(settings: Settings | None = None) -> Iterator["RetentionDesk"]:
    """Open the database, upgraded, and the evidence."""
    settings = settings or Settings()
    engine = open_database(settings)
    try:
        upgrade_database(engine)
        evidence = open_evidence(settings)
        forget = partial(forget_previews, settings.data_dir / "previews")
        keeper = Keeper(engine, evidence, forget)
        yield RetentionDesk(engine, evidence, keeper)
    finally:
        engine.dispose()


@dataclass(frozen=True)
class RetentionDesk:
    """Retention by command. Nothing here asks who calls; every change names who answers for it."""

    engine: Engine
    evidence: EvidenceStore
    keeper: Keeper

    @property
    def write(self) -> sessionmaker[Session]:
        """What opens sessions that write."""
        return write_sessions(self.engine)

    def report(self, enterprise_id: UUID) -> Iterator[str]:
        """Yield a line a section, and what waits to be deleted."""
        with read_sessions(self.engine)() as session:
            scope = _everyone(session, enterprise_id)
            for row in retention_report(session, scope, enterprise_id, utc_now()):
                held = " · held" if row.is_held else ""
                yield (
                    f"{row.rule.section} {ledger_section(row.rule.section).name_zh}: {_told(row.rule)}"
                    f" · entries {row.entries} · past {row.past}{held}"
                )
            yield f"orphans past their grace period: {len(orphans(session, enterprise_id, utc_now()))}"
            for waiting in stuck_removals(session, enterprise_id):
                yield f"to be deleted: {waiting.sha256} {waiting.error}"

    def erase_past(
        self, enterprise_id: UUID, section: str, requested_by: str, approved_by: str
    ) -> Iterator[str]:
        """Request, approve and carry out the erasure of what is past its retention in a section."""
        now = utc_now()
        ledger_section(section)
        with self.write.begin() as session:
            asks, agrees = (_person(session, login) for login in (requested_by, approved_by))
            asks.require(enterprise_id)
            indices = past_retention(session, enterprise_id, section, now, MAX_ENTRIES)
            if not indices:
                yield f"nothing of {section} is past its retention and free to go"
                return
            draft = ErasureDraft(tuple(indices), RETENTION_ENDED)
            request = request_erasure(session, asks, enterprise_id, draft, now)
            approve_erasure(session, agrees, enterprise_id, request.id, now)
            log_access(
                session,
                actor=agrees.actor.name,
                action="erasure.approve",
                enterprise_id=enterprise_id,
                detail=f"{request.id} by command",
            )
        yield f"{len(indices)} entries of {section} ordered by entry {request.approval_index}"
        yield f"{self.keeper.run_once()} entries erased"

    def orphans(self, enterprise_id: UUID) -> Iterator[str]:
        """Yield a line for each file that nothing ever referred to, past its grace period."""
        with read_sessions(self.engine)() as session:
            _everyone(session, enterprise_id)
            rows = orphans(session, enterprise_id, utc_now())
            for row in rows:
                yield f"{row.sha256} {row.size} bytes, received {row.received_at:%Y-%m-%d}"
            yield f"{len(rows)} orphans, {sum(row.size for row in rows)} bytes; nothing was deleted"

    def remove_orphans(self, enterprise_id: UUID, login: str) -> Iterator[str]:
        """Delete them for good."""
        with self.write.begin() as session:
            scope = _person(session, login)
            scope.require_role(enterprise_id, "remove orphans", *APPROVING_ROLES)
            gone = remove_orphans(session, enterprise_id, scope.actor, utc_now())
        self.keeper.run_once()
        yield f"{len(gone)} orphans removed"

    def index(self, *, again: bool) -> Iterator[str]:
        """Index every ledger; yield a line for each that had something to index."""
        with read_sessions(self.engine)() as session:
            enterprises = session.exec(select(Enterprise.id, Enterprise.name)).all()
        for enterprise_id, name in enterprises:
            count = 0
            if again:
                with self.write.begin() as session:
                    forget_index(session, enterprise_id)
            while True:
                with self.write.begin() as session:
                    added = catch_up(session, enterprise_id)
                count += added
                if not added:
                    break
            if count:
                yield f"{name}: {count} entries"


def _told(rule: RetentionRule) -> str:
    checked = "" if rule.basis_checked else " (to be verified)"
    return f"{rule.label}{'' if rule.is_minimum else ', a recommendation'}{checked}"


def _person(session: Session, login: str) -> Scope:
    user = session.exec(select(User).where(col(User.login) == normal_login(login))).first()
    if user is None:
        raise NotFound("user", login)
    return scope_of(session, user.id)


def _everyone(session: Session, enterprise_id: UUID) -> Scope:
    if session.get(Enterprise, enterprise_id) is None:
        raise NotFound("enterprise", enterprise_id)
    return Scope(SYSTEM, {enterprise_id: frozenset()})
