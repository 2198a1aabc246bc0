"""The outbox: what was seen is on the disk before anything else happens to it.

A photo's progress and its drafts are written in one transaction, and the evidence file is durable before that
transaction commits. So a process killed at any moment has either done a photo wholly or not at all. A draft goes

    waiting ──delivered        the server holds it (recorded, or already there)
       │
       ├──────rejected         the server will never take it; kept with its evidence, with the reason
       └──────thinned          a repeated sighting that gave way for want of room (edge.outbox_room); counted, and told

Evidence files live as long as a waiting or rejected draft needs them. Files are written and removed only inside
a write transaction, because the database's write lock is what keeps two processes from writing and removing
the same file at once.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from uuid import UUID

from edge.errors import BudgetUsedUp, DiskFull
from edge.instant import Instant
from edge.outbox_pictures import OutboxPictures, stored_time
from edge.outbox_records import (
    Counts,
    DraftState,
    PhotoRecord,
    PhotoState,
    RejectedDraft,
    WaitingDraft,
)
from edge.outbox_room import Room
from edge.settings import Settings
from inspection.wire import (
    FindingDraft,
    FindingReceipt,
    ReceiptStatus,
    RejectionCode,
    SourceKind,
    utc_now,
)

# Which of the waiting drafts, with the evidence they need.
_WAITING = (
    "SELECT seq, id, body, source, sequence, draft.evidence_sha256, size, is_delivered,"
    " boot_id, boot_s, wall_s, is_sent, is_time_refused FROM draft"
    " JOIN evidence ON evidence.sha256 = draft.evidence_sha256 WHERE state = 'waiting'"
)
NO_REPEATS: Mapping[UUID, UUID] = {}


class Outbox(OutboxPictures):
    """One connection to the outbox under `folder`. Not shared between threads: open one each.

    `connect` and `instant` are the real things, or what a test puts in their places. Without a `room` nothing gives way.
    """

    def __init__(
        self,
        folder: Path,
        *,
        connect: Callable[..., sqlite3.Connection] = sqlite3.connect,
        instant: Callable[[], Instant] = Instant.now,
        room: Room | None = None,
    ) -> None:
        super().__init__(folder, connect=connect, instant=instant)
        self._room = room

    # --- what was seen

    def is_photo_done(self, path: str, sha256: str) -> bool:
        """Tell whether this photo was accounted for in an earlier run."""
        return self._has("SELECT 1 FROM photo WHERE path = ? AND sha256 = ?", path, sha256)

    def is_picture_assessed(self, sha256: str) -> bool:
        """Tell whether the same bytes were assessed under any name: a copy reports nothing again."""
        return self._has(
            "SELECT 1 FROM photo WHERE sha256 = ? AND state IN ('clear', 'found')", sha256
        )

    def record_photo(
        self, photo: PhotoRecord, drafts: Sequence[FindingDraft] = (), evidence: bytes | None = None
    ) -> None:
        """Account for a photo and keep its drafts and evidence, all or nothing.

        A photo stays in its folder and can be looked at again, which a camera's frame cannot: so it is refused above the budget.

        Raises:
            BudgetUsedUp: nothing of it was kept, and nothing that waits can give way.
            DiskFull: nothing of it was kept; run again when there is space.
        """
        is_large = bool(drafts) and evidence is not None
        if is_large and self._room is not None and not self._room.make(self, len(evidence or b"")):
            raise BudgetUsedUp(self.folder)
        self._giving_way(lambda: self._account_for(photo, drafts, evidence))

    def _account_for(
        self, photo: PhotoRecord, drafts: Sequence[FindingDraft], evidence: bytes | None
    ) -> None:
        with self._writing():
            self._keep(drafts, evidence)
            self._db.execute("DELETE FROM photo WHERE path = ? AND sha256 = ''", (photo.path,))
            self._db.execute(
                "INSERT OR REPLACE INTO photo (path, sha256, state, findings, error, reason, time_source, recorded_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    photo.path,
                    photo.sha256,
                    photo.state.value,
                    len(drafts),
                    photo.error,
                    photo.reason,
                    photo.time_source,
                    stored_time(utc_now()),
                ),
            )

    def record_drafts(
        self,
        drafts: Sequence[FindingDraft],
        evidence: bytes,
        repeats: Mapping[UUID, UUID] = NO_REPEATS,
    ) -> bool:
        """Keep what a camera saw, all or nothing. `repeats` names, by id, the finding that a repeated sighting repeats.

        Returns whether it was kept: where there is no room, what only repeats is left out and counted instead.

        Raises:
            DiskFull: nothing of it was kept, and nothing can give way.
        """
        is_news = any(draft.id not in repeats for draft in drafts)
        has_room = self._room is None or self._room.make(self, len(evidence))
        if not has_room and not is_news:
            self._leave_out(repeats[draft.id] for draft in drafts)
            return False

        def keep() -> None:
            with self._writing():
                self._keep(drafts, evidence, repeats)
                if has_room:
                    self._db.execute("DELETE FROM fact WHERE name = 'room_full_since'")

        self._giving_way(keep)
        return True

    def _giving_way(self, write: Callable[[], None]) -> None:
        """Write; on a full disk give up one thing after another until it works.

        Raises:
            DiskFull: nothing was written, and nothing can give way.
        """
        while True:
            try:
                write()
            except DiskFull:
                if self._room is None or not self._room.give_way(self):
                    raise
            else:
                return

    def _keep(
        self,
        drafts: Sequence[FindingDraft],
        evidence: bytes | None,
        repeats: Mapping[UUID, UUID] = NO_REPEATS,
    ) -> None:
        if not drafts or evidence is None:
            return
        sha256 = self.files.put(evidence)
        self._db.execute(
            "INSERT INTO evidence (sha256, size) VALUES (?, ?)"
            " ON CONFLICT (sha256) DO UPDATE SET is_kept = 1 WHERE NOT is_kept",
            (sha256, len(evidence)),
        )
        for draft in drafts:
            if draft.evidence_sha256 != sha256:
                msg = f"draft {draft.id} names evidence {draft.evidence_sha256}, not {sha256}"
                raise ValueError(msg)
            self._insert(draft, repeats.get(draft.id))

    def _insert(self, draft: FindingDraft, repeats: UUID | None) -> None:
        ((sequence,),) = self._db.execute(
            "INSERT INTO source (name, last_sequence) VALUES (?, 1)"
            " ON CONFLICT (name) DO UPDATE SET last_sequence = last_sequence + 1 RETURNING last_sequence",
            (draft.source.name,),
        ).fetchall()
        instant = self._instant()
        self._db.execute(
            "INSERT INTO draft (id, body, evidence_sha256, made_at, source, sequence, repeats, boot_id, boot_s, wall_s)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                str(draft.id),
                draft.model_dump_json(),
                draft.evidence_sha256,
                stored_time(utc_now()),
                draft.source.name,
                sequence,
                None if repeats is None else str(repeats),
                instant.boot_id,
                instant.boot_s,
                instant.wall_s,
            ),
        )

    # --- delivery

    def waiting(self, limit: int) -> list[WaitingDraft]:
        """Return the oldest waiting drafts, in the order in which they were seen."""
        return [WaitingDraft(*row) for row in self._rows(f"{_WAITING} ORDER BY seq LIMIT ?", limit)]

    def waiting_first(self, limit: int, within_s: float) -> list[WaitingDraft]:
        """Return the waiting first findings of the last so many seconds, in the order in which they were seen.

        Told by the clock that only counts: what was seen before the machine was started is not among them.
        """
        now = self._instant()
        rows = self._rows(
            f"{_WAITING} AND repeats IS NULL AND boot_id = ? AND boot_s >= ? ORDER BY seq LIMIT ?",
            now.boot_id,
            now.boot_s - within_s,
            limit,
        )
        return [WaitingDraft(*row) for row in rows]

    def note_evidence_delivered(self, sha256: str, *, is_delivered: bool = True) -> None:
        """Remember that the server holds this evidence, or that it said that it does not."""
        with self._writing():
            self._db.execute(
                "UPDATE evidence SET is_delivered = ? WHERE sha256 = ?", (is_delivered, sha256)
            )

    def settle(self, receipts: Iterable[FindingReceipt]) -> None:
        """Write down the server's answers; evidence that no draft needs any more goes afterwards.

        `evidence_missing` is not final: the draft waits on and its evidence is sent again. Nor is `clock_implausible`: its
        time is estimated then.
        """
        touched = set()
        with self._writing():
            for receipt in receipts:
                row = self._db.execute(
                    "SELECT evidence_sha256 FROM draft WHERE id = ?", (receipt.id,)
                ).fetchone()
                if row is None:
                    continue
                touched.add(str(row[0]))
                if receipt.code is RejectionCode.CLOCK_IMPLAUSIBLE:
                    self._refuse_time(receipt.id)
                elif receipt.code is RejectionCode.EVIDENCE_MISSING:
                    self._db.execute("UPDATE evidence SET is_delivered = 0 WHERE sha256 = ?", row)
                elif receipt.status is ReceiptStatus.REJECTED:
                    self._settle(receipt, DraftState.REJECTED)
                else:
                    self._settle(receipt, DraftState.DELIVERED)
        self._drop_unneeded(touched)

    def reject(self, draft_ids: Iterable[str], code: str, reason: str) -> None:
        """Set drafts aside that can never be delivered, with the reason."""
        with self._writing():
            for draft_id in draft_ids:
                self._db.execute(
                    "UPDATE draft SET state = 'rejected', code = ?, reason = ?, settled_at = ?"
                    " WHERE id = ? AND state = 'waiting'",
                    (code, reason, stored_time(utc_now()), draft_id),
                )

    def _settle(self, receipt: FindingReceipt, state: DraftState) -> None:
        self._db.execute(
            "UPDATE draft SET state = ?, code = ?, reason = ?, ledger_index = ?, leaf_hash = ?, settled_at = ?"
            " WHERE id = ? AND state = 'waiting'",
            (
                state.value,
                receipt.code.value if receipt.code else None,
                receipt.reason,
                receipt.index,
                receipt.leaf_hash,
                stored_time(utc_now()),
                receipt.id,
            ),
        )

    # --- facts and accounts

    def counts(self) -> Counts:
        """Return how many drafts and photos are in which state."""
        drafts: dict[str, int] = dict(
            self._rows("SELECT state, count(*) FROM draft GROUP BY state")
        )
        photos: dict[str, int] = dict(
            self._rows("SELECT state, count(*) FROM photo GROUP BY state")
        )
        ((evidence,),) = self._rows(
            "SELECT count(DISTINCT evidence_sha256) FROM draft JOIN evidence"
            " ON evidence.sha256 = evidence_sha256 WHERE state = 'waiting' AND NOT is_delivered"
        )
        return Counts(
            {state: drafts.get(state.value, 0) for state in DraftState},
            {state: photos.get(state.value, 0) for state in PhotoState},
            evidence,
            int(self._rows("SELECT coalesce(sum(count), 0) FROM left_out")[0][0]),
        )

    def rejected(self, limit: int = 100) -> list[RejectedDraft]:
        """Return drafts that were set aside, newest first."""
        rows = self._rows(
            "SELECT id, coalesce(code, ''), coalesce(reason, '') FROM draft"
            " WHERE state = 'rejected' ORDER BY seq DESC LIMIT ?",
            limit,
        )
        return [RejectedDraft(*row) for row in rows]

    def last_seq(self) -> int:
        """Return the number of the last draft that was kept, 0 before the first."""
        ((number,),) = self._rows("SELECT coalesce(max(seq), 0) FROM draft")
        return int(number)

    def told_after(self, seq: int) -> list[FindingDraft]:
        """Return what cameras told after the draft of a number, in that order."""
        rows = self._rows("SELECT body FROM draft WHERE seq > ? ORDER BY seq", seq)
        drafts = [FindingDraft.model_validate_json(body) for (body,) in rows]
        return [draft for draft in drafts if draft.source.kind is SourceKind.CAMERA]

    def photos(self, state: PhotoState | None = None) -> Iterator[PhotoRecord]:
        """Yield the accounts of photos, by path."""
        rows = self._rows(
            "SELECT path, sha256, state, findings, error, reason, time_source FROM photo"
            " WHERE ?1 IS NULL OR state = ?1 ORDER BY path",
            state.value if state else None,
        )
        for path, sha256, name, *rest in rows:
            yield PhotoRecord(path, sha256, PhotoState(name), *rest)


def spare_bytes(settings: Settings) -> int:
    """Return what the stills that are kept leave of the budget."""
    with Outbox(settings.outbox_dir) as outbox:
        return settings.outbox_budget_bytes - outbox.kept_bytes()
