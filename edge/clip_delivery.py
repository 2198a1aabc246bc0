"""Delivers clips: each after its finding, whose ledger entry it is added to by one of its own."""

import time
from collections.abc import Callable

from edge.clip_store import ClipStore, WaitingClip
from edge.desk import Desk
from edge.errors import EvidenceDamaged, Refused
from inspection.box_wire import MAX_ASKED_FINDINGS

# So many a turn: cameras, models and what stands open come in between.
MAX_A_TURN = 20
# A finding that the server never got in so long was refused by it: its clip belongs to nothing.
GIVEN_UP_AFTER_S = 60 * 86_400.0
_GONE = {401, 403}


def deliver_clips(desk: Desk, store: ClipStore, should_stop: Callable[[], bool]) -> None:
    """Deliver the clips whose findings are there, oldest first; the others wait.

    Raises:
        ServerAway, Refused: as the desk says, for the device as a whole; what was added stays added.
    """
    clips = store.waiting()
    ids = [one for clip in clips for one in clip.finding_ids][:MAX_ASKED_FINDINGS]
    if not ids:
        return
    there = desk.standing(ids)
    delivered = 0
    for clip in clips:
        ready = [one for one in clip.finding_ids if one in there]
        if not ready:
            if time.time() - clip.made_at_s > GIVEN_UP_AFTER_S:
                store.settle(clip, clip.finding_ids)
            continue
        if should_stop() or delivered >= MAX_A_TURN:
            return
        delivered += 1
        _deliver(desk, store, clip, [str(one) for one in ready])
        store.settle(clip, ready)


def _deliver(desk: Desk, store: ClipStore, clip: WaitingClip, finding_ids: list[str]) -> None:
    """Upload a clip and add it; one that is damaged or that the server will never take is given up."""
    try:
        desk.put_evidence(clip.sha256, store.read(clip.sha256))
        for finding_id in finding_ids:
            desk.add_clip(finding_id, clip.sha256)
    except EvidenceDamaged:
        return
    except Refused as refused:
        if refused.status in _GONE:
            raise
