"""`anxun-edge discover` against a camera that speaks ONVIF over real sockets."""

import os
import subprocess
from pathlib import Path
from urllib.parse import quote

import pytest

from edge.address import Address, Way
from edge.cameras import read_cameras
from edge.discovery import FoundCamera, parsed
from edge.discovery import discover as probe
from edge.errors import CameraAway, DiscoveryFailed
from edge.onvif import Credentials, OnvifCamera, with_credentials
from edge.settings import Settings
from edge.snapshot import open_video
from tests.onvif_device import PASSWORD, USER, OnvifDevice
from tests.served import BIN


def discover(*arguments: object, password: str = PASSWORD) -> tuple[int, str]:
    """Run the command."""
    done = subprocess.run(
        [BIN / "anxun-edge", "discover", "--for", "1.5", *map(str, arguments)],
        env=os.environ | {"ANXUN_LANG": "en", "CAMERA_PASSWORD": password, "COLUMNS": "200"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert password not in done.stdout + done.stderr
    return done.returncode, done.stdout + done.stderr


def test_what_is_found_becomes_a_file_of_cameras_that_can_be_watched(
    onvif_device: OnvifDevice, tmp_path: Path
) -> None:
    """Each camera stands there once, its second stream as a comment, no password; the file is read as it is."""
    file = tmp_path / "cameras.toml"
    code, said = discover("--user", USER, "--address", onvif_device.probe_address, "--output", file)
    assert code == 0, said
    for part in ("Gate North", "DS-2CD", "H264 1920×1080", "rtsp://127.0.0.1:554/sub", "main.jpg"):
        assert part in said
    text = file.read_text("utf-8")
    assert text.count("[[cameras]]") == 1
    assert '# source = "rtsp://viewer:${CAMERA_PASSWORD}@127.0.0.1:554/sub"' in text
    (entry,) = read_cameras(file, {"CAMERA_PASSWORD": "secret"})
    assert (entry.name, entry.source) == ("Gate North", "rtsp://viewer:secret@127.0.0.1:554/main")
    assert onvif_device.refused == 0
    again = discover("--address", onvif_device.probe_address, "--output", file)
    assert (again[0], "not overwritten" in again[1]) == (3, True)


def test_its_snapshot_address_is_a_source(onvif_device: OnvifDevice, tmp_path: Path) -> None:
    """With --snapshot the file names pictures, and the box opens them."""
    file = tmp_path / "cameras.toml"
    address = onvif_device.probe_address
    discover("--user", USER, "--address", address, "--output", file, "--snapshot")
    (entry,) = read_cameras(file, {"CAMERA_PASSWORD": quote(PASSWORD, safe="")})
    video = open_video(Address(entry.source), Settings(data_dir=tmp_path))
    assert video.grab(Way.SAMPLED, 0)
    pixels = video.retrieve()
    video.release()
    assert pixels is not None
    assert pixels.bgr.shape == (360, 640, 3)


def test_a_wrong_password_and_a_camera_without_pictures_are_said(onvif_device: OnvifDevice) -> None:
    """What the camera refuses is told for that camera; the others are listed all the same."""
    onvif_device.has_snapshot = False
    address = onvif_device.probe_address
    code, said = discover("--user", USER, "--address", address, password="a wrong one")
    assert (code, "NotAuthorized" in said, "no stream could be read" in said) == (0, True, True)
    assert "[[cameras]]" not in said
    code, said = discover("--user", USER, "--address", address)
    assert (code, "[[cameras]]" in said, ".jpg" in said) == (0, True, False)


def test_nobody_there_and_no_such_host(tmp_path: Path) -> None:
    """Each is a sentence that says what to do."""
    code, said = discover("--address", "127.0.0.1:9")
    assert (code, "no camera answered" in said) == (0, True)
    code, said = discover("--address", "127.0.0.1:port")
    assert (code, "HOST:PORT" in said) == (3, True)
    with pytest.raises(DiscoveryFailed):
        probe(["no.such.host.invalid"], 0.2)


def test_an_answer_that_blows_itself_up_is_not_read(onvif_device: OnvifDevice) -> None:
    """A document type is refused before it is expanded; a host that is no camera is away."""
    with pytest.raises(ValueError, match="document type"):
        parsed(b'<!DOCTYPE a [<!ENTITY b "bb">]><a>&b;</a>')
    with (
        OnvifCamera("http://127.0.0.1:9/onvif", Credentials(USER, PASSWORD)) as camera,
        pytest.raises(CameraAway),
    ):
        camera.profiles()
    assert FoundCamera("e", "http://10.0.0.7:8080/x", "", "").host == "10.0.0.7"
    assert with_credentials("rtsp://a:b@h/", "u", "p") == "rtsp://a:b@h/"
