"""The file of cameras: which there are, how each is spoken to, and what is looked for in it.

    [defaults]                                   # optional: whatever a camera does not say itself
    fps = 1

    [[cameras]]
    name = "gate-north"
    source = "rtsp://viewer:${GATE_PASSWORD}@10.0.0.7/Streaming/Channels/101"

    [[cameras]]
    name = "welding"
    source = "http://10.0.0.8/cgi-bin/snapshot"
    hazards = ["PPE-01", "EMG-01"]
    zones = "welding-zones.toml"                 # or [[cameras.zones]] right here

    [[cameras.rules]]                            # optional: what is asked of some hazards
    hazards = ["PPE-01"]
    hours = ["mon-sat 07:30-18:00"]
    dwell_s = 10

``${NAME}`` in a source is taken from the environment, so that the file need not hold passwords. A file that was changed
while cameras are watched is read again; one that cannot be used then leaves everything as it was.
"""

import json
import os
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from edge.address import Address, Kind, Transport
from edge.confirm import Needs
from edge.errors import CamerasInvalid, SetupError, ZonesInvalid
from edge.hazard_rules import (
    REPEAT_AFTER_S,
    Demands,
    HazardRule,
    Seconds,
    TimeZone,
    demands_of,
)
from edge.hours import HoursLines
from edge.load import WantedWay
from edge.private_file import write_private
from edge.zones import ZoneEntry, read_zone_entries
from inspection.taxonomy import UnknownHazard
from inspection.zones import Zone

MAX_CAMERAS = 64
_VARIABLE = re.compile(r"\$\{(\w+)\}")


class CameraEntry(BaseModel):
    """A camera of the file.

    Attributes:
        name: what people call it; it goes into the ledger.
        source: a URL, the number or device file of a camera of this machine, or a video file.
        kind: what the source is; told by the address (and by what an HTTP camera answers) when left out.
        transport: of RTSP.
        way: how much of the stream is decoded while the machine keeps up.
        keeps_way: it is never decoded less, however late looks become.
        fps: looks a second; with the way `full` more where the model has time.
        k, n: so many of the last so many looks have to show a hazard.
        dwell_s: it has to have been there for so long.
        hours: when hazards count; always when left out. Zones and rules may have hours of their own.
        time_zone: of all hours, such as ``Asia/Shanghai``; this machine's when left out.
        repeat_after_s: while its item is open a hazard is told again after so long; emergencies each time.
        rules: what is asked of some hazards in place of all this.
        hazards: codes to look for; every one that is on when left out.
        zones: where hazards count.
        is_watched: whether it takes part.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    name: str = Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]*$")
    source: str = Field(min_length=1, max_length=2000)
    kind: Kind = Kind.AUTO
    transport: Transport = Transport.TCP
    way: WantedWay = WantedWay.AUTO
    keeps_way: bool = Field(default=False, alias="keep_way")
    fps: float = Field(default=2.0, ge=0.01, le=60, allow_inf_nan=False)
    k: int = Field(default=3, ge=1, le=100)
    n: int = Field(default=5, ge=1, le=100)
    dwell_s: Seconds = 0.0
    hours: HoursLines = ()
    time_zone: TimeZone = None
    repeat_after_s: Seconds = REPEAT_AFTER_S
    rules: tuple[HazardRule, ...] = ()
    hazards: tuple[str, ...] = ()
    zone_entries: tuple[ZoneEntry, ...] = Field(default=(), alias="zones")
    is_watched: bool = Field(default=True, alias="watch")

    @model_validator(mode="after")
    def _can_be(self) -> Self:
        _ = self.demands
        names = [entry.name for entry in self.zone_entries]
        if twice := next((name for name in names if names.count(name) > 1), None):
            msg = f"zone {twice!r} stands there twice"
            raise ValueError(msg)
        try:
            _ = self.zones
        except UnknownHazard as error:
            raise ValueError(str(error)) from error
        return self

    @property
    def address(self) -> Address:
        """Where it is and how it is spoken to."""
        return Address(self.source, self.kind, self.transport)

    @property
    def demands(self) -> Demands:
        """What is asked of a hazard before it is told.

        Raises:
            ValueError: k is above n.
        """
        return demands_of(
            Needs(self.k, self.n, self.dwell_s),
            self.rules,
            hours=self.hours,
            zone_hours={zone.name: zone.hours for zone in self.zone_entries},
            repeat_after_s=self.repeat_after_s,
            time_zone=self.time_zone,
        )

    @property
    def zones(self) -> tuple[Zone, ...]:
        """Where hazards count.

        Raises:
            ValueError, UnknownHazard: a zone cannot be.
        """
        return tuple(entry.zone() for entry in self.zone_entries)


def _not_empty(entries: object) -> object:
    if not entries:
        msg = "the file names no camera: it needs at least one [[cameras]]"
        raise ValueError(msg)
    return entries


class _CamerasFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    defaults: dict[str, Any] = Field(default_factory=dict)
    cameras: Annotated[list[dict[str, Any]], BeforeValidator(_not_empty)] = Field(
        default_factory=list, max_length=MAX_CAMERAS, validate_default=True
    )


Entries = tuple[CameraEntry, ...]


def read_cameras(path: Path, environment: Mapping[str, str] = os.environ) -> Entries:
    """Return the cameras of a file that are to be watched.

    Raises:
        CamerasInvalid: the file is missing, is no TOML, names a camera twice, or a field is wrong; it says where.
    """
    return _entries(path, _described(path), environment)


def cameras_of_text(
    text: str, shown: Path, folder: Path, environment: Mapping[str, str] = os.environ
) -> Entries:
    """Return the cameras of a text that came from elsewhere; `shown` names it in errors, zones files lie in `folder`.

    Raises:
        CamerasInvalid: as `read_cameras` does.
    """
    return _entries(shown, _described_text(text, shown, folder), environment)


def _described(path: Path) -> list[dict[str, Any]]:
    """Return what a file says of each camera, defaults and zones filled in, passwords not."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CamerasInvalid(path, getattr(error, "strerror", None) or str(error)) from error
    return _described_text(text, path, path.parent)


