"""The outbox's database file: opened, brought up to date, written in whole transactions, with its errors named."""

import errno
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from edge.errors import DiskFull, OutboxUnusable
from edge.evidence_files import EvidenceFiles
from edge.instant import Instant

# A step a version of the schema; what an older program wrote is brought up when it is opened.
STEPS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
        "CREATE TABLE evidence ("
        " sha256 TEXT PRIMARY KEY, size INTEGER NOT NULL, is_delivered INTEGER NOT NULL DEFAULT 0) STRICT",
        "CREATE TABLE draft ("
        " seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL,"
        " evidence_sha256 TEXT NOT NULL REFERENCES evidence, state TEXT NOT NULL DEFAULT 'waiting',"
        " code TEXT, reason TEXT, ledger_index INTEGER, leaf_hash TEXT,"
        " made_at TEXT NOT NULL, settled_at TEXT) STRICT",
        "CREATE INDEX draft_waiting ON draft (seq) WHERE state = 'waiting'",
        "CREATE INDEX draft_evidence ON draft (evidence_sha256)",
        "CREATE TABLE photo ("
        " path TEXT NOT NULL, sha256 TEXT NOT NULL, state TEXT NOT NULL, findings INTEGER NOT NULL DEFAULT 0,"
        " error TEXT, reason TEXT, time_source TEXT, recorded_at TEXT NOT NULL,"
        " PRIMARY KEY (path, sha256)) STRICT",
        "CREATE INDEX photo_sha256 ON photo (sha256)",
    ),
    (
        # Where and in which order it was seen, which finding it repeats (null: a first one), and when by both clocks.
        "ALTER TABLE draft ADD COLUMN source TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE draft ADD COLUMN sequence INTEGER",
        "ALTER TABLE draft ADD COLUMN repeats TEXT",
        "ALTER TABLE draft ADD COLUMN boot_id TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE draft ADD COLUMN boot_s REAL NOT NULL DEFAULT 0",
        "ALTER TABLE draft ADD COLUMN wall_s REAL NOT NULL DEFAULT 0",
        "CREATE TABLE source (name TEXT PRIMARY KEY, last_sequence INTEGER NOT NULL) STRICT",
        "CREATE INDEX draft_first ON draft (boot_id, boot_s) WHERE state = 'waiting' AND repeats IS NULL",
    ),
    (
        # Which pictures are kept and how large they are together; what was left out, by the first finding of its item; what
        # the server may hold although it did not say so yet.
        "ALTER TABLE draft ADD COLUMN is_sent INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE evidence ADD COLUMN is_kept INTEGER NOT NULL DEFAULT 1",
        "UPDATE evidence SET is_kept = EXISTS"
        " (SELECT 1 FROM draft WHERE evidence_sha256 = sha256 AND state != 'delivered')",
        "CREATE TABLE room (kept_bytes INTEGER NOT NULL) STRICT",
        "INSERT INTO room SELECT coalesce(sum(size), 0) FROM evidence WHERE is_kept",
        "CREATE TRIGGER evidence_comes AFTER INSERT ON evidence BEGIN"
        " UPDATE room SET kept_bytes = kept_bytes + NEW.size * NEW.is_kept; END",
        "CREATE TRIGGER evidence_changes AFTER UPDATE OF is_kept ON evidence BEGIN"
        " UPDATE room SET kept_bytes = kept_bytes + NEW.size * (NEW.is_kept - OLD.is_kept); END",
        "CREATE TRIGGER evidence_goes AFTER DELETE ON evidence BEGIN"
        " UPDATE room SET kept_bytes = kept_bytes - OLD.size * OLD.is_kept; END",
        "CREATE TABLE left_out (first_id TEXT PRIMARY KEY, count INTEGER NOT NULL, told INTEGER NOT NULL DEFAULT 0,"
        " since TEXT NOT NULL, until TEXT NOT NULL) STRICT",
        "CREATE INDEX draft_repeated ON draft (seq) WHERE state = 'waiting' AND repeats IS NOT NULL",
        "CREATE INDEX draft_item ON draft (repeats, seq) WHERE state = 'waiting'",
        "CREATE INDEX draft_settled ON draft (settled_at) WHERE state IN ('delivered', 'thinned')",
    ),
    (
        # A time that the server did not believe is estimated, not given up; so are those that an older program gave up.
        "ALTER TABLE draft ADD COLUMN is_time_refused INTEGER NOT NULL DEFAULT 0",
        "UPDATE draft SET state = 'waiting', code = NULL, reason = NULL, settled_at = NULL"
        " WHERE state = 'rejected' AND code = 'clock_implausible'",
        "CREATE INDEX draft_boot ON draft (boot_id, boot_s)",
    ),
    (
        # Of a neighbour's camera, the first findings that wait.
        "CREATE INDEX draft_place ON draft (source) WHERE state = 'waiting' AND repeats IS NULL",
    ),
)
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# SQLite calls it an I/O error where the index of its log cannot grow, and does not say why; so little room does.
_PRIMARY, _LEAST_FREE_BYTES = 0xFF, 1 << 20


class OutboxFile:
    """One connection to the database under `folder`, and the evidence files beside it. Not shared between threads.

    `connect` and `instant` are the real things, or what a test puts in their places.
    """

    def __init__(
        self,
        folder: Path,
        *,
        connect: Callable[..., sqlite3.Connection] = sqlite3.connect,
        instant: Callable[[], Instant] = Instant.now,
    ) -> None:
        self.folder, self._instant = folder, instant
        self.files = EvidenceFiles(folder / "evidence")
        with self._named_errors():
            self.files.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._db = connect(folder / "outbox.sqlite", isolation_level=None, timeout=30.0)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA foreign_keys = ON")
        if self._schema_version() < len(STEPS):
            self._bring_up()

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

    def get_fact(self, name: str) -> str | None:
        """Return a remembered fact."""
        rows = self._rows("SELECT value FROM fact WHERE name = ?", name)
        return str(rows[0][0]) if rows else None

    def put_facts(self, **facts: str) -> None:
        """Remember facts: the measured clock offset, the last delivery."""
        with self._writing():
            self._db.executemany("INSERT OR REPLACE INTO fact VALUES (?, ?)", facts.items())

    def _schema_version(self) -> int:
        return int(self._rows("PRAGMA user_version")[0][0])

    def _bring_up(self) -> None:
        with self._writing():
            # Another process may have done it since.
            for version, step in enumerate(STEPS[self._schema_version() :], self._schema_version()):
                for statement in step:
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {version + 1}")

    def _rows(self, sql: str, *values: str | float | None) -> list[tuple[Any, ...]]:
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
            if self._is_full(error):
                raise DiskFull(self.folder) from error
            raise OutboxUnusable(self.folder, str(error)) from error
        except OSError as error:
            if error.errno in _FULL:
                raise DiskFull(self.folder) from error
            raise OutboxUnusable(self.folder, str(error)) from error

    def _is_full(self, error: sqlite3.Error) -> bool:
        code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY
        if code not in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
            return bool(code == sqlite3.SQLITE_FULL)
        folder = next(one for one in (self.folder, *self.folder.parents) if one.exists())
        return shutil.disk_usage(folder).free < _LEAST_FREE_BYTES
