"""What a box tells of a clip: the clip takes the place of a camera, and walks the product's whole way.

Decoded (`edge.videofile`), looked at by the shipped model, judged by the rules, tracked and confirmed, told unless the item is open, and
kept with its still in a real outbox. Only delivery is left out.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from clip_truth import Clip

from edge.cameras import CameraEntry
from edge.confirm import Needs
from edge.errors import DiskFull
from edge.keep import Keep, RoomChange
from edge.look import Look
from edge.outbox import Outbox
from edge.pixels import Image
from edge.settings import Settings
from edge.videofile import FileCamera
from edge.watchroom import Watchroom
from inspection.wire import FindingDraft
from models.detections import Detections

BEGAN_AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class RememberingLook(Look):
    """A look that sees the same picture once, however often it is asked: both ways are judged by the same detections."""

    seen: dict[bytes, Detections] = field(default_factory=dict)

    @classmethod
    def of(cls, look: Look) -> Self:
        """Return a look that remembers."""
        return cls(look.detector, look.switches, look.hazards, look.zones, look.tiling)

    def detections(self, image_bgr: Image) -> Detections:
        """Return what the model sees in a picture."""
        key = hashlib.blake2b(image_bgr.tobytes(), digest_size=16).digest()
        if key not in self.seen:
            self.seen[key] = super().detections(image_bgr)
        return self.seen[key]

    def fresh(self) -> Self:
        """Return the same look with nothing remembered."""
        return replace(self, seen={})


def told_of(
    folder: Path, clip: Clip, look: Look, needs: Needs, fps: float
) -> list[tuple[float, str]]:
    """Return what a box tells of a clip: when, seconds of the clip, and of which hazard."""
    drafts: list[FindingDraft] = []

    def heard(news: FindingDraft | DiskFull | RoomChange | None) -> None:
        if not isinstance(news, FindingDraft):
            msg = f"the disk gave out: {news}"
            raise SystemExit(msg)
        drafts.append(news)

    entry = CameraEntry(
        name=clip.file,
        source=str(folder / clip.file),
        fps=fps,
        k=needs.k,
        n=needs.n,
        dwell_s=needs.dwell_s,
        hazards=_known(clip, look),
    )
    with TemporaryDirectory() as state:
        settings = Settings(data_dir=Path(state))
        with (
            Outbox(settings.outbox_dir) as outbox,
            Watchroom(look, Keep(outbox, heard), settings, lambda _: None, make=_make) as room,
        ):
            room.set_cameras([entry])
            room.run(lambda: False)
    return [
        ((one.captured_at - BEGAN_AT) / timedelta(seconds=1), one.hazard_code) for one in drafts
    ]


def _make(entry: CameraEntry, _: Settings) -> FileCamera:
    return FileCamera(Path(entry.source), entry.fps, BEGAN_AT)


def _known(clip: Clip, look: Look) -> Sequence[str]:
    """Return the hazards that are looked for: of which the truth says something, and the model too."""
    return tuple(code for code in clip.known if code in look.hazards)
