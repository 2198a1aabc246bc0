"""Watching: a live camera's reader, video files, and findings that wait for room."""

import itertools
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.address import Address, Way, is_live, shown
from edge.camera import Frame, LiveCamera, capture_of
from edge.capture import Capture, TimeSource
from edge.confirm import Confirmer, Needs
from edge.errors import CameraAway, DiskFull, SourceInvalid
from edge.hazard_rules import Demands
from edge.keep import MAX_HELD, Keep
from edge.look import Look
from edge.outbox import Outbox
from edge.pixels import BgrPixels, Pixels
from edge.settings import Settings
from edge.video import Video
from edge.videofile import FileCamera, video_frames
from edge.watch import Watch
from inspection.wire import FindingDraft


class FakeVideo:
    """A source of so many frames, then silence; each frame's shade is its number."""

    trouble = "silent"
    key_every_s: float | None = None
    piece = None

    def __init__(self, frames: int, *, has_pictures: bool = True) -> None:
        self.frames, self.number, self.has_pictures = frames, 0, has_pictures
        self.is_due = False
        self.is_released = False

    def grab(self, way: Way, due_in_s: float) -> bool:  # noqa: ARG002  as every video
        """Take the next frame."""
        self.number += 1
        self.is_due = due_in_s <= 0
        time.sleep(0.001)
        return self.number <= self.frames

    def retrieve(self) -> Pixels | None:
        """Return it, where it was wanted."""
        if not self.has_pictures or not self.is_due:
            return None
        return BgrPixels(np.full((18, 32, 3), self.number % 256, np.uint8))

    def release(self) -> None:
        """Close."""
        self.is_released = True


def capture(shade: int, at_s: float) -> Capture:
    """Return a frame of one shade as a capture."""
    pixels = BgrPixels(np.full((48, 64, 3), shade, np.uint8))
    frame = Frame(pixels, datetime(2026, 11, 24, tzinfo=UTC), at_s)
    return capture_of(frame, "gate", TimeSource.CLOCK, 90)


def test_live_sources_and_files_are_told_apart_and_passwords_are_not_shown() -> None:
    """What is printed may be photographed."""
    assert is_live("0")
    assert is_live("rtsp://camera/1")
    assert not is_live("clip.mp4")
    assert shown("rtsp://admin:secret@10.0.0.7/1") == "rtsp://admin@10.0.0.7/1"
    assert shown("rtsp://10.0.0.7/1") == "rtsp://10.0.0.7/1"
    assert shown("rtsp://admin:se/cr@et@10.0.0.7/1") == "rtsp://admin@10.0.0.7/1"
    assert (
        shown("http://10.0.0.7/snap?user=a&pwd=secret&ch=1")
        == "http://10.0.0.7/snap?user=a&pwd=…&ch=1"
    )
    assert shown("rtsp://10.0.0.7/user=a&password=secret&channel=1").count("secret") == 0
    assert str(CameraAway("rtsp://admin:secret@10.0.0.7/1", "refused")).count("secret") == 0


def test_a_live_camera_reconnects_until_stopped_and_closes_what_it_opened(
    settings: Settings,
) -> None:
    """A source that is away, one without pictures and one that ends: each is tried again."""
    settings = settings.model_copy(update={"camera_longest_wait_s": 0.02})
    opened: list[FakeVideo] = []
    attempts = itertools.count()

    def open_video(address: Address, _: Settings) -> Video:
        assert address.source == "rtsp://camera"
        attempt = next(attempts)
        if attempt == 0:
            raise CameraAway(address.source, "no answer")
        opened.append(FakeVideo(20, has_pictures=attempt != 1))
        return opened[-1]

    camera = LiveCamera("rtsp://camera", 60.0, settings, open_video=open_video)
    camera.start()
    frames = [camera.newest(5) for _ in range(4)]
    while camera.connections < 4:
        time.sleep(0.01)
    camera.stop()
    assert all(frame is not None for frame in frames)
    assert camera.newest(0.01) is None or camera.newest(0.01) is None
    assert all(video.is_released for video in opened)


def test_the_newest_frame_wins(settings: Settings) -> None:
    """A slow look never works through a queue of old frames."""
    gate = threading.Event()

    class Endless(FakeVideo):
        def grab(self, way: Way, due_in_s: float) -> bool:
            gate.wait(5)
            return super().grab(way, due_in_s)

    camera = LiveCamera("0", 1000.0, settings, open_video=lambda *_: Endless(10_000))
    camera.start()
    gate.set()
    first = camera.newest(5)
    time.sleep(0.1)
    second = camera.newest(5)
    camera.stop()
    assert first is not None
    assert second is not None
    assert second.at_s - first.at_s > 0.05


