"""`anxun-edge doctor`: look at this machine, time what it has, pick the fastest way that keeps accuracy, say it all."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.markup import escape
from rich.table import Table

from edge.address import shown
from edge.camera import Frame
from edge.checks import Check, check_cameras, check_device, check_model
from edge.choice import Choice, choice_for, name_of, write_choice
from edge.console import Voice
from edge.errors import SetupError, SourceInvalid
from edge.machine import Machine
from edge.settings import Settings
from edge.timed import TimedWay, Verdict, picked, time_ways
from inspection.wire import utc_now
from models.bundle import describe_bundle
from models.errors import PictureError
from models.pictures import decode_picture
from models.runtimes import KINDS, missing

PROBLEM = 9
DRAWN_WH = (1920, 1080)


@dataclass(frozen=True, slots=True)
class Examination:
    """What doctor is asked.

    Attributes:
        model: NAME.json; None means the model that is shipped.
        sources: cameras to look through.
        picture: a photo to time on; None takes what there is.
        rounds: how often each way is timed.
        keeps: whether the choice is kept.
        compact: whether small inputs may be picked.
        only_stale: whether to time nothing while the kept choice holds.
    """

    model: Path | None = None
    sources: tuple[str, ...] = ()
    picture: Path | None = None
    rounds: int = 15
    keeps: bool = True
    compact: bool = False
    only_stale: bool = False


@dataclass(frozen=True, slots=True)
class TimedPicture:
    """What is timed: an upright picture, uint8 (H, W, 3) BGR, and the message that says where it comes from."""

    image_bgr: NDArray[np.uint8]
    key: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What doctor found; without a usable model nothing was timed."""

    checks: list[Check]
    ways: list[TimedWay]
    picture: TimedPicture | None

    @property
    def exit_code(self) -> int:
        """Return 0, or `PROBLEM` where a check failed."""
        return PROBLEM if any(check.is_ok is False for check in self.checks) else 0


def doctor(settings: Settings, asked: Examination, *, as_json: bool) -> int:
    """Examine, keep the choice, print; return the exit code.

    Raises:
        SourceInvalid: the photo to time on cannot be read.
    """
    voice = Voice.of(settings.lang)
    report = examine(settings, asked, voice)
    if as_json:
        print(json.dumps(as_data(report, voice), ensure_ascii=False, indent=1))  # noqa: T201  machines read it
    else:
        _show(report, voice)
    return report.exit_code


def examine(settings: Settings, asked: Examination, voice: Voice) -> Report:
    """Do every check and time every way; where only a stale choice was to be made anew and none is, nothing but that."""
    held = _held(settings, asked.model) if asked.only_stale else None
    if held is not None:
        # It stands before the watch at each start: a camera waits for nothing that it does not need.
        return Report([held], [], None)
    model = check_model(asked.model)
    looked = list(check_cameras(asked.sources, settings))
    checks = [model, *check_device(settings), *(check for check, _ in looked)]
    if not model.is_ok:
        return Report(checks, [], None)
    picture = _picture(settings, asked, [frame for _, frame in looked])
    voice.warn("timing")
    ways = time_ways(asked.model, picture.image_bgr, asked.rounds, compact=asked.compact)
    checks.append(_choose(settings, asked, ways))
    return Report(checks, ways, picture)


def _held(settings: Settings, model: Path | None) -> Check | None:
    """Return the check of a choice that holds, or that a technician made by hand; None where there is none."""
    if settings.names_a_way:
        return Check("choice", None, "choice_set_by_hand", {"way": name_of(settings.running)})
    try:
        choice = choice_for(settings, model)
    except SetupError:
        return None
    if choice is None:
        return None
    facts = {"way": name_of(choice.running), "ms": f"{choice.median_ms:.0f}"}
    return Check("choice", True, "choice_ok", facts)


def _picture(
    settings: Settings, asked: Examination, frames: Sequence[Frame | None]
) -> TimedPicture:
    """Return the photo that was named, else a camera's frame, else the newest evidence, else a drawn picture."""
    if asked.picture is not None:
        return TimedPicture(_read(asked.picture), "picture_file", asked.picture.name)
    for source, frame in zip(asked.sources, frames, strict=True):
        if frame is not None:
            return TimedPicture(frame.image_bgr, "picture_camera", shown(source))
    files = [file for file in settings.outbox_dir.glob("evidence/**/*") if file.is_file()]
    for file in sorted(files, key=lambda file: file.stat().st_mtime, reverse=True)[:1]:
        try:
            return TimedPicture(_read(file), "picture_evidence")
        except SourceInvalid:
            break
    return TimedPicture(_drawn(), "picture_drawn")


def _read(file: Path) -> NDArray[np.uint8]:
    try:
        return decode_picture(file.read_bytes()).image_bgr
    except (OSError, PictureError) as error:
        raise SourceInvalid(str(file), str(error)) from error


