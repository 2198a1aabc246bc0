"""Writing the access log: every sign-in, refusal, export, decision and reading of evidence.

`log_access` adds a row within the caller's transaction. What may come many times a second, a picture that is shown again
or a refusal that a script runs into again and again, goes through `AccessNotes`: the first time is committed before
the answer, each repetition within `WINDOW` is counted in memory and written with the next round of the keeper.
A crash can lose counts of the last seconds, never the fact.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from fastapi import Request
from sqlalchemy import update
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, col

from inspection.access_log import kind_of
from inspection.tables import AccessLog, new_id

MAX_DETAIL = 500
WINDOW = timedelta(minutes=5)
MOST_OPEN = 20_000
_IS_LOGGED = "anxun_is_logged"
# They change nothing but what the bell shows.
_UNNOTED = frozenset({"readNotice", "readNoticesUpTo"})


def log_access(
    session: Session,
    *,
    actor: str,
    action: str,
    enterprise_id: UUID | None = None,
    detail: str = "",
    remote: str = "",
) -> None:
    """Add a line to the access log, within the caller's transaction."""
    session.info[_IS_LOGGED] = True
    session.add(_row(Noted(actor, action, enterprise_id, detail, remote)))


def log_change(session: Session, request: Request, remote: str) -> None:
    """Add a line for a person's change that its route did not describe itself, so that none goes unnoted."""
    actor = getattr(request.state, "actor", "")
    operation = getattr(request.scope.get("route"), "operation_id", None)
    if session.info.pop(_IS_LOGGED, False) or operation is None or operation in _UNNOTED:
        return
    # Boxes deliver all day long; the ledger names them.
    if actor.startswith("user:"):
        asked = enterprise_asked_for(request)
        log_access(session, actor=actor, action=f"change.{operation}", enterprise_id=asked, remote=remote)  # fmt: skip


def enterprise_asked_for(request: Request) -> UUID | None:
    """Return the enterprise that a request names, whosever it is, or a device's own; None where neither is."""
    named: Mapping[str, str] = request.path_params | dict(request.query_params)
    try:
        return UUID(str(named["enterprise_id"]))
    except (KeyError, ValueError):
        own: frozenset[UUID] = getattr(request.state, "enterprise_ids", frozenset())
        is_device = getattr(request.state, "actor", "").startswith("device:")
        return next(iter(own)) if is_device and len(own) == 1 else None


@dataclass(frozen=True)
class Noted:
    """What is noted. Two that are equal are one row with a count; `sign_in_id` keeps two sign-ins of a person apart."""

    actor: str
    action: str
    enterprise_id: UUID | None = None
    detail: str = ""
    remote: str = ""
    sign_in_id: UUID | None = None


@dataclass
class _Standing:
    """A row that repetitions are counted in."""

    begun_at: datetime
    id: UUID = field(default_factory=new_id)
    uncounted: int = 0
    last_at: datetime | None = None


class AccessNotes:
    """Rows of the access log that one server's repetitions are folded into. Any thread may note."""

    def __init__(self, write: sessionmaker[Session]) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._standing: dict[Noted, _Standing] = {}

    def note(self, noted: Noted, now: datetime) -> None:
        """Note it: a row that is committed when this returns, or one more in a row of the last minutes."""
        with self._lock:
            standing = self._standing.get(noted)
            if standing is not None and now - standing.begun_at < WINDOW:
                standing.uncounted += 1
                standing.last_at = now
                return
            replaced = standing
            standing = self._standing[noted] = _Standing(now)
        if replaced is not None:
            self._count([replaced])
        try:
            with self._write.begin() as session:
                session.add(_row(noted, standing.id, now))
        except BaseException:
            with self._lock:
                self._standing.pop(noted, None)
            raise
        if len(self._standing) > MOST_OPEN:
            self.flush(now)

    def flush(self, now: datetime) -> int:
        """Write what was counted, and let go of rows whose window is over; return how many rows were changed."""
        with self._lock:
            counted = [each for each in self._standing.values() if each.uncounted]
            is_full = len(self._standing) > MOST_OPEN
            self._standing = {
                noted: each
                for noted, each in self._standing.items()
                if now - each.begun_at < WINDOW and not is_full
            }
        self._count(counted)
        return len(counted)

    def _count(self, rows: list[_Standing]) -> None:
        with self._lock:
            taken = [(each.id, each.uncounted, each.last_at) for each in rows if each.uncounted]
            for each in rows:
                each.uncounted = 0
        if not taken:
            return
        with self._write.begin() as session:
            for row_id, count, last_at in taken:
                session.exec(
                    update(AccessLog)
                    .where(col(AccessLog.id) == row_id)
                    .values(times=col(AccessLog.times) + count, last_at=last_at)
                    .execution_options(synchronize_session=False)
                )


def _row(noted: Noted, row_id: UUID | None = None, at: datetime | None = None) -> AccessLog:
    row = AccessLog(
        actor=noted.actor,
        action=noted.action,
        enterprise_id=noted.enterprise_id,
        detail=noted.detail[:MAX_DETAIL],
        remote=noted.remote,
        kind=kind_of(noted.action).value,
    )
    if row_id is not None and at is not None:
        row.id, row.at = row_id, at
    return row
