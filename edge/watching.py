"""What `anxun-edge watch` does: one camera or a file of them, watched until they end, the time is over, or a signal."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from edge.address import Kind, shown
from edge.box import Box
from edge.box_state import ConfigurationState
from edge.cameras import CameraEntry, CamerasFile
from edge.commands import Asked, look_for
from edge.console import Voice, local_time, say_look
from edge.deliver import Delivery
from edge.errors import DiskFull, SetupError, StateBusy
from edge.keep import Keep, Notice
from edge.outbox import Outbox
from edge.running import delivering, end_run, interruptible
from edge.settings import Settings
from edge.videofile import FileCamera
from edge.watched import (
    Camera,
    MakeCamera,
    RoomNews,
    RoomNotice,
    SightChanged,
    WayChanged,
    make_camera,
)
from edge.watchroom import Watchroom
from inspection.sight import Sight
from inspection.taxonomy import hazard_type
from inspection.wire import FindingDraft

# How often a file of cameras is looked at for changes, seconds.
CAMERAS_EVERY_S = 2.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What to watch: one camera, or a file of cameras; for how long, and when a video file began."""

    entry: CameraEntry | None = None
    cameras: Path | None = None
    for_s: float | None = None
    started_at: datetime | None = None


def watch(settings: Settings, plan: Plan, asked: Asked) -> int:
    """Watch, delivering on the way and at the end."""
    voice = Voice.of(settings.lang, settings.log)
    look = look_for(settings, asked)
    with (
        interruptible() as interruption,
        Outbox(settings.outbox_dir) as outbox,
        delivering(settings, voice, interruption, is_offline=asked.is_offline) as delivery,
    ):
        say_look(voice, look, outbox)
        keep = Keep(outbox, _finding_notice(voice, delivery))
        make = _maker(plan.started_at)
        with (
            Watchroom(look, keep, settings, _room_notice(voice), make=make) as room,
            Box(room, keep, settings, voice, delivery) as box,
        ):
            source = _Cameras(settings, voice, plan, room)
            deadline_s = time.monotonic() + (plan.for_s or float("inf"))

            def should_stop() -> bool:
                return interruption.is_set() or time.monotonic() >= deadline_s

            def on_tick() -> None:
                source.follow()
                box.turn()

            box.begin(source.origin)
            room.run(should_stop, on_tick)
            looked = sum(one.watch.looked for one in room.watched.values())
    voice.tell("watch_done", frames=looked, findings=keep.kept)
    return end_run(settings, voice, delivery, interruption)


class _Cameras:
    """Keeps a room to what the plan names, also when its file changes."""

    def __init__(self, settings: Settings, voice: Voice, plan: Plan, room: Watchroom) -> None:
        self._voice, self._room = voice, room
        self._file: CamerasFile | None = None
        self._looked_at_s = time.monotonic()
        if plan.cameras is None:
            entries: Sequence[CameraEntry] = [plan.entry] if plan.entry else []
            room.check(entries)
        else:
            self._file = CamerasFile(plan.cameras, settings.kept_cameras_path, room.check)
            if self._file.trouble is not None:
                voice.warn_of(self._file.trouble)
                voice.warn("cameras_kept")
            entries = self._file.entries
        self._set(entries)

    @property
    def origin(self) -> ConfigurationState:
        """Which cameras are watched, as far as a person is told."""
        return ConfigurationState(origin="command" if self._file is None else "file")

    def follow(self) -> None:
        """Look whether the file changed, now and then."""
        now_s = time.monotonic()
        if self._file is None or now_s - self._looked_at_s < CAMERAS_EVERY_S:
            return
        self._looked_at_s = now_s
        if not self._file.changed():
            return
        if self._file.trouble is not None:
            self._voice.warn_of(self._file.trouble)
            self._voice.warn("cameras_kept")
            return
        try:
            self._set(self._file.entries)
        except (StateBusy, SetupError) as error:
            self._voice.warn_of(error)

    def _set(self, entries: Sequence[CameraEntry]) -> None:
        before = {name: watched.entry for name, watched in self._room.watched.items()}
        self._room.set_cameras(entries)
        for name in before.keys() - self._room.watched.keys():
            self._voice.tell("not_watching", camera=name)
        for name, watched in self._room.watched.items():
            if before.get(name) != watched.entry:
                self._voice.tell("watching", source=shown(watched.entry.source), camera=name)


def _maker(started_at: datetime | None) -> MakeCamera:
    def make(entry: CameraEntry, settings: Settings) -> Camera:
        if entry.address.told_kind is Kind.FILE and started_at is not None:
            # Without an offset it is this machine's local time, as it is shown.
            return FileCamera(Path(entry.source), entry.fps, started_at.astimezone(UTC))
        return make_camera(entry, settings)

    return make


def _room_notice(voice: Voice) -> RoomNotice:
    def notice(news: RoomNews) -> None:
        if isinstance(news, SightChanged):
            if news.sight is Sight.SEEING:
                voice.tell("sees_again", camera=news.camera)
            else:
                why = voice.text(f"sight_{news.sight.value}")
                voice.warn("blind", camera=news.camera, why=why, seconds=f"{news.since_s:.0f}")
        elif isinstance(news, WayChanged):
            way = voice.text(f"way_{news.way.value}")
            say = voice.warn if news.is_lowered else voice.tell
            say("way_lowered" if news.is_lowered else "way_best", camera=news.camera, way=way)
        else:
            asked, done = f"{news.asked_a_second:.1f}", f"{news.done_a_second:.1f}"
            voice.warn("behind" if news.is_behind else "keeps_up", asked=asked, done=done)

    return notice


def _finding_notice(voice: Voice, delivery: Delivery | None) -> Notice:
    def notice(news: FindingDraft | DiskFull | None) -> None:
        if news is None:
            voice.warn("held_over")
            return
        if isinstance(news, DiskFull):
            voice.warn("held")
            return
        _say_finding(voice, news)
        if delivery is not None:
            delivery.wake()

    return notice


def _say_finding(voice: Voice, draft: FindingDraft) -> None:
    hazard = hazard_type(draft.hazard_code)
    voice.tell(
        "confirmed",
        at=f"{local_time(draft.captured_at):%H:%M:%S}",
        camera=draft.source.name,
        code=draft.hazard_code,
        name=hazard.name_zh if voice.lang == "zh" else hazard.name_en,
        confidence=f"{draft.confidence:.2f}",
        zone=draft.zone or voice.text("whole_view"),
    )
