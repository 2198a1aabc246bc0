"""What an outbox holds: plain data."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class PhotoState(StrEnum):
    """How a patrol photo was accounted for."""

    CLEAR = "clear"
    FOUND = "found"
    COPY = "copy"
    FAILED = "failed"


class DraftState(StrEnum):
    """Where a draft stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    REJECTED = "rejected"
    THINNED = "thinned"


@dataclass(frozen=True, slots=True)
class PhotoRecord:
    """The account of one photo: `path` is relative to its patrol folder, so the folder may move.

    `sha256` is empty where the bytes could not be read at all. `error` names why it failed.
    """

    path: str
    sha256: str
    state: PhotoState
    findings: int = 0
    error: str | None = None
    reason: str | None = None
    time_source: str | None = None


@dataclass(frozen=True, slots=True)
class WaitingDraft:
    """A draft that waits, with what its delivery needs to know about its evidence.

    `boot_id`, `boot_s` and `wall_s` say when it was kept (`Instant`); `is_sent`: the server may hold it as it is; `is_time_refused`: the
    server did not believe its time. `sequence` is its place among the findings of its source, from 1; None of what an older program kept.
    """

    seq: int
    id: str
    body: str
    source: str
    sequence: int | None
    evidence_sha256: str
    evidence_size: int
    is_evidence_delivered: bool
    boot_id: str
    boot_s: float
    wall_s: float
    is_sent: bool
    is_time_refused: bool


@dataclass(frozen=True, slots=True)
class RejectedDraft:
    """A draft that the server will not take, and why."""

    id: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class LeftOutCount:
    """How many repeated sightings of an item were left out in all; `first_id` is the item's first finding."""

    first_id: str
    count: int
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Counts:
    """How many drafts and photos are in which state; `left_out` counts repeated sightings that the disk had no room for."""

    drafts: dict[DraftState, int]
    photos: dict[PhotoState, int]
    evidence_waiting: int
    left_out: int = 0

    @property
    def waiting(self) -> int:
        """Drafts that still have to be delivered."""
        return self.drafts[DraftState.WAITING]