def test_a_video_is_sampled_on_its_own_time(tmp_path: Path) -> None:
    """25 frames a second, looked at 5 times a second: every fifth."""
    path = tmp_path / "clip.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25, (64, 48))
    for shade in range(50):
        writer.write(np.full((48, 64, 3), shade * 5, np.uint8))
    writer.release()
    frames = list(video_frames(path, 5.0, datetime(2026, 11, 24, tzinfo=UTC)))
    assert [round(frame.at_s, 2) for frame in frames] == [round(i * 0.2, 2) for i in range(10)]
    assert [round(float(frame.image_bgr.mean()) / 25) for frame in frames] == list(range(10))
    assert (frames[5].captured_at - frames[0].captured_at).total_seconds() == 1
    (first, *_) = video_frames(path, 5.0)
    assert abs(first.captured_at.timestamp() + 2 - path.stat().st_mtime) < 0.1
    with pytest.raises(SourceInvalid):
        list(video_frames(tmp_path / "none.mp4", 5.0))


def test_findings_are_held_while_the_disk_is_full_and_kept_when_there_is_room(
    settings: Settings, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trouble is said once, and its end; the finding is the one of the frame that confirmed it."""
    news: list[FindingDraft | DiskFull | None] = []

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with Outbox(settings.outbox_dir) as outbox:
        keep = Keep(outbox, news.append)
        watch = Watch(look, Confirmer(Needs(2, 2)), keep)
        with monkeypatch.context() as patch:
            patch.setattr("edge.evidence_files.os.write", full)
            for number in range(5):
                watch.take(capture(255, number))
            assert [type(each) for each in news] == [DiskFull]
            assert keep.held == 1
        watch.take(capture(255, 5))
        assert keep.kept == watch.found == 1
        assert keep.held == 0
        assert news[-1] is None
        (waiting,) = outbox.waiting(10)
        assert outbox.files.read(waiting.evidence_sha256).startswith(b"\xff\xd8")


def test_a_disk_that_stays_full_ends_the_watch(
    settings: Settings, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is bounded: after so many held findings the error is raised."""

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with Outbox(settings.outbox_dir) as outbox:
        each_time = Demands(hazard_repeat_after_s={"EMG-01": 0.0})
        keep = Keep(outbox, lambda _: None)
        watch = Watch(look, Confirmer(Needs(1, 1), gone_after_s=1), keep, each_time)
        monkeypatch.setattr("edge.evidence_files.os.write", full)
        for number in range(2 * MAX_HELD):
            watch.take(capture(255 * (number % 2), number))
        watch.take(capture(0, 2 * MAX_HELD))
        with pytest.raises(DiskFull):
            watch.take(capture(255, 2 * MAX_HELD + 1))


def test_a_file_in_the_place_of_a_camera_gives_every_frame_and_is_over(tmp_path: Path) -> None:
    """However slow the look is, none is left out."""
    path = tmp_path / "clip.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10, (64, 48))
    for _ in range(10):
        writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.release()
    camera = FileCamera(path, 5.0)
    camera.start()
    frames = []
    while not camera.is_over:
        frames.append(camera.newest(0))
    assert [frame and round(frame.at_s, 1) for frame in frames] == [0.0, 0.2, 0.4, 0.6, 0.8]
    assert camera.newest(0) is None
    camera.stop()
    with pytest.raises(SourceInvalid):
        FileCamera(tmp_path / "none.mp4", 5.0).start()


def test_a_camera_says_why_it_shows_nothing(settings: Settings) -> None:
    """A technician reads the reason; it goes when there is a picture."""
    settings = settings.model_copy(update={"camera_longest_wait_s": 0.02})
    answers = itertools.count()

    def open_video(address: Address, _: Settings) -> Video:
        if next(answers) < 3:
            raise CameraAway(address.source, "401 Unauthorized")
        return FakeVideo(10_000)

    camera = LiveCamera("rtsp://camera", 60.0, settings, open_video=open_video)
    camera.start()
    while not camera.trouble:
        time.sleep(0.001)
    assert camera.trouble == "401 Unauthorized"
    assert camera.newest(10) is not None
    assert camera.trouble == ""
    camera.stop()
