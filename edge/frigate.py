"""Findings of a Frigate, from what it publishes over MQTT (docs.frigate.video, "MQTT").

``PREFIX/events`` carries an object each time something about it changes: ``type`` new, update or end, and its state ``after``
that. ``PREFIX/CAMERA/LABEL/snapshot`` carries a JPEG of the newest object of a label. A tracked object becomes one finding for
each hazard that its label means, as soon as there is a picture of it: from Frigate's API (``/api/events/ID/snapshot.jpg``, whole
frames, so boxes fit) where its address is known, else the next one over MQTT (cut to the object, so without boxes).
"""

import json
import math
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.errors import TellingRefused
from edge.neighbours import Frigate, LabelEntry
from edge.told import NeighbourOutbox, Told, keep_told, meaning_of, size_of
from inspection.wire import FindingDraft

NAME = "frigate"
# Objects of which there was no picture yet; Frigate sends one within a second.
MAX_PENDING = 256
API_TIMEOUT_S = 5.0


class TrackedObject(BaseModel):
    """The state of an object in ``PREFIX/events``, as far as it is read here; `box` in pixels of Frigate's detect stream."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str = Field(min_length=1, max_length=200)
    camera: str = Field(min_length=1, max_length=190)
    label: str = Field(min_length=1, max_length=64)
    start_time: float = Field(gt=0, lt=4e9, allow_inf_nan=False)
    score: float = Field(default=0.0, ge=0, le=1)
    top_score: float = Field(default=0.0, ge=0, le=1)
    false_positive: bool = False
    has_snapshot: bool = False
    entered_zones: tuple[str, ...] = ()
    snapshot: dict[str, Any] | None = None
    box: tuple[float, ...] = ()

    @property
    def best_score(self) -> float:
        """How sure Frigate was at best."""
        return max(self.score, self.top_score)


class Event(BaseModel):
    """A message of ``PREFIX/events``."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    type: Literal["new", "update", "end"]
    after: TrackedObject


Notice = Callable[[str, FindingDraft | str], None]


class FrigateFindings:
    """Takes Frigate's messages, one at a time, and keeps what they mean.

    `notice` hears ``told`` with each finding, and ``unread`` or ``pictureless`` with the reason or the object's id.
    """

    def __init__(self, frigate: Frigate, notice: Notice) -> None:
        self._frigate, self._notice = frigate, notice
        self._pending: OrderedDict[str, TrackedObject] = OrderedDict()

    @property
    def topics(self) -> tuple[str, ...]:
        """What to subscribe to."""
        prefix = self._frigate.prefix
        snapshots = () if self._frigate.url else (f"{prefix}/+/+/snapshot",)
        return (f"{prefix}/events", *snapshots)

    def take(self, topic: str, payload: bytes, outbox: NeighbourOutbox) -> None:
        """Take a message.

        Raises:
            DiskFull, OutboxUnusable: nothing was kept; take it again later.
        """
        rest = topic.removeprefix(f"{self._frigate.prefix}/")
        if rest == "events":
            self._take_event(payload, outbox)
        elif rest.endswith("/snapshot") and rest.count("/") == 2:
            camera, label, _ = rest.split("/")
            self._take_snapshot(camera, label, payload, outbox)

    def _take_event(self, payload: bytes, outbox: NeighbourOutbox) -> None:
        try:
            event = Event.model_validate(json.loads(payload))
        except (ValueError, ValidationError) as error:
            self._notice("unread", str(error).splitlines()[0])
            return
        seen = event.after
        if seen.false_positive or self._meaning(seen) is None:
            return
        picture = self._picture_of(seen)
        if picture is not None:
            self._pending.pop(seen.id, None)
            self._keep(seen, picture, outbox, is_whole=True)
            return
        if self._frigate.url and event.type == "end":
            self._pending.pop(seen.id, None)
            self._notice("pictureless", seen.id)
            return
        self._wait_for_picture(seen)

    def _wait_for_picture(self, seen: TrackedObject) -> None:
        self._pending[seen.id] = seen
        while len(self._pending) > MAX_PENDING:
            lost, _ = self._pending.popitem(last=False)
            self._notice("pictureless", lost)

    def _take_snapshot(
        self, camera: str, label: str, picture: bytes, outbox: NeighbourOutbox
    ) -> None:
        """Give a picture to the objects of its camera and label that wait for one."""
        for seen in list(self._pending.values()):
            if (seen.camera, seen.label) == (camera, label):
                self._keep(seen, picture, outbox, is_whole=False)
                self._pending.pop(seen.id, None)

    def _meaning(self, seen: TrackedObject) -> LabelEntry | None:
        return meaning_of(
            self._frigate.labels, seen.label, seen.best_score, seen.camera, seen.entered_zones
        )

    def _picture_of(self, seen: TrackedObject) -> bytes | None:
        """Ask Frigate's API for the whole frame; None while it has none, or is not there."""
        if self._frigate.url is None or not seen.has_snapshot:
            return None
        address = f"{self._frigate.url.rstrip('/')}/api/events/{seen.id}/snapshot.jpg"
        try:
            answer = httpx.get(address, params={"bbox": 0, "crop": 0}, timeout=API_TIMEOUT_S)
        except httpx.HTTPError:
            return None
        return answer.content if answer.is_success and answer.content else None

    def _keep(
        self, seen: TrackedObject, picture: bytes, outbox: NeighbourOutbox, *, is_whole: bool
    ) -> None:
        meaning = self._meaning(seen)
        if meaning is None:
            return
        at = datetime.fromtimestamp(seen.start_time, UTC)
        try:
            told = Told(
                NAME,
                seen.camera,
                seen.id,
                seen.label,
                seen.best_score,
                at,
                picture,
                _boxes(seen, picture) if is_whole else (),
                seen.entered_zones[-1] if seen.entered_zones else None,
                named_at=at,
            )
            kept = keep_told(outbox, told, meaning, self._frigate.labels)
        except TellingRefused as refused:
            self._notice("unread", refused.reason)
            return
        if isinstance(kept, FindingDraft):
            self._notice("told", kept)


def _boxes(seen: TrackedObject, picture: bytes) -> tuple[tuple[float, float, float, float], ...]:
    """Return the object's box in a whole frame; none where it does not lie in it (the frame is of another size then)."""
    width, height = size_of(picture)
    raw = (seen.snapshot or {}).get("box") or seen.box
    try:
        x1, y1, x2, y2 = (float(value) for value in raw)
    except (TypeError, ValueError):
        return ()
    if not all(map(math.isfinite, (x1, y1, x2, y2))):
        return ()
    if 0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height:
        return ((x1 / width, y1 / height, x2 / width, y2 / height),)
    return ()
