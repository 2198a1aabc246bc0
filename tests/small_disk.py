"""A disk of its own for a test, so small that it can be filled: a tmpfs, mounted where that is allowed."""

import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self


class MountRefused(Exception):
    """This machine lets nobody mount; the reason is its text."""


class SmallDisk:
    """A file system of so many bytes at a folder, while its block lasts."""

    def __init__(self, folder: Path, size_bytes: int) -> None:
        self.folder, self._size = folder, size_bytes
        self._filler = folder / "filler"

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            mounted = subprocess.run(
                ["mount", "-t", "tmpfs", "-o", f"size={self._size}", "tmpfs", self.folder],
                capture_output=True, text=True, check=False, timeout=30,
            )  # fmt: skip
        except OSError as error:
            raise MountRefused(f"no tmpfs can be mounted: {error}") from error
        if mounted.returncode:
            raise MountRefused(f"no tmpfs can be mounted: {mounted.stderr.strip()}")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        subprocess.run(["umount", "--lazy", self.folder], check=True, timeout=30)

    def fill(self) -> None:
        """Take whatever is left, to the last block."""
        block = bytes(1 << 16)
        with self._filler.open("ab", buffering=0) as file:
            while True:
                try:
                    file.write(block)
                except OSError:
                    if len(block) == 1:
                        return
                    block = block[: len(block) // 16]

    def empty(self) -> None:
        """Give it back."""
        self._filler.unlink(missing_ok=True)
