"""Content-addressed files that survive a power cut: written beside, synced, renamed, folder synced."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from edge.errors import EvidenceDamaged


class EvidenceFiles:
    """Evidence named by its sha256 under `folder`. Writers hold the outbox's write lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, sha256: str) -> Path:
        """Return where the bytes of a hash are kept (256 folders, so that none grows huge)."""
        return self.folder / sha256[:2] / sha256

    def put(self, data: bytes) -> str:
        """Keep bytes and return their sha256. When it returns, they are on the disk.

        Raises:
            OSError: as the disk says; a partial file is removed.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        target = self.path(sha256)
        if target.exists():
            return sha256
        if not target.parent.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            _sync_folder(self.folder)
        partial = target.with_suffix(".part")
        try:
            _write_synced(partial, data)
            partial.replace(target)
        except OSError:
            partial.unlink(missing_ok=True)
            raise
        _sync_folder(target.parent)
        return sha256

    def read(self, sha256: str) -> bytes:
        """Return the bytes of a hash.

        Raises:
            EvidenceDamaged: the file is gone or holds something else.
        """
        try:
            data = self.path(sha256).read_bytes()
        except OSError as error:
            raise EvidenceDamaged(sha256, error.strerror or str(error)) from error
        if (actual := hashlib.sha256(data).hexdigest()) != sha256:
            raise EvidenceDamaged(sha256, f"its bytes hash to {actual}")
        return data

    def remove(self, sha256: str) -> None:
        """Remove a file; it is fine if it is gone."""
        self.path(sha256).unlink(missing_ok=True)

    def names(self) -> Iterator[str]:
        """Yield the name of every kept file; a name with a suffix is a write that was cut off."""
        for path in self.folder.glob("??/*"):
            yield path.name

    def total_bytes(self) -> int:
        """Return the size of all kept files."""
        return sum(path.stat().st_size for path in self.folder.glob("??/*"))


def _write_synced(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(handle, view) :]
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_folder(folder: Path) -> None:
    """A rename is only durable once its folder is."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
