"""Where evidence bytes are kept on one machine: a folder, or memory (the fake that is shipped, for tests and trials).

One set of tests holds for them and for `inspection.s3.S3Store`.
"""

import errno
import io
import os
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from inspection.errors import (
    EvidenceHashMismatch,
    PartOutOfOrder,
    StorageFull,
    StorageLocked,
    StorageUnavailable,
)
from inspection.evidence import CHUNK, ByteSource, checked_chunks

RESERVED_BYTES = 64 << 20
_NAME = re.compile(r"[0-9a-f-]{64,97}")
_FULL = {errno.ENOSPC, errno.EDQUOT}


class FolderStore:
    """A folder: ``blobs/ab/cd/<sha256>``, written to ``staging`` first, flushed to the disk, then renamed.

    `reserved_bytes` stay free on its disk, so that the database beside it can go on.
    """

    def __init__(self, root: Path, *, reserved_bytes: int = RESERVED_BYTES) -> None:
        self._root, self._reserved_bytes = root, reserved_bytes
        for name in ("blobs", "staging", "parts"):
            (root / name).mkdir(parents=True, exist_ok=True)

    def put(self, sha256: str, source: ByteSource) -> int:
        """Keep the bytes; see `EvidenceStore`."""
        blob = self._blob(sha256)
        staged = self._root / "staging" / uuid4().hex
        try:
            with self._room():
                size = _write(staged, checked_chunks(source, sha256))
                self._publish(staged, blob)
        finally:
            staged.unlink(missing_ok=True)
        return size

    def open(self, sha256: str) -> BinaryIO:
        """Return the bytes; see `EvidenceStore`."""
        try:
            return self._blob(sha256).open("rb")
        except FileNotFoundError:
            raise lost(sha256) from None

    def has(self, sha256: str) -> bool:
        """Return whether the bytes are there."""
        return self._blob(sha256).is_file()

    def size(self, sha256: str) -> int:
        """Return the number of bytes; see `EvidenceStore`."""
        try:
            return self._blob(sha256).stat().st_size
        except FileNotFoundError:
            raise lost(sha256) from None

    def remove(self, sha256: str) -> bool:
        """Delete the bytes; see `EvidenceStore`."""
        blob = self._blob(sha256)
        try:
            blob.unlink()
        except FileNotFoundError:
            return False
        except PermissionError as error:
            raise StorageLocked(sha256, str(error)) from error
        _flush_folder(blob.parent)
        return True

    def part_size(self, key: str) -> int:
        """Return how many bytes of the upload were received."""
        try:
            return self._part(key).stat().st_size
        except FileNotFoundError:
            return 0

    def append_part(self, key: str, offset: int, source: ByteSource) -> int:
        """Add bytes to the upload; see `EvidenceStore`."""
        received = self.part_size(key)
        if received != offset:
            raise PartOutOfOrder(received, offset)
        with self._room(), self._part(key).open("r+b" if received else "wb") as part:
            part.seek(offset)
            while chunk := source.read(CHUNK):
                part.write(chunk)
            part.flush()
            os.fsync(part.fileno())
            return part.tell()

    def open_part(self, key: str) -> BinaryIO:
        """Return the bytes received so far."""
        try:
            return self._part(key).open("rb")
        except FileNotFoundError:
            return io.BytesIO()

    def finish_part(self, key: str, sha256: str) -> int:
        """Keep the upload under its hash; see `EvidenceStore`."""
        part, blob = self._part(key), self._blob(sha256)
        try:
            with part.open("rb") as source:
                size = sum(len(chunk) for chunk in checked_chunks(source, sha256))
            with self._room():
                self._publish(part, blob)
        except FileNotFoundError:
            raise lost(sha256) from None
        except EvidenceHashMismatch:
            self.drop_part(key)
            raise
        return size

    def drop_part(self, key: str) -> None:
        """Forget the upload."""
        self._part(key).unlink(missing_ok=True)

    def sweep(self, before: datetime) -> int:
        """Forget what a crash or a phone that never came back has left."""
        swept = 0
        for path in (*(self._root / "staging").iterdir(), *(self._root / "parts").iterdir()):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before.timestamp():
                    path.unlink()
                    swept += 1
        return swept

    def _blob(self, sha256: str) -> Path:
        check_name(sha256)
        return self._root / "blobs" / sha256[:2] / sha256[2:4] / sha256

    def _part(self, key: str) -> Path:
        check_name(key)
        return self._root / "parts" / key

    def _publish(self, staged: Path, blob: Path) -> None:
        blob.parent.mkdir(parents=True, exist_ok=True)
        staged.replace(blob)
        # The names must survive a power cut too: of the file, and of folders that may be new.
        for folder in (blob.parent, blob.parent.parent, blob.parent.parent.parent):
            _flush_folder(folder)

    @contextmanager
    def _room(self) -> Iterator[None]:
        if shutil.disk_usage(self._root).free < self._reserved_bytes:
            raise StorageFull
        with no_room_is_storage_full():
            yield


