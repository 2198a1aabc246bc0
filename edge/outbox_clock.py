"""What an outbox knows of time: the clock as last measured, and the true times of what waits."""

from collections.abc import Mapping

from edge.clock import Clock, corrected, estimated
from edge.instant import Instant
from edge.outbox_file import OutboxFile
from edge.outbox_records import WaitingDraft
from inspection.wire import FindingDraft, utc_now

_FACTS = ("clock_boot_id", "clock_ahead_s", "clock_wall_s", "clock_round_trip_s")


class OutboxClock(OutboxFile):
    """The part of an outbox that looks after time."""

    def note_clock(self, offset_s: float, round_trip_s: float) -> None:
        """Remember a measurement against the server that was made just now."""
        clock = Clock.measured(offset_s, round_trip_s, self._instant())
        self.put_facts(
            clock_offset_s=f"{offset_s:.3f}",
            clock_round_trip_s=f"{round_trip_s:.3f}",
            clock_measured_at=utc_now().isoformat(),
            clock_boot_id=clock.boot_id,
            clock_ahead_s=repr(clock.ahead_s),
            clock_wall_s=repr(clock.wall_s),
        )

    def clock(self) -> Clock | None:
        """Return the last measurement; None when never connected (or only by a program that did not keep it)."""
        rows = self._rows("SELECT name, value FROM fact WHERE name LIKE 'clock_%'")
        facts = {str(name): str(value) for name, value in rows}
        if not set(_FACTS) <= facts.keys():
            return None
        return Clock(
            facts["clock_boot_id"],
            float(facts["clock_ahead_s"]),
            float(facts["clock_wall_s"]),
            float(facts["clock_round_trip_s"]),
        )

    def clock_offset_s(self) -> float | None:
        """Return device clock minus server clock now, jumps since the measurement included; None when never connected."""
        clock = self.clock()
        if clock is not None:
            return clock.offset_s(self._instant())
        value = self.get_fact("clock_offset_s")
        return None if value is None else float(value)

    def timed(self, waiting: WaitingDraft) -> FindingDraft:
        """Return a waiting draft with its true time, as far as it is known. One that was sent before stays as it was sent."""
        draft = FindingDraft.model_validate_json(waiting.body)
        clock = self.clock()
        if waiting.is_sent or clock is None:
            return draft
        kept = Instant(waiting.boot_id, waiting.boot_s, waiting.wall_s)
        if waiting.is_time_refused:
            return estimated(draft, kept, self._before_end_s(kept), clock)
        return corrected(draft, kept, clock)

    def note_sent(self, bodies: Mapping[str, str]) -> None:
        """Remember drafts as they are sent, by id: nothing of them is changed or thinned out before the server answers."""
        with self._writing():
            self._db.executemany(
                "UPDATE draft SET is_sent = 1, body = ? WHERE id = ?",
                [(body, draft_id) for draft_id, body in bodies.items()],
            )

    def _refuse_time(self, draft_id: str) -> None:
        self._db.execute(
            "UPDATE draft SET is_sent = 0, is_time_refused = 1 WHERE id = ? AND state = 'waiting'",
            (draft_id,),
        )

    def _before_end_s(self, kept: Instant) -> float:
        """Return how long before the last finding of its run a finding was kept."""
        rows = self._rows("SELECT max(boot_s) FROM draft WHERE boot_id = ?", kept.boot_id)
        return float(rows[0][0] or kept.boot_s) - kept.boot_s
