"""The part of `anxun-edge status` that a running watch says of itself: a table that a technician can read."""

from datetime import datetime

from rich.markup import escape
from rich.table import Table

from edge.board import Heard, is_running
from edge.box_state import BoxState, CameraState
from edge.console import Voice, local_time
from inspection.sight import Sight
from inspection.wire import utc_now

# A watch that said nothing for so long is stuck, seconds.
STUCK_AFTER_S = 30.0
_STEPS = ((120.0, 1.0, "seconds"), (7200.0, 60.0, "minutes"), (172_800.0, 3600.0, "hours"))


def show_watch(voice: Voice, heard: Heard) -> None:
    """Print how the watch does and what its cameras do."""
    state = heard.state
    if heard.is_disk_full:
        voice.warn("disk_is_full", mb=f"{(heard.free_bytes or 0) / 1e6:.1f}")
    if state is None:
        voice.tell("watch_never")
        return
    _say_running(voice, state, heard)
    if not state.cameras:
        return
    table = Table(title=voice.text("cameras_title"))
    for column in ("camera", "sight", "frame", "today", "looks", "decoded", "source"):
        table.add_column(voice.text(f"column_{column}"), overflow="fold")
    for camera in state.cameras:
        table.add_row(*_cells(voice, camera, state.at))
    voice.out.print(table)


def rows_of(voice: Voice, heard: Heard) -> dict[str, str]:
    """Return what a watch adds to the overview, by the row's name."""
    state = heard.state
    if state is None:
        return {}
    rows = {"row_configuration": _configuration(voice, state)}
    if state.model is not None:
        model = state.model
        ran = (
            f"{model.name} {model.version} {model.sha256[:12]} · {model.runtime} {model.precision}"
        )
        rows["row_model"] = ran + (f" · {model.trouble}" if model.trouble else "")
    if heard.free_bytes is not None:
        rows["row_disk"] = _size(heard.free_bytes)
    if state.disk_full_at is not None:
        rows["row_disk_full"] = f"{local_time(state.disk_full_at):%Y-%m-%d %H:%M:%S}"
    if state.memory_bytes is not None:
        rows["row_memory"] = f"{state.memory_bytes / 1e6:.0f} MB"
    if state.page is not None:
        rows["row_page"] = state.page
    if state.clock_jumps and state.clock_jumped_at is not None:
        rows["row_jumps"] = voice.text(
            "jumps_cell",
            n=state.clock_jumps,
            seconds=f"{state.clock_jumped_s or 0.0:+.1f}",
            at=f"{local_time(state.clock_jumped_at):%Y-%m-%d %H:%M:%S}",
        )
    if state.outbox.left_out:
        rows["row_left_out"] = _left_out(voice, state)
    if state.outbox.trouble:
        rows["row_trouble"] = state.outbox.trouble
    return rows


def span(voice: Voice, seconds: float) -> str:
    """Return a length of time in a unit that suits it."""
    for below_s, unit_s, key in _STEPS:
        if seconds < below_s:
            return voice.text(key, n=f"{max(0.0, seconds) / unit_s:.0f}")
    return voice.text("days", n=f"{seconds / 86_400:.1f}")


def _say_running(voice: Voice, state: BoxState, heard: Heard) -> None:
    now = utc_now()
    age_s = (now - state.at).total_seconds()
    age = span(voice, age_s)
    turned_s = age_s if heard.turned_at is None else (now - heard.turned_at).total_seconds()
    if not is_running(state):
        voice.warn("watch_stopped", age=age, at=f"{local_time(state.at):%Y-%m-%d %H:%M:%S}")
    elif age_s > STUCK_AFTER_S >= turned_s:
        voice.warn("watch_mute", pid=state.pid, age=age)
    elif age_s > STUCK_AFTER_S:
        voice.warn("watch_stuck", pid=state.pid, age=age)
    else:
        up = span(voice, (state.at - state.started_at).total_seconds())
        voice.tell("watch_running", pid=state.pid, up=up, age=age)


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.0f} MB" if size_bytes < 1e9 else f"{size_bytes / 1e9:.1f} GB"


def _left_out(voice: Voice, state: BoxState) -> str:
    key = "left_out_now" if state.outbox.full_since else "left_out_before"
    return voice.text(key, n=state.outbox.left_out)


def _configuration(voice: Voice, state: BoxState) -> str:
    told = state.configuration
    origin = voice.text(f"from_{told.origin}", version=told.version)
    if not told.refused:
        return origin
    return voice.text(
        "refused_version", origin=origin, version=told.refused_version, reason=told.refused
    )


def _cells(voice: Voice, camera: CameraState, at: datetime) -> list[str]:
    sight = voice.text(f"short_{camera.sight.value}")
    if camera.sight is not Sight.SEEING:
        lasted = span(voice, (at - camera.since).total_seconds())
        sight = f"[red]{voice.text('sight_since', sight=sight, span=lasted)}[/red]"
    frame = voice.text("never")
    if camera.frame_at is not None:
        frame = span(voice, (at - camera.frame_at).total_seconds())
    trouble = f"\n{camera.trouble}" if camera.trouble else ""
    return [
        escape(camera.name),
        sight,
        frame,
        f"{span(voice, camera.seen_s)} / {span(voice, camera.blind_s)}",
        f"{camera.looked} / {camera.found}",
        voice.text(f"way_{camera.way}"),
        escape(camera.source + trouble),
    ]
