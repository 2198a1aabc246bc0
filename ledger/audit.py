"""The keeper's own audit: every stored row of a log, column by column, against what the rows themselves commit to.

`ledger.log.audit` reads through a store, sees what the server would serve and stops at the first fault. This reads the
rows as they lie in the database, so that a column which repeats something (`section`, `index`, `size`), a text that is
no text any more, and a row that nothing refers to are found as well. It names every fault.

A log whose newest entries, tree and checkpoints were all put back together to an older state contradicts nothing of
its own: only a checkpoint that somebody else has seen tells. Such checkpoints, the area log's first of all, are `pins`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import ledger.area
from ledger.checkpoint import Checkpoint, parse_checkpoint, verify_checkpoint
from ledger.cosignature import WitnessKey, cosignatures
from ledger.entry import Attachment, Header, LedgerEntry, Record
from ledger.errors import LedgerError
from ledger.keychain import REPLACED, ROTATED
from ledger.merkle import EMPTY_ROOT, NodeId, append_leaf, root_of
from ledger.note import VerifierKey
from ledger.sql import LedgerCheckpoint, LedgerEntryRow, LedgerHead, LedgerSubtree
from ledger.stored_rows import raw, stored_rows
from ledger.vouching import LedgerAreaEntry, LedgerCosignature, LedgerKey

_HASH_BYTES = 32
HEAD, ENTRY, SUBTREE, CHECKPOINT, KEY, AREA, COSIGNATURE = (
    table.metadata.tables[str(table.__tablename__)]
    for table in (
        LedgerHead,
        LedgerEntryRow,
        LedgerSubtree,
        LedgerCheckpoint,
        LedgerKey,
        LedgerAreaEntry,
        LedgerCosignature,
    )
)
_LOG_COLUMNS = (*(t.c.log_id for t in (HEAD, ENTRY, SUBTREE, CHECKPOINT, KEY, COSIGNATURE)), AREA.c.area_log_id)  # fmt: skip

_UNREADABLE = (LedgerError, UnicodeDecodeError, ValueError)


@dataclass(frozen=True)
class Fault:
    """A row that does not hold: `place` names table, log and row, `what` says why."""

    place: str
    what: str

    def __str__(self) -> str:
        """Say both."""
        return f"{self.place}: {self.what}"


@dataclass(frozen=True)
class StoredKey:
    """A row of the key history that could be read."""

    number: int
    vkey: str
    kind: str
    index: int | None
    announced: str | None
    since: int


@dataclass
class LogAudit:
    """What was read of a log. `attachments`: what its entries name, with the first entry that does.

    covered: the checkpoints that an area log publishes, by entry.
    """

    log_id: str
    size: int = 0
    root: bytes = EMPTY_ROOT
    erased: list[int] = field(default_factory=list)
    checkpoints: int = 0
    attachments: dict[Attachment, int] = field(default_factory=dict)
    covered: dict[int, Checkpoint] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def audit_log(
    session: Session,
    log_id: str,
    public_keys: Iterable[bytes],
    *,
    pins: Iterable[Checkpoint] = (),
    progress: Callable[[int, int], None],
) -> LogAudit:
    """Read every row of a log and say what is wrong with it, within one transaction that sees one state.

    public_keys: 32 bytes each, of the key files that are here; pins: checkpoints of this log that others have seen;
    progress: told how many of how many entries were read.
    """
    audit = LogAudit(log_id)
    _Reader(session, audit, progress).read(frozenset(public_keys), list(pins))
    return audit


def stray_rows(session: Session, log_ids: Iterable[str]) -> Iterator[Fault]:
    """Yield a fault for each log id that rows bear and that is none of `log_ids`."""
    known = {log_id.encode() for log_id in log_ids}
    for column in _LOG_COLUMNS:
        for (found,) in session.execute(sa.select(raw(session, column)).distinct()):
            if bytes(found) not in known:
                place = f"{column.table.name} log {bytes(found).decode(errors='backslashreplace')}"
                yield Fault(place, "rows of a log that nobody has")


class _Reader:
    def __init__(
        self, session: Session, audit: LogAudit, progress: Callable[[int, int], None]
    ) -> None:
        self._session, self._audit, self._progress = session, audit, progress
        self._edge: tuple[bytes, ...] = ()
        self._wanted: dict[NodeId, bytes] = {}
        self._roots: dict[int, bytes] = {}
        self._changes: dict[int, tuple[str, Record]] = {}
        self._public_keys: frozenset[bytes] = frozenset()

    def read(self, public_keys: frozenset[bytes], pins: list[Checkpoint]) -> None:
        """Go through the tables: what is signed is compared once the entries have given the roots."""
        audit = self._audit
        head = self._head()
        checkpoints = dict(self._checkpoints())
        history = list(self._history())
        announced = {0 if key.index is None else key.index + 1 for key in history}
        self._roots = dict.fromkeys({*checkpoints, *(pin.size for pin in pins), *announced}, b"")
        self._roots[0] = EMPTY_ROOT
        self._entries(head[0])
        self._subtrees()
        if head != (audit.size, b"".join(self._edge)):
            self._fault(
                HEAD, "", f"size {head[0]} and its edge are not of the {audit.size} entries"
            )
        self._public_keys = public_keys | frozenset(self._announced_keys(history, public_keys))
        for size, stored in checkpoints.items():
            self._signed(f"{CHECKPOINT.name} log {audit.log_id} size {size}", stored)
        for pin in pins:
            self._signed(f"log {audit.log_id}: its checkpoint of size {pin.size}, seen before", pin)
        self._cosignatures(checkpoints)
        self._area_index()
        audit.checkpoints = len(checkpoints)
        audit.root = root_of(self._edge)

    def _fault(self, table: sa.Table, row: str, what: object) -> None:
        place = f"{table.name} log {self._audit.log_id} {row}".rstrip()
        self._audit.faults.append(Fault(place, str(what)))

    def _rows(self, table: sa.Table, names: str) -> Iterator[Any]:
        yield from stored_rows(self._session, table, names, log_id=self._audit.log_id)

    def _head(self) -> tuple[int, bytes]:
        for size, edge in self._rows(HEAD, "size edge"):
            return size, bytes(edge)
        return 0, b""

    def _entries(self, head_size: int) -> None:
        expected = 0
        for index, *cells in self._rows(ENTRY, "index section header leaf_hash salt content"):
            if index != expected:
                what = f"entry {expected} is missing" if index > expected else "no such index"
                self._fault(ENTRY, f"index {index}", what)
            self._entry(index, cells)
            expected = index + 1
            self._progress(expected, head_size)

    def _entry(self, index: int, cells: list[Any]) -> None:
        section, header, digest, salt, content = cells
        entry = LedgerEntry(index, bytes(header), bytes(digest).hex(), salt, content)
        try:
            entry.check()
            _same("log in the leaf", entry.header.log, self._audit.log_id)
            _same("section", bytes(section), entry.header.section.encode())
            self._note(index, entry.header, entry.record)
        except _UNREADABLE as error:
            self._fault(ENTRY, f"index {index}", error)
        # A row of another index or length was named already, and can't be put into the tree.
        if index == self._audit.size and len(digest) == _HASH_BYTES:
            self._grow(bytes(digest))

    def _note(self, index: int, header: Header, record: Record | None) -> None:
        if record is None:
            self._audit.erased.append(index)
            return
        for attachment in record.attachments:
            self._audit.attachments.setdefault(attachment, index)
        if header.kind == ledger.area.KIND:
            self._audit.covered[index] = parse_checkpoint(str(record.data.get("checkpoint")))
        if header.kind in {ROTATED, REPLACED}:
            self._changes[index] = header.kind, record

    def _grow(self, digest: bytes) -> None:
        self._edge, completed = append_leaf(self._audit.size, self._edge, digest)
        self._wanted.update(completed)
        self._audit.size += 1
        if self._audit.size in self._roots:
            self._roots[self._audit.size] = root_of(self._edge)

    def _subtrees(self) -> None:
        stored = {
            NodeId(level, position): bytes(digest)
            for level, position, digest in self._rows(SUBTREE, "level position hash")
        }
        for node in sorted(stored.keys() | self._wanted.keys()):
            if stored.get(node) == self._wanted.get(node):
                continue
            what = "is not the hash of the entries below it"
            if node not in stored:
                what = "is missing"
            elif node not in self._wanted:
                what = "is none of this tree"
            self._fault(SUBTREE, f"level {node.level} position {node.position}", what)

    def _checkpoints(self) -> Iterator[tuple[int, Checkpoint]]:
        for size, text in self._rows(CHECKPOINT, "size text"):
            try:
                checkpoint = parse_checkpoint(bytes(text).decode())
                _same("size", size, checkpoint.size)
            except _UNREADABLE as error:
                self._fault(CHECKPOINT, f"size {size}", error)
            else:
                yield size, checkpoint

    def _signed(self, place: str, checkpoint: Checkpoint) -> None:
        """Note a fault unless a key of this log signed it, and the entries give its root."""
        faults, origin = self._audit.faults, checkpoint.origin
        try:
            _same("log of the origin", origin.rpartition("/")[2], self._audit.log_id)
            verify_checkpoint(
                checkpoint.text, [VerifierKey(origin, key) for key in sorted(self._public_keys)]
            )
        except _UNREADABLE as error:
            faults.append(Fault(place, str(error)))
            return
        if checkpoint.size > self._audit.size:
            said = f"there are only {self._audit.size} entries: some were lost, or the log was rolled back"
            faults.append(Fault(place, said))
        elif self._roots[checkpoint.size] != checkpoint.root:
            given = self._roots[checkpoint.size].hex()
            said = f"signs the root {checkpoint.root.hex()}, the entries give {given}"
            faults.append(Fault(place, said))

    def _history(self) -> Iterator[StoredKey]:
        expected = 1
        for number, vkey, kind, index, announced, since in self._rows(
            KEY, "number vkey kind index announced since"
        ):
            try:
                _same("number", number, expected)
                text = None if announced is None else bytes(announced).decode()
                key = StoredKey(
                    number, bytes(vkey).decode(), bytes(kind).decode(), index, text, since
                )
                VerifierKey.from_vkey(key.vkey)
            except _UNREADABLE as error:
                self._fault(KEY, f"number {number}", error)
            else:
                yield key
            expected += 1

    def _announced_keys(
        self, history: list[StoredKey], public_keys: frozenset[bytes]
    ) -> Iterator[bytes]:
        """Yield the public keys of the history that the log itself, or a key file, stands for."""
        if len(history) != len(self._changes) + 1 and (history or self._changes):
            said = f"{len(history)} keys, and {len(self._changes)} entries that announce one"
            self._fault(KEY, "", said)
        if (
            len(history) == 1
            and VerifierKey.from_vkey(history[0].vkey).public_key not in public_keys
        ):
            self._fault(KEY, "number 1", "no key file here holds it, and no entry names it")
        for key in history:
            if key.number == 1 and (key.kind, key.index, key.announced) != ("first", None, None):
                self._fault(KEY, "number 1", "a first key is announced by no entry")
        for old, new in pairwise(history):
            try:
                self._announcement(old, new)
            except _UNREADABLE as error:
                self._fault(KEY, f"number {new.number}", error)
            else:
                yield VerifierKey.from_vkey(old.vkey).public_key
                yield VerifierKey.from_vkey(new.vkey).public_key

    def _announcement(self, old: StoredKey, new: StoredKey) -> None:
        index = -1 if new.index is None else new.index
        if index not in self._changes or new.announced is None:
            msg = f"no entry {new.index} announces it"
            raise ValueError(msg)
        kind, record = self._changes[index]
        _same("kind", new.kind, kind)
        _same(f"key of number {old.number}", old.vkey, record.data.get("old"))
        _same("key", new.vkey, record.data.get("new"))
        _same("since", new.since, int(record.at.timestamp()))
        signer = old if kind == ROTATED else new
        checkpoint, _ = verify_checkpoint(new.announced, [VerifierKey.from_vkey(signer.vkey)])
        _same("size of the announcement", checkpoint.size, index + 1)
        _same("root of the announcement", checkpoint.root, self._roots[index + 1])

    def _cosignatures(self, checkpoints: dict[int, Checkpoint]) -> None:
        for witness, size, timestamp, line in self._rows(
            COSIGNATURE, "witness size timestamp line"
        ):
            name = bytes(witness).decode(errors="backslashreplace")
            try:
                if size not in checkpoints:
                    msg = "the checkpoint that was cosigned is not here: it was lost, or the log was rolled back"
                    raise ValueError(msg)
                key = WitnessKey.from_vkey(bytes(witness).decode())
                body = checkpoints[size].to_body()
                found = cosignatures(f"{body}\n{bytes(line).decode()}", [key])
                _same(
                    "cosignature",
                    [(c.timestamp, c.line.encode()) for c in found],
                    [(timestamp, bytes(line))],
                )
            except _UNREADABLE as error:
                self._fault(COSIGNATURE, f"witness {name} size {size}", error)

    def _area_index(self) -> None:
        """Compare where the area's entries are looked up with the entries."""
        stored = {
            (bytes(log_id), size, index)
            for log_id, size, index in stored_rows(
                self._session, AREA, "log_id size index", area_log_id=self._audit.log_id
            )
        }
        wanted = {
            (covered.origin.rpartition("/")[2].encode(), covered.size, index)
            for index, covered in self._audit.covered.items()
        }
        for log_id, size, index in sorted(stored ^ wanted):
            row = f"of {log_id.decode(errors='backslashreplace')} size {size} index {index}"
            here = (log_id, size, index) in stored
            self._fault(AREA, row, "no entry of the area says so" if here else "is missing")


def pins_of(checkpoints: Iterable[Checkpoint], log_id: str) -> Sequence[Checkpoint]:
    """Return those checkpoints that are of this log, by the name that they are signed under."""
    return [found for found in checkpoints if found.origin.rpartition("/")[2] == log_id]


def _same(what: str, actual: object, expected: object) -> None:
    if expected != actual:
        msg = f"{what}: expected {expected!r}, got {actual!r}"
        raise ValueError(msg)
