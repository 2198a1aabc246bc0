"""The keeper's own audit: every stored row of a log, column by column, against what the rows themselves commit to.

`ledger.log.audit` reads through a store, sees what the server would serve and stops at the first fault. This reads the
rows as they lie in the database, so that a column which repeats something (`section`, `index`, `size`), a text that is
no text any more, and a row that nothing refers to are found as well. It names every fault.

A log whose newest entries, tree and checkpoints were all put back together to an older state contradicts nothing of
its own: only a checkpoint that somebody else has seen tells. Such checkpoints, the area log's first of all, are `pins`.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import ledger.area
from ledger.checkpoint import Checkpoint, parse_checkpoint, verify_checkpoint
from ledger.entry import Attachment, Header, LedgerEntry, Record
from ledger.key_audit import Told, audit_keys, read_history
from ledger.keychain import REPLACED, ROTATED
from ledger.merkle import EMPTY_ROOT, NodeId, append_leaf, root_of
from ledger.note import VerifierKey
from ledger.stored_rows import (
    AREA,
    CHECKPOINT,
    COSIGNATURE,
    ENTRY,
    HEAD,
    KEY,
    SUBTREE,
    UNREADABLE,
    Fault,
    StoredLog,
    raw,
    same,
)
from ledger.vouching_audit import Pin, audit_area, audit_cosignatures, pin_of

Each = Callable[[Header, Record | None], None]
_HASH_BYTES = 32
_LOG_COLUMNS = (*(t.c.log_id for t in (HEAD, ENTRY, SUBTREE, CHECKPOINT, KEY, COSIGNATURE)), AREA.c.area_log_id)  # fmt: skip


@dataclass(frozen=True)
class _Head:
    size: int = 0
    edge: bytes = b""
    checkpoints: int = 0
    cosignatures: int = 0


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
    covered: dict[int, Pin] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def audit_log(
    session: Session,
    log_id: str,
    public_keys: Iterable[bytes],
    *,
    pins: Iterable[Pin] = (),
    each: Each | None = None,
    progress: Callable[[int, int], None],
) -> LogAudit:
    """Read every row of a log and say what is wrong with it, within one transaction that sees one state.

    public_keys: 32 bytes each, of the key files that are here; pins: checkpoints of this log that others have seen;
    each: given every entry that holds, its record unless it was erased; progress: told how many of how many were read.
    """
    audit = LogAudit(log_id)
    _Reader(session, audit, each, progress).read(frozenset(public_keys), list(pins))
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
        self,
        session: Session,
        audit: LogAudit,
        each: Each | None,
        progress: Callable[[int, int], None],
    ) -> None:
        self._audit, self._each, self._progress = audit, each, progress
        self._log = StoredLog(session, audit.log_id, audit.faults)
        self._edge: tuple[bytes, ...] = ()
        self._wanted: dict[NodeId, bytes] = {}
        self._roots: dict[int, bytes] = {}
        self._told = Told(roots=self._roots)
        self._public_keys: frozenset[bytes] = frozenset()

    def read(self, public_keys: frozenset[bytes], pins: list[Pin]) -> None:
        """Go through the tables: what is signed is compared once the entries have given the roots."""
        audit, log = self._audit, self._log
        head = self._head()
        numbers: dict[int, int] = {}
        checkpoints = dict(self._checkpoints(numbers))
        history = list(read_history(log))
        announced = {0 if key.index is None else key.index + 1 for key in history}
        sizes = {*checkpoints, *(pin.checkpoint.size for pin in pins), *announced}
        self._roots.update(dict.fromkeys(sizes, b""))
        self._roots[0] = EMPTY_ROOT
        self._entries(head.size)
        self._subtrees()
        if (head.size, head.edge) != (audit.size, b"".join(self._edge)):
            what = f"size {head.size} and its edge are not of the {audit.size} entries"
            log.fault(HEAD, "", what)
        has_signed = any(numbers)
        own = audit_keys(log, history, self._told, public_keys, has_signed=has_signed)
        self._public_keys = public_keys | own
        for size, stored in checkpoints.items():
            self._signed(f"{CHECKPOINT.name} log {audit.log_id} size {size}", stored)
        rows = ((number, f"size {size}") for size, number in numbers.items())
        log.check_numbers(CHECKPOINT, rows, head.checkpoints)
        for pin in pins:
            self._pinned(pin, numbers)
        audit_cosignatures(log, checkpoints, head.cosignatures)
        audit_area(log, audit.covered, numbers, head.cosignatures)
        audit.checkpoints = len(checkpoints)
        audit.root = root_of(self._edge)

    def _head(self) -> _Head:
        heads = [
            _Head(row.size, bytes(row.edge), row.checkpoints, row.cosignatures)
            for row in self._log.rows(HEAD, "size edge checkpoints cosignatures")
        ]
        return heads[0] if heads else _Head()

    def _entries(self, head_size: int) -> None:
        expected = 0
        for index, *cells in self._log.rows(ENTRY, "index section header leaf_hash salt content"):
            if index != expected:
                what = f"entry {expected} is missing" if index > expected else "no such index"
                self._log.fault(ENTRY, f"index {index}", what)
            self._entry(index, cells)
            expected = index + 1
            self._progress(expected, head_size)
        if expected < head_size:
            what = f"is missing, and all after it: the head says {head_size} entries"
            self._log.fault(ENTRY, f"index {expected}", what)

    def _entry(self, index: int, cells: list[Any]) -> None:
        section, header, digest, salt, content = cells
        entry = LedgerEntry(index, bytes(header), bytes(digest).hex(), salt, content)
        try:
            entry.check()
            same("log in the leaf", entry.header.log, self._audit.log_id)
            same("section", bytes(section), entry.header.section.encode())
            self._note(index, entry.header, entry.record)
        except UNREADABLE as error:
            self._log.fault(ENTRY, f"index {index}", error)
        # A row of another index or length was named already, and can't be put into the tree.
        if index == self._audit.size and len(digest) == _HASH_BYTES:
            self._grow(bytes(digest))

    def _note(self, index: int, header: Header, record: Record | None) -> None:
        if index == 0:
            self._told.first_at = header.at
        if self._each is not None:
            self._each(header, record)
        if record is None:
            self._audit.erased.append(index)
            return
        for attachment in record.attachments:
            self._audit.attachments.setdefault(attachment, index)
        if header.kind == ledger.area.KIND:
            self._audit.covered[index] = pin_of(self._audit.log_id, index, record)
        if header.kind in {ROTATED, REPLACED}:
            self._told.changes[index] = header.kind, record

    def _grow(self, digest: bytes) -> None:
        self._edge, completed = append_leaf(self._audit.size, self._edge, digest)
        self._wanted.update(completed)
        self._audit.size += 1
        if self._audit.size in self._roots:
            self._roots[self._audit.size] = root_of(self._edge)

    def _subtrees(self) -> None:
        stored = {
            NodeId(level, position): bytes(digest)
            for level, position, digest in self._log.rows(SUBTREE, "level position hash")
        }
        for node in sorted(stored.keys() | self._wanted.keys()):
            if stored.get(node) == self._wanted.get(node):
                continue
            what = "is not the hash of the entries below it"
            if node not in stored:
                what = "is missing"
            elif node not in self._wanted:
                what = "is none of this tree"
            self._log.fault(SUBTREE, f"level {node.level} position {node.position}", what)

    def _checkpoints(self, numbers: dict[int, int]) -> Iterator[tuple[int, Checkpoint]]:
        """Yield those that can be read, by size; note the number of each row."""
        for size, text, number in self._log.rows(CHECKPOINT, "size text number"):
            numbers[size] = number
            try:
                checkpoint = parse_checkpoint(bytes(text).decode())
                same("size", size, checkpoint.size)
            except UNREADABLE as error:
                self._log.fault(CHECKPOINT, f"size {size}", error)
            else:
                yield size, checkpoint

    def _pinned(self, pin: Pin, numbers: dict[int, int]) -> None:
        size = pin.checkpoint.size
        place = f"log {self._audit.log_id}: its checkpoint of size {size}, seen by {pin.by}"
        if not self._signed(place, pin.checkpoint):
            return
        if size not in numbers:
            self._log.fault(CHECKPOINT, f"size {size}", f"is missing; it was seen by {pin.by}")
        elif pin.number not in (None, numbers[size]):
            said = f"number: {pin.by} says {pin.number}, the row says {numbers[size]}"
            self._log.fault(CHECKPOINT, f"size {size}", said)

    def _signed(self, place: str, checkpoint: Checkpoint) -> bool:
        """Note a fault unless a key of this log signed it, and the entries give its root; return whether they do."""
        try:
            self._check_signed(checkpoint)
        except UNREADABLE as error:
            self._audit.faults.append(Fault(place, str(error)))
            return False
        return True

    def _check_signed(self, checkpoint: Checkpoint) -> None:
        origin, size, has = checkpoint.origin, checkpoint.size, self._audit.size
        same("log of the origin", origin.rpartition("/")[2], self._audit.log_id)
        keys = [VerifierKey(origin, key) for key in sorted(self._public_keys)]
        verify_checkpoint(checkpoint.text, keys)
        if size > has:
            msg = f"there are only {has} entries: some were lost, or the log was rolled back"
            raise ValueError(msg)
        if self._roots[size] != checkpoint.root:
            given = self._roots[size].hex()
            msg = f"signs the root {checkpoint.root.hex()}, the entries give {given}"
            raise ValueError(msg)
