"""Frames of a live camera: a thread of its own reads it, and the newest frame wins.

Nothing queues up: what comes is read as fast as it comes, and a slot holds one frame. The camera is opened again for
ever, with growing waits and jitter. Silence ends a connection after about three times the read timeout.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.address import Address, Way
from edge.capture import Capture, TimeSource
from edge.clip_ring import ClipRing, Codec, Piece
from edge.deliver import Waits
from edge.errors import CameraAway
from edge.motion import cells, motion
from edge.pixels import Image, Pixels
from edge.scheduler import next_due_s
from edge.settings import Settings
from edge.snapshot import open_video
from edge.video import Video
from inspection.wire import Source, SourceKind, utc_now

FIRST_WAIT_S = 0.5
# Key frames come when they come: one that is a little early is taken, or every second one would be left out.
KEY_SLACK = 0.3

# Of a source of pictures so many go into a clip; and the ring is longer than a clip by a key frame's distance and a busy moment.
PICTURE_EVERY_S = 0.5
RING_SPARE_S = 8.0

OpenVideo = Callable[[Address, Settings], Video]


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture and when it was seen: UTC, and on a clock that never jumps back.

    `motion` says how much moved since the frame before it, 0 to 1.
    """

    pixels: Pixels
    captured_at: datetime
    at_s: float
    motion: float = 0.0

    @property
    def image_bgr(self) -> Image:
        """The whole picture, converted when it is first asked for."""
        return self.pixels.bgr


def capture_of(frame: Frame, camera: str, time_source: TimeSource, jpeg_quality: int) -> Capture:
    """Return a frame as a capture whose evidence is a JPEG of it: the camera's own where it sent one."""

    def encode() -> bytes:
        if frame.pixels.jpeg is not None:
            return frame.pixels.jpeg
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


class LiveCamera:
    """A live source, read by a thread; `newest` hands out each frame at most once.

    `way` may be changed at any moment. `open_video` opens the source; a test puts its own in its place.

    Attributes:
        connections: how often the source was opened.
        seen_at_s: monotonic time of the last frame, None before the first.
        fresh_since_s: since when there is a frame that was not handed out, while there is one.
        luma: the last frame in grey and small, None before the first.
        trouble: why there is no picture, for a technician; empty while there is one.
        key_every_s: how far apart the source's key frames are, seconds; None while unknown.
        ring: its last seconds, for clips; None where none are made.
    """

    time_source = TimeSource.CLOCK
    is_over = False

    def __init__(
        self,
        address: Address | str,
        fps: float,
        settings: Settings,
        *,
        way: Way = Way.SAMPLED,
        open_video: OpenVideo = open_video,
    ) -> None:
        self.address = Address(address) if isinstance(address, str) else address
        self.way, self._every_s, self._settings = way, 1.0 / fps, settings
        self._open_video = open_video
        self._stopping = threading.Event()
        self._changed = threading.Condition()
        self._frame: Frame | None = None
        self._cells: NDArray[np.float32] | None = None
        self._on_frame: Callable[[], None] = lambda: None
        # A daemon: a read that never returns must not keep the program from ending.
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self.connections = 0
        self.seen_at_s: float | None = None
        self.fresh_since_s = 0.0
        self.luma: Image | None = None
        self.trouble = ""
        self.key_every_s: float | None = None
        self.ring = _ring(settings)
        self._jpeg_at_s = 0.0

    def start(self, on_frame: Callable[[], None] = lambda: None) -> None:
        """Start reading; `on_frame` is called from the reading thread whenever there is a new frame.

        Of a camera that reads already only whom it calls is changed.
        """
        self._on_frame = on_frame
        if self._thread.ident is None:
            self._thread.start()

    def ask_to_stop(self) -> None:
        """Say that reading is to end, without waiting for it."""
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()

    def stop(self) -> None:
        """Stop reading; waits for a read under way, but not longer than its timeouts allow."""
        self.ask_to_stop()
        self._thread.join(3 * self._settings.camera_read_timeout_s)

    @property
    def waiting(self) -> Frame | None:
        """The frame that was not handed out yet."""
        return self._frame

    def newest(self, timeout_s: float) -> Frame | None:
        """Wait for a frame that was not handed out yet; None when none came."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._frame is not None or self._stopping.is_set(), timeout_s
            )
            frame, self._frame = self._frame, None
            return frame

    def _run(self) -> None:
        waits = Waits(FIRST_WAIT_S, self._settings.camera_longest_wait_s)
        while not self._stopping.is_set():
            try:
                video = self._open_video(self.address, self._settings)
            except CameraAway as away:
                self.trouble = away.reason
            else:
                self.connections += 1
                if self._read(video):
                    waits.reset()
            self._stopping.wait(waits.next_s())

    def _read(self, video: Video) -> bool:
        """Read until the source ends or falls silent, and close it; return whether it showed anything."""
        due_s, has_shown = 0.0, False
        self._cells = None
        if self.ring is not None:
            self.ring.clear()
        try:
            while not self._stopping.is_set():
                way = self.way
                if not video.grab(way, due_s - self._slack_s(way) - time.monotonic()):
                    self.trouble = video.trouble
                    break
                if video.piece is not None and self.ring is not None:
                    self.ring.add(video.piece)
                pixels = video.retrieve()
                if pixels is None or not self._show(pixels):
                    continue
                has_shown, self.key_every_s = True, video.key_every_s
                if self.ring is not None and video.key_every_s == 0.0:
                    self._ring_picture(pixels)
                due_s = next_due_s(due_s, self._every_s, time.monotonic())
        finally:
            video.release()
        return has_shown

    def _ring_picture(self, pixels: Pixels) -> None:
        """Keep a picture of a source that sends no packets: the camera's own JPEG, or a small one of what it showed."""
        now_s = time.monotonic()
        if self.ring is None or now_s - self._jpeg_at_s < PICTURE_EVERY_S:
            return
        self._jpeg_at_s = now_s
        jpeg = pixels.jpeg
        if jpeg is None:
            jpeg = cv2.imencode(".jpg", pixels.bgr, [cv2.IMWRITE_JPEG_QUALITY, 75])[1].tobytes()
        self.ring.add(Piece(Codec.JPEG, jpeg, now_s))

    def _slack_s(self, way: Way) -> float:
        return KEY_SLACK * self._every_s if way is Way.KEY else 0.0

    def _show(self, pixels: Pixels) -> bool:
        """Put a picture into the slot; one that cannot be decoded is left out."""
        try:
            now_cells = cells(pixels.luma)
        except ValueError as error:
            self.trouble = str(error)
            return False
        moved = 0.0 if self._cells is None else motion(self._cells, now_cells)
        self._cells = now_cells
        frame = Frame(pixels, utc_now(), time.monotonic(), moved)
        with self._changed:
            if self._frame is None:
                self.fresh_since_s = frame.at_s
            self._frame, self.luma = frame, pixels.luma
            self.seen_at_s, self.trouble = frame.at_s, ""
            self._changed.notify_all()
        self._on_frame()
        return True


def _ring(settings: Settings) -> ClipRing | None:
    if settings.clip_before_s + settings.clip_after_s <= 0:
        return None
    seconds = settings.clip_before_s + settings.clip_after_s + RING_SPARE_S
    return ClipRing(seconds, settings.clip_ring_bytes)
