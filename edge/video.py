"""What is open of a source: pictures are grabbed one by one, and only those that are due are decoded.

`AvVideo` reads streams (RTSP, HTTP) through FFmpeg's libraries. It decides for each packet whether it has to be decoded:

========  =====================================================================================
way       decoded
========  =====================================================================================
full      everything, and everything is handed on
sampled   everything that later frames refer to; handed on when it is due
key       key frames alone, when they are due: a fifth of the cost, as fine as key frames are
========  =====================================================================================

A stream of JPEGs has key frames only: none is decoded here, whatever the way. `CvVideo` reads a camera of this machine
through OpenCV, which knows the systems' own interfaces. Silence ends both: a source that says nothing hangs with the
libraries' default timeouts.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, cast

import av
import cv2
from av.container import InputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from edge.address import Address, Kind, Way
from edge.clip_file import is_annex_b
from edge.clip_ring import Codec, Piece
from edge.errors import CameraAway
from edge.pixels import BgrPixels, DecodedPixels, Image, JpegPixels, Pixels
from edge.settings import Settings

# A camera that is away is said once by the watch; FFmpeg and OpenCV would say it at every attempt.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
av.logging.set_level(None)

# What a UDP socket holds while a reader decodes: a key frame of a 4K camera.
UDP_BUFFER_BYTES = 4 << 20
# How long a stream is studied before it is played. What was studied is played as well.
STUDY_S = 1.0
JPEG_CODECS = {"mjpeg"}
KEY_MEMORY = 0.7
_CLIP_CODECS = {"h264": Codec.H264, "hevc": Codec.HEVC}


class Video(Protocol):
    """An open source."""

    def grab(self, way: Way, due_in_s: float) -> bool:
        """Receive what comes next; it is wanted as a picture when `due_in_s` is not positive.

        Returns:
            False when the source ended or fell silent; `trouble` says how.
        """
        ...

    def retrieve(self) -> Pixels | None:
        """Return the picture that the last `grab` brought, if it brought one."""
        ...

    def release(self) -> None:
        """Close the source."""
        ...

    @property
    def trouble(self) -> str:
        """Why it ended, for a technician; empty while it runs."""
        ...

    @property
    def key_every_s(self) -> float | None:
        """How far apart its key frames are, seconds; None while unknown. 0 where every frame is one."""
        ...

    @property
    def piece(self) -> Piece | None:
        """What the last `grab` received, compressed as it came; None where that is no part of a clip."""
        ...


def open_av(address: Address, settings: Settings) -> "AvVideo":
    """Open a stream.

    Raises:
        CameraAway: it does not answer, refuses, or shows no video.
    """
    options = {"analyzeduration": str(int(STUDY_S * 1e6))}
    if address.told_kind is Kind.RTSP:
        options |= {
            "rtsp_transport": address.transport.value,
            "buffer_size": str(UDP_BUFFER_BYTES),
            # Frames that UDP brought out of order are sorted for so long, microseconds.
            "max_delay": "500000",
        }
    form = "mpjpeg" if address.told_kind is Kind.MJPEG else None
    timeout = (settings.camera_open_timeout_s, settings.camera_read_timeout_s)
    try:
        container = av.open(address.source, format=form, options=options, timeout=timeout)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise CameraAway(address.source, _reason(error)) from error
    if not container.streams.video:
        container.close()
        raise CameraAway(address.source, "it shows no video")
    return AvVideo(container)


class AvVideo:
    """A stream through FFmpeg's libraries, one decoder thread: cameras are the parallel part."""

    def __init__(self, container: InputContainer) -> None:
        self._container = container
        stream = container.streams.video[0]
        self._decoder: VideoCodecContext = stream.codec_context
        self._decoder.thread_count = 1
        self._is_jpeg = self._decoder.codec.name in JPEG_CODECS
        self._packets: Iterator[av.Packet[VideoStream]] = container.demux(stream)
        self._pixels: Pixels | None = None
        # A decoder that missed a packet shows grey smears until the next key frame.
        self._is_whole = False
        self._key_at_s: _Stamp | None = None
        self._clip_codec = _CLIP_CODECS.get(self._decoder.codec.name)
        self.piece: Piece | None = None
        self.key_every_s: float | None = 0.0 if self._is_jpeg else None
        self.trouble = ""

    def grab(self, way: Way, due_in_s: float) -> bool:
        """Receive the next packet, and decode it where the way asks for it."""
        self._pixels = self.piece = None
        try:
            packet = self.grab_packet()
        except StopIteration:
            self.trouble = self.trouble or "the stream ended"
            return False
        except (av.error.FFmpegError, OSError) as error:
            self.trouble = _reason(error)
            return False
        if packet.size:
            self._note_key(packet)
            self._note_piece(packet)
            self._pixels = self._taken(packet, way, due_in_s)
        return True

    def grab_packet(self) -> "av.Packet[VideoStream]":
        """Receive a packet: nothing but FFmpeg's part of it, so that its cost can be told from ours.

        Raises:
            StopIteration, FFmpegError, OSError: the stream ended or fell silent.
        """
        return next(self._packets)

    def decode_packet(self, packet: "av.Packet[VideoStream] | None") -> list[av.VideoFrame]:
        """Decode a packet; None: what the decoder still holds. As `grab_packet`.

        Raises:
            FFmpegError: it is damaged.
        """
        return self._decoder.decode(packet)

    def retrieve(self) -> Pixels | None:
        """Return the picture of the last packet, unconverted."""
        return self._pixels

    def release(self) -> None:
        """Close the stream."""
        self._pixels = None
        self._container.close()

    def _note_key(self, packet: "av.Packet[VideoStream]") -> None:
        if not packet.is_keyframe or self._is_jpeg:
            return
        at_s, before = _stamp_s(packet), self._key_at_s
        self._key_at_s = at_s
        if before is None or (before.is_stream is not at_s.is_stream) or at_s.s <= before.s:
            return
        last_s = at_s.s - before.s
        # Smoothed: without stamps of the stream's own a network delivers in bursts.
        self.key_every_s = last_s + KEY_MEMORY * ((self.key_every_s or last_s) - last_s)

    def _note_piece(self, packet: "av.Packet[VideoStream]") -> None:
        if self._clip_codec is not None:
            data = bytes(packet)
            if is_annex_b(data):
                now_s = time.monotonic()
                self.piece = Piece(self._clip_codec, data, now_s, is_key=packet.is_keyframe)

    def _taken(self, packet: "av.Packet[VideoStream]", way: Way, due_in_s: float) -> Pixels | None:
        is_due = due_in_s <= 0
        if self._is_jpeg:
            return JpegPixels(bytes(packet)) if is_due else None
        if way is Way.KEY:
            self._is_whole = False
            return self._key_picture(packet) if packet.is_keyframe and is_due else None
        if packet.is_keyframe:
            self._is_whole = True
        if not self._is_whole:
            return None
        # What no other frame refers to need not be decoded to go on.
        is_wanted = is_due or way is Way.FULL
        self._decoder.skip_frame = "DEFAULT" if is_wanted else "NONREF"
        frames = self._decoded(packet)
        return DecodedPixels(frames[-1]) if frames and is_wanted else None

    def _key_picture(self, packet: "av.Packet[VideoStream]") -> Pixels | None:
        """Decode a key frame alone; a decoder that would wait for later frames is made to give it at once."""
        self._decoder.skip_frame = "DEFAULT"
        self._decoder.flush_buffers()
        frames = self._decoded(packet) or self._decoded(None)
        self._decoder.flush_buffers()
        return DecodedPixels(frames[-1]) if frames else None

    def _decoded(self, packet: "av.Packet[VideoStream] | None") -> list[av.VideoFrame]:
        try:
            return self.decode_packet(packet)
        except av.error.FFmpegError:
            # Damaged on the way: what refers to it would be damaged too.
            self._is_whole = False
            return []


