"""A hazard of a camera is believed when k of n frames show it for long enough, and told once while it stands. Pure.

Per hazard code and zone the boxes are tracked by intersection over union (of boxes grown about their
centre, because a walking person's head leaves its own box between two samples). A group of tracks *stands*
from its first report until none of its told tracks was seen for `gone_after_s`, judged at frames: while a camera is
blind nothing is gone.

- Nothing stands, k of the last n frames showed the hazard, and it was there for `dwell_s`: all its boxes are told. It was
  there since the first frame that showed it, if no n frames in a row were without it.
- Something stands and a further track was seen in k of n frames: told as well, unless a told track is lost
  at that moment. Then it is the same hazard that moved, and inherits.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from inspection.rules import SeenHazard
from inspection.wire import Box

GROWN = 2.0


@dataclass(frozen=True, slots=True)
class Needs:
    """What it takes to believe a hazard: `k` of the last `n` frames show it, and it was there for `dwell_s`."""

    k: int = 3
    n: int = 5
    dwell_s: float = 0.0

    def __post_init__(self) -> None:
        if not 1 <= self.k <= self.n:
            msg = f"k of n needs k ≤ n (1 ≤ k ≤ n), not {self.k} of {self.n}"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A hazard to report now: the boxes of its new instances, and how many of the last frames showed it.

    `standing` is how many instances of it stand, these included.
    """

    seen: SeenHazard
    sightings: int
    standing: int = 1


@dataclass(eq=False, slots=True)
class _Track:
    box: Box
    hits: deque[bool]
    seen_at_s: float
    since_s: float
    is_told: bool = False

    @property
    def is_hit(self) -> bool:
        return self.hits[-1]


@dataclass(slots=True)
class _Group:
    needs: Needs
    frames: deque[bool]
    since_s: float = 0.0
    tracks: list[_Track] = field(default_factory=list)


class Confirmer:
    """What one camera showed, frame by frame. `by_hazard` says for which hazards more, or less, is needed than `needs`."""

    def __init__(
        self,
        needs: Needs | None = None,
        *,
        by_hazard: Mapping[str, Needs] | None = None,
        gone_after_s: float = 60.0,
        min_iou: float = 0.2,
    ) -> None:
        self._needs, self._by_hazard = needs or Needs(), by_hazard or {}
        self.gone_after_s, self.min_iou = gone_after_s, min_iou
        self._groups: dict[tuple[str, str | None], _Group] = {}

    def observe(self, at_s: float, seen: Iterable[SeenHazard]) -> list[Confirmed]:
        """Take one frame's hazards (one per code and zone); return those to report now."""
        by_key = {(hazard.hazard_code, hazard.zone): hazard for hazard in seen}
        for key in by_key.keys() - self._groups.keys():
            needs = self._by_hazard.get(key[0], self._needs)
            self._groups[key] = _Group(needs, deque(maxlen=needs.n))
        confirmed = []
        for key, group in list(self._groups.items()):
            hazard = by_key.get(key)
            self._follow(group, at_s, hazard.boxes if hazard else ())
            if hazard and (told := _tell(group, at_s)):
                confirmed.append(_report(hazard, told, group))
            if not group.tracks and not any(group.frames):
                del self._groups[key]
        return confirmed

    def forget(self, hazard_code: str, zone: str | None) -> None:
        """Take a hazard as if it had never been seen: where it still is, it is told anew."""
        self._groups.pop((hazard_code, zone), None)

    def _follow(self, group: _Group, at_s: float, boxes: Sequence[Box]) -> None:
        """Move tracks on by one frame: matched ones are hit, others missed, leftover boxes start one."""
        if not any(group.frames):
            group.since_s = at_s
        group.frames.append(bool(boxes))
        for track in group.tracks:
            track.hits.append(False)
        free = list(boxes)
        for track, box in _matches(group.tracks, boxes, self.min_iou):
            track.box, track.seen_at_s, track.hits[-1] = box, at_s, True
            free.remove(box)
        group.tracks += [_Track(box, deque([True], group.needs.n), at_s, at_s) for box in free]
        _keep_standing(group.tracks, at_s)
        group.tracks = [track for track in group.tracks if self._is_alive(track, at_s)]

    def _is_alive(self, track: _Track, at_s: float) -> bool:
        if track.is_told:
            return at_s - track.seen_at_s < self.gone_after_s
        return any(track.hits)


