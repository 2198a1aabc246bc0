"""What a neighbour told, as a finding of ours: into the same outbox, with its picture, marked with who said it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

import cv2
import numpy as np

from edge.errors import TellingRefused
from edge.neighbours import LabelEntry, digest_of
from edge.outbox import Outbox
from edge.outbox_pictures import stored_time
from inspection.wire import Box, FindingDraft, Source, SourceKind, utc_now

# Beyond what any camera takes; a picture that says so is no picture.
MAX_SIDE_PX = 20_000
EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class Told:
    """A neighbour's finding.

    Attributes:
        neighbour: which kind it is, such as ``frigate``; `camera` as the neighbour calls it.
        id: the neighbour's own, or what names this telling; the same one is kept once.
        named_at: a time that is the same when it is told again; the epoch where the neighbour gave none.
        score: 0 to 1.
        at: when the picture was taken, this machine's clock.
        boxes: relative, left, top, right, bottom.
        picture: JPEG or PNG.
    """

    neighbour: str
    camera: str
    id: str
    label: str
    score: float
    at: datetime
    picture: bytes
    boxes: Sequence[tuple[float, float, float, float]] = ()
    zone: str | None = None
    named_at: datetime = EPOCH

    @property
    def source_name(self) -> str:
        """What the ledger calls its camera: the neighbour first, so that nobody takes it for ours."""
        return f"{self.neighbour}/{self.camera}"[:200]


class NotKept(StrEnum):
    """Why a telling was not kept."""

    DUPLICATE = "duplicate"  # kept before
    COUNTED = "counted"  # it repeats a finding that waits, and there is no room for it


class NeighbourOutbox(Outbox):
    """The outbox, as those need it who bring what others saw and tell others what was seen."""

    def has_draft(self, draft_id: UUID) -> bool:
        """Tell whether a finding was kept before, delivered or not."""
        return self._has("SELECT 1 FROM draft WHERE id = ?", str(draft_id))

    def last_seq(self) -> int:
        """Return the place of the newest finding; 0 when there is none."""
        return int(self._rows("SELECT coalesce(max(seq), 0) FROM draft")[0][0])

    def after(self, seq: int, limit: int) -> list[tuple[int, FindingDraft]]:
        """Return findings behind a place, oldest first, with their places."""
        rows = self._rows(
            "SELECT seq, body FROM draft WHERE seq > ? ORDER BY seq LIMIT ?", seq, limit
        )
        return [(int(place), FindingDraft.model_validate_json(body)) for place, body in rows]

    def repeats_of(self, draft: FindingDraft) -> UUID | None:
        """Return the first finding that one only repeats; None where it is news.

        It repeats one of the same camera, hazard and zone that waits, of at least as many: what was delivered may have been closed
        since, which nobody tells a neighbour.
        """
        rows = self._rows(
            "SELECT id FROM draft WHERE state = 'waiting' AND repeats IS NULL AND source = ?"
            " AND json_extract(body, '$.hazard_code') = ? AND json_extract(body, '$.zone') IS ?"
            " AND json_array_length(body, '$.boxes') >= ? ORDER BY seq LIMIT 1",
            draft.source.name,
            draft.hazard_code,
            draft.zone,
            len(draft.boxes),
        )
        return UUID(str(rows[0][0])) if rows else None

    def note_left_out(self, draft: FindingDraft, first_id: UUID, size: int) -> None:
        """Remember one that was counted and not kept: told again, it is not counted again."""
        now = stored_time(utc_now())
        with self._writing():
            self._db.execute(
                "INSERT INTO evidence (sha256, size, is_kept) VALUES (?, ?, 0) ON CONFLICT DO NOTHING",
                (draft.evidence_sha256, size),
            )
            self._db.execute(
                "INSERT INTO draft (id, body, evidence_sha256, state, made_at, settled_at, source, repeats)"
                " VALUES (?, ?, ?, 'thinned', ?, ?, ?, ?)",
                (
                    str(draft.id),
                    draft.model_dump_json(),
                    draft.evidence_sha256,
                    now,
                    now,
                    draft.source.name,
                    str(first_id),
                ),
            )


def meaning_of(
    labels: Sequence[LabelEntry], label: str, score: float, camera: str, zones: Sequence[str] = ()
) -> LabelEntry | None:
    """Return the first entry that a neighbour's label falls under; None: it means nothing here."""
    for entry in labels:
        if (
            entry.label == label
            and score >= entry.min_score
            and (not entry.cameras or camera in entry.cameras)
            and (not entry.zones or set(zones) & set(entry.zones))
        ):
            return entry
    return None


def size_of(picture: bytes) -> tuple[int, int]:
    """Return width and height of a JPEG or PNG, pixels.

    Raises:
        TellingRefused: it is neither, or cannot be decoded.
    """
    if picture[:3] != b"\xff\xd8\xff" and picture[:8] != b"\x89PNG\r\n\x1a\n":
        raise TellingRefused("the picture is neither JPEG nor PNG")
    image = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None or max(image.shape[:2]) > MAX_SIDE_PX:
        raise TellingRefused("the picture cannot be decoded")
    return int(image.shape[1]), int(image.shape[0])


def keep_told(
    outbox: NeighbourOutbox, told: Told, meaning: LabelEntry, labels: Sequence[LabelEntry]
) -> FindingDraft | NotKept:
    """Keep what was told, on the disk when this returns.

    Raises:
        TellingRefused: its picture is none.
        DiskFull, OutboxUnusable: nothing was kept.
    """
    size_of(told.picture)
    draft_id = id_of(told.named_at, told.neighbour, told.camera, told.id, meaning.hazard)
    if outbox.has_draft(draft_id):
        return NotKept.DUPLICATE
    draft = FindingDraft(
        id=draft_id,
        hazard_code=meaning.hazard,
        label=told.label[:64],
        confidence=told.score,
        boxes=tuple(_box(told, xyxy) for xyxy in told.boxes),
        captured_at=told.at,
        clock_offset_s=outbox.clock_offset_s(),
        source=Source(kind=SourceKind.CAMERA, name=told.source_name),
        zone=told.zone,
        model_name=told.neighbour,
        model_sha256=digest_of(labels),
        evidence_sha256=hashlib.sha256(told.picture).hexdigest(),
    )
    first_id = outbox.repeats_of(draft)
    if first_id is None:
        outbox.record_drafts([draft], told.picture)
    elif not outbox.record_drafts([draft], told.picture, {draft.id: first_id}):
        outbox.note_left_out(draft, first_id, len(told.picture))
        return NotKept.COUNTED
    return draft


def _box(told: Told, xyxy: tuple[float, float, float, float]) -> Box:
    x1, y1, x2, y2 = xyxy
    return Box(x1=x1, y1=y1, x2=x2, y2=y2, label=told.label[:64], confidence=told.score)


def id_of(at: datetime, *names: str) -> UUID:
    """Return an id that is the same whenever the same thing is told: a UUIDv7 (RFC 9562) whose random part is a hash.

    The time is `at`, in milliseconds; the 74 other bits are of the SHA-256 of `names`.
    """
    ms = int(at.astimezone(UTC).timestamp() * 1000) & ((1 << 48) - 1)
    digest = int.from_bytes(hashlib.sha256("\0".join(names).encode()).digest(), "big")
    low, high = digest & ((1 << 62) - 1), (digest >> 62) & 0xFFF
    return UUID(int=ms << 80 | 7 << 76 | high << 64 | 2 << 62 | low)
