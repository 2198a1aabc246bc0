"""What a witness remembers: a folder with its key and a file of SQLite, which the base install has.

`cosign` decides and remembers in one transaction that is on the disk before the cosignature is given away: whatever
kills the process, the witness never forgets what it cosigned. Two processes or threads may ask at once; SQLite lets
one decide at a time. Refusals are kept with both checkpoints, as evidence.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.cosignature import WitnessKey, cosign
from ledger.errors import (
    ForkSeen,
    KeyFileError,
    NotContinued,
    RollbackSeen,
    UnknownOrigin,
    WitnessError,
)
from ledger.keys import create_key, load_key
from ledger.note import VerifierKey
from ledger.witness import Followed, WitnessRequest, check_request

KEY_FILE, NAME_FILE, MEMORY_FILE = "witness.pem", "witness.name", "witness.db"
# How long one decision waits for another.
BUSY_S = 30.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS trusted (origin TEXT NOT NULL, vkey TEXT NOT NULL, PRIMARY KEY (origin, vkey)) STRICT;
CREATE TABLE IF NOT EXISTS cosigned (
  origin TEXT NOT NULL, size INTEGER NOT NULL, checkpoint TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (origin, size)
) STRICT;
CREATE TABLE IF NOT EXISTS refused (
  number INTEGER PRIMARY KEY, at INTEGER NOT NULL, origin TEXT NOT NULL, reason TEXT NOT NULL,
  seen TEXT NOT NULL, offered TEXT NOT NULL, UNIQUE (seen, offered)
) STRICT;
"""


@dataclass(frozen=True)
class Refusal:
    """What was not cosigned, when, why, and the two checkpoints that say so. Times are POSIX seconds."""

    at: int
    origin: str
    reason: str
    seen: str
    offered: str


@dataclass(frozen=True)
class LogStatus:
    """How far a witness followed a log; `at` (POSIX seconds) and `size` are None before the first cosignature."""

    origin: str
    vkeys: tuple[str, ...]
    size: int | None
    at: int | None


class WitnessMemory:
    """A witness in a folder: its key, the logs that it follows, what it cosigned and what it refused."""

    def __init__(self, folder: Path, passphrase: str = "") -> None:
        """Open the folder of a witness that was made. Raises KeyFileError."""
        self._folder = folder
        try:
            name = (folder / NAME_FILE).read_text(encoding="utf-8").strip()
        except OSError as error:
            msg = (
                f"there is no witness in {folder}; make one: anxun witness init NAME --dir {folder}"
            )
            raise KeyFileError(msg) from error
        self._key = load_key(folder / KEY_FILE, name, passphrase)

    @classmethod
    def create(cls, folder: Path, name: str, passphrase: str = "") -> "WitnessMemory":
        """Make a witness with a new key. Raises KeyFileError when there is one, MalformedKey for a bad name."""
        WitnessKey(name, bytes(32))
        create_key(folder / KEY_FILE, name, passphrase)
        (folder / NAME_FILE).write_text(name + "\n", encoding="utf-8")
        return cls(folder, passphrase)

    @property
    def key(self) -> WitnessKey:
        """The public half."""
        return WitnessKey.of(self._key)

    def follow(self, key: VerifierKey, *, is_replacing: bool = False) -> None:
        """Trust a log's key from now on, beside or in the place of the log's other keys. What was seen stays."""
        with self._writing() as memory:
            if is_replacing:
                memory.execute("DELETE FROM trusted WHERE origin = ?", (key.name,))
            row = (key.name, key.to_vkey())
            memory.execute("INSERT OR IGNORE INTO trusted VALUES (?, ?)", row)

    def cosign(self, request: WitnessRequest, at: datetime | None = None) -> str:
        """Return the cosignature line for a request that may be cosigned; what was decided is on the disk by then.

        Raises WitnessError; a fork, a rollback and a proof that fails are remembered as refusals.
        """
        timestamp = int((at or datetime.now(UTC)).timestamp())
        offered = request.checkpoint
        try:
            with self._writing() as memory:
                check_request(request, _followed(memory, offered))
                row = (offered.origin, offered.size, offered.text, timestamp)
                memory.execute("INSERT OR REPLACE INTO cosigned VALUES (?, ?, ?, ?)", row)
        except (ForkSeen, RollbackSeen, NotContinued) as error:
            self._remember(error, offered, timestamp)
            raise
        return cosign(offered.text, self._key, timestamp)

    def status(self) -> Sequence[LogStatus]:
        """Return the logs that are followed, by origin."""
        with self._open() as memory:
            vkeys: dict[str, list[str]] = {}
            for origin, vkey in memory.execute("SELECT origin, vkey FROM trusted ORDER BY 1, 2"):
                vkeys.setdefault(origin, []).append(vkey)
            query = "SELECT origin, max(size), max(at) FROM cosigned GROUP BY origin"
            seen = {origin: (size, at) for origin, size, at in memory.execute(query)}
        nothing = (None, None)
        return [
            LogStatus(origin, tuple(keys), *seen.get(origin, nothing))
            for origin, keys in vkeys.items()
        ]

    def refusals(self) -> Sequence[Refusal]:
        """Return what was refused, oldest first; the same two checkpoints once."""
        query = "SELECT at, origin, reason, seen, offered FROM refused ORDER BY number"
        with self._open() as memory:
            return [Refusal(*row) for row in memory.execute(query)]

    def _remember(self, error: WitnessError, offered: Checkpoint, timestamp: int) -> None:
        row = (timestamp, offered.origin, str(error), error.seen, error.offered)
        with self._writing() as memory:
            memory.execute(
                "INSERT OR IGNORE INTO refused (at, origin, reason, seen, offered) VALUES (?, ?, ?, ?, ?)",
                row,
            )

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._open() as memory:
            # From here on no other process decides until this one has.
            memory.execute("BEGIN IMMEDIATE")
            with memory:
                yield memory

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        path = self._folder / MEMORY_FILE
        with closing(sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)) as memory:
            # A commit returns only once its bytes, and the folder's entry for them, are on the disk.
            memory.execute("PRAGMA synchronous = EXTRA")
            memory.executescript(_SCHEMA)
            yield memory


def _followed(memory: sqlite3.Connection, offered: Checkpoint) -> Followed:
    """Return what bears on a checkpoint: the trusted keys, what was cosigned at its size, and what was cosigned last."""
    origin = offered.origin
    vkeys = memory.execute("SELECT vkey FROM trusted WHERE origin = ?", (origin,))
    keys = tuple(VerifierKey.from_vkey(vkey) for (vkey,) in vkeys)
    if not keys:
        msg = f"this witness does not follow {origin}; if it should: anxun witness follow VKEY"
        raise UnknownOrigin(msg)
    query = (
        "SELECT checkpoint FROM cosigned WHERE origin = :origin AND (size = :size OR size = "
        "(SELECT max(size) FROM cosigned WHERE origin = :origin)) ORDER BY size"
    )
    found = memory.execute(query, {"origin": origin, "size": offered.size})
    return Followed(keys, tuple(parse_checkpoint(text) for (text,) in found))