def _described_text(text: str, path: Path, folder: Path) -> list[dict[str, Any]]:
    try:
        file = _CamerasFile.model_validate(tomllib.loads(text))
        return [_with_zones(folder, file.defaults | camera) for camera in file.cameras]
    except ValidationError as error:
        raise CamerasInvalid(path, _first(error)) from error
    except (ValueError, ZonesInvalid) as error:
        raise CamerasInvalid(path, str(error)) from error


def _with_zones(folder: Path, camera: dict[str, Any]) -> dict[str, Any]:
    named = camera.get("zones")
    if not isinstance(named, str):
        return camera
    zones = read_zone_entries(folder / named)
    return camera | {"zones": [zone.model_dump(mode="json") for zone in zones]}


def _entries(
    path: Path, cameras: Sequence[dict[str, Any]], environment: Mapping[str, str]
) -> Entries:
    entries = [_entry(path, number, camera, environment) for number, camera in enumerate(cameras)]
    names = [entry.name for entry in entries]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise CamerasInvalid(path, f"camera {twice!r} stands there twice")
    watched = tuple(entry for entry in entries if entry.is_watched)
    if not watched:
        raise CamerasInvalid(path, "every camera is switched off (watch = false)")
    return watched


def _entry(
    path: Path, number: int, camera: dict[str, Any], environment: Mapping[str, str]
) -> CameraEntry:
    where = f"camera {camera.get('name') or number + 1}"
    try:
        source = camera.get("source")
        filled = {"source": _filled(source, environment)} if isinstance(source, str) else {}
        return CameraEntry.model_validate(camera | filled)
    except ValidationError as error:
        raise CamerasInvalid(path, f"{where}: {_first(error)}") from error
    except ValueError as error:
        raise CamerasInvalid(path, f"{where}: {error}") from error


def _filled(source: str, environment: Mapping[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        if found[1] not in environment:
            msg = f"the environment has no {found[1]}, which its source needs"
            raise ValueError(msg)
        return environment[found[1]]

    return _VARIABLE.sub(value, source)


def _first(error: ValidationError) -> str:
    problem = error.errors()[0]
    place = ".".join(str(part) for part in problem["loc"])
    message = problem["msg"].removeprefix("Value error, ")
    return f"{place}: {message}" if place else message


class CamerasFile:
    """A file of cameras that may change while they are watched, and its last usable state, kept in the state folder.

    `check` raises `SetupError` for entries that cannot be watched for a reason of its own (a hazard that is off).

    Attributes:
        entries: the cameras as the last usable state of the file names them.
        trouble: why the file itself is not what is watched; None while it is.
    """

    def __init__(
        self,
        path: Path,
        kept: Path,
        check: Callable[[Entries], None] = lambda _: None,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self.path, self._kept, self._check, self._environment = path, kept, check, environment
        self.trouble: SetupError | None = None
        self._stamp = _stamp(path)
        try:
            self.entries = self._read()
        except SetupError as error:
            self.entries, self.trouble = self._last_good(error), error

    def changed(self) -> bool:
        """Read the file again if it changed; return whether that changed `entries` or `trouble`."""
        stamp = _stamp(self.path)
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        before = (self.entries, self.trouble)
        try:
            self.entries, self.trouble = self._read(), None
        except SetupError as error:
            self.trouble = error
        return before != (self.entries, self.trouble)

    def _read(self) -> Entries:
        described = _described(self.path)
        entries = _entries(self.path, described, self._environment)
        self._check(entries)
        # On a full disk they are watched all the same; the one before stays kept.
        with suppress(OSError):
            write_private(self._kept, json.dumps(described, ensure_ascii=False, indent=1))
        return entries

    def _last_good(self, error: SetupError) -> Entries:
        """Return what was last watched; where there is nothing, or that cannot be watched either, `error` stands."""
        try:
            described = json.loads(self._kept.read_text("utf-8"))
            entries = _entries(self._kept, described, self._environment)
            self._check(entries)
        except (OSError, ValueError, SetupError):
            raise error from None
        return entries


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Return what changes when a file does; None while it is not there."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
