"""What the commands of `anxun-edge` do: put the parts together, run them, say how it went, return the exit code."""

import json
from collections.abc import Callable
from dataclasses import dataclass
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

from edge.board import hear, is_running
from edge.box_status import rows_of, show_watch
from edge.choice import running_for
from edge.client import Client
from edge.console import Voice, say_look, show_status
from edge.console import status as status_data
from edge.deliver import TROUBLE, Delivery, Outcome, Waits, measure_clock
from edge.errors import ModelUnusable, SetupError, StateBusy
from edge.identity import enrol as enrol_device
from edge.identity import read_identity
from edge.lock import work_lock
from edge.look import Look
from edge.model_store import ModelStore
from edge.outbox import Outbox
from edge.outbox_records import PhotoRecord, PhotoState
from edge.outbox_room import room_of
from edge.patrol import Patrol, PatrolTotals
from edge.photos import find_photos
from edge.running import delivering, end_run, interruptible, say_delivered
from edge.settings import Settings
from edge.views import Views
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
    voice = Voice.of(settings.lang, settings.log)
    photos = find_photos(folder)
    if not photos:
        voice.warn("no_photos", folder=folder)
        return 0
    if not asked.is_offline:
        # Said before anything is loaded.
        read_identity(settings)
    look = look_for(settings, asked)
    with (
        interruptible() as interruption,
        work_lock(settings.data_dir, "patrol"),
        delivering(settings, voice, interruption, is_offline=asked.is_offline) as delivery,
        Outbox(settings.outbox_dir, room=room_of(settings)) as outbox,
        _progress(voice) as progress,
    ):
        say_look(voice, look, outbox)
        outbox.sweep()
        task = progress.add_task(voice.text("walking"), total=len(photos), note="")
        walk = Patrol(look, outbox, _photo_notice(voice, progress, task, delivery))
        walk.walk(photos, should_stop=interruption.is_set)
    _say_patrol(voice, walk.totals, len(photos))
    return end_run(settings, voice, delivery, interruption)


def deliver(settings: Settings, *, wait: bool) -> int:
    """Deliver what waits: one session, or with `wait` until nothing waits."""
    voice = Voice.of(settings.lang)
    delivery = Delivery(settings, read_identity(settings))
    waits = Waits(settings.retry_first_s, settings.retry_longest_s)
    with Outbox(settings.outbox_dir) as outbox:
        outbox.sweep()
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
    """Show what this device has, what waits, and how its watch does."""
    voice = Voice.of(settings.lang)
    heard = hear(settings)
    if not as_json:
        # First: a full disk may not even let the outbox be opened.
        show_watch(voice, heard)
    with Outbox(settings.outbox_dir) as outbox:
        if as_json:
            state = heard.state
            told = status_data(settings, outbox)
            told["watch"] = state and state.model_dump(mode="json", exclude={"page"})
            told["is_watching"] = state is not None and is_running(state)
            told["is_disk_full"] = heard.is_disk_full
            print(json.dumps(told, ensure_ascii=False, indent=1))  # noqa: T201  machines read it
        else:
            rows = rows_of(voice, heard)
            if said := outbox.get_fact(TROUBLE):
                # Of a delivery that ended; a watch that runs says its own.
                rows.setdefault("row_trouble", said)
            show_status(voice, settings, outbox, rows)
    return 0


def accept_view(settings: Settings, camera: str) -> int:
    """Forget what a camera's view used to be."""
    voice = Voice.of(settings.lang)
    if Views(settings.views_dir).forget(camera):
        voice.tell("view_accepted", camera=camera)
        return 0
    voice.warn("view_unknown", camera=camera)
    return SetupError.exit_code


def look_for(settings: Settings, asked: Asked, *, begins: bool = False) -> Look:
    """Load the model with what a run asks for: the one that it names, else the one that the server gave, else the shipped one.

    `begins` says that a watch starts with it (see `edge.model_store`).

    Raises:
        SetupError: what of it cannot be.
    """
    switched_on = settings.experimental | set(asked.experimental)
    model = asked.model or given_model(settings, begins=begins)
    running = running_for(settings, model)
    look = Look.prepare(model, asked.zones, asked.hazards, switched_on, running)
    return look if asked.tile_px is None else look.tiled(Tiling(asked.tile_px))


def given_model(settings: Settings, *, begins: bool = False) -> Path | None:
    """Return the NAME.json of the model that the server gave; None: the shipped one."""
    store = ModelStore(settings.models_dir)
    if begins:
        return store.begin()
    try:
        return store.bundle(store.current.sha256)
    except ModelUnusable:
        return None


def models(settings: Settings) -> int:
    """Show the models of this box."""
    voice, store = Voice.of(settings.lang), ModelStore(settings.models_dir)
    current = store.current
    for sha256 in store.names():
        key = "model_current" if sha256 == current.sha256 else "model_kept"
        voice.tell("model_previous" if sha256 == current.previous else key, sha256=sha256)
    for sha256, reason in current.refused.items():
        voice.tell("model_refused", sha256=sha256, reason=reason)
    return 0


def use_model(settings: Settings, sha256: str) -> int:
    """Run a model of this box from now on; a running watch takes it within seconds."""
    ModelStore(settings.models_dir).use(sha256)
    Voice.of(settings.lang).tell("model_chosen", sha256=sha256)
    return 0


def roll_back_model(settings: Settings) -> int:
    """Run the model before this one again."""
    voice, store = Voice.of(settings.lang), ModelStore(settings.models_dir)
    if not store.roll_back("rolled back by command"):
        voice.warn("model_no_previous")
        return SetupError.exit_code
    voice.tell("model_chosen", sha256=store.current.sha256)
    return 0


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
