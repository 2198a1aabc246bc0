"""Many cameras, one model: every camera has a reader of its own, and the scheduler says whose frame is looked at next."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self
from uuid import UUID

from edge.camera import Frame, capture_of
from edge.cameras import CameraEntry
from edge.clips import ClipMaker
from edge.confirm import Confirmer
from edge.errors import CameraRefused, SetupError, StateBusy
from edge.gallery import Gallery
from edge.keep import Keep
from edge.load import WINDOW_S
from edge.lock import work_lock
from edge.look import Look
from edge.pixels import Image
from edge.pressure import Pressure
from edge.scheduler import Fresh, Scheduler
from edge.settings import Settings
from edge.sights import Sights
from edge.standing import Standing
from edge.views import file_name
from edge.watch import Watch
from edge.watched import (
    MakeCamera,
    Pace,
    RoomNotice,
    Watched,
    WayChanged,
    make_camera,
    stand_of,
)
from inspection.box_wire import ItemStanding

# How often the room looks after itself, seconds.
TICK_S = 0.5


class Watchroom:
    """Watches its cameras until it is told to stop, or all of them are over.

    `notice` hears what a technician should.

    Attributes:
        standing: what the box told and is open; set before cameras are.
        gallery: who keeps pictures for the local page; set before cameras are.
        clips: who makes clips of findings, if anybody does.
        image: the last picture that was looked at; None before the first.
        watched: the cameras, by name.
    """

    def __init__(
        self,
        look: Look,
        keep: Keep,
        settings: Settings,
        notice: RoomNotice,
        *,
        make: MakeCamera = make_camera,
        window_s: float = WINDOW_S,
    ) -> None:
        self._look, self._keep, self._settings = look, keep, settings
        self._notice, self._make = notice, make
        self._scheduler = Scheduler()
        self._woken = threading.Event()
        self._ticked_at_s = time.monotonic()
        self._pressure = Pressure(window_s)
        self._is_behind = False
        self._sights = Sights(settings, notice)
        self.standing = Standing()
        self.gallery: Gallery | None = None
        self.clips: ClipMaker | None = None
        self.image: Image | None = None
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
        self._sights.keep(self.watched)

    def check(self, entries: Sequence[CameraEntry]) -> None:
        """Raise `SetupError` for entries that ask for a hazard which cannot be looked for."""
        for entry in entries:
            try:
                self._look.only(entry.hazards, entry.zones)
            except SetupError as error:
                raise CameraRefused(entry.name, error) from error

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

    def take_states(self, states: Mapping[UUID, ItemStanding]) -> None:
        """Take what the server says of findings' items: what was closed and is there is told anew."""
        for place in self.standing.take(states):
            if place.camera in self.watched:
                self.watched[place.camera].watch.forget(place)

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
                self._share_out(now_s)
                on_tick()
            if not self._look_once(now_s):
                self._woken.wait(TICK_S)
                self._woken.clear()

    def set_look(self, look: Look) -> None:
        """Look with another model from now on.

        Raises:
            SetupError: a camera asks for a hazard that it cannot see; nothing was changed.
        """
        looks = {
            name: look.only(one.entry.hazards, one.entry.zones)
            for name, one in self.watched.items()
        }
        self._look = look
        for name, changed in looks.items():
            self.watched[name].watch.look = changed

    @property
    def look(self) -> Look:
        """What looks at the frames."""
        return self._look

    @property
    def is_behind(self) -> bool:
        """Whether more is asked for than the machine can do."""
        return self._is_behind

    def _add(self, entry: CameraEntry) -> None:
        with ExitStack() as stack:
            stack.enter_context(
                work_lock(self._settings.data_dir, f"watch-{file_name(entry.name)}")
            )
            look = self._look.only(entry.hazards, entry.zones)
            demands = entry.demands
            confirmer = Confirmer(
                demands.needs,
                by_hazard=demands.by_hazard,
                gone_after_s=self._settings.gone_after_s,
            )
            camera = self._make(entry, self._settings)
            judge, has_view = self._sights.judge_of(entry)
            watch = Watch(look, confirmer, self._keep, demands, self.standing)
            watch.gallery = self.gallery
            camera.start(self._woken.set)
            watched = Watched(entry, camera, watch, judge, stack.pop_all(), has_view=has_view)
        self.watched[entry.name] = watched
        camera.way = stand_of(watched).best
        self._scheduler.add(entry.name, 1.0 / entry.fps, time.monotonic())

    def _drop(self, name: str) -> None:
        watched = self.watched.pop(name)
        self._sights.keep({name: watched})
        self._scheduler.drop(name)
        watched.camera.ask_to_stop()
        watched.lock.close()

    def _is_over(self) -> bool:
        return all(watched.camera.is_over for watched in self.watched.values())

    def _fresh(self) -> dict[str, Fresh]:
        return {
            name: Fresh(watched.camera.fresh_since_s, frame.motion)
            for name, watched in self.watched.items()
            if (frame := watched.camera.waiting) is not None
        }

    def _look_once(self, now_s: float) -> bool:
        """Look at the most urgent frame, if there is one."""
        name = self._scheduler.pick(now_s, self._fresh())
        if name is None:
            return False
        watched = self.watched[name]
        if watched.is_live:
            self._pressure.note(self._scheduler.turns[name].lateness)
        frame = watched.camera.newest(0)
        if frame is not None:
            watched.motion = frame.motion
            self._look_at(watched, frame)
        return True

    def _look_at(self, watched: Watched, frame: Frame) -> None:
        camera, quality = watched.camera, self._settings.jpeg_quality
        try:
            capture = capture_of(frame, watched.entry.name, camera.time_source, quality)
        except ValueError:
            # Damaged on its way from the camera, where only decoding all of it shows that.
            return
        drafts = watched.watch.take(capture)
        if drafts and self.clips is not None and camera.ring is not None:
            self.clips.want([draft.id for draft in drafts], camera.ring, frame.at_s)
        self.image = capture.image_bgr

    def _tick(self) -> None:
        """Look after the cameras that show nothing, and the findings that wait for room on the disk."""
        self._keep.try_again()
        self._sights.look(self.watched)

    def _share_out(self, now_s: float) -> None:
        """Once a window, decode less where the machine is behind, and more where it is at ease again.

        A camera whose key frames are known for the first time gets its way at once: sixteen that are decoded whole for a
        window pile up more than they can work off in the next.
        """
        live = {name: one for name, one in self.watched.items() if one.is_live}
        stands = [stand_of(watched) for watched in live.values()]
        done_a_second = self._pressure.looks_a_second(now_s)
        ways = self._pressure.judged(now_s, stands) or {
            stand.name: self._pressure.load.way_of(stand)
            for stand in stands
            if stand.key_every_s is not None and not live[stand.name].is_stream_known
        }
        for name, way in ways.items():
            watched = live[name]
            watched.is_stream_known = watched.camera.key_every_s is not None
            if watched.camera.way is not way:
                watched.camera.way = way
                is_lowered = way is not stand_of(watched).best
                self._notice(WayChanged(name, way, is_lowered))
        if ways and self._pressure.load.is_behind != self._is_behind:
            self._is_behind = not self._is_behind
            asked = sum(watched.entry.fps for watched in live.values())
            self._notice(Pace(self._is_behind, asked, done_a_second))
