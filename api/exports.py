"""Bundles of a ledger: written to a file, or to a response while it is made."""

import io
import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from uuid import UUID

from sqlmodel import Session

from api.parts import Parts
from inspection.evidence import EvidenceStore
from inspection.journal import log_id_of
from inspection.removals import export_lease
from inspection.tables import Enterprise
from ledger.bundle import write_bundle
from ledger.checkpoint import Checkpoint
from ledger.sql import SqlStore

if TYPE_CHECKING:
    from typing_extensions import Buffer

CHUNKS_AHEAD = 16
STALLED_S = 60.0


def export_bundle(
    parts: Parts, enterprise_id: UUID, checkpoint: Checkpoint, target: BinaryIO
) -> None:
    """Write an enterprise's ledger up to a checkpoint, with its evidence, to a stream."""
    with export_lease(parts.write, enterprise_id), parts.read() as session:
        vkey = parts.signers.vkey(session, log_id_of(enterprise_id), checkpoint)
        export_ledger(session, parts.evidence, vkey, checkpoint, target)


def export_ledger(
    session: Session,
    evidence: EvidenceStore,
    vkey: str,
    checkpoint: Checkpoint,
    target: Path | BinaryIO,
) -> None:
    """Write a ledger up to a checkpoint, with its evidence, as a zip that `anxun verify` checks.

    Raises `StorageUnavailable` for evidence that is lost, and what `ledger.bundle.write_bundle` raises.
    """
    log_id = checkpoint.origin.rsplit("/", 1)[-1]
    enterprise = session.get_one(Enterprise, UUID(log_id))
    write_bundle(
        target,
        SqlStore(session),
        log_id,
        checkpoint,
        evidence.open,
        vkey,
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
