"""The watch of one camera: its captures are looked at, confirmed over time, kept before anything else."""

import time
from collections.abc import Callable

from edge.capture import Capture
from edge.confirm import Confirmer
from edge.keep import Keep
from edge.look import Look


class Watch:
    """Turns one camera's captures into kept findings.

    Attributes:
        looked: captures that the model looked at.
        found: hazards that were confirmed.
    """

    def __init__(self, look: Look, confirmer: Confirmer, keep: Keep) -> None:
        self._look, self._confirmer, self._keep = look, confirmer, keep
        self.looked = 0
        self.found = 0

    def take(self, capture: Capture) -> None:
        """Look at one capture.

        Raises:
            DiskFull: for so long that findings can no longer be held in memory.
            OutboxUnusable, ModelUnusable: as they say.
        """
        self.looked += 1
        confirmed = self._confirmer.observe(capture.at_s, self._look.assess(capture.image_bgr))
        if not confirmed:
            self._keep.try_again()
            return
        offset_s = self._keep.clock_offset_s()
        drafts = [
            self._look.draft(one.seen, capture, clock_offset_s=offset_s, sightings=one.sightings)
            for one in confirmed
        ]
        self.found += len(drafts)
        self._keep.put(drafts, capture.evidence)


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