def _tell(group: _Group, at_s: float) -> list[_Track]:
    """Mark and return the tracks to report."""
    needs = group.needs
    hit = [track for track in group.tracks if track.is_hit]
    if not any(track.is_told for track in group.tracks):
        is_believed = sum(group.frames) >= needs.k and at_s - group.since_s >= needs.dwell_s
        told = hit if is_believed else []
    else:
        ripe = [track for track in hit if not track.is_told and _is_ripe(track, needs, at_s)]
        told = [track for track in ripe if not _inherits(group, track)]
    for track in told:
        track.is_told = True
    return told


def _is_ripe(track: _Track, needs: Needs, at_s: float) -> bool:
    return sum(track.hits) >= needs.k and at_s - track.since_s >= needs.dwell_s


def _inherits(group: _Group, track: _Track) -> bool:
    """Let a track stand for a told one it was never seen together with: the same hazard, moved."""
    for told in group.tracks:
        if told.is_told and not _were_together(told, track):
            group.tracks.remove(told)
            track.is_told = True
            return True
    return False


def _were_together(one: _Track, other: _Track) -> bool:
    return any(a and b for a, b in zip(reversed(one.hits), reversed(other.hits), strict=False))


def _keep_standing(tracks: Sequence[_Track], at_s: float) -> None:
    """Count a lost told track as seen while an untold one is: it may be the same, moving fast."""
    spare = sum(track.is_hit and not track.is_told for track in tracks)
    lost = [track for track in tracks if track.is_told and not track.is_hit]
    lost.sort(key=lambda track: track.seen_at_s, reverse=True)
    for track in lost[:spare]:
        track.seen_at_s = at_s


def _matches(
    tracks: Sequence[_Track], boxes: Sequence[Box], min_iou: float
) -> list[tuple[_Track, Box]]:
    """Pair tracks and boxes, the best overlap first, each used once."""
    pairs = [
        (iou, i, j)
        for i, track in enumerate(tracks)
        for j, box in enumerate(boxes)
        if (iou := grown_iou(track.box, box)) >= min_iou
    ]
    pairs.sort(key=lambda pair: (-pair[0], pair[1], pair[2]))
    used_tracks: set[int] = set()
    used_boxes: set[int] = set()
    matches = []
    for _, i, j in pairs:
        if i not in used_tracks and j not in used_boxes:
            used_tracks.add(i)
            used_boxes.add(j)
            matches.append((tracks[i], boxes[j]))
    return matches


def grown_iou(one: Box, other: Box, grown: float = GROWN) -> float:
    """Return the intersection over union, 0 to 1, of two boxes each grown about its centre."""
    a, b = _grow(one, grown), _grow(other, grown)
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    inter = width * height
    area_a, area_b = ((c[2] - c[0]) * (c[3] - c[1]) for c in (a, b))
    return inter / (area_a + area_b - inter)


def _grow(box: Box, factor: float) -> tuple[float, float, float, float]:
    dx, dy = (box.x2 - box.x1) * (factor - 1) / 2, (box.y2 - box.y1) * (factor - 1) / 2
    return box.x1 - dx, box.y1 - dy, box.x2 + dx, box.y2 + dy


def _report(hazard: SeenHazard, told: Sequence[_Track], group: _Group) -> Confirmed:
    """Keep the told instances' boxes."""
    new = [track.box for track in told]
    boxes = tuple(box for box in hazard.boxes if box in new)
    return Confirmed(
        replace(hazard, boxes=boxes, confidence=max(box.confidence for box in boxes)),
        sum(group.frames),
        sum(track.is_told for track in group.tracks),
    )
