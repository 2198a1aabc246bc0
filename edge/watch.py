"""The watch: captures of one camera, looked at, confirmed over time, kept before anything else."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from edge.camera import LiveCamera, capture_of
from edge.capture import Capture, TimeSource
from edge.confirm import Confirmer
from edge.errors import DiskFull
from edge.look import Look
from edge.outbox import Outbox
from edge.settings import Settings
from inspection.wire import FindingDraft

# Findings that a full disk could not take are held in memory; each holds a JPEG.
MAX_HELD = 64


@dataclass(slots=True)
class WatchTotals:
    """What a watch saw; `held` findings wait for room on the disk."""

    frames: int = 0
    findings: int = 0
    held: int = 0


class Watch:
    """Turns captures into kept findings; `notice` hears of each and of troubles with the disk (None: it is over)."""

    def __init__(
        self,
        look: Look,
        confirmer: Confirmer,
        outbox: Outbox,
        notice: Callable[[FindingDraft | DiskFull | None], None],
    ) -> None:
        self._look, self._confirmer, self._outbox, self._notice = look, confirmer, outbox, notice
        self._held: list[tuple[list[FindingDraft], bytes]] = []
        self._is_disk_full = False
        self.totals = WatchTotals()

    def take(self, capture: Capture) -> None:
        """Look at one capture.

        Raises:
            DiskFull: for so long that findings can no longer be held in memory.
            OutboxUnusable, ModelUnusable: as they say.
        """
        self.totals.frames += 1
        confirmed = self._confirmer.observe(capture.at_s, self._look.assess(capture.image_bgr))
        if confirmed:
            offset_s = self._outbox.clock_offset_s()
            drafts = [
                self._look.draft(
                    one.seen, capture, clock_offset_s=offset_s, sightings=one.sightings
                )
                for one in confirmed
            ]
            self._held.append((drafts, capture.evidence))
        self.keep_held()

    def keep_held(self) -> None:
        """Write what is held; a full disk is tried again with the next capture (delivery may make room)."""
        while self._held:
            drafts, evidence = self._held[0]
            try:
                self._outbox.record_drafts(drafts, evidence)
            except DiskFull as error:
                if len(self._held) > MAX_HELD:
                    raise
                if not self._is_disk_full:
                    self._notice(error)
                self._is_disk_full = True
                self.totals.held = len(self._held)
                return
            del self._held[0]
            self.totals.findings += len(drafts)
            for draft in drafts:
                self._notice(draft)
        if self._is_disk_full:
            self._is_disk_full, self.totals.held = False, 0
            self._notice(None)


def live_captures(
    camera: LiveCamera, name: str, settings: Settings, tick_s: float = 0.5
) -> Iterator[Capture | None]:
    """Yield each new frame of a started camera, or None when none came for a tick."""
    while True:
        frame = camera.newest(tick_s)
        if frame is None:
            yield None
        else:
            yield capture_of(frame, name, TimeSource.CLOCK, settings.jpeg_quality)


class Blindness:
    """Notices when a live camera shows nothing for `after_s` seconds, and when it is back."""

    def __init__(self, after_s: float, now_s: Callable[[], float] = time.monotonic) -> None:
        self._after_s, self._now_s = after_s, now_s
        self._seen_at_s = now_s()
        self.is_blind = False

    def take(self, *, has_picture: bool) -> bool:
        """Note whether a picture came; return whether blindness began or ended with it."""
        now_s, was_blind = self._now_s(), self.is_blind
        if has_picture:
            self._seen_at_s = now_s
        self.is_blind = now_s - self._seen_at_s >= self._after_s
        return was_blind != self.is_blind


def run_watch(
    watch: Watch,
    captures: Iterable[Capture | None],
    *,
    should_stop: Callable[[], bool],
    on_tick: Callable[[bool], None] = lambda _: None,
) -> None:
    """Take captures until they end or `should_stop`; `on_tick` hears whether there was a picture."""
    for capture in captures:
        if should_stop():
            return
        if capture is None:
            watch.keep_held()
        else:
            watch.take(capture)
        on_tick(capture is not None)
