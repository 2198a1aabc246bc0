"""Many cameras, one model: every camera has a reader of its own, and the scheduler says whose frame is looked at next."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from edge.address import Kind, Way
from edge.camera import Frame, LiveCamera, capture_of
from edge.cameras import CameraEntry
from edge.capture import TimeSource
from edge.confirm import Confirmer
from edge.errors import StateBusy
from edge.keep import Keep
from edge.lock import work_lock
from edge.look import Look
from edge.scheduler import Scheduler
from edge.settings import Settings
from edge.videofile import FileCamera
from edge.watch import Blindness, Watch

# How often the room looks after itself, seconds.
TICK_S = 0.5
# The way `full` asks for every frame; no plant camera sends more.
FULL_FPS = 25.0


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


MakeCamera = Callable[[CameraEntry, Settings], Camera]
CameraNotice = Callable[[CameraEntry, bool], None]


def make_camera(entry: CameraEntry, settings: Settings) -> Camera:
    """Return a camera that was not started."""
    if entry.address.told_kind is Kind.FILE:
        return FileCamera(Path(entry.source), entry.fps)
    return LiveCamera(entry.address, entry.fps, settings, way=entry.way)


@dataclass(slots=True)
class Watched:
    """A camera that is watched, with all that belongs to it alone."""

    entry: CameraEntry
    camera: Camera
    watch: Watch
    blindness: Blindness
    lock: ExitStack
    seen_at_s: float | None = None

    @property
    def is_live(self) -> bool:
        """Tell whether its pictures are of now."""
        return self.camera.time_source is TimeSource.CLOCK


class Watchroom:
    """Watches its cameras until it is told to stop, or all of them are over.

    `notice` hears when a camera is blind (True) and when it sees again (False).
    """

    def __init__(
        self,
        look: Look,
        keep: Keep,
        settings: Settings,
        notice: CameraNotice,
        *,
        make: MakeCamera = make_camera,
    ) -> None:
        self._look, self._keep, self._settings = look, keep, settings
        self._notice, self._make = notice, make
        self._scheduler = Scheduler()
        self._woken = threading.Event()
        self._ticked_at_s = time.monotonic()
        self.watched: dict[str, Watched] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every camera."""
        for watched in self.watched.values():
            watched.camera.ask_to_stop()
        for watched in self.watched.values():
            watched.camera.stop()
            watched.lock.close()

    def check(self, entries: Sequence[CameraEntry]) -> None:
        """Raise `SetupError` for entries that ask for a hazard which cannot be looked for."""
        for entry in entries:
            self._look.only(entry.hazards, entry.zones)

    def set_cameras(self, entries: Sequence[CameraEntry]) -> None:
        """Watch these and no others; one that did not change goes on undisturbed.

        Raises:
            StateBusy: another process watches one of them; the others are watched.
            SourceInvalid, SetupError: one cannot be watched; the ones before it are.
        """
        wanted = {entry.name: entry for entry in entries}
        for name in [name for name, one in self.watched.items() if wanted.get(name) != one.entry]:
            self._drop(name)
        busy: StateBusy | None = None
        for name in wanted.keys() - self.watched.keys():
            try:
                self._add(wanted[name])
            except StateBusy as error:
                busy = error
        if busy is not None:
            raise busy

    def run(
        self, should_stop: Callable[[], bool], on_tick: Callable[[], None] = lambda: None
    ) -> None:
        """Look at frames until `should_stop`, or every camera is over; `on_tick` is called now and then.

        Raises:
            DiskFull: for so long that findings can no longer be held in memory.
            OutboxUnusable, ModelUnusable: as they say.
        """
        while not should_stop() and not self._is_over():
            now_s = time.monotonic()
            if now_s - self._ticked_at_s >= TICK_S:
                self._ticked_at_s = now_s
                self._tick()
                on_tick()
            if not self._look_once(now_s):
                self._wait(now_s)

    def _add(self, entry: CameraEntry) -> None:
        with ExitStack() as stack:
            stack.enter_context(
                work_lock(self._settings.data_dir, f"watch-{_file_name(entry.name)}")
            )
            look = self._look.only(entry.hazards, entry.zones)
            confirmer = Confirmer(k=entry.k, n=entry.n, gone_after_s=self._settings.gone_after_s)
            camera = self._make(entry, self._settings)
            # A freeze is noticed after three times the read timeout; a slow sampling is no blindness.
            blindness = Blindness(3 * self._settings.camera_read_timeout_s + 2 / entry.fps)
            watch = Watch(look, confirmer, self._keep)
            camera.start(self._woken.set)
            watched = Watched(entry, camera, watch, blindness, stack.pop_all())
        self.watched[entry.name] = watched
        fps = max(entry.fps, FULL_FPS) if entry.way is Way.FULL else entry.fps
        is_patient = not watched.is_live
        self._scheduler.add(entry.name, 1.0 / fps, time.monotonic(), is_patient=is_patient)

    def _drop(self, name: str) -> None:
        watched = self.watched.pop(name)
        self._scheduler.drop(name)
        watched.camera.ask_to_stop()
        watched.lock.close()

    def _is_over(self) -> bool:
        return all(watched.camera.is_over for watched in self.watched.values())

    def _fresh(self) -> dict[str, float]:
        return {
            name: frame.motion
            for name, watched in self.watched.items()
            if (frame := watched.camera.waiting) is not None
        }

    def _look_once(self, now_s: float) -> bool:
        """Look at the most urgent frame, if one is due."""
        name = self._scheduler.pick(now_s, self._fresh())
        if name is None:
            return False
        watched = self.watched[name]
        frame = watched.camera.newest(0)
        if frame is not None:
            self._look_at(watched, frame)
        return True

    def _look_at(self, watched: Watched, frame: Frame) -> None:
        camera, quality = watched.camera, self._settings.jpeg_quality
        try:
            capture = capture_of(frame, watched.entry.name, camera.time_source, quality)
        except ValueError:
            # Damaged on its way from the camera, where only decoding all of it shows that.
            return
        watched.watch.take(capture)

    def _wait(self, now_s: float) -> None:
        wait_s = self._scheduler.wait_s(now_s, self._fresh())
        self._woken.wait(TICK_S if wait_s is None else min(TICK_S, wait_s))
        self._woken.clear()

    def _tick(self) -> None:
        """Look after the cameras that show nothing, and the findings that wait for room on the disk."""
        self._keep.try_again()
        for watched in self.watched.values():
            seen_at_s = watched.camera.seen_at_s
            has_picture = seen_at_s != watched.seen_at_s
            watched.seen_at_s = seen_at_s
            if watched.is_live and watched.blindness.take(has_picture=has_picture):
                self._notice(watched.entry, watched.blindness.is_blind)


def _file_name(camera: str) -> str:
    """Return a camera's name as part of a file name, still distinct."""
    return "".join(c if c.isalnum() or c in "-_" else f"%{ord(c):x}" for c in camera)[:100]
