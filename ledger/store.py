"""Where a log is kept: the port that `ledger.log` writes to, and its shipped fake in memory."""

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from ledger.checkpoint import Checkpoint
from ledger.entry import LedgerEntry
from ledger.errors import LogCorrupt
from ledger.merkle import NodeId, Subtree


@dataclass(frozen=True)
class Head:
    """The size of a log and the right edge of its tree."""

    size: int = 0
    edge: tuple[bytes, ...] = ()


class LogStore(Protocol):
    """Rows of many logs. Nothing here commits; a log that was never written to is an empty one."""

    def head(self, log_id: str) -> Head:
        """Return the head as this transaction sees it."""
        ...

    def lock_head(self, log_id: str) -> Head:
        """Return the newest committed head, and keep every other writer of this log out until the transaction ends."""
        ...

    def add(
        self, log_id: str, entry: LedgerEntry, head: Head, completed: Sequence[Subtree]
    ) -> None:
        """Store the entry, the subtrees that it completed and the new head. Raises LogCorrupt if its index is taken."""
        ...

    def entries(
        self, log_id: str, start: int, limit: int, section: str | None = None
    ) -> list[LedgerEntry]:
        """Return up to `limit` entries in order, from index `start` on."""
        ...

    def nodes(self, log_id: str, ids: Collection[NodeId]) -> Mapping[NodeId, bytes]:
        """Return the roots of these perfect subtrees; level 0 are leaf hashes. Raises LogCorrupt when one is missing."""
        ...

    def add_checkpoint(self, log_id: str, checkpoint: Checkpoint) -> None:
        """Store a checkpoint; one of the same size is replaced."""
        ...

    def latest_checkpoint(self, log_id: str, max_size: int | None = None) -> Checkpoint | None:
        """Return the largest checkpoint (not above `max_size`), if any."""
        ...

    def erase(self, log_id: str, index: int) -> None:
        """Forget salt and content of an entry."""
        ...

    def log_ids(self) -> list[str]:
        """Return every log that was written to, sorted."""
        ...


@dataclass
class _Log:
    head: Head = field(default_factory=Head)
    entries: list[LedgerEntry] = field(default_factory=list)
    subtrees: dict[NodeId, bytes] = field(default_factory=dict)
    checkpoints: dict[int, Checkpoint] = field(default_factory=dict)


class MemoryStore:
    """Logs in memory, for tests and for tools that need no database. One thread, no transactions."""

    def __init__(self) -> None:
        self._logs: dict[str, _Log] = {}

    def head(self, log_id: str) -> Head:
        """Return the head."""
        return self._log(log_id).head

    def lock_head(self, log_id: str) -> Head:
        """Return the head; there is no other writer."""
        return self._logs.setdefault(log_id, _Log()).head

    def add(
        self, log_id: str, entry: LedgerEntry, head: Head, completed: Sequence[Subtree]
    ) -> None:
        """Store the entry, the subtrees that it completed and the new head."""
        log = self._logs.setdefault(log_id, _Log())
        if entry.index != len(log.entries):
            msg = f"log {log_id}: there is an entry {entry.index} already"
            raise LogCorrupt(msg)
        log.entries.append(entry)
        log.subtrees.update(completed)
        log.head = head

    def entries(
        self, log_id: str, start: int, limit: int, section: str | None = None
    ) -> list[LedgerEntry]:
        """Return up to `limit` entries in order, from index `start` on."""
        following = self._log(log_id).entries[max(start, 0) :]
        chosen = (e for e in following if section is None or e.header.section == section)
        return [entry for entry, _ in zip(chosen, range(limit), strict=False)]

    def nodes(self, log_id: str, ids: Collection[NodeId]) -> Mapping[NodeId, bytes]:
        """Return the roots of these perfect subtrees."""
        log = self._log(log_id)
        try:
            return {
                node: log.subtrees[node]
                if node.level
                else bytes.fromhex(log.entries[node.position].leaf_hash)
                for node in ids
            }
        except (KeyError, IndexError) as error:
            msg = f"log {log_id}: a stored subtree is missing"
            raise LogCorrupt(msg) from error

    def add_checkpoint(self, log_id: str, checkpoint: Checkpoint) -> None:
        """Store a checkpoint."""
        self._logs.setdefault(log_id, _Log()).checkpoints[checkpoint.size] = checkpoint

    def latest_checkpoint(self, log_id: str, max_size: int | None = None) -> Checkpoint | None:
        """Return the largest checkpoint (not above `max_size`), if any."""
        checkpoints = self._log(log_id).checkpoints
        sizes = sorted(checkpoints)
        if max_size is not None:
            sizes = sizes[: bisect_right(sizes, max_size)]
        return checkpoints[sizes[-1]] if sizes else None

    def erase(self, log_id: str, index: int) -> None:
        """Forget salt and content of an entry."""
        entries = self._log(log_id).entries
        entries[index] = replace(entries[index], salt=None, content=None)

    def log_ids(self) -> list[str]:
        """Return every log that was written to, sorted."""
        return sorted(self._logs)

    def _log(self, log_id: str) -> _Log:
        return self._logs.get(log_id) or _Log()
