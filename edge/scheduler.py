"""Which camera the model looks at next. Pure: no clock, no thread.

Every camera has its turn: it is *due* so many seconds after its last one. Of the cameras that are due and have a frame
which nobody looked at, the most urgent is picked. Urgency is how many of its own turns a camera has waited, up to twice
that where something moves in its picture. So under load

- a camera that was promised twice the looks gets twice the looks;
- a still picture waits at most about twice as long as one with movement;
- nobody starves: a wait only grows, and a turn just taken is worth nothing. With N cameras of like turns, a look of s
  seconds and more to do than can be done, no camera waits longer than its turn and 6·N·s.

Who is *patient* is looked at when nobody is due, besides its own turns: a recording, which no time presses, and a camera of
which everything is to be seen that the model manages.
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
        is_patient: whether it may be looked at before it is due, when nobody else is.
        lateness: how many turns its last look came after it was due and there was a frame: 0 was in time.
    """

    every_s: float
    due_s: float
    is_patient: bool = False
    lateness: float = 0.0

    def urgency(self, now_s: float, motion: float) -> float:
        """Return how many turns it has waited since it was last looked at, weighted by movement."""
        waited = (now_s - self.due_s) / self.every_s + 1.0
        return waited * (1.0 + MOTION_WEIGHT * motion)


class Scheduler:
    """The round of all cameras."""

    def __init__(self) -> None:
        self.turns: dict[str, Turn] = {}

    def add(self, name: str, every_s: float, now_s: float, *, is_patient: bool = False) -> None:
        """Let a camera take part, due at once."""
        self.turns[name] = Turn(every_s, now_s, is_patient)

    def drop(self, name: str) -> None:
        """Leave a camera out from now on."""
        del self.turns[name]

    def pick(self, now_s: float, fresh: Mapping[str, Fresh]) -> str | None:
        """Return whose turn it is, and take the turn; None when there is nothing to look at now."""
        due = [name for name in fresh if self.turns[name].due_s <= now_s]
        if not due:
            due = [name for name in fresh if self.turns[name].is_patient]
        if not due:
            return None
        # Of equal ones the longest due, then by name: the same state gives the same order.
        first = max(
            due,
            key=lambda name: (
                self.turns[name].urgency(now_s, fresh[name].motion),
                -self.turns[name].due_s,
                name,
            ),
        )
        turn = self.turns[first]
        ready_s = max(turn.due_s, fresh[first].since_s)
        turn.lateness = max(0.0, (now_s - ready_s) / turn.every_s)
        turn.due_s = next_due_s(turn.due_s, turn.every_s, now_s)
        return first

    def wait_s(self, now_s: float, fresh: Mapping[str, Fresh]) -> float | None:
        """Return how long nothing will be due if no frame comes; None: until one comes."""
        waits = [self.turns[name].due_s - now_s for name in fresh]
        return max(0.0, min(waits)) if waits else None
