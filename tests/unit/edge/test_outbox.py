"""The outbox: all or nothing, at every statement, at every file operation, under SIGKILL and on a full disk."""

import hashlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import edge.evidence_files
from edge.errors import DiskFull, EvidenceDamaged, OutboxUnusable
from edge.outbox import Outbox
from edge.outbox_records import DraftState, PhotoRecord, PhotoState
from inspection.wire import FindingReceipt, ReceiptStatus, RejectionCode
from tests.unit.edge.conftest import MakeDraft

PHOTO = b"the bytes of a photo"
SHA256 = hashlib.sha256(PHOTO).hexdigest()


def record(outbox: Outbox, make_draft: MakeDraft, data: bytes = PHOTO, path: str = "a.jpg") -> str:
    """Record a photo with one draft; return the draft's id."""
    sha256 = hashlib.sha256(data).hexdigest()
    draft = make_draft(sha256)
    outbox.record_photo(PhotoRecord(path, sha256, PhotoState.FOUND), [draft], data)
    return str(draft.id)


def receipt(
    draft_id: str, status: ReceiptStatus, code: RejectionCode | None = None
) -> FindingReceipt:
    """Return a receipt."""
    return FindingReceipt(id=draft_id, status=status, code=code, reason=code and code.value)


def test_a_photo_and_its_drafts_survive_closing(tmp_path: Path, make_draft: MakeDraft) -> None:
    """What was recorded is there for the next process."""
    with Outbox(tmp_path) as outbox:
        draft_id = record(outbox, make_draft)
    with Outbox(tmp_path) as outbox:
        assert outbox.is_photo_done("a.jpg", SHA256)
        assert not outbox.is_photo_done("b.jpg", SHA256)
        assert outbox.is_picture_assessed(SHA256)
        (waiting,) = outbox.waiting(10)
        assert (waiting.id, waiting.evidence_size) == (draft_id, len(PHOTO))
        assert outbox.files.read(SHA256) == PHOTO
        assert outbox.counts().waiting == 1


def test_evidence_goes_when_no_draft_needs_it_any_more(
    tmp_path: Path, make_draft: MakeDraft
) -> None:
    """Two drafts share a picture: it stays until the second is delivered."""
    with Outbox(tmp_path) as outbox:
        first = record(outbox, make_draft)
        second = record(outbox, make_draft, path="copy.jpg")
        outbox.settle([receipt(first, ReceiptStatus.RECORDED)])
        assert outbox.files.read(SHA256) == PHOTO
        outbox.settle([receipt(second, ReceiptStatus.DUPLICATE)])
        with pytest.raises(EvidenceDamaged, match="No such file"):
            outbox.files.read(SHA256)
        assert outbox.counts().drafts[DraftState.DELIVERED] == 2


def test_a_rejected_draft_is_kept_with_its_evidence_and_reason(
    tmp_path: Path, make_draft: MakeDraft
) -> None:
    """Nothing is lost by a server's no."""
    with Outbox(tmp_path) as outbox:
        draft_id = record(outbox, make_draft)
        outbox.settle([receipt(draft_id, ReceiptStatus.REJECTED, RejectionCode.UNKNOWN_HAZARD)])
        outbox.sweep()
        (rejected,) = outbox.rejected()
        assert (rejected.id, rejected.code) == (draft_id, "unknown_hazard")
        assert outbox.files.read(SHA256) == PHOTO
        assert outbox.waiting(10) == []


def test_missing_evidence_is_sent_again(tmp_path: Path, make_draft: MakeDraft) -> None:
    """The draft waits on, and its evidence counts as not delivered."""
    with Outbox(tmp_path) as outbox:
        draft_id = record(outbox, make_draft)
        outbox.note_evidence_delivered(SHA256)
        assert outbox.waiting(1)[0].is_evidence_delivered
        outbox.settle([receipt(draft_id, ReceiptStatus.REJECTED, RejectionCode.EVIDENCE_MISSING)])
        assert not outbox.waiting(1)[0].is_evidence_delivered


