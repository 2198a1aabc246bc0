"""Cameras that speak HTTP, against a real server: told by their answer, let in as they ask, away when they are."""

import time
from pathlib import Path
from urllib.parse import quote

import pytest

from edge.address import Address, Kind, Way
from edge.camera import LiveCamera, capture_of
from edge.capture import TimeSource
from edge.errors import CameraAway
from edge.settings import Settings
from edge.snapshot import open_video
from tests.http_camera import PASSWORD, USER, HttpCamera, jpeg

LOGIN = f"{USER}:{quote(PASSWORD)}@"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings that notice a lost camera soon."""
    return Settings(
        data_dir=tmp_path,
        camera_open_timeout_s=2,
        camera_read_timeout_s=0.5,
        camera_longest_wait_s=0.3,
    )


@pytest.mark.parametrize("path", ["snapshot", "snapshot/basic", "snapshot/digest"])
@pytest.mark.parametrize("kind", [Kind.AUTO, Kind.SNAPSHOT])
def test_a_snapshot_camera_is_asked_when_a_picture_is_due(
    http_camera: HttpCamera, settings: Settings, path: str, kind: Kind
) -> None:
    """The evidence is the camera's own JPEG, and it is asked no more often than wanted."""
    camera = LiveCamera(Address(f"http://{LOGIN}{http_camera.address}/{path}", kind), 10, settings)
    camera.start()
    started_s = time.monotonic()
    frames = [camera.newest(5) for _ in range(4)]
    camera.stop()
    assert all(frame is not None for frame in frames)
    assert time.monotonic() - started_s > 0.25
    (first, *_) = (frame for frame in frames if frame is not None)
    capture = capture_of(first, "gate", TimeSource.CLOCK, 90)
    assert capture.evidence == http_camera.picture
    assert http_camera.requests < 12


@pytest.mark.parametrize("path", ["mjpeg", "mjpeg/basic", "mjpeg/digest"])
@pytest.mark.parametrize("kind", [Kind.AUTO, Kind.MJPEG])
def test_an_mjpeg_camera_is_read_and_nothing_is_decoded_for_nothing(
    http_camera: HttpCamera, settings: Settings, path: str, kind: Kind
) -> None:
    """Its frames are the camera's own JPEGs."""
    camera = LiveCamera(
        Address(f"http://{LOGIN}{http_camera.address}/{path}", kind), 10, settings, way=Way.KEY
    )
    camera.start()
    frames = [camera.newest(5) for _ in range(3)]
    camera.stop()
    assert [frame and frame.pixels.jpeg for frame in frames] == [http_camera.picture] * 3
    assert camera.connections == 1


def test_what_is_no_camera_is_said(http_camera: HttpCamera, settings: Settings) -> None:
    """A page, a path that is not there, a wrong password, no server, no address: each with its reason."""
    reasons = {
        f"http://{http_camera.address}/page": "text/html",
        f"http://{http_camera.address}/none": "404",
        f"http://{USER}:wrong@{http_camera.address}/snapshot/digest": "401",
        f"http://{USER}:wrong@{http_camera.address}/mjpeg/basic": "401",
        f"http://{http_camera.address}/snapshot/basic": "401",
        "http://127.0.0.1:9/snapshot": "refused",
        "http://[": "",
        "rtsp://127.0.0.1:9/1": "refused",
        "ftp://127.0.0.1:9/1": "",
    }
    for source, reason in reasons.items():
        with pytest.raises(CameraAway) as away:
            open_video(Address(source), settings)
        assert reason in away.value.reason.lower()
        assert "wrong" not in str(away.value)


def test_a_frozen_mjpeg_stream_and_a_camera_that_turns_into_a_page_are_left(
    http_camera: HttpCamera, settings: Settings
) -> None:
    """Silence ends the connection, and it is tried again until there is a picture."""
    camera = LiveCamera(f"http://{http_camera.address}/mjpeg", 20, settings)
    camera.start()
    assert camera.newest(5) is not None
    http_camera.is_frozen = True
    deadline_s = time.monotonic() + 10
    while not camera.trouble and time.monotonic() < deadline_s:
        time.sleep(0.02)
    assert camera.trouble
    camera.newest(0)
    http_camera.is_frozen = False
    assert camera.newest(10) is not None
    assert camera.connections >= 2
    camera.stop()


def test_a_broken_snapshot_is_left_out_and_the_next_one_shown(
    http_camera: HttpCamera, settings: Settings
) -> None:
    """Half a JPEG is no picture, and no reason to end."""
    whole = http_camera.picture
    http_camera.picture = whole[: len(whole) // 2]
    camera = LiveCamera(f"http://{http_camera.address}/snapshot", 20, settings)
    camera.start()
    assert camera.newest(0.5) is None
    assert "JPEG" in camera.trouble
    http_camera.picture = jpeg(10)
    frame = camera.newest(5)
    camera.stop()
    assert frame is not None
    assert frame.image_bgr.mean() < 20
