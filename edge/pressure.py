"""What a window of looks says about the machine."""

import os
import time
from collections.abc import Sequence

from edge.address import Way
from edge.load import WINDOW_S, Load, Stand

_SHORTEST_S = 0.5


class Pressure:
    """How late looks come and how busy this program is, window by window."""

    def __init__(self, window_s: float = WINDOW_S) -> None:
        self.load = Load()
        self._window_s = window_s
        self._lateness: list[float] = []
        self._began_at_s, self._cpu_s = time.monotonic(), time.process_time()

    def note(self, lateness: float) -> None:
        """Note how late a look came, in turns."""
        self._lateness.append(lateness)

    def looks_a_second(self, now_s: float) -> float:
        """Return how many looks there were in this window so far."""
        return len(self._lateness) / max(now_s - self._began_at_s, _SHORTEST_S)

    def judged(self, now_s: float, stands: Sequence[Stand]) -> dict[str, Way]:
        """Return every camera's way when a window is over, and begin the next; nothing while one lasts."""
        window_s = now_s - self._began_at_s
        if window_s < self._window_s:
            return {}
        cpu_s = time.process_time()
        busy = (cpu_s - self._cpu_s) / window_s / (os.cpu_count() or 1)
        lateness = sum(self._lateness) / max(1, len(self._lateness))
        self._lateness, self._began_at_s, self._cpu_s = [], now_s, cpu_s
        return self.load.judge(stands, lateness, busy)
