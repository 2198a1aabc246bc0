"""What of the outbox goes next, and how much at once: a long backlog must not keep a new hazard waiting, nor a slow line the next one.

While all that waits fits into one batch it goes in the order in which it was seen. Once more waits, there are two lanes, in turns:

fresh    first findings of the last ten minutes, in the order in which they were seen
backlog  the oldest of all that waits, in the order in which it was seen

So a new hazard waits for one batch of the backlog at most, and the backlog for one batch of new hazards. Each lane keeps its order; what
the fresh lane overtakes is made plain by the number that each finding has among those of its camera (docs/adr/0019-outbox.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from edge.outbox import Outbox
from edge.outbox_records import WaitingDraft
from inspection.wire import MAX_DRAFTS

# A first finding is fresh for so long: an alarm that is older is history, and order counts for more.
FRESH_S = 600.0
# A batch should take no longer: the next new hazard waits for its end.
TARGET_S = 2.0
LEAST_BYTES, FIRST_BYTES, MOST_BYTES = 16 << 10, 256 << 10, 8 << 20


@dataclass(slots=True)
class Line:
    """How much goes at once on this line: doubled while batches of that size are quick, cut to what it carries when one is slow, halved when one breaks.

    Attributes:
        batch_bytes: evidence and findings of a batch; one finding goes however large it is.
    """

    batch_bytes: int = FIRST_BYTES

    def note(self, sent_bytes: int, took_s: float) -> None:
        """Learn from a batch that arrived."""
        if took_s > TARGET_S:
            # As much as it carried in that time; a single large picture says that of itself only.
            carried = int(sent_bytes * TARGET_S / took_s)
            self.batch_bytes = max(LEAST_BYTES, min(carried, self.batch_bytes // 2))
        elif took_s < TARGET_S / 2 and sent_bytes >= self.batch_bytes / 2:
            # A small batch that was quick says nothing about a large one.
            self.batch_bytes = min(self.batch_bytes * 2, MOST_BYTES)

    def broke(self) -> None:
        """Learn from a batch that did not arrive."""
        self.batch_bytes = max(self.batch_bytes // 2, LEAST_BYTES)


@dataclass(slots=True)
class Batch:
    """Drafts that go together, and the bytes that are to be sent for them."""

    drafts: list[WaitingDraft]
    size: int


class Lanes:
    """Chooses batches. Lives as long as its line is used, for it learns.

    Attributes:
        line: how much goes at once.
    """

    def __init__(self) -> None:
        self.line = Line()
        self._was_fresh = False

    def next_batch(self, outbox: Outbox) -> Batch:
        """Return what goes next; no drafts when nothing waits."""
        oldest = outbox.waiting(MAX_DRAFTS)
        backlog = self._batch_of(oldest)
        has_more = len(backlog.drafts) < len(oldest) or len(oldest) == MAX_DRAFTS
        if has_more and not self._was_fresh:
            fresh = self._batch_of(outbox.waiting_first(MAX_DRAFTS, FRESH_S))
            if fresh.drafts:
                self._was_fresh = True
                return fresh
        self._was_fresh = False
        return backlog

    def _batch_of(self, drafts: Sequence[WaitingDraft]) -> Batch:
        batch = Batch([], 0)
        evidence: set[str] = set()
        for draft in drafts:
            size = len(draft.body)
            if not draft.is_evidence_delivered and draft.evidence_sha256 not in evidence:
                size += draft.evidence_size
            if batch.drafts and batch.size + size > self.line.batch_bytes:
                break
            evidence.add(draft.evidence_sha256)
            batch.drafts.append(draft)
            batch.size += size
        return batch
