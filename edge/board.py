"""Gathers what a running watch says of itself, and keeps it in a file for `anxun-edge status`. Called by the watch's own loop."""

import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from edge.address import shown
from edge.box_state import (
    BoxState,
    CameraState,
    ConfigurationState,
    ModelState,
    OutboxState,
)
from edge.clock import JumpWatch
from edge.instant import Instant
from edge.keep import Keep
from edge.look import Look
from edge.settings import Settings
from edge.sight_book import SightBook, true_now
from edge.watched import Watched
from edge.watchroom import Watchroom
from inspection.sight import Sight
from inspection.wire import utc_now

# How often the state is gathered, and the file written, seconds.
GATHERED_EVERY_S = 1.0
WRITTEN_EVERY_S = 5.0
# A disk with less room than that takes no state of 64 cameras beside what others write.
LEAST_FREE_BYTES = 1 << 20
_STATM = Path("/proc/self/statm")


@dataclass(slots=True)
class Sources:
    """What a board asks besides the room.

    Attributes:
        outbox: what waits for delivery.
        configuration: which cameras file is watched.
        model_trouble: why another model is not used.
        on_jump: hears that the clock jumped, and how far, seconds.
        device, page: this box's name, and the address of its page.
    """

    outbox: Callable[[], OutboxState] = OutboxState
    configuration: Callable[[], ConfigurationState] = ConfigurationState
    model_trouble: Callable[[], str] = lambda: ""
    device: str | None = None
    page: str | None = None
    on_jump: Callable[[float], None] = lambda _: None


@dataclass(slots=True)
class Board:
    """The state of a room, gathered now and then by `update`.

    Attributes:
        state: as last gathered; replaced, never changed, so that other threads may read it.
        jumps: notices that the clock was set.
        book: how long each camera saw.
    """

    room: Watchroom
    keep: Keep
    settings: Settings
    sources: Sources
    state: BoxState = field(init=False)
    jumps: JumpWatch = field(default_factory=lambda: JumpWatch(Instant.now()))
    book: SightBook = field(init=False)
    _version: str = field(default_factory=lambda: version("anxun"))
    _started_at: datetime = field(default_factory=utc_now)
    _offset_s: float | None = None
    _gathered_s: float = float("-inf")
    _written_s: float = float("-inf")

    def __post_init__(self) -> None:
        self.book = SightBook(self.settings.sight_book_path)
        self.state = self._gather(time.monotonic(), 0.0)

    def update(self) -> bool:
        """Gather the state and write its file, where it is time; return whether it was gathered."""
        now_s = time.monotonic()
        if now_s - self._gathered_s < GATHERED_EVERY_S:
            return False
        lasted_s = 0.0 if self._gathered_s < 0 else now_s - self._gathered_s
        self._gathered_s = now_s
        if self.jumps.look(Instant.now()):
            self.sources.on_jump(self.jumps.last_s or 0.0)
        self.state = self._gather(now_s, lasted_s)
        self.book.write()
        if now_s - self._written_s >= WRITTEN_EVERY_S:
            self._written_s = now_s
            self.write()
        return True

    def write(self) -> None:
        """Write the file; a full disk takes nothing from watching, and leaves its time alone to say that the watch turns.

        Not synced: after a power cut nobody runs.
        """
        path = self.settings.state_path
        partial = path.with_suffix(".part")
        try:
            handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(self.state.model_dump_json())
            partial.replace(path)
        except OSError:
            with suppress(OSError):
                # Half a file would take the room that the next one needs.
                partial.unlink(missing_ok=True)
            with suppress(OSError):
                # That it turns can be told without room.
                os.utime(path)

    def _gather(self, now_s: float, lasted_s: float) -> BoxState:
        now = utc_now()
        self._offset_s = self.keep.clock_offset_s()
        return BoxState(
            version=self._version,
            pid=os.getpid(),
            started_at=self._started_at,
            at=now,
            cameras=tuple(
                self._camera(watched, now_s, now, lasted_s)
                for _, watched in sorted(self.room.watched.items())
            ),
            model=_model(self.room.look, self.sources.model_trouble()),
            outbox=self.sources.outbox().model_copy(update={"held": self.keep.held}),
            configuration=self.sources.configuration(),
            clock_offset_s=self._offset_s,
            clock_jumps=self.jumps.jumps,
            clock_jumped_s=self.jumps.last_s,
            clock_jumped_at=_moment(self.jumps.at_wall_s),
            disk_free_bytes=_free_bytes(self.settings.data_dir),
            disk_full_at=self.keep.disk_full_at,
            memory_bytes=memory_bytes(),
            is_behind=self.room.is_behind,
            device=self.sources.device,
            page=self.sources.page,
        )

    def _camera(
        self, watched: Watched, now_s: float, now: datetime, lasted_s: float
    ) -> CameraState:
        name, camera, judge = watched.entry.name, watched.camera, watched.judge
        true_at = true_now(self._offset_s)
        is_live, has_come = watched.is_live, camera.seen_at_s is not None
        is_seeing = judge.sight is Sight.SEEING and has_come
        if is_live:
            sight = Sight.ABSENT if not has_come else judge.sight
            self.book.add(name, sight, lasted_s, true_at)
        seen_s, blind_s = self.book.today(name, true_at)
        frame_at = None
        if is_live and camera.seen_at_s is not None:
            frame_at = _ago(now, now_s - camera.seen_at_s)
        return CameraState(
            name=name,
            source=shown(watched.entry.source),
            # What never showed a picture does not see, also before that counts.
            sight=judge.sight if has_come or not is_live else Sight.ABSENT,
            since=_ago(now, now_s - judge.since_s),
            frame_at=frame_at,
            trouble="" if is_seeing else camera.trouble,
            way=camera.way.value,
            fps=watched.entry.fps,
            connections=camera.connections,
            looked=watched.watch.looked,
            found=watched.watch.found,
            repeated=watched.watch.repeated,
            look_s=watched.watch.look_s,
            seen_s=seen_s,
            blind_s=blind_s,
        )