def test_a_photo_that_could_not_be_read_is_done_once_it_can(tmp_path: Path) -> None:
    """Its account without a hash is replaced by the one with it."""
    with Outbox(tmp_path) as outbox:
        outbox.record_photo(PhotoRecord("a.jpg", "", PhotoState.FAILED, error="PhotoUnreadable"))
        outbox.record_photo(PhotoRecord("a.jpg", SHA256, PhotoState.CLEAR))
        assert [photo.state for photo in outbox.photos()] == [PhotoState.CLEAR]


def test_damaged_evidence_is_noticed(tmp_path: Path, make_draft: MakeDraft) -> None:
    """A flipped byte is named before it is sent."""
    with Outbox(tmp_path) as outbox:
        record(outbox, make_draft)
        outbox.files.path(SHA256).write_bytes(b"other bytes")
        with pytest.raises(EvidenceDamaged, match="hash to"):
            outbox.files.read(SHA256)


def test_a_draft_names_the_evidence_it_is_kept_with(tmp_path: Path, make_draft: MakeDraft) -> None:
    """A mix-up is refused, and nothing of it stays."""
    with Outbox(tmp_path) as outbox:
        with pytest.raises(ValueError, match="names evidence"):
            outbox.record_drafts([make_draft("00" * 32)], PHOTO)
        assert outbox.counts().waiting == 0


class Fault(Exception):
    """What a test injects."""


class FailingConnection(sqlite3.Connection):
    """Fails at a chosen statement, before or after it was executed."""

    countdown = -1
    is_after = False

    def execute(self, *arguments: object) -> sqlite3.Cursor:  # type: ignore[override]
        cls = type(self)
        cls.countdown -= 1
        is_now = cls.countdown == 0
        if is_now and not cls.is_after:
            raise Fault
        cursor = super().execute(*arguments)  # type: ignore[arg-type]
        if is_now:
            raise Fault
        return cursor


@pytest.mark.parametrize("is_after", [False, True])
@pytest.mark.parametrize("statement", range(1, 12))
def test_a_fault_at_any_statement_leaves_all_or_nothing(
    tmp_path: Path, make_draft: MakeDraft, statement: int, *, is_after: bool
) -> None:
    """Photo, draft and evidence row are there together or not at all, and the next try works."""

    class Connection(FailingConnection):
        pass

    def connect(*arguments: object, **options: object) -> sqlite3.Connection:
        return sqlite3.connect(*arguments, factory=Connection, **options)  # type: ignore[call-overload, no-any-return]

    with Outbox(tmp_path, connect=connect) as outbox:
        Connection.countdown, Connection.is_after = statement, is_after
        has_failed = False
        try:
            record(outbox, make_draft)
        except Fault:
            has_failed = True
        Connection.countdown = -1
        counts = outbox.counts()
        is_there = outbox.is_photo_done("a.jpg", SHA256)
        assert counts.waiting == is_there == bool(outbox.waiting(1))
        if not has_failed:
            assert is_there
        elif not is_there:
            record(outbox, make_draft)
        assert outbox.files.read(SHA256) == PHOTO
        assert outbox.counts().waiting == 1


