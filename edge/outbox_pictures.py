"""The pictures that an outbox keeps: which of them are needed, how large they are together, and which give way."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from uuid import UUID

from edge.outbox_clock import OutboxClock
from edge.outbox_records import LeftOutCount
from inspection.wire import utc_now

# A picture gives way only where nothing on it is a first finding, was rejected, or may be at the server already.
_THINNABLE = (
    "SELECT evidence_sha256 FROM draft AS one WHERE state = 'waiting' AND repeats IS NOT NULL AND NOT EXISTS"
    " (SELECT 1 FROM draft AS other WHERE other.evidence_sha256 = one.evidence_sha256"
    " AND other.state IN ('waiting', 'rejected')"
    " AND (other.repeats IS NULL OR other.is_sent OR other.state = 'rejected'))"
)
_HAS_NEWER = (
    "EXISTS (SELECT 1 FROM draft AS newer WHERE newer.repeats = one.repeats AND newer.state = 'waiting'"
    " AND newer.seq > one.seq)"
)
_NEXT = "ORDER BY seq LIMIT 1"
# Files looked at in one transaction: findings must not wait for longer.
SWEPT_AT_ONCE = 500


class OutboxPictures(OutboxClock):
    """The part of an outbox that looks after its pictures."""

    def sweep(self) -> None:
        """Remove what an earlier process left over: writes that were cut off, files already delivered."""
        kept = self._rows("SELECT sha256 FROM evidence WHERE is_kept")
        names = sorted({*self.files.names(), *(str(row[0]) for row in kept)})
        for start in range(0, len(names), SWEPT_AT_ONCE):
            self._drop_unneeded(names[start : start + SWEPT_AT_ONCE])

    def prune(self, settled_before: datetime) -> None:
        """Forget what was delivered or thinned out before a time; its place among its camera's findings stays taken."""
        with self._writing():
            self._db.execute(
                "DELETE FROM draft WHERE state IN ('delivered', 'thinned') AND settled_at < ?",
                (stored_time(settled_before),),
            )
            self._db.execute(
                "DELETE FROM evidence WHERE NOT is_kept"
                " AND NOT EXISTS (SELECT 1 FROM draft WHERE evidence_sha256 = sha256)"
            )

    def _drop_unneeded(self, names: Iterable[str]) -> None:
        """Remove those of the named evidence files without a waiting or rejected draft.

        A transaction of its own, after the one that settled: cut off between the two, a file is left
        over (and swept later), never missing.
        """
        with self._writing():
            for name in names:
                needed = self._db.execute(
                    "SELECT 1 FROM draft WHERE evidence_sha256 = ? AND state IN ('waiting', 'rejected') LIMIT 1",
                    (name,),
                ).fetchone()
                if not needed:
                    self.files.remove(name)
                    self._db.execute(
                        "UPDATE evidence SET is_kept = 0 WHERE sha256 = ? AND is_kept", (name,)
                    )

    def kept_bytes(self) -> int:
        """Return the size of all pictures that are kept."""
        return int(self._rows("SELECT kept_bytes FROM room")[0][0])

    def thin_one(self) -> bool:
        """Give up the next picture that shows nothing but repeated sightings; return whether there was one.

        Raises:
            DiskFull: not even that can be written down.
        """
        with self._writing():
            found = self._db.execute(f"{_THINNABLE} AND {_HAS_NEWER} {_NEXT}").fetchone()
            found = found or self._db.execute(f"{_THINNABLE} {_NEXT}").fetchone()
            if found is None:
                return False
            firsts = self._db.execute(
                "UPDATE draft SET state = 'thinned', settled_at = ? WHERE evidence_sha256 = ? AND state = 'waiting'"
                " RETURNING repeats",
                (stored_time(utc_now()), *found),
            ).fetchall()
            self._count_left_out(str(first) for (first,) in firsts)
        self._drop_unneeded(str(name) for name in found)
        return True

    def left_out_untold(self, limit: int) -> list[LeftOutCount]:
        """Return what was left out of which the server does not know yet."""
        rows = self._rows(
            "SELECT first_id, count, since, until FROM left_out WHERE count > told LIMIT ?", limit
        )
        return [
            LeftOutCount(
                first_id, count, datetime.fromisoformat(since), datetime.fromisoformat(until)
            )
            for first_id, count, since, until in rows
        ]

    def note_left_out_told(self, counts: Mapping[str, int]) -> None:
        """Remember how many the server knows of, by the item's first finding."""
        with self._writing():
            self._db.executemany(
                "UPDATE left_out SET told = max(told, ?) WHERE first_id = ?",
                [(count, first_id) for first_id, count in counts.items()],
            )

    def _leave_out(self, firsts: Iterable[UUID]) -> None:
        with self._writing():
            self._count_left_out(str(first) for first in firsts)
            self._db.execute(
                "INSERT INTO fact VALUES ('room_full_since', ?) ON CONFLICT DO NOTHING",
                (stored_time(utc_now()),),
            )

    def _count_left_out(self, firsts: Iterable[str]) -> None:
        now = stored_time(utc_now())
        self._db.executemany(
            "INSERT INTO left_out (first_id, count, since, until) VALUES (?, 1, ?, ?)"
            " ON CONFLICT (first_id) DO UPDATE SET count = count + 1, until = excluded.until",
            [(first, now, now) for first in firsts],
        )


def stored_time(at: datetime) -> str:
    """Return a time as the outbox writes it: UTC, milliseconds; sorts like time."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")
