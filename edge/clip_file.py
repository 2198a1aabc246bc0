"""Pieces of a camera as an MP4 that a browser plays: H.264 and HEVC packets are copied as they came, JPEGs are encoded."""

import io
import tempfile
from collections.abc import Sequence
from fractions import Fraction
from typing import IO

import av
import cv2
import numpy as np
from av.container import OutputContainer

from edge.clip_ring import Codec, Piece

TIME_BASE = Fraction(1, 90_000)
# JPEGs come once or twice a second, and a person wants to recognise, not to measure.
WIDTH_PX = 960
FASTSTART = {"movflags": "+faststart"}


class ClipUnmakeable(ValueError):
    """The pieces are none that a clip can be made of."""


def mp4_of(pieces: Sequence[Piece]) -> bytes:
    """Return pieces of one codec as an MP4, each shown when it came.

    Raises:
        ClipUnmakeable: there are none, or they cannot be read.
    """
    if not pieces:
        msg = "no pieces"
        raise ClipUnmakeable(msg)
    try:
        return _encoded(pieces) if pieces[0].codec is Codec.JPEG else _copied(pieces)
    except (av.error.FFmpegError, cv2.error, ValueError, OSError) as error:
        raise ClipUnmakeable(str(error) or type(error).__name__) from error


def is_annex_b(data: bytes) -> bool:
    """Tell whether a packet begins with a start code, as packets of RTSP do (ITU-T H.264, annex B)."""
    return data.startswith((b"\0\0\0\1", b"\0\0\1"))


def _target() -> IO[bytes]:
    # A file, because the index is moved to its beginning at the end, so that a browser plays before it has all.
    return tempfile.NamedTemporaryFile(suffix=".mp4")


def _copied(pieces: Sequence[Piece]) -> bytes:
    """Put packets into another container; nothing is decoded, so nothing is lost."""
    raw = io.BytesIO(b"".join(piece.data for piece in pieces))
    times = [piece.at_s - pieces[0].at_s for piece in pieces]
    with (
        _target() as target,
        av.open(raw, "r", format=pieces[0].codec.value) as source,
        av.open(target.name, "w", format="mp4", options=FASTSTART) as output,
    ):
        video = output.add_stream_from_template(source.streams.video[0])
        packets = [packet for packet in source.demux(source.streams.video[0]) if packet.size]
        # The parser may see a frame where two packets came, or the other way round: then they are spread evenly.
        if len(packets) != len(times):
            times = [
                times[-1] * number / max(1, len(packets) - 1) for number in range(len(packets))
            ]
        last = -1
        for packet, at_s in zip(packets, times, strict=True):
            # A burst of the network brings several at once; a player needs them apart.
            last = max(last + 1, round(at_s / TIME_BASE))
            packet.pts = packet.dts = last
            # The parser's own guess is in another unit; a player takes the last one for the clip's end.
            packet.duration = round(times[-1] / max(1, len(times) - 1) / TIME_BASE)
            packet.time_base = TIME_BASE
            packet.stream = video
            output.mux(packet)
        output.close()
        return target.read()


def _encoded(pieces: Sequence[Piece]) -> bytes:
    with (
        _target() as target,
        av.open(target.name, "w", format="mp4", options=FASTSTART) as output,
    ):
        _encode(output, pieces)
        output.close()
        return target.read()


def _encode(output: OutputContainer, pieces: Sequence[Piece]) -> None:
    first = _small(pieces[0].data)
    height, width = first.shape[:2]
    video = output.add_stream("libx264", rate=25, options={"preset": "veryfast", "crf": "26"})
    video.width, video.height, video.pix_fmt = width, height, "yuv420p"
    video.codec_context.time_base = TIME_BASE
    video.codec_context.thread_count = 1
    last = -1
    for piece in pieces:
        image = cv2.resize(_small(piece.data), (width, height))
        frame = av.VideoFrame.from_ndarray(np.asarray(image, np.uint8), format="bgr24")
        last = max(last + 1, round((piece.at_s - pieces[0].at_s) / TIME_BASE))
        frame.pts, frame.time_base = last, TIME_BASE
        output.mux(video.encode(frame))
    output.mux(video.encode(None))


def _small(jpeg: bytes) -> np.ndarray:
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        msg = "a picture that cannot be decoded"
        raise ClipUnmakeable(msg)
    height, width = image.shape[:2]
    scale = min(1.0, WIDTH_PX / width)
    # H.264 in 4:2:0 has even sides.
    size = (max(2, int(width * scale) // 2 * 2), max(2, int(height * scale) // 2 * 2))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)
