"""The file of cameras: what it takes, what it refuses and how it says so, and the last good state."""

import os
from pathlib import Path

import pytest

from edge.address import Kind, Transport
from edge.cameras import CamerasFile, Entries, read_cameras
from edge.errors import CamerasInvalid, HazardInvalid
from edge.load import WantedWay

GOOD = """
[defaults]
fps = 1
transport = "udp"

[[cameras]]
name = "gate"
source = "rtsp://viewer:${GATE_PASSWORD}@10.0.0.7/1"
transport = "tcp"
way = "key"
k = 2
n = 3

[[cameras]]
name = "welding"
source = "http://10.0.0.8/snap.jpg"
kind = "snapshot"
hazards = ["PPE-01"]
zones = "zones.toml"

[[cameras]]
name = "spare"
source = "0"
watch = false

[[cameras]]
name = "yard"
source = "/dev/video1"

[[cameras.zones]]
name = "belt"
polygon = [[0, 0], [1, 0], [1, 1]]
hazards = ["EMG-01"]
"""
ZONES = '[[zones]]\nname = "bay"\npolygon = [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]\n'
ENVIRONMENT = {"GATE_PASSWORD": "se@cret"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a good file of cameras."""
    (tmp_path / "zones.toml").write_text(ZONES)
    path = tmp_path / "cameras.toml"
    path.write_text(GOOD)
    return path


def write(path: Path, text: str, number: int) -> None:
    """Change a file so that its time of change differs."""
    path.write_text(text)
    os.utime(path, ns=(number * 10**9, number * 10**9))


def test_a_file_says_what_is_watched_and_how(path: Path) -> None:
    """Defaults fill what a camera leaves out; passwords come from the environment; who is off is left out."""
    gate, welding, yard = read_cameras(path, ENVIRONMENT)
    assert gate.source == "rtsp://viewer:se@cret@10.0.0.7/1"
    assert (gate.way, gate.transport, gate.k, gate.n, gate.fps) == (
        WantedWay.KEY,
        Transport.TCP,
        2,
        3,
        1,
    )
    assert gate.address.told_kind is Kind.RTSP
    assert (welding.transport, welding.address.told_kind) == (Transport.UDP, Kind.SNAPSHOT)
    assert [zone.name for zone in welding.zones] == ["bay"]
    assert yard.address.told_kind is Kind.USB
    assert yard.zones[0].hazards == {"EMG-01"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("cameras = 3", "cameras"),
        ("", "at least one [[cameras]]"),
        ("[[cameras]\n", "line 1"),
        ('[[cameras]]\nname = "a"', "camera a: source"),
        ('[[cameras]]\nsource = "0"', "camera 1: name"),
        ('[[cameras]]\nname = "a"\nsource = "0"\nfsp = 1', "camera a: fsp"),
        ('[[cameras]]\nname = "a"\nsource = "0"\nfps = 0', "camera a: fps"),
        ('[[cameras]]\nname = "a"\nsource = "0"\nk = 6', "camera a: k of n needs k ≤ n"),
        ('[[cameras]]\nname = "a"\nsource = "0"\nway = "half"', "'full', 'sampled' or 'key'"),
        ('[[cameras]]\nname = "a"\nsource = "rtsp://u:${NONE}@h/1"', "the environment has no NONE"),
        ('[[cameras]]\nname = "a"\nsource = "0"\nzones = "none.toml"', "none.toml"),
        ('[[cameras]]\nname = "a"\nsource = "0"\nwatch = false', "switched off"),
        ('[[cameras]]\nname = "a"\nsource = "0"\n' * 2, "camera 'a' stands there twice"),
        (
            '[[cameras]]\nname = "a"\nsource = "0"\n'
            + '[[cameras.zones]]\nname = "z"\npolygon = [[0,0],[1,0],[1,1]]\n' * 2,
            "zone 'z' stands there twice",
        ),
        (
            '[[cameras]]\nname = "a"\nsource = "0"\n'
            '[[cameras.zones]]\nname = "z"\npolygon = [[0,0],[1,0],[1,1]]\nhazards = ["XXX-99"]',
            "XXX-99",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(path: Path, text: str, reason: str) -> None:
    """Camera, field and what it should be."""
    path.write_text(text)
    with pytest.raises(CamerasInvalid) as refused:
        read_cameras(path, {})
    assert reason in str(refused.value)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    """With its name."""
    with pytest.raises(CamerasInvalid, match=r"none\.toml"):
        read_cameras(tmp_path / "none.toml")


def test_a_changed_file_is_read_and_a_bad_one_changes_nothing(path: Path, tmp_path: Path) -> None:
    """The trouble is told once and goes when the file is mended."""
    file = CamerasFile(path, tmp_path / "state" / "kept.json", environment=ENVIRONMENT)
    assert not file.changed()
    good = file.entries
    write(path, "nonsense", 1)
    assert file.changed()
    assert isinstance(file.trouble, CamerasInvalid)
    assert file.entries == good
    assert not file.changed()
    write(path, '[[cameras]]\nname = "only"\nsource = "0"\n', 2)
    assert file.changed()
    assert file.trouble is None
    assert [entry.name for entry in file.entries] == ["only"]
    path.unlink()
    assert file.changed()
    assert [entry.name for entry in file.entries] == ["only"]


def test_after_a_restart_the_last_good_state_is_watched(path: Path, tmp_path: Path) -> None:
    """A box that starts again beside a bad file is not blind; passwords are not written down."""
    kept = tmp_path / "state" / "kept.json"
    good = CamerasFile(path, kept, environment=ENVIRONMENT).entries
    assert "se@cret" not in kept.read_text("utf-8")
    assert kept.stat().st_mode & 0o077 == 0
    path.write_text("nonsense")
    (tmp_path / "zones.toml").unlink()
    file = CamerasFile(path, kept, environment=ENVIRONMENT)
    assert file.entries == good
    assert isinstance(file.trouble, CamerasInvalid)
    with pytest.raises(CamerasInvalid):
        CamerasFile(path, tmp_path / "other.json", environment=ENVIRONMENT)
    kept.write_text("[]")
    with pytest.raises(CamerasInvalid, match=r"cameras\.toml"):
        CamerasFile(path, kept, environment=ENVIRONMENT)


def test_a_hazard_that_cannot_be_looked_for_makes_a_file_bad(path: Path, tmp_path: Path) -> None:
    """What only the model knows is asked before anything changes."""

    def check(entries: Entries) -> None:
        if any("PPE-01" in entry.hazards for entry in entries):
            raise HazardInvalid("PPE-01", "EMG-01")

    with pytest.raises(HazardInvalid):
        CamerasFile(path, tmp_path / "kept.json", check, ENVIRONMENT)
