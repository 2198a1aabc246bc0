"""The watch of one camera: its captures are looked at, confirmed over time, kept before anything else."""

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
