"""Which camera the model looks at next. Pure: no clock, no thread.

Of the cameras that have a frame which nobody looked at, the most urgent is picked. Urgency is how many of its own turns a
camera has waited since its last one, up to twice that where something moves in its picture. So under load

- a camera that was promised twice the looks gets twice the looks;
- a still picture waits at most about twice as long as one with movement;
- nobody starves: a wait only grows, and a turn just taken is worth nothing. With N cameras of like turns, a look of s
  seconds and more to do than can be done, no camera waits longer than its turn and 6·N·s.

While the machine keeps up, a frame is looked at when it comes: a camera's reader hands on no more frames than were asked
for, and one that has to wait for a turn of another phase is seen late for nothing. Of a recording, and of a camera of which
everything is to be seen, there always is a frame: they take the time that nobody else wants.
"""

from collections.abc import Mapping
from dataclasses import dataclass

# How far movement outweighs waiting.
MOTION_WEIGHT = 1.0


def next_due_s(due_s: float, every_s: float, now_s: float) -> float:
    """Return when what was due at `due_s` and happens now is due again.

    On its own grid while it keeps up, so that a little delay does not slow what follows; anew from now where it does not.
    """
    return (due_s if abs(now_s - due_s) < every_s else now_s) + every_s


@dataclass(frozen=True, slots=True)
class Fresh:
    """A camera's frame that nobody looked at.

    Attributes:
        since_s: since when there is one that nobody looked at, on the caller's clock.
        motion: how much moves in it, 0 to 1.
    """

    since_s: float
    motion: float = 0.0


@dataclass(slots=True)
class Turn:
    """A camera's place in the round.

    Attributes:
        every_s: how often it is to be looked at.
        due_s: when its next turn is, on the caller's clock.
        lateness: how many turns its last look came after it was due and there was a frame: 0 was in time.
    """

    every_s: float
    due_s: float
    lateness: float = 0.0

    def urgency(self, now_s: float, motion: float) -> float:
        """Return how many turns it has waited since it was last looked at, weighted by movement."""
        waited = (now_s - self.due_s) / self.every_s + 1.0
        return waited * (1.0 + MOTION_WEIGHT * motion)


class Scheduler:
    """The round of all cameras."""

    def __init__(self) -> None:
        self.turns: dict[str, Turn] = {}

    def add(self, name: str, every_s: float, now_s: float) -> None:
        """Let a camera take part, due at once."""
        self.turns[name] = Turn(every_s, now_s)

    def drop(self, name: str) -> None:
        """Leave a camera out from now on."""
        del self.turns[name]

    def pick(self, now_s: float, fresh: Mapping[str, Fresh]) -> str | None:
        """Return whose turn it is, and take the turn; None when there is nothing to look at."""
        if not fresh:
            return None
        # Of equal ones the longest due, then by name: the same state gives the same order.
        first = max(
            fresh,
            key=lambda name: (
                self.turns[name].urgency(now_s, fresh[name].motion),
                -self.turns[name].due_s,
                name,
            ),
        )
        turn = self.turns[first]
        ready_s = max(turn.due_s, fresh[first].since_s)
        turn.lateness = max(0.0, (now_s - ready_s) / turn.every_s)
        # One that was looked at before it was due has its next turn from now on: its frames come at another phase.
        turn.due_s = next_due_s(min(turn.due_s, now_s), turn.every_s, now_s)
        return first
