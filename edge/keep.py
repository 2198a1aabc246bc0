"""Findings on their way to the disk; a full disk is waited out in memory, within bounds."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from edge.errors import DiskFull
from edge.outbox import NO_REPEATS, Outbox
from edge.standing import Place, Standing
from inspection.wire import FindingDraft, utc_now

# Findings that a full disk could not take are held in memory; each holds a JPEG.
MAX_HELD = 64


class RoomChange(StrEnum):
    """Whether repeated sightings still find room."""

    FULL = "full"
    THERE = "there"


Notice = Callable[[FindingDraft | DiskFull | RoomChange | None], None]


class Keep:
    """Puts findings into the outbox; `notice` hears of each, and of troubles with the disk (None: it is over).

    Attributes:
        kept: findings that are on the disk.
        held: groups of findings that wait for room on it.
        disk_full_at: when the disk last took nothing; None while it never did.
    """

    def __init__(self, outbox: Outbox, notice: Notice) -> None:
        self._outbox, self._notice = outbox, notice
        self._held: list[tuple[Sequence[FindingDraft], bytes, Mapping[UUID, UUID]]] = []
        self._is_disk_full = self._is_room_full = False
        self.kept = 0
        self.disk_full_at: datetime | None = None

    @property
    def held(self) -> int:
        """How many groups of findings wait for room."""
        return len(self._held)

    def clock_offset_s(self) -> float | None:
        """Return device clock minus server clock as last measured; None when never connected."""
        return self._outbox.clock_offset_s()

    def catch_up(self, standing: Standing) -> None:
        """Let it know what is in the outbox and not in it: a box that was killed between the two has told it."""
        if standing.told_to is None:
            return
        for draft in self._outbox.told_after(standing.told_to):
            place = Place(draft.source.name, draft.hazard_code, draft.zone)
            standing.note(place, draft.id, max(1, len(draft.boxes)), draft.captured_at)

    def is_told(self, standing: Standing) -> bool:
        """Note in it how far the outbox is, and return whether it may be kept.

        While findings wait for room on the disk it may not: killed now, the box has to tell them again.
        """
        if self._held:
            return False
        standing.told_to = self._outbox.last_seq()
        return True

    def put(
        self,
        drafts: Sequence[FindingDraft],
        evidence: bytes,
        repeats: Mapping[UUID, UUID] = NO_REPEATS,
    ) -> None:
        """Keep the findings of one picture; `repeats` names what repeated sightings repeat, by id.

        Raises:
            DiskFull: for so long that findings can no longer be held in memory.
            OutboxUnusable: as the outbox says.
        """
        self._held.append((drafts, evidence, repeats))
        self.try_again()

    def try_again(self) -> None:
        """Write what is held, oldest first, as far as the disk takes it (delivery may have made room).

        Raises:
            DiskFull, OutboxUnusable: as `put` does.
        """
        while self._held:
            drafts, evidence, repeats = self._held[0]
            try:
                was_kept = self._outbox.record_drafts(drafts, evidence, repeats)
            except DiskFull as error:
                if len(self._held) > MAX_HELD:
                    raise
                if not self._is_disk_full:
                    self._notice(error)
                self._is_disk_full, self.disk_full_at = True, utc_now()
                return
            del self._held[0]
            self._note_room(was_kept)
            if not was_kept:
                continue
            self.kept += len(drafts)
            for draft in drafts:
                self._notice(draft)
        if self._is_disk_full:
            self._is_disk_full = False
            self._notice(None)

    def _note_room(self, was_kept: bool) -> None:  # noqa: FBT001  what `record_drafts` returned
        if was_kept is self._is_room_full:
            self._is_room_full = not was_kept
            self._notice(RoomChange.THERE if was_kept else RoomChange.FULL)
