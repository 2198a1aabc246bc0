"""The patrol: every photo is accounted for, whatever is wrong with it."""

import os
import struct
import zlib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from edge.errors import DiskFull, FolderMissing
from edge.look import Look
from edge.outbox import Outbox
from edge.outbox_records import PhotoRecord, PhotoState
from edge.patrol import Patrol, PatrolTotals
from edge.photos import find_photos, open_capture, read_photo, source_name
from edge.settings import Settings
from inspection.wire import FindingDraft
from models.tiling import Tiling
from tests.picture_files import encoded
from tests.unit.edge.conftest import picture

HEIC = Path(__file__).parents[2] / "assets" / "phone.heic"


def bomb() -> bytes:
    """Return a small PNG whose header promises 30,000 × 30,000 pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + crc

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an empty folder for photos."""
    folder = tmp_path / "photos"
    folder.mkdir()
    return folder


def walk(settings: Settings, folder: Path, look: Look, limit: int | None = None) -> PatrolTotals:
    """Run a patrol; `limit` stops it after so many notices."""
    notices: list[PhotoRecord | None] = []
    with Outbox(settings.outbox_dir) as outbox:
        patrol = Patrol(look, outbox, notices.append)
        patrol.walk(
            find_photos(folder), should_stop=lambda: limit is not None and len(notices) >= limit
        )
    return patrol.totals


def accounts(settings: Settings) -> dict[str, tuple[str, str | None]]:
    """Return for each path its state and its error's name."""
    with Outbox(settings.outbox_dir) as outbox:
        return {photo.path: (photo.state.value, photo.error) for photo in outbox.photos()}


