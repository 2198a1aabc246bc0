"""A moment by two clocks: the one that people set, and the one that only counts."""

import time
import uuid
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# Counts through a suspended machine too, where the system has such a clock.
_BOOT_CLOCK: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


@dataclass(frozen=True, slots=True)
class Instant:
    """A moment.

    Attributes:
        boot_id: of the machine's present run; instants of two runs have no common counting clock.
        boot_s: seconds since then; never jumps.
        wall_s: POSIX seconds of the machine's clock; jumps when somebody, or NTP, sets it.
    """

    boot_id: str
    boot_s: float
    wall_s: float

    @classmethod
    def now(cls) -> Self:
        """Return the present moment."""
        return cls(_boot_id(), time.clock_gettime(_BOOT_CLOCK), time.time())


@cache
def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text("ascii").strip()
    except OSError:
        # Where the system does not say, every process is a run of its own: less is known, and nothing wrong.
        return str(uuid.uuid4())
