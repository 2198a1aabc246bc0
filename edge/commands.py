"""What the commands of `anxun-edge` do: put the parts together, run them, say how it went, return the exit code."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from edge.camera import LiveCamera, capture_of, is_live, shown, video_frames
from edge.capture import Capture, TimeSource
from edge.choice import running_for
from edge.client import Client
from edge.confirm import Confirmer
from edge.console import Voice, local_time, say_look, show_status
from edge.deliver import Delivery, Outcome, Waits, measure_clock
from edge.errors import DiskFull, StateBusy
from edge.identity import enrol as enrol_device
from edge.identity import read_identity
from edge.lock import work_lock
from edge.look import Look
from edge.outbox import Outbox, PhotoRecord, PhotoState
from edge.patrol import Patrol, PatrolTotals
from edge.photos import find_photos
from edge.running import delivering, end_run, interruptible, say_delivered
from edge.settings import Settings
from edge.watch import Blindness, Watch, live_captures, run_watch
from inspection.taxonomy import hazard_type
from inspection.wire import FindingDraft
from models.tiling import Tiling


@dataclass(frozen=True, slots=True)
class Asked:
    """What patrol and watch have in common on the command line."""

    model: Path | None = None
    zones: Path | None = None
    hazards: tuple[str, ...] = ()
    experimental: tuple[str, ...] = ()
    is_offline: bool = False
    tile_px: int | None = None


@dataclass(frozen=True, slots=True)
class View:
    """What to watch and how."""

    source: str
    camera: str
    k: int = 3
    n: int = 5
    fps: float = 2.0
    for_s: float | None = None
    started_at: datetime | None = None


def enrol(settings: Settings, url: str, code: str, name: str) -> int:
    """Enrol this device and measure its clock."""
    with Client(url, None, settings) as client, Outbox(settings.outbox_dir) as outbox:
        identity = enrol_device(settings, client, code, name)
        measure_clock(outbox, client)
    Voice.of(settings.lang).tell(
        "enrolled", device=identity.device_name, enterprise=identity.enterprise_name
    )
    return 0


def patrol(settings: Settings, folder: Path, asked: Asked) -> int:
    """Walk a folder, delivering on the way and once at the end."""
    voice = Voice.of(settings.lang)
    photos = find_photos(folder)
    if not photos:
        voice.warn("no_photos", folder=folder)
        return 0
    look = _look(settings, asked)
    with (
        interruptible() as interruption,
        work_lock(settings.data_dir, "patrol"),
        delivering(settings, voice, interruption, is_offline=asked.is_offline) as delivery,
        Outbox(settings.outbox_dir) as outbox,
        _progress(voice) as progress,
    ):
        say_look(voice, look, outbox)
        outbox.sweep()
        task = progress.add_task(voice.text("walking"), total=len(photos), note="")
        walk = Patrol(look, outbox, _photo_notice(voice, progress, task, delivery))
        walk.walk(photos, should_stop=interruption.is_set)
    _say_patrol(voice, walk.totals, len(photos))
    return end_run(settings, voice, delivery, interruption)


def watch(settings: Settings, view: View, asked: Asked) -> int:
    """Watch a camera until it ends, its time is over, or a signal; delivering on the way and at the end."""
    voice = Voice.of(settings.lang)
    look = _look(settings, asked)
    confirmer = Confirmer(k=view.k, n=view.n, gone_after_s=settings.gone_after_s)
    with (
        interruptible() as interruption,
        work_lock(settings.data_dir, f"watch-{_file_name(view.camera)}"),
        delivering(settings, voice, interruption, is_offline=asked.is_offline) as delivery,
        Outbox(settings.outbox_dir) as outbox,
    ):
        say_look(voice, look, outbox)
        voice.tell("watching", source=shown(view.source), camera=view.camera)
        notice = _finding_notice(voice, delivery)
        watching = Watch(look, confirmer, outbox, notice)
        deadline_s = time.monotonic() + (view.for_s or float("inf"))

        def should_stop() -> bool:
            return interruption.is_set() or time.monotonic() >= deadline_s

        if is_live(view.source):
            _watch_live(settings, voice, view, watching, should_stop)
        else:
            run_watch(watching, _video(settings, view), should_stop=should_stop)
    voice.tell("watch_done", frames=watching.totals.frames, findings=watching.totals.findings)
    return end_run(settings, voice, delivery, interruption)


def deliver(settings: Settings, *, wait: bool) -> int:
    """Deliver what waits: one session, or with `wait` until nothing waits."""
    voice = Voice.of(settings.lang)
    delivery = Delivery(settings, read_identity(settings))
    waits = Waits(settings.retry_first_s, settings.retry_longest_s)
    with interruptible() as interruption:
        while (outcome := delivery.deliver_once()) is not Outcome.DONE and wait:
            if interruption.event.wait(waits.next_s()):
                break
    say_delivered(settings, voice, delivery)
    if outcome is Outcome.BUSY and not wait:
        raise StateBusy("deliver", settings.data_dir, "?")
    if outcome is Outcome.AWAY and delivery.state.trouble:
        voice.complain(delivery.state.trouble)
        return interruption.exit_code() or delivery.state.trouble.exit_code
    return interruption.exit_code()


def status(settings: Settings, *, as_json: bool) -> int:
    """Show what this device has and what waits."""
    with Outbox(settings.outbox_dir) as outbox:
        show_status(Voice.of(settings.lang), settings, outbox, as_json=as_json)
    return 0


def _look(settings: Settings, asked: Asked) -> Look:
    switched_on = settings.experimental | set(asked.experimental)
    running = running_for(settings, asked.model)
    look = Look.prepare(asked.model, asked.zones, asked.hazards, switched_on, running)
    return look if asked.tile_px is None else look.tiled(Tiling(asked.tile_px))


def _progress(voice: Voice) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=voice.err,
        disable=not voice.err.is_terminal,
        transient=False,
    )


def _photo_notice(
    voice: Voice, progress: Progress, task: TaskID, delivery: Delivery | None
) -> Callable[[PhotoRecord | None], None]:
    def notice(photo: PhotoRecord | None) -> None:
        note = ""
        if delivery is not None:
            if delivery.state.trouble:
                note = escape(delivery.state.trouble.say(voice.lang))
            if photo is not None and photo.findings:
                delivery.wake()
        progress.update(task, advance=1, note=note)
        if photo is not None and photo.state is PhotoState.FAILED:
            voice.warn("photo_failed", path=photo.path, error=photo.error, reason=photo.reason)

    return notice


def _say_patrol(voice: Voice, totals: PatrolTotals, total: int) -> None:
    states = {state.value: count for state, count in totals.photos.items()}
    voice.tell(
        "patrol_done",
        total=total,
        before=totals.done_before,
        findings=totals.findings,
        **states,
    )


def _finding_notice(
    voice: Voice, delivery: Delivery | None
) -> Callable[[FindingDraft | DiskFull | None], None]:
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
        code=draft.hazard_code,
        name=hazard.name_zh if voice.lang == "zh" else hazard.name_en,
        confidence=f"{draft.confidence:.2f}",
        zone=draft.zone or voice.text("whole_view"),
    )


def _video(settings: Settings, view: View) -> Iterator[Capture]:
    # Without an offset it is this machine's local time, as it is shown.
    started_at = view.started_at and view.started_at.astimezone(UTC)
    for frame in video_frames(Path(view.source), view.fps, started_at):
        yield capture_of(frame, view.camera, TimeSource.TIMELINE, settings.jpeg_quality)


def _watch_live(
    settings: Settings,
    voice: Voice,
    view: View,
    watching: Watch,
    should_stop: Callable[[], bool],
) -> None:
    camera = LiveCamera(view.source, view.fps, settings)
    # A freeze is noticed by OpenCV after three times the read timeout; a slow sampling is no blindness.
    blindness = Blindness(3 * settings.camera_read_timeout_s + 2 / view.fps)

    def on_tick(has_picture: bool) -> None:  # noqa: FBT001  a callback
        if blindness.take(has_picture=has_picture):
            key = "blind" if blindness.is_blind else "sees_again"
            voice.warn(key, camera=view.camera)

    camera.start()
    try:
        captures = live_captures(camera, view.camera, settings)
        run_watch(watching, captures, should_stop=should_stop, on_tick=on_tick)
    finally:
        camera.stop()


def _file_name(camera: str) -> str:
    """Return a camera's name as part of a file name, still distinct."""
    return "".join(c if c.isalnum() or c in "-_" else f"%{ord(c):x}" for c in camera)[:100]
