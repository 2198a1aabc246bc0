"""Clips that wait for delivery, on the disk, within a budget. What was not delivered is never thrown away to make room for a clip: the
new one is left out instead, and counted. Only findings and their stills need the room more (edge.outbox_room). What was delivered goes at
once; the server has it.

``clips/SHA.mp4`` is a clip, ``clips/SHA.json`` names the findings that it belongs to; the latter is written last.
"""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from edge.evidence_files import EvidenceFiles
from edge.private_file import write_private

# Left free for findings and their stills.
RESERVED_BYTES = 512 << 20


@dataclass(frozen=True, slots=True)
class WaitingClip:
    """A clip and the findings that it still has to be added to."""

    sha256: str
    finding_ids: tuple[UUID, ...]
    size: int
    made_at_s: float


class ClipStore:
    """The clips under a folder: at most `max_bytes` of them, and at most what `spare_bytes` says that stills leave for them.

    Attributes:
        left_out: clips for which there was no room.
    """

    def __init__(
        self, folder: Path, max_bytes: int, spare_bytes: Callable[[], float] = lambda: float("inf")
    ) -> None:
        self.folder, self.max_bytes, self._spare_bytes = folder, max_bytes, spare_bytes
        self._files = EvidenceFiles(folder / "files")
        self.left_out = 0

    def put(self, data: bytes, finding_ids: Sequence[UUID]) -> bool:
        """Keep a clip; return whether there was room for it."""
        if not self._has_room(len(data)):
            self.left_out += 1
            return False
        try:
            self._files.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            sha256 = self._files.put(data)
            self._write(sha256, finding_ids)
        except OSError:
            # Findings and their stills need the room more.
            self.left_out += 1
            return False
        return True

    def _has_room(self, size: int) -> bool:
        if self.total_bytes() + size > min(self.max_bytes, self._spare_bytes()):
            return False
        folder = next(one for one in (self.folder, *self.folder.parents) if one.exists())
        return shutil.disk_usage(folder).free - size > RESERVED_BYTES

    def waiting(self) -> list[WaitingClip]:
        """Return the clips that wait, oldest first."""
        found = []
        for path in self.folder.glob("?" * 64 + ".json"):
            file = self._files.path(path.stem)
            try:
                ids = tuple(UUID(one) for one in json.loads(path.read_bytes()))
                status = file.stat()
            except (OSError, ValueError, TypeError):
                path.unlink(missing_ok=True)
                continue
            found.append(WaitingClip(path.stem, ids, status.st_size, status.st_mtime))
        return sorted(found, key=lambda clip: (clip.made_at_s, clip.sha256))

    def read(self, sha256: str) -> bytes:
        """Return a clip.

        Raises:
            EvidenceDamaged: the file is gone or holds something else.
        """
        return self._files.read(sha256)

    def settle(self, clip: WaitingClip, finding_ids: Sequence[UUID]) -> None:
        """Write down that a clip was added to findings; it goes with the last of them."""
        left = [one for one in clip.finding_ids if one not in finding_ids]
        if left:
            self._write(clip.sha256, left)
            return
        (self.folder / f"{clip.sha256}.json").unlink(missing_ok=True)
        self._files.remove(clip.sha256)

    def give_up_oldest(self) -> bool:
        """Throw the oldest clip away, because a finding needs its room; return whether there was one."""
        waiting = self.waiting()
        if not waiting:
            return False
        self.settle(waiting[0], waiting[0].finding_ids)
        self.left_out += 1
        return True

    def total_bytes(self) -> int:
        """Return the size of all clips."""
        return self._files.total_bytes()

    def _write(self, sha256: str, finding_ids: Sequence[UUID]) -> None:
        write_private(self.folder / f"{sha256}.json", json.dumps([str(one) for one in finding_ids]))
