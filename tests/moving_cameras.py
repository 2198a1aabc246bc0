"""Real RTSP cameras that show a hazard now and then, small enough that many tests can afford them, and when they began to."""

import struct
import subprocess
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from tests.rtsp_server import PYTHON
from tests.served import free_port

RATE = 25
SIZE_WH = (320, 180)
DARK, BRIGHT = 40, 225


def write_frames(path: Path, part_s: float) -> None:
    """Write access units of H.264: a dark part, then one that is bright (a flame to `tests.tiny_model`), each so long."""
    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = *SIZE_WH, "yuv420p"
    codec.framerate, codec.time_base = RATE, Fraction(1, RATE)
    codec.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "x264-params": f"keyint={RATE // 5}:min-keyint=1:scenecut=0:repeat-headers=1",
    }
    frames = round(part_s * RATE)
    with path.open("wb") as file:
        for number, image in enumerate([*_pictures(DARK, frames), *_pictures(BRIGHT, frames)]):
            frame = av.VideoFrame.from_ndarray(image, "bgr24")
            frame.pts = number
            if number in (0, frames):
                # A part begins with a key frame, as it is sent after any other.
                frame.pict_type = av.video.frame.PictureType.I
            for packet in codec.encode(frame):
                unit = bytes(packet)
                file.write(struct.pack(">I", len(unit)) + unit)


def _pictures(brightness: int, count: int) -> Iterator[np.ndarray]:
    """Yield a pattern with a sensor's noise: neither black, nor blurred, nor frozen."""
    width, height = SIZE_WH
    noise = np.random.default_rng(brightness)
    checks = ((np.arange(height)[:, None] // 20 + np.arange(width)[None] // 20) % 2) * 24 - 12
    for _ in range(count):
        grain = noise.integers(-6, 7, (height, width))
        grey = np.clip(brightness + checks + grain, 0, 255).astype(np.uint8)
        yield np.repeat(grey[:, :, None], 3, axis=2)


@dataclass
class MovingCameras:
    """So many cameras at one server, which may be switched off and on.

    Attributes:
        events: when each camera began to show the hazard, by name, seconds since the epoch.
        prefix: what their command begins with.
    """

    frames: Path
    count: int
    period_s: float
    prefix: Sequence[str] = ()
    port: int = field(default_factory=free_port)
    events: dict[str, list[float]] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Switch them on."""
        script = Path(__file__).with_name("rtsp_streams.py")
        self.process = subprocess.Popen(
            [
                *self.prefix, PYTHON, script, str(self.port), self.frames, str(self.count),
                str(self.period_s),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        assert self.process.stdout.readline().startswith("READY")
        self._thread = threading.Thread(target=self._listen, args=(self.process,), daemon=True)
        self._thread.start()

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                _, name, at = line.split()
                self.events.setdefault(name, []).append(float(at))

    def kill(self) -> None:
        """Cut their power."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self._thread.join(10)
            self.process = None

    def cameras_file(self, more: str = "") -> str:
        """Return a file of cameras for the box."""
        return "".join(
            f'[[cameras]]\nname = "camera{number}"\n'
            f'source = "rtsp://127.0.0.1:{self.port}/camera{number}"\n{more}\n'
            for number in range(self.count)
        )