def test_each_bad_photo_has_its_named_error_and_the_rest_goes_on(
    settings: Settings, folder: Path, look: Look
) -> None:
    """A cut-off JPEG, an empty file, a text, a bomb: named; the good ones beside them are assessed."""
    whole = picture(255)
    (folder / "a-bright.jpg").write_bytes(whole)
    (folder / "b-truncated.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "c-empty.jpg").write_bytes(b"")
    (folder / "d-text.jpg").write_text("not a picture at all")
    (folder / "e-bomb.png").write_bytes(bomb())
    (folder / "f-dark.webp").write_bytes(picture(0, suffix=".webp"))
    (folder / "z-bright.png").write_bytes(picture(255, 1, ".png"))
    totals = walk(settings, folder, look)
    assert accounts(settings) == {
        "a-bright.jpg": ("found", None),
        "b-truncated.jpg": ("failed", "TruncatedPicture"),
        "c-empty.jpg": ("failed", "EmptyPicture"),
        "d-text.jpg": ("failed", "NotAPicture"),
        "e-bomb.png": ("failed", "TooManyPixels"),
        "f-dark.webp": ("clear", None),
        "z-bright.png": ("found", None),
    }
    assert totals.findings == 2
    assert totals.photos[PhotoState.FAILED] == 4


def test_a_file_that_cannot_be_read_is_named_and_tried_again(
    settings: Settings, folder: Path, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken card today may be read tomorrow."""
    (folder / "a.jpg").write_bytes(picture(255))

    def broken(_: Path) -> bytes:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", broken)
        walk(settings, folder, look)
    assert accounts(settings) == {"a.jpg": ("failed", "PhotoUnreadable")}
    walk(settings, folder, look)
    assert accounts(settings) == {"a.jpg": ("found", None)}


def test_a_patrol_is_resumed_where_it_ended(settings: Settings, folder: Path, look: Look) -> None:
    """Ended after some photos and run again: each photo once, each finding once."""
    for number in range(12):
        (folder / f"{number:02d}.jpg").write_bytes(picture(255, number))
    first = walk(settings, folder, look, limit=4)
    assert 0 < first.findings < 12
    second = walk(settings, folder, look)
    assert second.done_before == first.findings
    assert first.findings + second.findings == 12
    assert walk(settings, folder, look).done_before == 12


def test_the_folder_may_move_and_a_copy_reports_nothing_again(
    settings: Settings, folder: Path, look: Look
) -> None:
    """A memory card is mounted elsewhere next time; a photo that was copied is the same photo."""
    (folder / "a.jpg").write_bytes(picture(255))
    (folder / "copy of a.jpg").write_bytes(picture(255))
    totals = walk(settings, folder, look)
    assert totals.photos[PhotoState.COPY] == 1
    moved = folder.rename(folder.with_name("elsewhere"))
    assert walk(settings, moved, look).done_before == 2
    with Outbox(settings.outbox_dir) as outbox:
        assert outbox.counts().waiting == 1


def test_a_full_disk_ends_the_patrol_and_the_next_run_goes_on(
    settings: Settings, folder: Path, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was done stays done; nothing is done twice."""
    for number in range(6):
        (folder / f"{number}.jpg").write_bytes(picture(255, number))
    write, calls = os.write, []

    def full_at_the_fourth(handle: int, data: bytes) -> int:
        calls.append(1)
        if len(calls) == 4:
            raise OSError(28, "No space left on device")
        return write(handle, data)

    with monkeypatch.context() as patch:
        patch.setattr("edge.evidence_files.os.write", full_at_the_fourth)
        with pytest.raises(DiskFull, match="run the same command again"):
            walk(settings, folder, look)
    assert len(accounts(settings)) == 3
    assert walk(settings, folder, look).findings == 3
    with Outbox(settings.outbox_dir) as outbox:
        assert outbox.counts().waiting == 6


def test_a_draft_says_what_where_and_when(settings: Settings, folder: Path, look: Look) -> None:
    """Evidence is the original bytes; a device that never met its server has no clock offset."""
    data = picture(255)
    (folder / "hall").mkdir()
    (folder / "hall" / "a.jpg").write_bytes(data)
    os.utime(folder / "hall" / "a.jpg", (1_790_000_000, 1_790_000_000))
    walk(settings, folder, look)
    with Outbox(settings.outbox_dir) as outbox:
        (waiting,) = outbox.waiting(10)
        draft = FindingDraft.model_validate_json(waiting.body)
        assert outbox.files.read(draft.evidence_sha256) == data
    assert draft.source.name == "hall/a.jpg"
    assert draft.source.kind == "patrol"
    assert draft.captured_at == datetime.fromtimestamp(1_790_000_000, UTC)
    assert draft.clock_offset_s is None
    assert (draft.model_name, draft.hazard_code) == ("bright", "EMG-01")


def test_photos_are_found_sorted_in_subfolders_and_nothing_else(folder: Path) -> None:
    """Every suffix in any case; no hidden files, no videos."""
    (folder / "b").mkdir()
    (folder / ".trash").mkdir()
    for name in ["c.JPG", "a.png", "b/x.heic", "b/y.jpeg", "clip.mp4", "._c.JPG", ".trash/z.jpg"]:
        (folder / name).touch()
    assert [photo.path for photo in find_photos(folder)] == [
        "a.png",
        "b/x.heic",
        "b/y.jpeg",
        "c.JPG",
    ]
    with pytest.raises(FolderMissing):
        find_photos(folder / "nowhere")


def test_a_phones_heic_is_read(folder: Path) -> None:
    """The picture is decoded and the bytes are kept as they are."""
    (folder / "phone.heic").write_bytes(HEIC.read_bytes())
    (photo,) = find_photos(folder)
    capture = open_capture(read_photo(photo))
    assert capture.image_bgr.ndim == 3
    assert capture.size_wh == capture.image_bgr.shape[1::-1]
    assert capture.evidence == HEIC.read_bytes()


def test_a_large_photo_is_decoded_smaller_and_kept_as_it_is(
    settings: Settings, folder: Path, look: Look
) -> None:
    """What is looked at has the model's detail; the evidence is the file to the byte, and boxes stay relative."""
    data = encoded(np.full((1200, 1600, 3), 255, np.uint8), ".jpg")
    (folder / "large.jpg").write_bytes(data)
    (photo,) = find_photos(folder)
    assert look.detail_px == max(look.detector.input_wh)
    capture = open_capture(read_photo(photo), look.detail_px)
    assert look.detail_px <= max(capture.size_wh) < 1600
    assert capture.evidence == data
    assert walk(settings, folder, look).findings == 1
    with Outbox(settings.outbox_dir) as outbox:
        (waiting,) = outbox.waiting(10)
        assert outbox.files.read(waiting.evidence_sha256) == data
    (box,) = FindingDraft.model_validate_json(waiting.body).boxes
    assert 0 <= box.x1 < box.x2 <= 1
    assert look.tiled(Tiling(640)).detail_px is None


def test_a_very_long_path_keeps_its_end() -> None:
    """The wire takes 200 characters."""
    assert source_name("a.jpg") == "a.jpg"
    long = source_name("x" * 300 + "/tail.jpg")
    assert len(long) == 200
    assert long.endswith("/tail.jpg")
