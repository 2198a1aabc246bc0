"""What a stream tells of itself while it is read."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from edge.address import Way
from edge.video import AvVideo

RATE, KEYS = 25, 4


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Return some seconds of H.264 with a key frame in every other one."""
    path = tmp_path / "recording.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.gop_size = 2 * RATE
        stream.options = {"bf": "0", "sc_threshold": "0"}
        stream.time_base = Fraction(1, RATE)
        pictures = np.random.default_rng(1).integers(0, 255, (10, 48, 64, 3), np.uint8)
        for number in range(2 * RATE * KEYS):
            frame = av.VideoFrame.from_ndarray(pictures[number % 10], "bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("way", list(Way))
def test_how_far_apart_key_frames_are_is_told_by_the_streams_own_clock(
    recording: Path, way: Way
) -> None:
    """Not by when they are read: one that is behind, or catches up, would find them far apart or close."""
    video = AvVideo(av.open(str(recording)))
    pictures = 0
    while video.grab(way, 0.0):
        pictures += video.retrieve() is not None
    assert video.key_every_s == pytest.approx(2.0, abs=0.01)
    assert pictures == KEYS if way is Way.KEY else pictures > 20 * KEYS
    assert video.trouble == "the stream ended"
    video.release()
