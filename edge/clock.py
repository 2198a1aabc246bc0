"""When a finding was really seen, although the machine's clock may have been wrong or may have jumped since. Pure.

The clock that people set is told apart from the one that only counts (`Instant`). A measurement against the server says how far
the server's time is ahead of the *count*; so a jump of the wall clock changes nothing of it, and what was seen earlier in the same run of
the machine gets its true time, also when the server was never met before. What was seen in an earlier run keeps the offset that was known then.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from edge.instant import Instant
from inspection.wire import FindingDraft

# Smaller steps are slewing, and errors of the measurement.
LEAST_JUMP_S = 1.0
# A picture's time is the machine's clock when it was kept so soon after; else it came from a file or a camera of its own.
SOON_S = 120.0


@dataclass(frozen=True, slots=True)
class Clock:
    """What a measurement against the server told.

    Attributes:
        boot_id: of the run in which it was made.
        ahead_s: the server's POSIX seconds less the count of this run.
        wall_s: the machine's POSIX seconds less the same count, then.
        round_trip_s: bounds the error to its half.
    """

    boot_id: str
    ahead_s: float
    wall_s: float
    round_trip_s: float = 0.0

    @classmethod
    def measured(cls, offset_s: float, round_trip_s: float, at: Instant) -> "Clock":
        """Return what an offset (device clock minus server clock) at a moment tells."""
        wall_s = at.wall_s - at.boot_s
        return cls(at.boot_id, wall_s - offset_s, wall_s, round_trip_s)

    def offset_s(self, at: Instant) -> float:
        """Return device clock minus server clock at a moment, less what the clock jumped since the measurement."""
        if at.boot_id != self.boot_id:
            # The wall clock went on without the count; nothing better is known.
            return self.wall_s - self.ahead_s
        return at.wall_s - at.boot_s - self.ahead_s

    def jumped_s(self, at: Instant) -> float:
        """Return how far the wall clock jumped since the measurement; 0 where it cannot be told."""
        if at.boot_id != self.boot_id:
            return 0.0
        jumped_s = at.wall_s - at.boot_s - self.wall_s
        return jumped_s if abs(jumped_s) >= LEAST_JUMP_S else 0.0


def corrected(draft: FindingDraft, kept: Instant, clock: Clock) -> FindingDraft:
    """Return a draft that was kept at a moment with the offset that its own time had to the server's."""
    is_by_wall = abs(draft.captured_at.timestamp() - kept.wall_s) <= SOON_S
    if kept.boot_id != clock.boot_id or not is_by_wall:
        return draft
    offset_s = clock.offset_s(kept)
    known_s = draft.clock_offset_s
    if known_s is not None and abs(known_s - offset_s) < max(LEAST_JUMP_S, clock.round_trip_s):
        return draft
    return draft.model_copy(update={"clock_offset_s": round(offset_s, 3)})


def estimated(
    draft: FindingDraft, kept: Instant, before_end_s: float, clock: Clock
) -> FindingDraft:
    """Return a draft whose time was not believed, with the latest at which it can have been seen.

    In this run of the machine that is when it was kept. In an earlier one it is the begin of this run, less how long before the
    last finding of that run it was kept (`before_end_s`), so that they stay in order.
    """
    if kept.boot_id == clock.boot_id:
        latest_s = kept.boot_s + clock.ahead_s
    else:
        latest_s = clock.ahead_s - before_end_s
    latest = datetime.fromtimestamp(latest_s, UTC)
    offset_s = (draft.captured_at - latest) / timedelta(seconds=1)
    return draft.model_copy(
        update={"clock_offset_s": round(offset_s, 3), "clock_is_estimated": True}
    )


class JumpWatch:
    """Notices that the wall clock was set while the program runs.

    Attributes:
        jumps: how often.
        last_s: how far it went the last time (forward: more than 0); None before the first.
        at_wall_s: POSIX seconds of the clock just after it.
    """

    def __init__(self, now: Instant) -> None:
        self._wall_s = now.wall_s - now.boot_s
        self.jumps = 0
        self.last_s: float | None = None
        self.at_wall_s: float | None = None

    def look(self, now: Instant) -> bool:
        """Tell whether the clock jumped since the last look. A slow drift is none."""
        wall_s = now.wall_s - now.boot_s
        step_s, self._wall_s = wall_s - self._wall_s, wall_s
        if abs(step_s) < LEAST_JUMP_S:
            return False
        self.jumps += 1
        self.last_s, self.at_wall_s = step_s, now.wall_s
        return True
