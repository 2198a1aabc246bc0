"""What the server does by itself about what it keeps: it indexes entries that were missed."""

import logging
import threading

from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from inspection.entry_index import behind, catch_up

LOG = logging.getLogger(__name__)
POLL_S = 5.0


class Keeper:
    """A thread that works in small transactions, so that requests come in between. Any number of servers may run one."""

    def __init__(self, read: sessionmaker[Session], write: sessionmaker[Session]) -> None:
        self._read, self._write = read, write
        self._wanted, self._ended = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def run_once(self) -> None:
        """Do everything that waits, or as much of it as there is time for before `stop`."""
        self._index()

    def start(self) -> None:
        """Begin to work, in a thread."""
        self._ended.clear()
        self._thread = threading.Thread(target=self._work, name="anxun-keeper", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Say that there is something to do."""
        self._wanted.set()

    def stop(self) -> None:
        """End after the transaction at hand, and wait for it."""
        self._ended.set()
        self._wanted.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _work(self) -> None:
        while not self._ended.is_set():
            self._wanted.clear()
            try:
                self.run_once()
            except Exception:
                # The database or the evidence store may be away for a while; what waits is in the database.
                LOG.exception("what is kept could not be tended; trying again")
            self._wanted.wait(POLL_S)

    def _index(self) -> None:
        # Reading first: on SQLite a session that writes would hold up everyone, every few seconds, for nothing.
        with self._read() as session:
            waiting = behind(session)
        for enterprise_id in waiting:
            while not self._ended.is_set():
                with self._write.begin() as session:
                    if not catch_up(session, enterprise_id):
                        break