@dataclass(frozen=True, slots=True)
class Heard:
    """What somebody who asks from outside learns of a watch.

    Attributes:
        state: what it last said of itself; None where none ever did.
        turned_at: when it last said something, or tried to on a full disk.
        free_bytes: of the disk, now; None where the system does not say.
    """

    state: BoxState | None
    turned_at: datetime | None
    free_bytes: int | None

    @property
    def is_disk_full(self) -> bool:
        """Whether nothing can be written, the watch's state included."""
        return self.free_bytes is not None and self.free_bytes < LEAST_FREE_BYTES


def hear(settings: Settings) -> Heard:
    """Return what can be learnt of a state folder's watch without writing anything."""
    path = settings.state_path
    turned_at = None
    with suppress(OSError):
        turned_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return Heard(read_state(path), turned_at, _free_bytes(settings.data_dir))


def read_state(path: Path) -> BoxState | None:
    """Return what a watch last said of itself; None where none ever did, or what it said cannot be read."""
    try:
        return BoxState.model_validate_json(path.read_bytes())
    except (OSError, ValueError):
        return None


def is_running(state: BoxState) -> bool:
    """Tell whether the process that said so is still there."""
    try:
        os.kill(state.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def memory_bytes() -> int | None:
    """Return this process's resident memory; None where the system does not say."""
    try:
        pages = int(_STATM.read_text("ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def _moment(wall_s: float | None) -> datetime | None:
    return None if wall_s is None else datetime.fromtimestamp(wall_s, UTC)


def _ago(now: datetime, seconds: float) -> datetime:
    return (now - timedelta(seconds=max(0.0, seconds))).astimezone(UTC)


def _free_bytes(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def _model(look: Look, trouble: str) -> ModelState:
    detector = look.detector
    return ModelState(
        name=detector.name,
        version=detector.version,
        sha256=detector.sha256,
        runtime=detector.runtime.name,
        precision=detector.runtime.precision,
        trouble=trouble,
    )
