"""The watch of one camera: its captures are looked at, confirmed over time, kept before anything else."""

import time
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from edge.capture import Capture
from edge.confirm import Confirmed, Confirmer
from edge.gallery import Gallery
from edge.hazard_rules import Demands
from edge.keep import Keep
from edge.look import Look
from edge.standing import Place, Standing
from inspection.rules import SeenHazard
from inspection.wire import FindingDraft


class Watch:
    """Turns one camera's captures into kept findings.

    Attributes:
        look: what looks; another may be put in its place between two captures.
        gallery: who keeps pictures for the local page, if anybody does.
        looked: captures that the model looked at, and the seconds that it took.
        found: findings that were told.
        repeated: confirmed hazards that were not told, because their item is open.
    """

    def __init__(
        self,
        look: Look,
        confirmer: Confirmer,
        keep: Keep,
        demands: Demands | None = None,
        standing: Standing | None = None,
    ) -> None:
        self.look, self._confirmer, self._keep = look, confirmer, keep
        self._demands = demands or Demands()
        self._standing = Standing() if standing is None else standing
        self.gallery: Gallery | None = None
        self.looked = self.found = self.repeated = 0
        self.look_s = 0.0

    def take(self, capture: Capture) -> list[FindingDraft]:
        """Look at one capture; return the findings that are kept of it.

        Raises:
            DiskFull: for so long that findings can no longer be held in memory.
            OutboxUnusable, ModelUnusable: as they say.
        """
        began_s = time.perf_counter()
        detections = self.look.detections(capture.image_bgr)
        seen = self._counting(capture, self.look.hazards_in(detections, capture.image_bgr))
        self.looked += 1
        self.look_s += time.perf_counter() - began_s
        if self.gallery is not None:
            self.gallery.take(capture, detections, self.look.detector.labels, seen)
        repeats: dict[UUID, UUID] = {}
        drafts = self._drafts(capture, self._confirmer.observe(capture.at_s, seen), repeats)
        if not drafts:
            self._keep.try_again()
            return []
        self.found += len(drafts)
        self._keep.put(drafts, capture.evidence, repeats)
        return drafts

    def forget(self, place: Place) -> None:
        """Take a hazard as new: its item was closed."""
        self._confirmer.forget(place.hazard_code, place.zone)

    def _counting(self, capture: Capture, seen: Sequence[SeenHazard]) -> list[SeenHazard]:
        if not seen or not self._demands.has_hours:
            return list(seen)
        # A clock that is known to be wrong must not move the working hours.
        wrong_by = timedelta(seconds=self._keep.clock_offset_s() or 0.0)
        return self._demands.counting(seen, capture.captured_at - wrong_by)

    def _drafts(
        self, capture: Capture, confirmed: Sequence[Confirmed], repeats: dict[UUID, UUID]
    ) -> list[FindingDraft]:
        """Return what is to be told, and note in `repeats` which of it only repeats what."""
        if not confirmed:
            return []
        offset_s = self._keep.clock_offset_s()
        drafts = []
        for one in confirmed:
            place = Place(capture.source.name, one.seen.hazard_code, one.seen.zone)
            repeat_after_s = self._demands.repeats_after_s(place.hazard_code)
            unsaid = self._standing.sightings(
                place, one.standing, capture.captured_at, repeat_after_s
            )
            if unsaid is None:
                self.repeated += 1
                continue
            draft = self.look.draft(
                one.seen, capture, clock_offset_s=offset_s, sightings=one.sightings + unsaid
            )
            repeated = self._standing.repeats(place, one.standing)
            if repeated is not None:
                repeats[draft.id] = repeated
            self._standing.note(place, draft.id, one.standing, capture.captured_at)
            drafts.append(draft)
        return drafts
