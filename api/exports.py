"""Bundles of a ledger: written to a file, or to a response while it is made."""

import io
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from uuid import UUID

from fastapi.responses import StreamingResponse
from sqlmodel import Session

from api.errors import NotPublished
from api.parts import Parts
from api.signing import Signers
from inspection.database import see_one_state
from inspection.evidence import EvidenceStore
from inspection.item_entries import item_entries
from inspection.journal import area_log_id_of, log_id_of
from inspection.removals import export_lease
from inspection.tables import Enterprise
from ledger import log
from ledger.bundle import AreaProof, write_bundle
from ledger.checkpoint import Checkpoint
from ledger.sql import SqlStore
from ledger.vouching import Vouching

if TYPE_CHECKING:
    from typing_extensions import Buffer

CHUNKS_AHEAD = 16
STALLED_S = 60.0
ZIP: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A zip file that `anxun verify` checks offline",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def latest_checkpoint(session: Session, enterprise_id: UUID) -> Checkpoint:
    """Return the newest signed checkpoint of an enterprise's ledger. Raises `NotPublished`."""
    checkpoint = log.latest_checkpoint(SqlStore(session), log_id_of(enterprise_id))
    if checkpoint is None:
        raise NotPublished("this ledger has no checkpoint yet; try again in some seconds")
    return checkpoint


def published_entries(
    session: Session, enterprise_id: UUID, item_id: UUID, checkpoint: Checkpoint
) -> tuple[int, ...]:
    """Return the entries about an item. Raises `NotPublished` until the checkpoint covers every one of them."""
    indices = item_entries(session, enterprise_id, item_id)
    last = max(indices, default=0)
    if last >= checkpoint.size:
        raise NotPublished(f"no checkpoint covers entry {last} yet; try again in some seconds")
    return indices


def export_bundle(
    parts: Parts,
    enterprise_id: UUID,
    checkpoint: Checkpoint,
    target: BinaryIO,
    indices: Sequence[int] | None = None,
) -> None:
    """Write an enterprise's ledger up to a checkpoint, or some entries of it, with evidence, to a stream."""
    with export_lease(parts.write, enterprise_id), parts.read() as session:
        see_one_state(session)
        export_ledger(session, parts.evidence, parts.signers, checkpoint, target, indices)


def bundle_answer(
    parts: Parts,
    enterprise_id: UUID,
    checkpoint: Checkpoint,
    name: str,
    indices: Sequence[int] | None = None,
) -> StreamingResponse:
    """Answer with a bundle as the file `name`, written while it is sent."""
    return StreamingResponse(
        stream_bundle(
            lambda target: export_bundle(parts, enterprise_id, checkpoint, target, indices)
        ),
        media_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def export_ledger(
    session: Session,
    evidence: EvidenceStore,
    signers: Signers,
    checkpoint: Checkpoint,
    target: Path | BinaryIO,
    indices: Sequence[int] | None = None,
) -> None:
    """Write a ledger up to a checkpoint, or some of its entries, with evidence, as a zip that `anxun verify` checks.

    With the cosignatures of the checkpoint, the proof of its area that most witnesses vouch for, and each change of key.

    Raises `StorageUnavailable` for evidence that is lost, and what `ledger.bundle.write_bundle` raises.
    """
    log_id = checkpoint.origin.rsplit("/", 1)[-1]
    enterprise = session.get_one(Enterprise, UUID(log_id))
    vouching, area_log_id = Vouching(session), area_log_id_of(enterprise.area_id)
    statement = vouching.best_statement(area_log_id, log_id, checkpoint)
    area = None
    if statement is not None:
        vkey = signers.vkey(session, area_log_id, statement.checkpoint)
        changes = vouching.key_changes(area_log_id, vkey, statement.checkpoint)
        area = AreaProof(statement, vkey, tuple(changes))
    vkey = signers.vkey(session, log_id, checkpoint)
    write_bundle(
        target,
        SqlStore(session),
        log_id,
        vouching.cosigned(log_id, checkpoint),
        evidence.open,
        vkey,
        area=area,
        changes=vouching.key_changes(log_id, vkey, checkpoint),
        indices=indices,
        title=enterprise.name,
    )


class _Stalled(Exception):
    """Whoever downloads has gone."""


class _Pipe(io.RawIOBase):
    """The writing end: hands chunks over, and waits while too many are ahead of the reader."""

    def __init__(self) -> None:
        super().__init__()
        self.chunks: queue.Queue[bytes | BaseException | None] = queue.Queue(CHUNKS_AHEAD)
        self.is_abandoned = False

    def writable(self) -> bool:
        """Return True: it cannot be read or sought."""
        return True

    def write(self, data: "Buffer", /) -> int:
        """Hand a chunk over. Raises `_Stalled` when nobody takes it."""
        chunk = bytes(data)
        if chunk:
            self.hand_over(chunk)
        return len(chunk)

    def hand_over(self, item: bytes | BaseException | None) -> None:
        """Hand over a chunk, the error that ended it, or None at the end."""
        if self.is_abandoned:
            raise _Stalled
        try:
            self.chunks.put(item, timeout=STALLED_S)
        except queue.Full:
            raise _Stalled from None


def stream_bundle(write: Callable[[BinaryIO], None]) -> Iterator[bytes]:
    """Yield what `write` writes, while it writes. Its error breaks the stream, so that no one takes it for whole."""
    pipe = _Pipe()
    writer = threading.Thread(
        target=_write_all, args=(write, pipe), name="anxun-export", daemon=True
    )
    writer.start()
    try:
        while (item := pipe.chunks.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        pipe.is_abandoned = True
        while not pipe.chunks.empty():
            pipe.chunks.get_nowait()
        writer.join(STALLED_S)


def _write_all(write: Callable[[BinaryIO], None], pipe: _Pipe) -> None:
    try:
        with io.BufferedWriter(pipe, 1 << 16) as target:
            write(target)
            target.flush()
            pipe.hand_over(None)
    except _Stalled:
        return
    except Exception as error:  # noqa: BLE001  every error must reach the reader
        pipe.hand_over(error)
