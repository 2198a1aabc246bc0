"""The keeper's audit of a log's key history: every row of it, against the entries that announce keys and the key files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from ledger.checkpoint import verify_checkpoint
from ledger.entry import Record
from ledger.keychain import ROTATED
from ledger.note import VerifierKey
from ledger.stored_rows import KEY, UNREADABLE, StoredLog, same


@dataclass(frozen=True)
class StoredKey:
    """A row of the key history that could be read."""

    number: int
    vkey: str
    kind: str
    index: int | None
    announced: str | None
    since: int

    @property
    def public_key(self) -> bytes:
        """32 bytes."""
        return VerifierKey.from_vkey(self.vkey).public_key


@dataclass
class Told:
    """What the entries of a log say that bears on its keys.

    changes: kind and record of each announcement, by index; roots: of the sizes that are asked for; first_at: the time
    of entry 0.
    """

    changes: dict[int, tuple[str, Record]] = field(default_factory=dict)
    roots: Mapping[int, bytes] = field(default_factory=dict)
    first_at: datetime | None = None


def read_history(log: StoredLog) -> Iterator[StoredKey]:
    """Yield the rows that can be read, by number; note a fault for every other one."""
    expected = 1
    for number, vkey, kind, index, announced, since in log.rows(
        KEY, "number vkey kind index announced since"
    ):
        try:
            same("number", number, expected)
            text = None if announced is None else bytes(announced).decode()
            key = StoredKey(number, bytes(vkey).decode(), bytes(kind).decode(), index, text, since)
            VerifierKey.from_vkey(key.vkey)
        except UNREADABLE as error:
            log.fault(KEY, f"number {number}", error)
        else:
            yield key
        expected += 1


def audit_keys(
    log: StoredLog,
    history: list[StoredKey],
    told: Told,
    public_keys: frozenset[bytes],
    *,
    has_signed: bool,
) -> frozenset[bytes]:
    """Note what is wrong with the history; return the public keys that the log itself stands for.

    public_keys: of the key files that are here; has_signed: whether there is a checkpoint of any entry.
    """
    if bool(history) != has_signed:
        said = (
            "no key is noted for its checkpoints"
            if has_signed
            else "a key is noted, and it signed nothing"
        )
        log.fault(KEY, "", said)
    if len(history) != len(told.changes) + 1 and (history or told.changes):
        said = f"{len(history)} keys, and {len(told.changes)} entries that announce one"
        log.fault(KEY, "", said)
    if len(history) == 1 and history[0].public_key not in public_keys:
        log.fault(KEY, "number 1", "no key file here holds it, and no entry names it")
    for key in history[:1]:
        _audit_first(log, key, told)
    return frozenset(_announced_keys(log, history, told))


def _audit_first(log: StoredLog, key: StoredKey, told: Told) -> None:
    if key.number != 1:
        return
    if (key.kind, key.index, key.announced) != ("first", None, None):
        log.fault(KEY, "number 1", "a first key is announced by no entry")
    if told.first_at is not None and key.since != int(told.first_at.timestamp()):
        said = f"since: expected the time of entry 0, {int(told.first_at.timestamp())}, got {key.since}"
        log.fault(KEY, "number 1", said)


def _announced_keys(log: StoredLog, history: list[StoredKey], told: Told) -> Iterator[bytes]:
    for old, new in pairwise(history):
        try:
            _check_announcement(old, new, told)
        except UNREADABLE as error:
            log.fault(KEY, f"number {new.number}", error)
        else:
            yield old.public_key
            yield new.public_key


def _check_announcement(old: StoredKey, new: StoredKey, told: Told) -> None:
    index = -1 if new.index is None else new.index
    if index not in told.changes or new.announced is None:
        msg = f"no entry {new.index} announces it"
        raise ValueError(msg)
    kind, record = told.changes[index]
    same("kind", new.kind, kind)
    same(f"key of number {old.number}", old.vkey, record.data.get("old"))
    same("key", new.vkey, record.data.get("new"))
    same("since", new.since, int(record.at.timestamp()))
    signer = old if kind == ROTATED else new
    checkpoint, _ = verify_checkpoint(new.announced, [VerifierKey.from_vkey(signer.vkey)])
    same("size of the announcement", checkpoint.size, index + 1)
    same("root of the announcement", checkpoint.root, told.roots[index + 1])
