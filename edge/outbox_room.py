"""Room for what is kept: what gives way, and in which order, when it no longer fits. A first finding never does.

1. clips, the oldest first: a finding is whole without one
2. pictures that show nothing but repeated sightings, the oldest first, and of each item its newest last
3. nothing else. A new repeated sighting is then left out, and counted like one that gave way; a new first finding is kept all the same

So what lies above the budget is first findings, and at most one record besides. What was left out is counted by the first finding of its
item, and told to the server, which writes it into the ledger.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edge.clip_store import ClipStore
from edge.settings import Settings

# Of the disk itself so much stays free, as long as something can give way.
LEAST_FREE_BYTES = 128 << 20


def room_of(settings: Settings) -> "Room":
    """Return the room that a technician gives findings."""
    clips = ClipStore(settings.clips_dir, settings.clip_budget_bytes)
    return Room(settings.outbox_budget_bytes, clips)


class Giving(Protocol):
    """The part of an outbox that gives way."""

    folder: Path

    def kept_bytes(self) -> int:
        """Return the size of all pictures that are kept."""
        ...

    def thin_one(self) -> bool:
        """Give up one picture of repeated sightings; return whether there was one."""
        ...


@dataclass(frozen=True, slots=True)
class Room:
    """A budget for pictures and clips together, in bytes; clips are those that wait for delivery."""

    max_bytes: int
    clips: ClipStore | None = None

    def make(self, outbox: Giving, size: int) -> bool:
        """Make room for so many bytes; return whether there is."""
        while not self._is_there(outbox, size):
            if not self.give_way(outbox):
                return False
        return True

    def give_way(self, outbox: Giving) -> bool:
        """Give up the next thing; return whether there was one."""
        return (self.clips is not None and self.clips.give_up_oldest()) or outbox.thin_one()

    def _is_there(self, outbox: Giving, size: int) -> bool:
        if shutil.disk_usage(outbox.folder).free - size < LEAST_FREE_BYTES:
            return False
        kept = outbox.kept_bytes() + size
        if self.clips is not None and kept + self.clips.max_bytes > self.max_bytes:
            # Only now is it worth looking how many there are.
            kept += self.clips.total_bytes()
        return kept <= self.max_bytes
