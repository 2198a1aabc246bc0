"""Whether the machine keeps up, and which cameras are decoded less while it does not. Pure: no clock, no thread.

Every camera has the way that it was given as its best. `auto` is the cheapest that loses nothing: key frames alone where
the camera sends them as often as it is looked at, else sampled. Judged once a window:

- *behind*: looks came later than half a turn on average. Of the cameras that can be lowered a third is, at least one, those
  in which least moves first: full to sampled, sampled to key. Key frames are no way where they are too far apart.
- *at ease*: looks came in time and a third of the machine was idle, for some windows on end. One camera is raised again, the one
  in which most moves. Does that bring the machine behind again, the next try waits twice as long.

What a person pinned stays as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from edge.address import Way

WINDOW_S = 10.0
BEHIND_TURNS = 0.5
EASE_TURNS = 0.15
EASE_BUSY = 0.67
EASE_WINDOWS = 6
# A start, or a burst of somebody else's work, is no lasting state.
BEHIND_WINDOWS = 3
LONGEST_EASE_WINDOWS = 180
# Key frames farther apart than this leave too much unseen, seconds.
MAX_KEY_EVERY_S = 6.0
# Key frames may be a little rarer than the looks that were asked for.
KEY_TOLERANCE = 1.25


class WantedWay(StrEnum):
    """What a camera is given: a way, or the choice of one."""

    AUTO = "auto"
    FULL = "full"
    SAMPLED = "sampled"
    KEY = "key"


@dataclass(frozen=True, slots=True)
class Stand:
    """How a camera is watched now.

    Attributes:
        wanted: the way it was given.
        every_s: how often it is to be looked at.
        key_every_s: how far apart its key frames are; None while unknown.
        motion: how much moved in its last picture, 0 to 1.
        is_pinned: it is never lowered.
    """

    name: str
    wanted: WantedWay
    every_s: float
    key_every_s: float | None = None
    motion: float = 0.0
    is_pinned: bool = False

    @property
    def best(self) -> Way:
        """The way that it has while the machine keeps up."""
        if self.wanted is not WantedWay.AUTO:
            return Way(self.wanted.value)
        is_enough = (
            self.key_every_s is not None and self.key_every_s <= KEY_TOLERANCE * self.every_s
        )
        return Way.KEY if is_enough else Way.SAMPLED

    def lowered(self, steps: int) -> Way:
        """Return its best way so many steps lower, as far down as it can go."""
        way = self.best
        for _ in range(steps):
            way = self._below(way) or way
        return way

    def _below(self, way: Way) -> Way | None:
        if way is Way.FULL:
            return Way.SAMPLED
        has_keys = self.key_every_s is not None and self.key_every_s <= MAX_KEY_EVERY_S
        return Way.KEY if way is Way.SAMPLED and has_keys else None

    def can_go_below(self, steps: int) -> bool:
        """Tell whether it can be lowered further than so many steps."""
        return not self.is_pinned and self._below(self.lowered(steps)) is not None


class Load:
    """Who is lowered, window by window."""

    def __init__(self) -> None:
        self._steps: dict[str, int] = {}
        self._calm = 0
        self._calm_needed = EASE_WINDOWS
        self._since_raised: int | None = None
        self._behind = 0

    @property
    def is_behind(self) -> bool:
        """Tell whether the machine lastingly does not keep up, and nothing is left to save on."""
        return self._behind >= BEHIND_WINDOWS

    def judge(self, stands: Sequence[Stand], lateness: float, busy: float) -> dict[str, Way]:
        """Take one window and return every camera's way from now on.

        `lateness` is how late its looks were on average, in turns; `busy` how much of the machine this program used, 0 to 1.
        """
        names = {stand.name for stand in stands}
        self._steps = {name: steps for name, steps in self._steps.items() if name in names}
        if self._since_raised is not None:
            self._since_raised += 1
        if lateness > BEHIND_TURNS:
            self._behind = 0 if self._lower(stands) else self._behind + 1
        elif lateness < EASE_TURNS and busy < EASE_BUSY:
            self._ease(stands)
        else:
            self._calm = 0
        if lateness <= BEHIND_TURNS:
            self._behind = 0
        return {stand.name: self.way_of(stand) for stand in stands}

    def way_of(self, stand: Stand) -> Way:
        """Return a camera's way as things stand, without judging anything."""
        return stand.lowered(self._steps.get(stand.name, 0))

    def _lower(self, stands: Sequence[Stand]) -> bool:
        """Lower some; return whether there was one to lower."""
        self._calm = 0
        if self._since_raised is not None and self._since_raised <= EASE_WINDOWS:
            self._calm_needed = min(2 * self._calm_needed, LONGEST_EASE_WINDOWS)
        self._since_raised = None
        able = [one for one in stands if one.can_go_below(self._steps.get(one.name, 0))]
        able.sort(key=lambda one: (one.motion, one.name))
        for stand in able[: max(1, len(able) // 3)]:
            self._steps[stand.name] = self._steps.get(stand.name, 0) + 1
        return bool(able)

    def _ease(self, stands: Sequence[Stand]) -> None:
        self._calm += 1
        low = [stand for stand in stands if self._steps.get(stand.name)]
        if self._calm < self._calm_needed or not low:
            return
        first = max(low, key=lambda one: (one.motion, one.name))
        self._steps[first.name] -= 1
        self._calm, self._since_raised = 0, 0
