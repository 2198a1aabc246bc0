"""Watching a real RTSP stream: it is seen, confirmed once, lost, and seen again."""

import io
import json
import threading
import time
from pathlib import Path

import av
import pytest
from typer.testing import CliRunner

from edge.address import Address, Transport, Way
from edge.camera import LiveCamera
from edge.cameras import CameraEntry
from edge.cli import app
from edge.clip_file import mp4_of
from edge.keep import Keep
from edge.look import Look
from edge.outbox import Outbox
from edge.settings import Settings
from edge.watchroom import Watchroom
from tests.http_camera import HttpCamera
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
    entry = CameraEntry(name="wall", source=rtsp_camera.url, fps=5)
    looked_before_restart = 0
    until_s = time.monotonic() + 60

    def is_seen_again() -> bool:
        nonlocal looked_before_restart
        wall = room.watched["wall"]
        if keep.kept and not looked_before_restart:
            rtsp_camera.kill()
            rtsp_camera.start()
            looked_before_restart = wall.watch.looked
        has_looked = looked_before_restart and wall.watch.looked >= looked_before_restart + 8
        return bool(has_looked) or time.monotonic() > until_s

    with Outbox(settings.outbox_dir) as outbox:
        look = Look.prepare(write_model(tmp_path / "model"), None, None)
        keep = Keep(outbox, lambda _: None)
        with Watchroom(look, keep, settings, lambda *_: None) as room:
            room.set_cameras([entry])
            room.run(is_seen_again)
            assert isinstance(room.watched["wall"].camera, LiveCamera)
            assert room.watched["wall"].camera.connections >= 2
        assert keep.kept == 1
        (draft,) = outbox.waiting(10)
        assert outbox.files.read(draft.evidence_sha256).startswith(b"\xff\xd8")


def test_cameras_of_every_kind_are_watched_from_one_file_that_changes(
    rtsp_camera: RtspCamera,
    http_camera: HttpCamera,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """RTSP over both transports, MJPEG and snapshots, side by side; a line that is added is watched without a restart."""
    state = tmp_path / "edge"
    monkeypatch.setenv("ANXUN_EDGE_DATA_DIR", str(state))
    http = f"http://{http_camera.address}"
    cameras = {"tcp": rtsp_camera.url, "mjpeg": f"{http}/mjpeg", "snapshot": f"{http}/snapshot"}
    text = "[defaults]\nfps = 4\n" + "".join(
        f'[[cameras]]\nname = "{name}"\nsource = "{source}"\n' for name, source in cameras.items()
    )
    path = tmp_path / "cameras.toml"
    path.write_text(text)
    added = f'[[cameras]]\nname = "udp"\nsource = "{rtsp_camera.url}"\ntransport = "udp"\n'
    adding = threading.Timer(4, lambda: path.write_text(text + added))
    adding.start()
    model = str(write_model(tmp_path / "model"))
    asked = ["watch", "--cameras", str(path), "--for", "12", "--offline", "--model", model]
    result = CliRunner().invoke(app, ["--lang", "en", *asked])
    adding.join()
    assert result.exit_code == 0, result.output
    with Outbox(state / "outbox") as outbox:
        drafts = [json.loads(draft.body) for draft in outbox.waiting(10)]
    assert sorted(draft["source"]["name"] for draft in drafts) == [*sorted(cameras), "udp"]


@pytest.mark.parametrize("way", list(Way))
@pytest.mark.parametrize("transport", list(Transport))
def test_every_way_and_transport_shows_the_picture(
    rtsp_camera: RtspCamera, settings: Settings, way: Way, transport: Transport
) -> None:
    """What is decoded is the camera's picture, key frames alone too."""
    camera = LiveCamera(Address(rtsp_camera.url, transport=transport), 20.0, settings, way=way)
    camera.start()
    try:
        frames = [camera.newest(20) for _ in range(3)]
    finally:
        camera.stop()
    assert all(frame is not None for frame in frames)
    first, second, third = (frame for frame in frames if frame is not None)
    assert abs(float(first.image_bgr.mean()) - 230) < 3
    assert first.pixels.luma.shape == (180, 320)
    assert abs(float(first.pixels.luma.mean()) - float(first.image_bgr.mean())) < 30
    if way is Way.KEY:
        assert third.at_s - second.at_s > 0.5


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


def test_the_seconds_around_a_finding_become_a_clip_of_the_cameras_own_packets(
    rtsp_camera: RtspCamera, settings: Settings
) -> None:
    """H.264 as the camera sent it, in key-frame mode too: 25 frames a second, though one is decoded."""
    camera = LiveCamera(rtsp_camera.url, 1.0, settings, way=Way.KEY)
    camera.start()
    try:
        assert camera.newest(20) is not None
        time.sleep(3.5)
        assert camera.ring is not None
        now_s = time.monotonic()
        pieces = camera.ring.between(now_s - 2, now_s)
    finally:
        camera.stop()
    data = mp4_of(pieces)
    with av.open(io.BytesIO(data)) as clip:
        frames = list(clip.decode(video=0))
        assert clip.streams.video[0].width == 640
    assert pieces[0].is_key
    assert len(frames) == len(pieces) > 45
    assert float(frames[-1].time or 0) == pytest.approx(pieces[-1].at_s - pieces[0].at_s, abs=0.2)
