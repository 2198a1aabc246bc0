"""What `anxun-edge watch` does: one camera or a file of them, watched until they end, the time is over, or a signal."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from edge.address import Kind
from edge.ahead import Ahead, probable_entries
from edge.box import Box
from edge.camera_source import CameraSource
from edge.cameras import CameraEntry
from edge.commands import Asked, look_for
from edge.console import Voice, local_time, say_look
from edge.deliver import Delivery
from edge.errors import DiskFull, ModelUnusable
from edge.identity import read_identity
from edge.keep import Keep, Notice, RoomChange
from edge.link import ask_configuration
from edge.look import Look
from edge.model_store import ModelStore
from edge.model_switch import ModelSwitch
from edge.outbox import Outbox
from edge.outbox_room import room_of
from edge.remote_cameras import RemoteCameras
from edge.running import Interruption, delivering, end_run, interruptible
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
    if not asked.is_offline:
        # Said before anything is loaded.
        read_identity(settings)
    with (
        interruptible() as interruption,
        Ahead(settings, _maker(plan.started_at)) as ahead,
    ):
        ahead.start(_probable(settings, plan, asked))
        look = look_for(settings, asked, begins=True)
        look.warm_up()
        return _watch(settings, plan, asked, _Ready(voice, look, interruption, ahead.make))


@dataclass(frozen=True, slots=True)
class _Ready:
    """What a watch has before it opens the outbox."""

    voice: Voice
    look: Look
    interruption: Interruption
    make: MakeCamera


def _watch(settings: Settings, plan: Plan, asked: Asked, ready: _Ready) -> int:
    voice, interruption = ready.voice, ready.interruption
    with (
        Outbox(settings.outbox_dir, room=room_of(settings)) as outbox,
        delivering(settings, voice, interruption, is_offline=asked.is_offline) as delivery,
    ):
        say_look(voice, ready.look, outbox)
        outbox.sweep()
        keep = Keep(outbox, _finding_notice(voice, delivery))
        with (
            Watchroom(ready.look, keep, settings, _room_notice(voice), make=ready.make) as room,
            Box(room, keep, settings, voice, delivery) as box,
        ):
            store = ModelStore(settings.models_dir)
            box.models = ModelSwitch(
                room, store, settings, voice, follows_server=asked.model is None
            )
            _begin_cameras(box, room, settings, voice, plan)
            deadline_s = time.monotonic() + (plan.for_s or float("inf"))

            def should_stop() -> bool:
                return interruption.is_set() or time.monotonic() >= deadline_s

            box.begin()
            _run(room, box, should_stop)
            looked = sum(one.watch.looked for one in room.watched.values())
    voice.tell("watch_done", frames=looked, findings=keep.kept)
    return end_run(settings, voice, delivery, interruption)


def _probable(settings: Settings, plan: Plan, asked: Asked) -> list[CameraEntry]:
    """Return the cameras that this watch will most likely begin with."""
    if plan.cameras is None:
        return [plan.entry] if plan.entry is not None else []
    asks_server = settings.remote and not asked.is_offline
    return probable_entries(settings, plan.cameras, asks_server=asks_server)


def _begin_cameras(box: Box, room: Watchroom, settings: Settings, voice: Voice, plan: Plan) -> None:
    """Watch what the plan names, or what the server has for this box."""
    open_desk = box.open_desk
    takes_remote = plan.cameras is not None and settings.remote and open_desk is not None
    box.source = CameraSource(
        settings, voice, room, RemoteCameras(settings, room.check) if takes_remote else None
    )
    if plan.cameras is not None:
        box.source.begin(plan.cameras, lambda: ask_configuration(open_desk) if open_desk else None)
    elif plan.entry is not None:
        box.source.begin_one(plan.entry)


def _run(room: Watchroom, box: Box, should_stop: Callable[[], bool]) -> None:
    """Run the room; a model that fails soon after it was switched to gives way to the one before it."""
    while True:
        try:
            room.run(should_stop, box.turn)
        except ModelUnusable as error:
            if box.models is None or not box.models.roll_back(error):
                raise
        else:
            return


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
    def notice(news: FindingDraft | DiskFull | RoomChange | None) -> None:
        if news is None:
            voice.warn("held_over")
            return
        if isinstance(news, DiskFull):
            voice.warn("held")
            return
        if isinstance(news, RoomChange):
            say = voice.warn if news is RoomChange.FULL else voice.tell
            say(f"room_{news.value}")
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
