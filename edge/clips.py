"""Makes the clip of a finding: some seconds before it, and some after, once those have come. In a thread of its own."""

import queue
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from uuid import UUID

from edge.clip_file import ClipUnmakeable, mp4_of
from edge.clip_ring import ClipRing
from edge.clip_store import ClipStore

# Clips under way; findings that come faster than this tell the same story.
MAX_UNDER_WAY = 64


@dataclass(frozen=True, slots=True)
class Wanted:
    """A clip to be made: of these findings, told of what a camera showed at `at_s`."""

    finding_ids: tuple[UUID, ...]
    ring: ClipRing
    at_s: float


class ClipMaker:
    """Takes wishes from the loop and puts clips into the store; works while its block lasts."""

    def __init__(self, store: ClipStore, before_s: float, after_s: float) -> None:
        self.store, self._before_s, self._after_s = store, before_s, after_s
        self._wanted: queue.Queue[Wanted | None] = queue.Queue(MAX_UNDER_WAY)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="clips", daemon=True)
        self.unmakeable = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End: clips under way are made of what has come."""
        self._ending.set()
        with suppress(queue.Full):
            self._wanted.put_nowait(None)
        self._thread.join(10.0)

    def want(self, finding_ids: Sequence[UUID], ring: ClipRing, at_s: float) -> None:
        """Make a clip of findings, when the seconds after them have come."""
        try:
            self._wanted.put_nowait(Wanted(tuple(finding_ids), ring, at_s))
        except queue.Full:
            self.store.left_out += 1

    def _run(self) -> None:
        while (wanted := self._wanted.get()) is not None:
            self._ending.wait(max(0.0, wanted.at_s + self._after_s - time.monotonic()))
            self._make(wanted)
            if self._ending.is_set() and self._wanted.empty():
                return

    def _make(self, wanted: Wanted) -> None:
        pieces = wanted.ring.between(wanted.at_s - self._before_s, wanted.at_s + self._after_s)
        try:
            data = mp4_of(pieces)
        except ClipUnmakeable:
            self.unmakeable += 1
            return
        self.store.put(data, wanted.finding_ids)
