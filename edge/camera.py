"""Frames of a camera: a video file read on its own timeline, or a live source whose newest frame wins.

A live source (an RTSP URL, a local camera) is read by a thread of its own, decoded as fast as it comes so that
nothing queues up, and sampled into a slot that holds one frame. It reconnects for ever, with growing waits. OpenCV's
default timeouts hang for 30 seconds or for good on a silent server, so both are given when opening; a frozen
stream is noticed after about three times the read timeout.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.capture import Capture, TimeSource
from edge.deliver import Waits
from edge.errors import SourceInvalid
from edge.settings import Settings
from inspection.wire import Source, SourceKind, utc_now

Image = NDArray[np.uint8]

# A camera that is away is said once by the watch; FFmpeg and OpenCV would say it at every attempt.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture and when it was seen: UTC, and on a clock that never jumps back."""

    image_bgr: Image
    captured_at: datetime
    at_s: float


def is_live(source: str) -> bool:
    """Tell a live source (a URL or the number of a local camera) from a video file."""
    return source.isdigit() or "://" in source


def shown(source: str) -> str:
    """Return a source without the password in its URL, for messages."""
    scheme, separator, rest = source.partition("://")
    credentials, at, host = rest.rpartition("@")
    if not separator or not at:
        return source
    return f"{scheme}://{credentials.partition(':')[0]}@{host}"


def capture_of(frame: Frame, camera: str, time_source: TimeSource, jpeg_quality: int) -> Capture:
    """Return a frame as a capture whose evidence is a JPEG of it."""

    def encode() -> bytes:
        done, jpeg = cv2.imencode(".jpg", frame.image_bgr, [cv2.IMWRITE_JPEG_QUALITY, jpeg_quality])
        if not done:
            msg = f"OpenCV did not encode a frame of shape {frame.image_bgr.shape}"
            raise RuntimeError(msg)
        return jpeg.tobytes()

    return Capture(
        image_bgr=frame.image_bgr,
        captured_at=frame.captured_at,
        time_source=time_source,
        source=Source(kind=SourceKind.CAMERA, name=camera),
        encode=encode,
        at_s=frame.at_s,
    )


def video_frames(path: Path, fps: float, started_at: datetime | None = None) -> Iterator[Frame]:
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


def _sampled(video: cv2.VideoCapture, rate: float, fps: float, start: datetime) -> Iterator[Frame]:
    """Yield every frame that is due; the first was grabbed already. The others are decoded, not converted."""
    number, due_s = 0, 0.0
    while True:
        at_s = number / rate
        if at_s + 0.5 / rate >= due_s:
            done, image = video.retrieve()
            if done:
                yield Frame(cast(Image, image), start + timedelta(seconds=at_s), at_s)
            due_s += 1.0 / fps
        if not video.grab():
            return
        number += 1


class Video(Protocol):
    """The part of `cv2.VideoCapture` that a live camera uses."""

    def grab(self) -> bool:
        """Receive and decode the next frame."""
        ...

    def retrieve(self) -> tuple[bool, Image]:
        """Return the frame that was grabbed, BGR."""
        ...

    def release(self) -> None:
        """Close the source."""
        ...


def open_live(source: str, settings: Settings) -> Video | None:
    """Open a live source with timeouts; None when it does not answer."""
    if source.isdigit():
        video = cv2.VideoCapture(int(source))
    else:
        timeouts = [
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
            int(settings.camera_open_timeout_s * 1000),
            cv2.CAP_PROP_READ_TIMEOUT_MSEC,
            int(settings.camera_read_timeout_s * 1000),
        ]
        video = cv2.VideoCapture(source, cv2.CAP_FFMPEG, timeouts)
    if not video.isOpened():
        video.release()
        return None
    return cast(Video, video)


class LiveCamera:
    """A live source, read by a thread; `newest` hands out each sampled frame at most once.

    `open_video` returns an open source or None; a test puts its own in its place.
    """

    def __init__(
        self,
        source: str,
        fps: float,
        settings: Settings,
        *,
        open_video: Callable[[str, Settings], Video | None] = open_live,
    ) -> None:
        self._source, self._every_s, self._settings = source, 1.0 / fps, settings
        self._open_video = open_video
        self._stopping = threading.Event()
        self._changed = threading.Condition()
        self._frame: Frame | None = None
        # A daemon: a read that never returns must not keep the program from ending.
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self.connections = 0
        self.seen_at_s: float | None = None

    def start(self) -> None:
        """Start reading."""
        self._thread.start()

    def stop(self) -> None:
        """Stop reading; waits for a read under way, but not longer than its timeouts allow."""
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
        self._thread.join(3 * self._settings.camera_read_timeout_s)

    def newest(self, timeout_s: float) -> Frame | None:
        """Wait for a frame that was not handed out yet; None when none came."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._frame is not None or self._stopping.is_set(), timeout_s
            )
            frame, self._frame = self._frame, None
            return frame

    def _run(self) -> None:
        waits = Waits(0.5, self._settings.camera_longest_wait_s)
        while not self._stopping.is_set():
            video = self._open_video(self._source, self._settings)
            if video is not None:
                self.connections += 1
                try:
                    if self._read(video):
                        waits.reset()
                finally:
                    video.release()
            self._stopping.wait(waits.next_s())

    def _read(self, video: Video) -> bool:
        """Read until the source ends or falls silent; return whether it showed anything."""
        due_s, has_shown = 0.0, False
        while not self._stopping.is_set() and video.grab():
            now_s = time.monotonic()
            if now_s < due_s:
                continue
            done, image = video.retrieve()
            if not done:
                break
            has_shown = True
            due_s = max(due_s + self._every_s, now_s)
            with self._changed:
                self._frame = Frame(image, utc_now(), now_s)
                self.seen_at_s = now_s
                self._changed.notify_all()
        return has_shown
