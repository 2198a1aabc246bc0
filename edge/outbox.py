"""The outbox: what was seen is on the disk before anything else happens to it.

A photo's progress and its drafts are written in one transaction, and the evidence file is durable before that
transaction commits. So a process killed at any moment has either done a photo wholly or not at all. A draft goes

    waiting ──delivered        the server holds it (recorded, or already there)
       │
       └──────rejected         the server will never take it; kept with its evidence, with the reason

Evidence files live as long as a waiting or rejected draft needs them. Files are written and removed only inside
a write transaction, because the database's write lock is what keeps two processes from writing and removing
the same file at once.
"""

import errno
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from edge.errors import DiskFull, OutboxUnusable
from edge.evidence_files import EvidenceFiles
from inspection.wire import FindingDraft, FindingReceipt, ReceiptStatus, RejectionCode, utc_now

SCHEMA = """
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS evidence (
    sha256 TEXT PRIMARY KEY, size INTEGER NOT NULL, is_delivered INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE IF NOT EXISTS draft (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL,
    evidence_sha256 TEXT NOT NULL REFERENCES evidence, state TEXT NOT NULL DEFAULT 'waiting',
    code TEXT, reason TEXT, ledger_index INTEGER, leaf_hash TEXT,
    made_at TEXT NOT NULL, settled_at TEXT) STRICT;
CREATE INDEX IF NOT EXISTS draft_waiting ON draft (seq) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS draft_evidence ON draft (evidence_sha256);
CREATE TABLE IF NOT EXISTS photo (
    path TEXT NOT NULL, sha256 TEXT NOT NULL, state TEXT NOT NULL, findings INTEGER NOT NULL DEFAULT 0,
    error TEXT, reason TEXT, time_source TEXT, recorded_at TEXT NOT NULL,
    PRIMARY KEY (path, sha256)) STRICT;
CREATE INDEX IF NOT EXISTS photo_sha256 ON photo (sha256);
"""
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class PhotoState(StrEnum):
    """How a patrol photo was accounted for."""

    CLEAR = "clear"
    FOUND = "found"
    COPY = "copy"
    FAILED = "failed"


class DraftState(StrEnum):
    """Where a draft stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class PhotoRecord:
    """The account of one photo: `path` is relative to its patrol folder, so the folder may move.

    `sha256` is empty where the bytes could not be read at all. `error` names why it failed.
    """

    path: str
    sha256: str
    state: PhotoState
    findings: int = 0
    error: str | None = None
    reason: str | None = None
    time_source: str | None = None


@dataclass(frozen=True, slots=True)
class WaitingDraft:
    """A draft that waits, with what its delivery needs to know about its evidence."""

    seq: int
    id: str
    body: str
    evidence_sha256: str
    evidence_size: int
    is_evidence_delivered: bool


@dataclass(frozen=True, slots=True)
class RejectedDraft:
    """A draft that the server will not take, and why."""

    id: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How many drafts and photos are in which state."""

    drafts: dict[DraftState, int]
    photos: dict[PhotoState, int]
    evidence_waiting: int

    @property
    def waiting(self) -> int:
        """Drafts that still have to be delivered."""
        return self.drafts[DraftState.WAITING]