class MemoryStore:
    """Bytes in memory, gone when the program ends."""

    def __init__(self) -> None:
        self._blobs: dict[str, bytes] = {}
        self._parts: dict[str, tuple[bytes, datetime]] = {}
        self._lock = threading.Lock()

    def put(self, sha256: str, source: ByteSource) -> int:
        """Keep the bytes; see `EvidenceStore`."""
        check_name(sha256)
        data = b"".join(checked_chunks(source, sha256))
        self._blobs[sha256] = data
        return len(data)

    def open(self, sha256: str) -> BinaryIO:
        """Return the bytes; see `EvidenceStore`."""
        try:
            return io.BytesIO(self._blobs[sha256])
        except KeyError:
            raise lost(sha256) from None

    def has(self, sha256: str) -> bool:
        """Return whether the bytes are there."""
        return sha256 in self._blobs

    def size(self, sha256: str) -> int:
        """Return the number of bytes; see `EvidenceStore`."""
        with self.open(sha256) as source:
            return len(source.read())

    def remove(self, sha256: str) -> bool:
        """Delete the bytes; see `EvidenceStore`."""
        return self._blobs.pop(sha256, None) is not None

    def part_size(self, key: str) -> int:
        """Return how many bytes of the upload were received."""
        return len(self._received(key))

    def append_part(self, key: str, offset: int, source: ByteSource) -> int:
        """Add bytes to the upload; see `EvidenceStore`."""
        check_name(key)
        with self._lock:
            received = self._received(key)
            if len(received) != offset:
                raise PartOutOfOrder(len(received), offset)
            while chunk := source.read(CHUNK):
                received += chunk
                self._parts[key] = received, datetime.now(UTC)
            return len(received)

    def open_part(self, key: str) -> BinaryIO:
        """Return the bytes received so far."""
        return io.BytesIO(self._received(key))

    def finish_part(self, key: str, sha256: str) -> int:
        """Keep the upload under its hash; see `EvidenceStore`."""
        if key not in self._parts:
            raise lost(sha256)
        # Memory can fail in one way only: the hash is wrong.
        try:
            return self.put(sha256, self.open_part(key))
        finally:
            self.drop_part(key)

    def drop_part(self, key: str) -> None:
        """Forget the upload."""
        self._parts.pop(key, None)

    def sweep(self, before: datetime) -> int:
        """Forget uploads that nobody touched."""
        old = [key for key, (_, at) in self._parts.items() if at < before]
        for key in old:
            self.drop_part(key)
        return len(old)

    def _received(self, key: str) -> bytes:
        return self._parts.get(key, (b"", datetime.now(UTC)))[0]


def check_name(name: str) -> None:
    """Refuse what is neither a sha256 nor a `part_key`: it would become a path."""
    if not _NAME.fullmatch(name):
        msg = f"{name!r} does not name evidence"
        raise ValueError(msg)


def lost(sha256: str) -> StorageUnavailable:
    """Return the error for bytes that should be there."""
    return StorageUnavailable(f"the evidence store does not hold {sha256}")


@contextmanager
def no_room_is_storage_full() -> Iterator[None]:
    """Turn the system's "no space left" into `StorageFull`."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFull from error
        raise


def _write(path: Path, chunks: Iterator[bytes]) -> int:
    with path.open("xb") as staged:
        for chunk in chunks:
            staged.write(chunk)
        staged.flush()
        os.fsync(staged.fileno())
        return staged.tell()


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