@dataclass(frozen=True, slots=True)
class _Stamp:
    """When a packet was made on the stream's clock, or came on ours, seconds."""

    s: float
    is_stream: bool


def _stamp_s(packet: "av.Packet[VideoStream]") -> _Stamp:
    """Return a packet's time: the stream's, because a reader that is behind would find its key frames far apart."""
    if packet.pts is None or packet.time_base is None:
        return _Stamp(time.monotonic(), is_stream=False)
    return _Stamp(float(packet.pts * packet.time_base), is_stream=True)


def open_usb(address: Address, settings: Settings) -> "CvVideo":  # noqa: ARG001  as the other openers
    """Open a camera of this machine, by its number or its device file.

    Raises:
        CameraAway: it is not there or in use.
    """
    number = address.source.removeprefix("/dev/video")
    video = cv2.VideoCapture(int(number)) if number.isdigit() else cv2.VideoCapture(address.source)
    if not video.isOpened():
        video.release()
        raise CameraAway(address.source, "no such camera, or another program uses it")
    return CvVideo(video)


class CvVideo:
    """A camera of this machine. Its driver hands out whole pictures, so a way saves only the conversion."""

    key_every_s: float | None = 0.0
    piece: Piece | None = None

    def __init__(self, video: cv2.VideoCapture) -> None:
        self._video = video
        self._pixels: Pixels | None = None
        self.trouble = ""

    def grab(self, way: Way, due_in_s: float) -> bool:
        """Receive the next picture."""
        self._pixels = None
        if not self._video.grab():
            self.trouble = "the camera gives no more pictures"
            return False
        if due_in_s <= 0 or way is Way.FULL:
            done, image = self._video.retrieve()
            self._pixels = BgrPixels(cast(Image, image)) if done else None
        return True

    def retrieve(self) -> Pixels | None:
        """Return the last picture."""
        return self._pixels

    def release(self) -> None:
        """Close the camera."""
        self._video.release()


def _reason(error: Exception) -> str:
    """Return what went wrong without the address, which may hold a password."""
    return getattr(error, "strerror", None) or type(error).__name__
