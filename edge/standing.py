"""Which hazards a box has told and which of their items are open: what is open is not told again and again. Pure.

A *place* is a camera, a hazard and a zone (or the whole view). What is told of a place is a finding of an open item, which the
server makes of it. While that item is open,

- the same hazard, gone and come back, is not told again; it is counted;
- it is told again when more stand there at once than were ever told (a second person), and after `repeat_after_s`, with what
  was counted meanwhile: so an item that stands for days says so, and a box that never hears of its server is not silent for ever.

A box takes an item for open until it hears otherwise, so it works without a line. Once the item is *closed* (somebody fixed it) the
hazard is new: it is told even where it never went away. Once it was *dismissed* (somebody said that it is none) what stands there
stays untold, and what comes back later is told.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from inspection.box_wire import ItemStanding

# A box with more open places than this forgets the oldest: it then tells them once more.
MAX_PLACES = 5000


class Place(NamedTuple):
    """Where a hazard of a camera stands; `zone` is None for the whole view."""

    camera: str
    hazard_code: str
    zone: str | None


@dataclass(slots=True)
class Told:
    """What was told of a place.

    Attributes:
        finding_id: the last finding of it.
        first_id: the first one since the hazard was new; it is never thinned out, so the server hears of it.
        at: when that was.
        most: how many stood there at once at most, as told.
        unsaid: looks that confirmed it since and were not told.
    """

    finding_id: UUID
    at: datetime
    most: int
    first_id: UUID
    unsaid: int = 0


class Standing:
    """The places of a box. Not shared between threads.

    Attributes:
        told: what was told of each place whose item is open as far as is known.
        is_changed: something is to be kept since `is_changed` was last set to False.
        told_to: number of the outbox's last draft when it was last kept; 0 when it never was, None where that is not known.
    """

    def __init__(
        self, told: Mapping[Place, Told] | None = None, *, told_to: int | None = 0
    ) -> None:
        self.told: dict[Place, Told] = dict(told or {})
        self.told_to = told_to
        self.is_changed = False

    def sightings(
        self, place: Place, standing: int, at: datetime, repeat_after_s: float
    ) -> int | None:
        """Return how many earlier confirmations go with this one if it is told now; None: it is not to be told.

        `standing` is how many instances are there at once.
        """
        told = self.told.get(place)
        if told is None:
            return 0
        # A clock that was set back must not make a box silent until it has caught up.
        since_s = abs((at - told.at).total_seconds())
        if standing > told.most or since_s >= repeat_after_s:
            return told.unsaid
        told.unsaid += 1
        self.is_changed = True
        return None

    def repeats(self, place: Place, standing: int) -> UUID | None:
        """Return the finding that one told now only repeats; None where it is news: a new hazard, or more of it than ever."""
        told = self.told.get(place)
        return None if told is None or standing > told.most else told.first_id

    def note(self, place: Place, finding_id: UUID, standing: int, at: datetime) -> None:
        """Remember that a finding was told."""
        before = self.told.pop(place, None)
        most = max(standing, before.most if before else 0)
        self.told[place] = Told(finding_id, at, most, before.first_id if before else finding_id)
        while len(self.told) > MAX_PLACES:
            del self.told[next(iter(self.told))]
        self.is_changed = True

    def take(self, states: Mapping[UUID, ItemStanding]) -> list[Place]:
        """Take what the server says of findings' items; return the places where a hazard is new from now on."""
        over = [
            (place, state)
            for place, told in self.told.items()
            if (state := _state_of(told, states)) is not ItemStanding.OPEN
        ]
        for place, _ in over:
            del self.told[place]
        self.is_changed |= bool(over)
        return [place for place, state in over if state is ItemStanding.CLOSED]

    def finding_ids(self) -> Iterable[UUID]:
        """Return the findings whose items count as open, the last told first; then those that they repeat.

        A repeated sighting may still wait for delivery, or have been thinned out: then the first one tells.
        """
        told = list(reversed(self.told.values()))
        firsts = [one.first_id for one in told if one.first_id != one.finding_id]
        return [one.finding_id for one in told] + firsts


def _state_of(told: Told, states: Mapping[UUID, ItemStanding]) -> ItemStanding:
    state = states.get(told.finding_id) or states.get(told.first_id)
    return state or ItemStanding.OPEN


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    camera: str
    hazard_code: str
    zone: str | None
    finding_id: UUID
    at: AwareDatetime
    most: int
    first_id: UUID | None = None
    unsaid: int


class _File(BaseModel):
    places: tuple[_Kept, ...] = ()
    told_to: int | None = None


def standing_text(standing: Standing) -> str:
    """Return what `standing_from_text` reads."""
    kept = [
        _Kept(
            **place._asdict(),
            finding_id=told.finding_id,
            at=told.at,
            most=told.most,
            first_id=told.first_id,
            unsaid=told.unsaid,
        )
        for place, told in standing.told.items()
    ]
    return _File(places=tuple(kept), told_to=standing.told_to).model_dump_json()


def standing_from_text(text: str | bytes) -> Standing:
    """Return what was kept.

    Raises:
        pydantic.ValidationError: the text is no such thing.
    """
    file = _File.model_validate_json(text)
    return Standing(
        told_to=file.told_to,
        told={
            Place(one.camera, one.hazard_code, one.zone): Told(
                one.finding_id, one.at, one.most, one.first_id or one.finding_id, one.unsaid
            )
            for one in file.places
        },
    )
