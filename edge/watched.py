"""A camera that is watched, with all that belongs to it alone, and what is told of it."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edge.address import Kind, Way
from edge.camera import Frame, LiveCamera
from edge.cameras import CameraEntry
from edge.capture import TimeSource
from edge.clip_ring import ClipRing
from edge.load import Stand
from edge.pixels import Image
from edge.settings import Settings
from edge.sight import SightJudge
from edge.videofile import FileCamera
from edge.watch import Watch
from inspection.sight import Sight


class Camera(Protocol):
    """What the room needs of a camera. See `LiveCamera` and `FileCamera`."""

    @property
    def time_source(self) -> TimeSource:
        """Where its times come from."""
        ...

    @property
    def is_over(self) -> bool:
        """Whether no frame will come any more."""
        ...

    @property
    def waiting(self) -> Frame | None:
        """The frame that was not handed out yet."""
        ...

    @property
    def seen_at_s(self) -> float | None:
        """When its last frame came."""
        ...

    @property
    def trouble(self) -> str:
        """Why there is no picture; empty while there is one."""
        ...

    @property
    def connections(self) -> int:
        """How often it was opened."""
        ...

    @property
    def fresh_since_s(self) -> float:
        """Since when there is a frame that was not handed out, while there is one."""
        ...

    @property
    def luma(self) -> Image | None:
        """Its last frame in grey and small, None before the first."""
        ...

    @property
    def ring(self) -> ClipRing | None:
        """Its last seconds, for clips."""
        ...

    @property
    def key_every_s(self) -> float | None:
        """How far apart its key frames are, seconds; None while unknown."""
        ...

    @property
    def way(self) -> Way:
        """How much of it is decoded."""
        ...

    @way.setter
    def way(self, way: Way) -> None: ...

    def start(self, on_frame: Callable[[], None]) -> None:
        """Begin; `on_frame` is called when there is a new frame."""
        ...

    def ask_to_stop(self) -> None:
        """Begin to end."""
        ...

    def stop(self) -> None:
        """End, and wait for it."""
        ...

    def newest(self, timeout_s: float) -> Frame | None:
        """Hand out the frame that waits."""
        ...


@dataclass(frozen=True, slots=True)
class SightChanged:
    """A camera is blind, or sees again; since when, in seconds before now."""

    camera: str
    sight: Sight
    since_s: float


@dataclass(frozen=True, slots=True)
class WayChanged:
    """A camera is decoded in another way from now on, because of the load or of what its stream turned out to be."""

    camera: str
    way: Way
    is_lowered: bool


@dataclass(frozen=True, slots=True)
class Pace:
    """More is asked for than the machine can do, with nothing left to save on; or it keeps up again."""

    is_behind: bool
    asked_a_second: float
    done_a_second: float


RoomNews = SightChanged | WayChanged | Pace
MakeCamera = Callable[[CameraEntry, Settings], Camera]
RoomNotice = Callable[[RoomNews], None]


def make_camera(entry: CameraEntry, settings: Settings) -> Camera:
    """Return a camera that was not started."""
    if entry.address.told_kind is Kind.FILE:
        return FileCamera(Path(entry.source), entry.fps)
    return LiveCamera(entry.address, entry.fps, settings)


@dataclass(slots=True)
class Watched:
    """A camera that is watched, with all that belongs to it alone.

    Attributes:
        is_stream_known: it was seen how far apart its key frames are, and its way was chosen by that.
    """

    entry: CameraEntry
    camera: Camera
    watch: Watch
    judge: SightJudge
    lock: ExitStack
    judged_at_s: float = 0.0
    has_view: bool = False
    motion: float = 0.0
    is_stream_known: bool = False

    @property
    def is_live(self) -> bool:
        """Tell whether its pictures are of now."""
        return self.camera.time_source is TimeSource.CLOCK


def stand_of(watched: Watched) -> Stand:
    """Return how a camera is watched, as the load is judged by."""
    entry = watched.entry
    return Stand(
        entry.name,
        entry.way,
        1.0 / entry.fps,
        watched.camera.key_every_s,
        watched.motion,
        entry.keeps_way,
    )
