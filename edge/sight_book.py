"""How long each camera saw and did not see, day by day, until the server has it in the ledger. On the disk, so that a restart loses a minute at most.

A day is one of China (UTC+8), told by the clock less its known offset. A day is whole once the next one has begun; what is told of it is a total,
so that telling it twice changes nothing.
"""

import time
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from edge.private_file import write_private
from inspection.box_wire import MAX_DAYS, CameraDay, SightDay
from inspection.sight import Sight

CHINA = timezone(timedelta(hours=8))
WRITTEN_EVERY_S = 60.0
# Days that the server has are kept so long for corrections, and days that it never took are given up after this.
KEPT_DAYS, GIVEN_UP_DAYS = 7, 400

Seconds = dict[Sight, float]


class _Day(BaseModel):
    model_config = ConfigDict(extra="ignore")

    cameras: dict[str, Seconds] = {}
    told: bool = False


class _File(BaseModel):
    days: dict[date, _Day] = {}


class SightBook:
    """Counts seconds. Written by the loop that looks at frames; the line to the server reads what `untold` returned to it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._days = _read(path).days
        self._written_s = time.monotonic()
        self._is_changed = False

    def add(self, camera: str, sight: Sight, lasted_s: float, now: datetime) -> None:
        """Count some seconds of a camera up to a moment (true time, aware)."""
        if lasted_s <= 0:
            return
        day = self._days.setdefault(day_of(now), _Day())
        seconds = day.cameras.setdefault(camera, {})
        seconds[sight] = seconds.get(sight, 0.0) + lasted_s
        day.told = False
        self._is_changed = True

    def today(self, camera: str, now: datetime) -> tuple[float, float]:
        """Return how many seconds of today a camera saw, and did not see."""
        day = self._days.get(day_of(now))
        seconds = day.cameras.get(camera, {}) if day else {}
        seen_s = seconds.get(Sight.SEEING, 0.0)
        return seen_s, sum(seconds.values()) - seen_s

    def untold(self, now: datetime) -> tuple[SightDay, ...]:
        """Return the whole days that the server does not have, the oldest first."""
        today = day_of(now)
        days = [day for day, one in sorted(self._days.items()) if day < today and not one.told]
        return tuple(_told(day, self._days[day].cameras) for day in days[:MAX_DAYS])

    def note_told(self, days: Mapping[date, SightDay], now: datetime) -> None:
        """Remember which days the server has, as they were told."""
        today = day_of(now)
        for day, told in days.items():
            kept = self._days.get(day)
            if kept is not None and _told(day, kept.cameras) == told:
                kept.told = True
                self._is_changed = True
        for day, one in list(self._days.items()):
            limit = KEPT_DAYS if one.told else GIVEN_UP_DAYS
            if (today - day).days > limit:
                del self._days[day]

    def write(self, *, at_once: bool = False) -> None:
        """Write the file now and then; a full disk takes nothing from watching."""
        now_s = time.monotonic()
        if not self._is_changed or (not at_once and now_s - self._written_s < WRITTEN_EVERY_S):
            return
        self._written_s = now_s
        try:
            write_private(self._path, _File(days=self._days).model_dump_json())
        except OSError:
            return
        self._is_changed = False


def day_of(at: datetime) -> date:
    """Return the day in China."""
    return at.astimezone(CHINA).date()


def _told(day: date, cameras: Mapping[str, Mapping[Sight, float]]) -> SightDay:
    return SightDay(
        day=day,
        cameras=tuple(
            CameraDay(name=name, seconds={sight: round(s) for sight, s in sorted(seconds.items())})
            for name, seconds in sorted(cameras.items())
        )[:64],
    )


def _read(path: Path) -> _File:
    try:
        return _File.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return _File()


def true_now(offset_s: float | None) -> datetime:
    """Return the time, less what the clock is known to be wrong by."""
    return datetime.now(UTC) - timedelta(seconds=offset_s or 0.0)
