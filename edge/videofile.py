"""Frames of a video file, on its own time line and one after another: none is left out, however slow the look is."""

from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import cv2

from edge.address import Way
from edge.camera import Frame
from edge.capture import TimeSource
from edge.errors import SourceInvalid
from edge.pixels import BgrPixels, Image

Frames = Generator[Frame, None, None]


def video_frames(path: Path, fps: float, started_at: datetime | None = None) -> Frames:
    """Yield the frames of a video file, `fps` a second of its own time.

    Without `started_at` the file's time of last change is taken for the end of the recording.

    Raises:
        SourceInvalid: no such file, or no picture in it.
    """
    if not path.is_file():
        raise SourceInvalid(str(path), "no such file")
    video = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        rate = video.get(cv2.CAP_PROP_FPS)
        if not video.isOpened() or not video.grab():
            raise SourceInvalid(str(path), "no video that can be read")
        start = started_at or _started_at(path, video, rate)
        yield from _sampled(video, rate if rate > 0 else 25.0, fps, start)
    finally:
        video.release()


def _started_at(path: Path, video: cv2.VideoCapture, rate: float) -> datetime:
    count = video.get(cv2.CAP_PROP_FRAME_COUNT)
    duration_s = count / rate if rate > 0 and count > 0 else 0.0
    ended_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return ended_at - timedelta(seconds=duration_s)


def _sampled(video: cv2.VideoCapture, rate: float, fps: float, start: datetime) -> Frames:
    """Yield every frame that is due; the first was grabbed already. The others are decoded, not converted."""
    number, due_s = 0, 0.0
    while True:
        at_s = number / rate
        if at_s + 0.5 / rate >= due_s:
            done, image = video.retrieve()
            if done:
                pixels = BgrPixels(cast(Image, image))
                yield Frame(pixels, start + timedelta(seconds=at_s), at_s)
            due_s += 1.0 / fps
        if not video.grab():
            return
        number += 1


class FileCamera:
    """A video file in the place of a camera: its next frame always waits, until it is over."""

    time_source = TimeSource.TIMELINE
    connections = 1
    key_every_s = None
    luma = None
    fresh_since_s = 0.0
    way = Way.FULL
    # A recording is its own clip.
    ring = None

    def __init__(self, path: Path, fps: float, started_at: datetime | None = None) -> None:
        self._frames = video_frames(path, fps, started_at)
        self.waiting: Frame | None = None
        self.is_over = False
        self.seen_at_s: float | None = None
        self.trouble = ""

    def start(self, on_frame: Callable[[], None] = lambda: None) -> None:
        """Open the file.

        Raises:
            SourceInvalid: no such file, or no picture in it.
        """
        self._advance()
        on_frame()

    def ask_to_stop(self) -> None:
        """Nothing runs by itself."""

    def stop(self) -> None:
        """Close the file."""
        self.waiting, self.is_over = None, True
        self._frames.close()

    def newest(self, timeout_s: float) -> Frame | None:  # noqa: ARG002  as a live camera
        """Return the next frame; None at the end."""
        frame = self.waiting
        if frame is not None:
            self.seen_at_s = frame.at_s
            self._advance()
        return frame

    def _advance(self) -> None:
        self.waiting = next(self._frames, None)
        self.is_over = self.waiting is None
