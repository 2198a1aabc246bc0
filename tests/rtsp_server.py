"""The real RTSP server as a fixture: skipped with its reason where the packages are missing, a failure in CI."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.served import free_port

PYTHON = "/usr/bin/python3"
PROBE = """
import gi
gi.require_version("Gst", "1.0"); gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst, GstRtspServer
Gst.init(None)
missing = [n for n in ("x264enc", "jpegdec", "imagefreeze", "rtph264pay", "h264parse") if not Gst.ElementFactory.find(n)]
raise SystemExit(f"GStreamer lacks {', '.join(missing)}" if missing else 0)
"""


@dataclass
class RtspCamera:
    """A camera that can be switched off and on at the same address."""

    picture: Path
    port: int
    process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """Where it streams."""
        return f"rtsp://127.0.0.1:{self.port}/camera"

    def start(self) -> None:
        """Switch it on."""
        script = Path(__file__).with_name("rtsp_camera.py")
        self.process = subprocess.Popen(
            [PYTHON, script, str(self.port), self.picture],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "READY\n"

    def kill(self) -> None:
        """Cut its power."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            assert self.process.stdout is not None
            self.process.stdout.close()
            self.process = None


@pytest.fixture(scope="session")
def rtsp_packages() -> None:
    """Require GStreamer's RTSP server under the system's Python."""
    problem = ""
    try:
        probe = subprocess.run(
            [PYTHON, "-c", PROBE], capture_output=True, text=True, check=False, timeout=60
        )
        if probe.returncode:
            problem = probe.stderr.strip().splitlines()[-1]
    except OSError as error:
        problem = str(error)
    if problem:
        reason = f"no RTSP server ({problem}); `make system` installs it on Debian and Ubuntu"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture
def rtsp_camera(rtsp_packages: None, tmp_path: Path) -> Iterator[RtspCamera]:
    """Yield a running camera that looks at a bright wall."""
    picture = tmp_path / "wall.jpg"
    assert cv2.imwrite(str(picture), np.full((360, 640, 3), 230, np.uint8))
    camera = RtspCamera(picture, free_port())
    camera.start()
    yield camera
    camera.kill()
