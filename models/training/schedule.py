"""A learning rate that follows the clock: the budget is time, and the machine may be shared."""

from __future__ import annotations

import math
import time


class Budget:
    """Wall-clock seconds of a run, counted over its interruptions."""

    def __init__(self, total_s: float, spent_s: float = 0.0) -> None:
        """Allow `total_s`, of which earlier parts of the run used `spent_s`."""
        self.total_s, self.spent_s = total_s, spent_s
        self._started_s: float | None = None

    def start(self) -> None:
        """Start the clock of this part."""
        self._started_s = time.monotonic()

    def elapsed_s(self) -> float:
        """Return the seconds used by all parts so far."""
        running = 0.0 if self._started_s is None else time.monotonic() - self._started_s
        return self.spent_s + running

    def progress(self) -> float:
        """Return the share of the budget that is used, 0-1."""
        return min(self.elapsed_s() / self.total_s, 1.0)


def cosine(progress: float, end: float) -> float:
    """Return the learning rate's factor: 1 at progress 0, falling to `end` at 1."""
    return end + (1 - end) * (1 + math.cos(math.pi * progress)) / 2
