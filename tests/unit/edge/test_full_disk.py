"""A disk that is really full (a small tmpfs): what writes there names it or goes on, and nothing is left half-written."""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from edge.board import Board, Sources
from edge.cameras import CamerasFile
from edge.commands import status
from edge.errors import DiskFull, StateBusy
from edge.keep import Keep
from edge.lock import work_lock
from edge.look import Look
from edge.outbox import Outbox
from edge.private_file import write_private
from edge.settings import Settings
from edge.watchroom import Watchroom
from inspection.wire import utc_now
from tests.small_disk import MountRefused, SmallDisk
from tests.unit.edge.conftest import MakeDraft

CAMERA = '[[cameras]]\nname = "a"\nsource = "rtsp://10.0.0.7/{}"\n'
STILL = b"still" * 20_000
LONG = timedelta(minutes=1)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """Yield a disk of four megabytes."""
    try:
        with SmallDisk(tmp_path / "disk", 4 << 20) as disk:
            yield disk
    except MountRefused as refused:
        pytest.skip(str(refused))


def test_a_lock_is_held_although_nobody_can_be_told_by_whom(disk: SmallDisk) -> None:
    """Or delivery, which makes room, would end for ever."""
    disk.fill()
    with (
        work_lock(disk.folder, "deliver"),
        pytest.raises(StateBusy, match=r"\?"),
        work_lock(disk.folder, "deliver"),
    ):
        pass


def test_a_file_of_cameras_is_followed_although_it_cannot_be_kept(
    disk: SmallDisk, tmp_path: Path
) -> None:
    """What was kept before stays, whole."""
    path, kept = tmp_path / "cameras.toml", disk.folder / "cameras.json"
    path.write_text(CAMERA.format(1), "utf-8")
    file = CamerasFile(path, kept)
    before = kept.read_bytes()
    disk.fill()
    path.write_text(CAMERA.format(22), "utf-8")
    assert file.changed()
    assert file.trouble is None
    assert [entry.source for entry in file.entries] == ["rtsp://10.0.0.7/22"]
    assert kept.read_bytes() == before


def test_half_a_file_does_not_stay(disk: SmallDisk) -> None:
    """It would take the room that the next one needs."""
    disk.fill()
    with pytest.raises(OSError, match="No space"):
        write_private(disk.folder / "standing.json", "x" * 100_000)
    assert {path.name for path in disk.folder.iterdir()} == {"filler"}


def test_an_outbox_names_it_and_goes_on_once_there_is_room(
    disk: SmallDisk, make_draft: MakeDraft
) -> None:
    """Opened before or while it is full: findings are not kept, and kept when they are brought again."""
    drafts = [(make_draft(hashlib.sha256(one).hexdigest()), one) for one in (STILL, STILL[::-1])]
    folder = disk.folder / "outbox"
    with Outbox(folder) as outbox:
        outbox.record_drafts([drafts[0][0]], drafts[0][1])
        disk.fill()
        for _ in range(3):
            with pytest.raises(DiskFull):
                outbox.record_drafts([drafts[1][0]], drafts[1][1])
        try:
            with Outbox(folder) as other:
                assert other.counts().waiting == 1
        except DiskFull:
            pass
    try:
        with Outbox(folder) as again, pytest.raises(DiskFull):
            again.record_drafts([drafts[1][0]], drafts[1][1])
    except DiskFull:
        pass
    disk.empty()
    with Outbox(folder) as outbox:
        outbox.record_drafts([drafts[1][0]], drafts[1][1])
        assert [one.id for one in outbox.waiting(9)] == [str(draft.id) for draft, _ in drafts]


def test_status_tells_a_full_disk_from_a_watch_that_is_stuck(
    disk: SmallDisk, look: Look, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the watch says of itself grows old because nothing takes it; that it turns is seen all the same."""
    settings = Settings(data_dir=disk.folder, lang="en")
    with (
        Outbox(settings.outbox_dir) as outbox,
        Watchroom(look, Keep(outbox, lambda _: None), settings, lambda _: None) as room,
    ):
        board = Board(room, Keep(outbox, lambda _: None), settings, Sources())
        board.state = board.state.model_copy(update={"at": utc_now() - 2 * LONG})
        board.write()
        disk.fill()
        _age(settings.state_path)
        assert "does not respond; last updated 2 min ago" in _status(settings, capsys)
        board.write()
        told = _status(settings, capsys)
        assert "the disk is full (0.0 MB left)" in told
        assert "but the disk does not take its state: what follows is 2 min old" in told
        assert "does not respond" not in told
        disk.empty()
        board.state = board.state.model_copy(update={"at": utc_now()})
        board.write()
        told = _status(settings, capsys)
        assert "watching (process" in told
        assert "disk is full" not in told
        assert re.search(r"free disk +│ 4 MB", told)


def _status(settings: Settings, capsys: pytest.CaptureFixture[str]) -> str:
    with suppress(DiskFull):
        status(settings, as_json=False)
    printed = capsys.readouterr()
    return printed.out + printed.err


def _age(path: Path) -> None:
    long_ago_s = (utc_now() - 2 * LONG).timestamp()
    os.utime(path, (long_ago_s, long_ago_s))
