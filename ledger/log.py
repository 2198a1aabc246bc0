"""Append to a log, publish checkpoints, prove. Inside the caller's transaction: it flushes, it never commits.

A write has three states: *sequenced*, its transaction committed and it has an index; *integrated*, the stored
tree covers it; *published*, a checkpoint covers it. Here an append sequences and integrates in one step.
An append and a proof read and write O(log n) rows and never re-read the log; only `audit` does.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ledger.checkpoint import Checkpoint, sign_checkpoint, verify_checkpoint
from ledger.entry import LedgerEntry, Record, seal
from ledger.errors import LedgerError, LogCorrupt, OutOfRange
from ledger.merkle import (
    NodeId,
    Span,
    append_leaf,
    consistency_spans,
    edge_nodes,
    inclusion_spans,
    root_of,
    span_roots,
    verify_consistency,
)
from ledger.note import Signer, VerifierKey
from ledger.proof import ConsistencyProof, InclusionProof, TlogProof
from ledger.store import Head, LogStore

PAGE = 500


class WriteState(StrEnum):
    """How far a write has come; each state includes the ones before."""

    SEQUENCED = "sequenced"
    INTEGRATED = "integrated"
    PUBLISHED = "published"


@dataclass(frozen=True)
class Audit:
    """What `audit` read and found to be whole."""

    size: int
    root: bytes
    erased: int
    checkpoints: int


def append(store: LogStore, log_id: str, record: Record) -> LedgerEntry:
    """Add a record as the log's next entry, O(log n). Locks the log until the caller's transaction ends.

    Raises EntryError for data that canonical JSON can't hold, LogCorrupt when the index is taken.
    """
    head = store.lock_head(log_id)
    entry = seal(log_id, head.size, record)
    edge, completed = append_leaf(head.size, head.edge, bytes.fromhex(entry.leaf_hash))
    store.add(log_id, entry, Head(head.size + 1, edge), completed)
    return entry


def publish_checkpoint(store: LogStore, log_id: str, signer: Signer) -> Checkpoint:
    """Sign the log's present size, O(log n); the origin is the signer's name. The same one again when nothing grew.

    Raises LogCorrupt instead of signing anything that contradicts the checkpoint before.
    """
    head = store.lock_head(log_id)
    root = root_of(head.edge)
    latest = store.latest_checkpoint(log_id)
    if latest is not None:
        _check_continues(store, log_id, latest, head)
        is_own = latest.origin == signer.verifier.name
        if latest.size == head.size and is_own and _is_signed_by(latest, signer.verifier):
            return latest
    checkpoint = sign_checkpoint(signer.verifier.name, head.size, root, signer)
    store.add_checkpoint(log_id, checkpoint)
    return checkpoint


def latest_checkpoint(store: LogStore, log_id: str) -> Checkpoint | None:
    """Return the newest checkpoint, or None when none was published."""
    return store.latest_checkpoint(log_id)


def entries(
    store: LogStore, log_id: str, start: int = 0, limit: int = 100, *, section: str | None = None
) -> list[LedgerEntry]:
    """Return up to `limit` entries in order, from index `start` on; of one section if that is given."""
    return store.entries(log_id, start, limit, section)


def get_entry(store: LogStore, log_id: str, index: int) -> LedgerEntry:
    """Return one entry. Raises OutOfRange."""
    found = store.entries(log_id, index, 1) if index >= 0 else []
    if not found or found[0].index != index:
        msg = f"log {log_id} has no entry {index}"
        raise OutOfRange(msg)
    return found[0]


def state_of(store: LogStore, log_id: str, index: int) -> WriteState:
    """Return how far the write of an entry has come. Raises OutOfRange."""
    if not 0 <= index < store.head(log_id).size:
        msg = f"log {log_id} has no entry {index}"
        raise OutOfRange(msg)
    latest = store.latest_checkpoint(log_id)
    is_published = latest is not None and index < latest.size
    return WriteState.PUBLISHED if is_published else WriteState.INTEGRATED


def root_at(store: LogStore, log_id: str, size: int) -> bytes:
    """Return the root that the log had at `size`. Raises OutOfRange."""
    _check_size(store, log_id, size)
    nodes = edge_nodes(0, size)
    hashes = store.nodes(log_id, nodes)
    return root_of([hashes[node] for node in nodes])


def prove_inclusion(store: LogStore, log_id: str, index: int, size: int) -> InclusionProof:
    """Prove entry `index` in the tree of `size`, O(log n). Raises OutOfRange."""
    _check_size(store, log_id, size)
    return InclusionProof(index, size, _roots(store, log_id, inclusion_spans(index, size)))


def prove_consistency(
    store: LogStore, log_id: str, old_size: int, new_size: int
) -> ConsistencyProof:
    """Prove that the tree of `new_size` continues that of `old_size`, O(log n). Raises OutOfRange."""
    _check_size(store, log_id, new_size)
    spans = consistency_spans(old_size, new_size)
    return ConsistencyProof(old_size, new_size, _roots(store, log_id, spans))


def tlog_proof(store: LogStore, log_id: str, index: int, checkpoint: Checkpoint) -> TlogProof:
    """Prove entry `index` under a checkpoint, ready to be handed out as a file. Raises OutOfRange."""
    proof = prove_inclusion(store, log_id, index, checkpoint.size)
    return TlogProof(index, proof.hashes, checkpoint)


def erase_content(store: LogStore, log_id: str, index: int) -> None:
    """Forget content and salt of an entry; its header, and every proof, still hold. Raises OutOfRange."""
    get_entry(store, log_id, index)
    store.erase(log_id, index)


def walk(store: LogStore, log_id: str, size: int) -> Iterator[LedgerEntry]:
    """Yield the first `size` entries, a page at a time. Raises LogCorrupt when one is missing."""
    start = 0
    while start < size:
        page = store.entries(log_id, start, min(PAGE, size - start))
        for entry in page:
            if entry.index != start:
                break
            yield entry
            start += 1
        if not page or page[-1].index != start - 1:
            msg = f"log {log_id}: entry {start} is missing"
            raise LogCorrupt(msg)


def audit(
    store: LogStore,
    log_id: str,
    keys: Sequence[VerifierKey],
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Audit:
    """Read the whole log again and compare it with all that is stored about it: leaves, tree, head, checkpoints.

    `progress` is told how many of how many entries were read. Raises LogCorrupt naming the first fault.
    """
    head = store.head(log_id)
    checkpoints = _checkpoints_by_size(store, log_id, keys)
    _check_root(log_id, checkpoints, 0, ())
    edge: tuple[bytes, ...] = ()
    erased = 0
    for entry in walk(store, log_id, head.size):
        _check_entry(log_id, entry)
        leaf = bytes.fromhex(entry.leaf_hash)
        edge, completed = append_leaf(entry.index, edge, leaf)
        stored = store.nodes(log_id, [node for node, _ in completed])
        if dict(completed) != stored:
            msg = f"log {log_id}: the stored tree is wrong at entry {entry.index}"
            raise LogCorrupt(msg)
        erased += entry.is_erased
        _check_root(log_id, checkpoints, entry.index + 1, edge)
        if progress is not None:
            progress(entry.index + 1, head.size)
    if edge != head.edge or (checkpoints and max(checkpoints) > head.size):
        msg = f"log {log_id}: the stored head does not fit its {head.size} entries and checkpoints"
        raise LogCorrupt(msg)
    return Audit(head.size, root_of(edge), erased, len(checkpoints))


def _roots(store: LogStore, log_id: str, spans: Sequence[Span]) -> tuple[bytes, ...]:
    wanted: set[NodeId] = {node for span in spans for node in edge_nodes(*span)}
    return span_roots(spans, store.nodes(log_id, wanted))


def _check_size(store: LogStore, log_id: str, size: int) -> None:
    known = store.head(log_id).size
    if not 0 <= size <= known:
        msg = f"log {log_id} has {known} entries, not {size}"
        raise OutOfRange(msg)


def _check_continues(store: LogStore, log_id: str, latest: Checkpoint, head: Head) -> None:
    try:
        proof = _roots(store, log_id, consistency_spans(latest.size, head.size))
        verify_consistency(latest.size, head.size, proof, latest.root, root_of(head.edge))
    except LedgerError as error:
        msg = f"log {log_id} contradicts its checkpoint of size {latest.size}: {error}"
        raise LogCorrupt(msg) from error


def _is_signed_by(checkpoint: Checkpoint, key: VerifierKey) -> bool:
    try:
        verify_checkpoint(checkpoint.text, [key])
    except LedgerError:
        return False
    return True


def _checkpoints_by_size(
    store: LogStore, log_id: str, keys: Sequence[VerifierKey]
) -> dict[int, Checkpoint]:
    found: dict[int, Checkpoint] = {}
    checkpoint = store.latest_checkpoint(log_id)
    while checkpoint is not None:
        try:
            verify_checkpoint(checkpoint.text, keys)
        except LedgerError as error:
            msg = f"log {log_id}: checkpoint of size {checkpoint.size}: {error}"
            raise LogCorrupt(msg) from error
        found[checkpoint.size] = checkpoint
        checkpoint = store.latest_checkpoint(log_id, checkpoint.size - 1)
    return found


def _check_entry(log_id: str, entry: LedgerEntry) -> None:
    try:
        entry.check()
        is_own = entry.header.log == log_id
    except LedgerError as error:
        msg = f"log {log_id}: {error}"
        raise LogCorrupt(msg) from error
    if not is_own:
        msg = f"log {log_id}: entry {entry.index} is of log {entry.header.log}"
        raise LogCorrupt(msg)


def _check_root(
    log_id: str, checkpoints: dict[int, Checkpoint], size: int, edge: tuple[bytes, ...]
) -> None:
    checkpoint = checkpoints.get(size)
    if checkpoint is not None and checkpoint.root != root_of(edge):
        msg = f"log {log_id}: its checkpoint of size {size} signs another root"
        raise LogCorrupt(msg)
