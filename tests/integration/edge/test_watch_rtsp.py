"""Watching a real RTSP stream: it is seen, confirmed once, lost, and seen again."""

import json
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.camera import LiveCamera
from edge.cli import app
from edge.confirm import Confirmer
from edge.look import Look
from edge.outbox import Outbox
from edge.settings import Settings
from edge.watch import Watch, live_captures, run_watch
from tests.rtsp_server import RtspCamera
from tests.tiny_model import write_model

pytestmark = [pytest.mark.rtsp, pytest.mark.timeout(120)]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings that notice a lost camera soon."""
    return Settings(
        data_dir=tmp_path / "edge",
        camera_open_timeout_s=2,
        camera_read_timeout_s=1,
        camera_longest_wait_s=0.5,
    )


def test_a_camera_that_was_off_is_seen_again(rtsp_camera: RtspCamera, settings: Settings) -> None:
    """Frames arrive, stop while the camera is off, and arrive again without anybody's help."""
    camera = LiveCamera(rtsp_camera.url, 5.0, settings)
    camera.start()
    try:
        first = camera.newest(20)
        assert first is not None
        assert first.image_bgr.shape == (360, 640, 3)
        assert first.image_bgr.mean() > 200
        rtsp_camera.kill()
        time.sleep(1)
        camera.newest(0)
        assert camera.newest(1) is None
        rtsp_camera.start()
        assert camera.newest(30) is not None
        assert camera.connections >= 2
    finally:
        camera.stop()


def test_a_standing_hazard_is_kept_once_across_a_reconnection(
    rtsp_camera: RtspCamera, settings: Settings, tmp_path: Path
) -> None:
    """The same hazard before and after a short loss of the camera is one finding, with its frame as evidence."""
    camera = LiveCamera(rtsp_camera.url, 5.0, settings)
    frames_after_restart = 0
    has_restarted = False
    until_s = time.monotonic() + 60

    def on_tick(has_picture: bool) -> None:
        nonlocal frames_after_restart, has_restarted
        if watch.totals.findings and not has_restarted:
            rtsp_camera.kill()
            rtsp_camera.start()
            has_restarted = True
            camera.newest(0)
        elif has_restarted and has_picture and camera.connections >= 2:
            frames_after_restart += 1

    with Outbox(settings.outbox_dir) as outbox:
        look = Look.prepare(write_model(tmp_path / "model"), None, None)
        watch = Watch(look, Confirmer(k=3, n=5), outbox, lambda _: None)
        camera.start()
        try:
            run_watch(
                watch,
                live_captures(camera, "wall", settings),
                should_stop=lambda: frames_after_restart >= 8 or time.monotonic() > until_s,
                on_tick=on_tick,
            )
        finally:
            camera.stop()
        assert frames_after_restart >= 8
        assert watch.totals.findings == 1
        (draft,) = outbox.waiting(10)
        assert outbox.files.read(draft.evidence_sha256).startswith(b"\xff\xd8")


def test_doctor_looks_through_the_cameras_and_times_the_first_ones_frame(
    rtsp_camera: RtspCamera, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A camera that answers is said with its size; one that does not is a problem with what to look at."""
    monkeypatch.setenv("ANXUN_EDGE_DATA_DIR", str(tmp_path / "edge"))
    monkeypatch.setenv("ANXUN_EDGE_CAMERA_OPEN_TIMEOUT_S", "8")
    monkeypatch.setenv("ANXUN_EDGE_CAMERA_READ_TIMEOUT_S", "2")
    model = write_model(tmp_path / "model")
    away = "rtsp://user:secret@127.0.0.1:9/off"
    asked = ["--source", rtsp_camera.url, "--source", away, "--model", str(model)]
    result = CliRunner().invoke(app, ["--lang", "en", "doctor", "--json", "--rounds", "3", *asked])
    report = json.loads(result.stdout)
    seen, dark = (check for check in report["checks"] if check["check"] == "camera")
    assert (seen["ok"], seen["found"]) == (True, f"{rtsp_camera.url}: 640 × 360")
    assert dark["ok"] is False
    assert "shows no picture" in dark["found"]
    assert "secret" not in result.output
    assert report["picture"] == f"a frame of camera {rtsp_camera.url}"