@pytest.mark.parametrize("operation", ["write", "fsync"])
def test_a_full_disk_is_named_and_leaves_nothing_half_done(
    tmp_path: Path, make_draft: MakeDraft, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    """No space for the evidence: no file, no row, and it works once there is space."""

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with Outbox(tmp_path) as outbox:
        with monkeypatch.context() as patch:
            patch.setattr(edge.evidence_files.os, operation, full)
            with pytest.raises(DiskFull):
                record(outbox, make_draft)
        assert not any(path.is_file() for path in outbox.files.folder.rglob("*"))
        assert not outbox.is_photo_done("a.jpg", SHA256)
        record(outbox, make_draft)
        assert outbox.counts().waiting == 1


def test_a_database_without_room_is_a_full_disk(tmp_path: Path, make_draft: MakeDraft) -> None:
    """SQLite's own 'database or disk is full' has the same name and the same end."""
    with Outbox(tmp_path) as outbox:
        pages = outbox._db.execute("PRAGMA page_count").fetchone()[0]
        outbox._db.execute(f"PRAGMA max_page_count = {pages}")

        def fill() -> None:
            for number in range(1000):
                record(outbox, make_draft, data=PHOTO + number.to_bytes(2))

        with pytest.raises(DiskFull):
            fill()
        outbox._db.execute("PRAGMA max_page_count = 100000")
        counts = outbox.counts()
        assert counts.waiting == counts.photos[PhotoState.FOUND]
        record(outbox, make_draft, data=b"room again")


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    """The technician reads which folder, not a traceback."""
    (tmp_path / "outbox.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(OutboxUnusable, match="not a database"):
        Outbox(tmp_path)


def test_leftovers_are_swept_and_needed_files_are_not(
    tmp_path: Path, make_draft: MakeDraft
) -> None:
    """A cut-off write and delivered evidence go; what waits stays."""
    with Outbox(tmp_path) as outbox:
        record(outbox, make_draft)
        cut_off = outbox.files.folder / "ab" / ("ab" * 32 + ".part")
        cut_off.parent.mkdir()
        cut_off.write_bytes(b"half")
        outbox.sweep()
        assert not cut_off.exists()
        assert list(outbox.files.names()) == [SHA256]


CHILD = """
import hashlib, sys
from pathlib import Path
from edge.outbox import Outbox
from edge.outbox_records import PhotoRecord, PhotoState
from inspection.wire import FindingDraft, FindingReceipt, ReceiptStatus

with Outbox(Path(sys.argv[1])) as outbox:
    outbox.sweep()
    for number in range(100_000):
        data = f"photo {number}".encode() * 500
        sha256 = hashlib.sha256(data).hexdigest()
        path = f"{number}.jpg"
        if outbox.is_photo_done(path, sha256):
            continue
        draft = FindingDraft.model_validate_json(sys.argv[2])
        draft = draft.model_copy(update={"evidence_sha256": sha256, "id": __import__("uuid").uuid4()})
        outbox.record_photo(PhotoRecord(path, sha256, PhotoState.FOUND), [draft], data)
        if number % 3 == 0:
            waiting = outbox.waiting(2)
            outbox.settle([FindingReceipt(id=each.id, status=ReceiptStatus.RECORDED) for each in waiting])
"""


def test_a_kill_at_a_random_moment_loses_and_doubles_nothing(
    tmp_path: Path, make_draft: MakeDraft
) -> None:
    """Eight SIGKILLs while photos are recorded and settled: each photo has its draft, each waiting draft its bytes."""
    rng = random.Random(20261124)  # noqa: S311  reproducible, not secret
    template = make_draft("00" * 32).model_dump_json()
    done = 0
    for _ in range(8):
        child = subprocess.Popen([sys.executable, "-c", CHILD, tmp_path, template], cwd=Path.cwd())
        wait_for(lambda: photo_count(tmp_path) > done, child)  # noqa: B023  called at once
        time.sleep(rng.uniform(0, 0.05))
        child.send_signal(signal.SIGKILL)
        child.wait()
        with Outbox(tmp_path) as outbox:
            counts = outbox.counts()
            assert counts.photos[PhotoState.FOUND] == sum(counts.drafts.values()) > done
            done = counts.photos[PhotoState.FOUND]
            for waiting in outbox.waiting(10_000):
                outbox.files.read(waiting.evidence_sha256)
    with Outbox(tmp_path) as outbox:
        outbox.sweep()
        assert set(outbox.files.names()) == {w.evidence_sha256 for w in outbox.waiting(10_000)}


def photo_count(folder: Path) -> int:
    """Return how many photos another process has recorded."""
    if not (folder / "outbox.sqlite").exists():
        return 0
    try:
        with Outbox(folder) as outbox:
            return outbox.counts().photos[PhotoState.FOUND]
    except OutboxUnusable:
        return 0


def wait_for(is_so: Callable[[], bool], child: subprocess.Popen[bytes]) -> None:
    """Wait until something is so, while a child works on it."""
    until = time.monotonic() + 30
    while not is_so():
        assert child.poll() is None, "the child ended by itself"
        assert time.monotonic() < until
        time.sleep(0.01)


def test_state_folders_are_private(tmp_path: Path, make_draft: MakeDraft) -> None:
    """Photos of a plant are nobody else's."""
    with Outbox(tmp_path / "state") as outbox:
        record(outbox, make_draft)
        assert os.stat(outbox.files.folder).st_mode & 0o077 == 0  # noqa: PTH116  the mode is meant
        assert outbox.files.path(SHA256).stat().st_mode & 0o077 == 0