class Outbox:
    """One connection to the outbox under `folder`. Not shared between threads: open one each.

    `connect` is `sqlite3.connect`, or what a test puts in its place to fail at a chosen statement.
    """

    def __init__(
        self, folder: Path, *, connect: Callable[..., sqlite3.Connection] = sqlite3.connect
    ) -> None:
        self.folder = folder
        self.files = EvidenceFiles(folder / "evidence")
        with self._named_errors():
            self.files.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._db = connect(folder / "outbox.sqlite", isolation_level=None, timeout=30.0)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA foreign_keys = ON")
            if self._db.execute("PRAGMA user_version").fetchone()[0] == 0:
                self._db.executescript(f"BEGIN IMMEDIATE;{SCHEMA}PRAGMA user_version = 1;COMMIT;")

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # --- what was seen

    def is_photo_done(self, path: str, sha256: str) -> bool:
        """Tell whether this photo was accounted for in an earlier run."""
        return self._has("SELECT 1 FROM photo WHERE path = ? AND sha256 = ?", path, sha256)

    def is_picture_assessed(self, sha256: str) -> bool:
        """Tell whether the same bytes were assessed under any name: a copy reports nothing again."""
        return self._has(
            "SELECT 1 FROM photo WHERE sha256 = ? AND state IN ('clear', 'found')", sha256
        )

    def record_photo(
        self, photo: PhotoRecord, drafts: Sequence[FindingDraft] = (), evidence: bytes | None = None
    ) -> None:
        """Account for a photo and keep its drafts and evidence, all or nothing.

        Raises:
            DiskFull: nothing of it was kept; run again when there is space.
        """
        with self._writing():
            self._keep(drafts, evidence)
            self._db.execute("DELETE FROM photo WHERE path = ? AND sha256 = ''", (photo.path,))
            self._db.execute(
                "INSERT OR REPLACE INTO photo (path, sha256, state, findings, error, reason, time_source, recorded_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    photo.path,
                    photo.sha256,
                    photo.state.value,
                    len(drafts),
                    photo.error,
                    photo.reason,
                    photo.time_source,
                    _text(utc_now()),
                ),
            )

    def record_drafts(self, drafts: Sequence[FindingDraft], evidence: bytes) -> None:
        """Keep what a camera saw, all or nothing.

        Raises:
            DiskFull: nothing of it was kept.
        """
        with self._writing():
            self._keep(drafts, evidence)

    def _keep(self, drafts: Sequence[FindingDraft], evidence: bytes | None) -> None:
        if not drafts or evidence is None:
            return
        sha256 = self.files.put(evidence)
        self._db.execute(
            "INSERT INTO evidence (sha256, size) VALUES (?, ?) ON CONFLICT DO NOTHING",
            (sha256, len(evidence)),
        )
        for draft in drafts:
            if draft.evidence_sha256 != sha256:
                msg = f"draft {draft.id} names evidence {draft.evidence_sha256}, not {sha256}"
                raise ValueError(msg)
            self._db.execute(
                "INSERT INTO draft (id, body, evidence_sha256, made_at) VALUES (?, ?, ?, ?)",
                (str(draft.id), draft.model_dump_json(), sha256, _text(utc_now())),
            )

    # --- delivery

    def waiting(self, limit: int) -> list[WaitingDraft]:
        """Return the oldest waiting drafts."""
        rows = self._rows(
            "SELECT seq, id, body, draft.evidence_sha256, size, is_delivered FROM draft"
            " JOIN evidence ON evidence.sha256 = draft.evidence_sha256"
            " WHERE state = 'waiting' ORDER BY seq LIMIT ?",
            limit,
        )
        return [WaitingDraft(*row) for row in rows]

    def note_evidence_delivered(self, sha256: str, *, is_delivered: bool = True) -> None:
        """Remember that the server holds this evidence, or that it said that it does not."""
        with self._writing():
            self._db.execute(
                "UPDATE evidence SET is_delivered = ? WHERE sha256 = ?", (is_delivered, sha256)
            )

    def settle(self, receipts: Iterable[FindingReceipt]) -> None:
        """Write down the server's answers; evidence that no draft needs any more goes afterwards.

        `evidence_missing` is not final: the draft waits on and its evidence is sent again.
        """
        touched = set()
        with self._writing():
            for receipt in receipts:
                row = self._db.execute(
                    "SELECT evidence_sha256 FROM draft WHERE id = ?", (receipt.id,)
                ).fetchone()
                if row is None:
                    continue
                touched.add(str(row[0]))
                if receipt.code is RejectionCode.EVIDENCE_MISSING:
                    self._db.execute("UPDATE evidence SET is_delivered = 0 WHERE sha256 = ?", row)
                elif receipt.status is ReceiptStatus.REJECTED:
                    self._settle(receipt, DraftState.REJECTED)
                else:
                    self._settle(receipt, DraftState.DELIVERED)
        self._drop_unneeded(touched)

    def reject(self, draft_ids: Iterable[str], code: str, reason: str) -> None:
        """Set drafts aside that can never be delivered, with the reason."""
        with self._writing():
            for draft_id in draft_ids:
                self._db.execute(
                    "UPDATE draft SET state = 'rejected', code = ?, reason = ?, settled_at = ?"
                    " WHERE id = ? AND state = 'waiting'",
                    (code, reason, _text(utc_now()), draft_id),
                )

    def _settle(self, receipt: FindingReceipt, state: DraftState) -> None:
        self._db.execute(
            "UPDATE draft SET state = ?, code = ?, reason = ?, ledger_index = ?, leaf_hash = ?, settled_at = ?"
            " WHERE id = ? AND state = 'waiting'",
            (
                state.value,
                receipt.code.value if receipt.code else None,
                receipt.reason,
                receipt.index,
                receipt.leaf_hash,
                _text(utc_now()),
                receipt.id,
            ),
        )

    def sweep(self) -> None:
        """Remove what an earlier process left over: writes that were cut off, files already delivered."""
        self._drop_unneeded(None)

    def _drop_unneeded(self, names: Iterable[str] | None) -> None:
        """Remove those of the named evidence files (None: of all) without a waiting or rejected draft.

        A transaction of its own, after the one that settled: cut off between the two, a file is left
        over (and swept later), never missing.
        """
        with self._writing():
            for name in list(self.files.names()) if names is None else names:
                needed = self._db.execute(
                    "SELECT 1 FROM draft WHERE evidence_sha256 = ? AND state != 'delivered' LIMIT 1",
                    (name,),
                ).fetchone()
                if not needed:
                    self.files.remove(name)

    # --- facts and accounts

    def get_fact(self, name: str) -> str | None:
        """Return a remembered fact."""
        rows = self._rows("SELECT value FROM fact WHERE name = ?", name)
        return str(rows[0][0]) if rows else None

    def put_facts(self, **facts: str) -> None:
        """Remember facts: the measured clock offset, the last delivery."""
        with self._writing():
            self._db.executemany("INSERT OR REPLACE INTO fact VALUES (?, ?)", facts.items())

    def clock_offset_s(self) -> float | None:
        """Return device clock minus server clock as last measured; None when never connected."""
        value = self.get_fact("clock_offset_s")
        return None if value is None else float(value)

    def counts(self) -> Counts:
        """Return how many drafts and photos are in which state."""
        drafts: dict[str, int] = dict(
            self._rows("SELECT state, count(*) FROM draft GROUP BY state")
        )
        photos: dict[str, int] = dict(
            self._rows("SELECT state, count(*) FROM photo GROUP BY state")
        )
        ((evidence,),) = self._rows(
            "SELECT count(DISTINCT evidence_sha256) FROM draft JOIN evidence"
            " ON evidence.sha256 = evidence_sha256 WHERE state = 'waiting' AND NOT is_delivered"
        )
        return Counts(
            {state: drafts.get(state.value, 0) for state in DraftState},
            {state: photos.get(state.value, 0) for state in PhotoState},
            evidence,
        )

    def rejected(self, limit: int = 100) -> list[RejectedDraft]:
        """Return drafts that were set aside, newest first."""
        rows = self._rows(
            "SELECT id, coalesce(code, ''), coalesce(reason, '') FROM draft"
            " WHERE state = 'rejected' ORDER BY seq DESC LIMIT ?",
            limit,
        )
        return [RejectedDraft(*row) for row in rows]

    def photos(self, state: PhotoState | None = None) -> Iterator[PhotoRecord]:
        """Yield the accounts of photos, by path."""
        rows = self._rows(
            "SELECT path, sha256, state, findings, error, reason, time_source FROM photo"
            " WHERE ?1 IS NULL OR state = ?1 ORDER BY path",
            state.value if state else None,
        )
        for path, sha256, name, *rest in rows:
            yield PhotoRecord(path, sha256, PhotoState(name), *rest)

    # --- the database

    def _rows(self, sql: str, *values: str | int | None) -> list[tuple[Any, ...]]:
        with self._named_errors():
            return self._db.execute(sql, values).fetchall()

    def _has(self, sql: str, *values: str) -> bool:
        return bool(self._rows(f"{sql} LIMIT 1", *values))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One write transaction, with its errors named; nothing of it stays when it fails."""
        with self._named_errors():
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
                raise DiskFull(self.folder) from error
            raise OutboxUnusable(self.folder, str(error)) from error
        except OSError as error:
            if error.errno in _FULL:
                raise DiskFull(self.folder) from error
            raise OutboxUnusable(self.folder, str(error)) from error


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")
