"""Cameras that connect while the model is read."""

from collections.abc import Callable
from pathlib import Path

import pytest

from edge.ahead import Ahead, probable_entries
from edge.cameras import CameraEntry
from edge.commands import Asked
from edge.errors import ModelUnusable
from edge.remote_cameras import RemoteCameras
from edge.settings import Settings
from edge.watched import Camera
from edge.watching import Plan, watch
from inspection.box_wire import BoxConfigurationText
from tests.unit.edge.test_watchroom import FakeCamera

FILE = '[[cameras]]\nname = "a"\nsource = "rtsp://10.0.0.7/1"\n'
GATE = CameraEntry(name="gate", source="rtsp://10.0.0.7/gate")


class Counted(FakeCamera):
    """A camera that counts how often it was started and asked to stop."""

    def __init__(self, entry: CameraEntry) -> None:
        super().__init__(entry)
        self.starts = self.stops = 0

    def start(self, on_frame: Callable[[], None]) -> None:
        """Begin."""
        super().start(on_frame)
        self.starts += 1

    def ask_to_stop(self) -> None:
        """End."""
        self.stops += 1


class Maker:
    """Makes cameras and remembers them."""

    def __init__(self) -> None:
        self.made: list[Counted] = []

    def __call__(self, entry: CameraEntry, _: Settings) -> Camera:
        """Make one."""
        self.made.append(Counted(entry))
        return self.made[-1]


def test_the_room_gets_the_camera_that_runs_already(settings: Settings) -> None:
    """Once: after it was dropped the same entry is a new connection."""
    maker = Maker()
    with Ahead(settings, maker) as ahead:
        ahead.start([GATE])
        assert [camera.starts for camera in maker.made] == [1]
        assert ahead.make(GATE, settings) is maker.made[0]
        assert ahead.make(GATE, settings) is maker.made[1]
    assert [(camera.starts, camera.stops) for camera in maker.made] == [(1, 0), (0, 0)]


def test_what_turns_out_otherwise_is_ended(settings: Settings) -> None:
    """A camera of another address under its name, and one that the room never asks for."""
    maker = Maker()
    with Ahead(settings, maker) as ahead:
        ahead.start([GATE, GATE.model_copy(update={"name": "yard"})])
        other = GATE.model_copy(update={"source": "rtsp://10.0.0.8/gate"})
        assert ahead.make(other, settings) is maker.made[2]
        assert [camera.stops for camera in maker.made] == [1, 0, 0]
    assert [camera.stops for camera in maker.made] == [1, 1, 0]


def test_a_recording_is_not_opened_before_it_is_watched(settings: Settings, tmp_path: Path) -> None:
    """Nothing of it may be missed."""
    maker = Maker()
    path = tmp_path / "a.mp4"
    path.write_bytes(b"")
    with Ahead(settings, maker) as ahead:
        ahead.start([CameraEntry(name="a", source=str(path))])
    assert maker.made == []


def test_a_watch_that_cannot_begin_leaves_no_camera_open(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its model is not there: the camera that connected meanwhile is ended, and the error stands."""
    maker = Maker()
    monkeypatch.setattr("edge.watching.make_camera", maker)
    with pytest.raises(ModelUnusable):
        watch(settings, Plan(GATE), Asked(model=tmp_path / "none.json", is_offline=True))
    assert [(camera.starts, camera.stops) for camera in maker.made] == [(1, 1)]


def test_probable_are_the_servers_cameras_or_else_the_files(
    settings: Settings, tmp_path: Path
) -> None:
    """As the watch will choose; where they cannot be read nothing is said here."""
    path = tmp_path / "cameras.toml"
    assert probable_entries(settings, path, asks_server=True) == []
    path.write_text(FILE, "utf-8")
    assert [each.name for each in probable_entries(settings, path, asks_server=True)] == ["a"]
    text = FILE.replace('"a"', '"of the server"')
    told = BoxConfigurationText(version=3, sha256="0" * 64, text=text)
    RemoteCameras(settings, lambda _: None).accept(told)
    names = [each.name for each in probable_entries(settings, path, asks_server=True)]
    assert names == ["of the server"]
    assert [each.name for each in probable_entries(settings, path, asks_server=False)] == ["a"]
    path.write_text("[[cameras", "utf-8")
    assert probable_entries(settings, path, asks_server=False) == []
