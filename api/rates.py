"""How often a person may ask: far beyond what anybody does by hand, so that one script cannot take a server from everybody else.

Counted in memory, a minute at a time, by each server for itself: what is counted must cost nothing. Devices are not counted: after a day without a
line they deliver what they saw.
"""

import threading
from uuid import UUID

from api.errors import TooManyRequests

WINDOW_S = 60
MOST_KEPT = 10_000


class Rates:
    """Counts requests by person. Any thread may count."""

    def __init__(self, a_minute: int) -> None:
        self._allowed = a_minute
        self._lock = threading.Lock()
        self._window, self._counts = -1, dict[UUID, int]()

    def count(self, user_id: UUID, now_s: float) -> None:
        """Count one request of a person. Raises `TooManyRequests` with the seconds until the next minute."""
        if not self._allowed:
            return
        window = int(now_s // WINDOW_S)
        with self._lock:
            if window != self._window or len(self._counts) > MOST_KEPT:
                self._window, self._counts = window, {}
            count = self._counts[user_id] = self._counts.get(user_id, 0) + 1
        if count > self._allowed:
            raise TooManyRequests(max(1, round((window + 1) * WINDOW_S - now_s)))
