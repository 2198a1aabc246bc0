"""What works by itself beside the requests: a thread that takes up what waits, when it is woken and every so often."""

import logging
import threading
from abc import ABC, abstractmethod

LOG = logging.getLogger(__name__)


class Poller(ABC):
    """Works off what waits in the database, in a thread of its own after `start`, or in the caller's by `run_once`.

    Attributes:
        poll_s: how long it rests between two looks when nobody wakes it, seconds.
    """

    def __init__(self, name: str, poll_s: float) -> None:
        """Prepare; the thread will have this name."""
        self.poll_s = poll_s
        self._name = name
        self._wanted, self._ended = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    @abstractmethod
    def run_once(self) -> int:
        """Do everything that waits, or as much as there is time for before `stop`; return how much it was."""

    @property
    def is_ending(self) -> bool:
        """Return whether `stop` was called: what is not begun is left to the next start."""
        return self._ended.is_set()

    def start(self) -> None:
        """Begin to work in a thread. What an earlier process left is found again."""
        self._ended.clear()
        self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Say that there is something to do, so that it does not wait for the next look."""
        self._wanted.set()

    def stop(self) -> None:
        """End after what is at hand, and wait for it."""
        self._ended.set()
        self._wanted.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def run_round(self) -> None:
        """Do what the thread does at each look."""
        self.run_once()

    def _work(self) -> None:
        while not self._ended.is_set():
            self._wanted.clear()
            try:
                self.run_round()
            except Exception:
                # The database may be away for a while; the queue is in it, and waits.
                LOG.exception("%s: what waits could not be done; trying again", self._name)
            self._wanted.wait(self.poll_s)