def _drawn() -> NDArray[np.uint8]:
    """Return soft coloured blobs in the size of a common camera: a network's time does not depend on what it sees."""
    coarse = np.random.default_rng(1).integers(0, 255, (9, 16, 3), np.uint8)
    return np.asarray(cv2.resize(coarse, DRAWN_WH, interpolation=cv2.INTER_CUBIC), np.uint8)


def _choose(settings: Settings, asked: Examination, ways: Sequence[TimedWay]) -> Check:
    best = picked(ways)
    if best is None or best.median_ms is None or best.points is None:
        return Check("choice", False, "choice_impossible")
    facts: dict[str, object] = {"way": name_of(best.way), "ms": f"{best.median_ms:.0f}"}
    if not asked.keeps:
        return Check("choice", True, "choice_not_kept", facts)
    description = describe_bundle(asked.model)
    choice = Choice(
        model_name=description.name,
        model_sha256=description.sha256,
        machine=Machine.here(),
        runtime=best.way.runtime,
        precision=best.way.precision,
        shapes=best.way.shapes or "square",
        median_ms=best.median_ms,
        points=best.points,
        chosen_at=utc_now(),
    )
    try:
        write_choice(settings, choice)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return Check(
            "choice", False, "disk_unwritable", {"folder": settings.data_dir, "reason": reason}
        )
    if settings.names_a_way:
        return Check("choice", None, "choice_set_by_hand", {"way": name_of(settings.running)})
    return Check("choice", True, "choice_ok", facts)


def as_data(report: Report, voice: Voice) -> dict[str, object]:
    """Return a report as plain data; sentences are in the voice's language."""
    return {
        "machine": Machine.here().model_dump(),
        "picture": report.picture and _source_of(report.picture, voice),
        "ways": [
            {
                "runtime": timed.way.runtime,
                "precision": timed.way.precision,
                "shapes": timed.way.shapes,
                "median_ms": timed.median_ms and round(timed.median_ms, 2),
                "ap50_points": timed.points,
                "verdict": timed.verdict.value,
                "reason": timed.reason,
            }
            for timed in report.ways
        ],
        "not_here": {kind.name: how for kind in KINDS if (how := missing(kind)) is not None},
        "checks": [
            {"check": check.name, "ok": check.is_ok, "found": voice.text(check.key, **check.facts)}
            for check in report.checks
        ],
        "ok": report.exit_code == 0,
    }


def _source_of(picture: TimedPicture, voice: Voice) -> str:
    return voice.text(picture.key, **({"name": picture.name} if picture.name else {}))


def _show(report: Report, voice: Voice) -> None:
    if report.picture is not None:
        voice.out.print(_ways_table(report.ways, report.picture, voice))
        for timed in report.ways:
            if timed.verdict is Verdict.REFUSED:
                voice.tell("does_not_run", way=name_of(timed.way), reason=timed.reason)
        absent = ", ".join(kind.name for kind in KINDS if missing(kind) is not None)
        voice.tell("not_here", names=absent)
    table = _table(voice, "doctor_checks", "column_check", "column_state", "column_found")
    styles = {True: ("state_ok", "green"), False: ("state_problem", "red"), None: ("state_unknown", "yellow")}  # fmt: skip
    for check in report.checks:
        key, style = styles[check.is_ok]
        found = escape(voice.text(check.key, **check.facts))
        table.add_row(
            voice.text(f"check_{check.name}"), f"[{style}]{voice.text(key)}[/{style}]", found
        )
    voice.out.print(table)


def _ways_table(ways: Sequence[TimedWay], picture: TimedPicture, voice: Voice) -> Table:
    height, width = picture.image_bgr.shape[:2]
    columns = ("way", "shapes", "ms", "points", "verdict")
    facts = {"picture": _source_of(picture, voice), "width": width, "height": height}
    table = _table(voice, "doctor_ways", *(f"column_{column}" for column in columns), **facts)
    for timed in ways:
        if timed.median_ms is not None:
            table.add_row(
                f"{timed.way.runtime} {timed.way.precision}",
                voice.text(f"shapes_{timed.way.shapes}"),
                f"{timed.median_ms:.1f}",
                "–" if timed.points is None else f"{timed.points:+.2f}",
                voice.text(f"verdict_{timed.verdict.value}"),
                style="bold green" if timed.verdict is Verdict.PICKED else None,
            )
    return table


def _table(voice: Voice, title: str, *columns: str, **facts: object) -> Table:
    table = Table(title=escape(voice.text(title, **facts)), title_justify="left")
    for column in columns:
        # The first names the row: it is never broken.
        is_name = column == columns[0]
        table.add_column(voice.text(column), overflow="fold", no_wrap=is_name)
    return table
