"""Which cameras are watched: the command's, a file's, the server's; what cannot be used changes nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.camera_source import CameraSource
from edge.cameras import CameraEntry
from edge.console import Voice
from edge.errors import CamerasInvalid, SourceInvalid
from edge.keep import Keep
from edge.look import Look
from edge.outbox import Outbox
from edge.remote_cameras import RemoteCameras
from edge.settings import Settings
from edge.watchroom import Watchroom
from inspection.box_wire import BoxConfigurationText
from tests.unit.edge.test_watchroom import FakeCamera


def told(version: int, *names: str, more: str = "") -> BoxConfigurationText:
    """Return a version of the server's."""
    text = "".join(f'[[cameras]]\nname = "{name}"\nsource = "rtsp://c"\n{more}\n' for name in names)
    return BoxConfigurationText(version=version, sha256="ab" * 32, text=text)


@pytest.fixture
def room(look: Look, settings: Settings) -> Iterator[Watchroom]:
    """Return a room of fake cameras; one called ``broken`` cannot be watched."""

    def make(entry: CameraEntry, _: Settings) -> FakeCamera:
        if entry.name == "broken":
            raise SourceInvalid(entry.source, "no video")
        return FakeCamera(entry)

    keep = Keep(Outbox(settings.outbox_dir), lambda _: None)
    with Watchroom(look, keep, settings, lambda _: None, make=make) as room:
        yield room


def source_of(room: Watchroom, settings: Settings) -> CameraSource:
    """Return a source that takes the server's."""
    return CameraSource(settings, Voice.of("en"), room, RemoteCameras(settings, room.check))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file with one camera."""
    path = tmp_path / "cameras.toml"
    path.write_text('[[cameras]]\nname = "own"\nsource = "rtsp://c"\n')
    return path


def test_the_servers_cameras_go_before_the_files_and_survive_a_restart(
    room: Watchroom, settings: Settings, file: Path
) -> None:
    """The file is watched until there is a version; afterwards the last good one, also without a line."""
    source = source_of(room, settings)
    source.begin(file, lambda: None)
    assert (source.state.origin, set(room.watched)) == ("file", {"own"})
    assert source.take(told(1, "gate", "yard"))
    assert (source.state.origin, source.state.version) == ("server", 1)
    assert set(room.watched) == {"gate", "yard"}
    assert settings.remote_cameras_path.stat().st_mode & 0o777 == 0o600
    assert not source.take(told(1, "gate"))
    room.set_cameras([])
    again = source_of(room, settings)
    again.begin(file, lambda: None)
    assert set(room.watched) == {"gate", "yard"}
    assert again.state.version == 1


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        (told(2, "gate", more="k = 9"), "camera gate: k of n needs k ≤ n"),
        (told(2, "gate", more='source = "x"'), "overwrite"),
        (told(2, "gate", more='hazards = ["PPE-01"]'), "PPE-01"),
        (told(2, "new", "broken"), "no video"),
        (BoxConfigurationText(version=2, sha256="ab" * 32, text=""), "names no camera"),
    ],
    ids=["field", "toml", "hazard", "source", "empty"],
)
def test_a_version_that_cannot_be_used_is_said_and_changes_nothing(
    room: Watchroom, settings: Settings, file: Path, version: BoxConfigurationText, reason: str
) -> None:
    """The last good one is watched on; the same bad one is not tried again, the next one is."""
    source = source_of(room, settings)
    source.begin(file, lambda: None)
    source.take(told(1, "gate"))
    assert not source.take(version)
    assert set(room.watched) == {"gate"}
    state = source.state
    assert (state.version, state.refused_version) == (1, 2)
    assert reason in state.refused
    assert source.remote is not None
    assert source.remote.is_known(2)
    assert source.take(told(3, "yard"))
    assert source.state.refused == ""
    assert set(room.watched) == {"yard"}


def test_a_kept_version_that_can_no_longer_be_used_gives_way_to_the_file(
    room: Watchroom, settings: Settings, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A password that is gone from the environment: the box watches what it can, and says so."""
    monkeypatch.setenv("GATE", "x")
    source = source_of(room, settings)
    source.begin(file, lambda: None)
    text = '[[cameras]]\nname = "gate"\nsource = "rtsp://v:${GATE}@c"\n'
    assert source.take(BoxConfigurationText(version=1, sha256="ab" * 32, text=text))
    monkeypatch.delenv("GATE")
    room.set_cameras([])
    again = source_of(room, settings)
    again.begin(file, lambda: None)
    assert set(room.watched) == {"own"}
    assert "the environment has no GATE" in again.state.refused


def test_a_new_box_without_a_usable_file_asks_the_server_first(
    room: Watchroom, settings: Settings, file: Path
) -> None:
    """Its file is still the example; the office has set its cameras already."""
    file.write_text("[[cameras]]")
    source = source_of(room, settings)
    with pytest.raises(CamerasInvalid):
        source.begin(file, lambda: None)
    source.begin(file, lambda: told(5, "gate"))
    assert source.state.version == 5
    alone = CameraSource(settings, Voice.of("en"), room, None)
    with pytest.raises(CamerasInvalid):
        alone.begin(file, lambda: told(6, "gate"))


def test_one_camera_of_the_command_line_is_nobody_elses(
    room: Watchroom, settings: Settings
) -> None:
    """The server's cameras do not take its place."""
    source = source_of(room, settings)
    source.begin_one(CameraEntry(name="gate", source="rtsp://c"))
    assert source.state.origin == "command"
    assert not source.take(told(1, "yard"))
    assert set(room.watched) == {"gate"}
    source.follow()
