"""Views are kept over restarts, and somebody may accept a new one."""

import time
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from typer.testing import CliRunner

from edge.address import Way
from edge.cameras import CameraEntry
from edge.capture import TimeSource
from edge.cli import app
from edge.settings import Settings
from edge.sight import FIRST_PICTURES, Reference, SightJudge
from edge.sights import Sights
from edge.views import Views, file_name
from edge.watch import Watch
from edge.watched import Camera, SightChanged, Watched
from inspection.sight import Sight

STRIPES = np.tile(np.arange(320) % 32 * 6, (180, 1)).astype(np.uint8)
NOISE = np.random.default_rng(4)


def shown(levels: np.ndarray) -> np.ndarray:
    """Return a picture as a sensor gives it."""
    return np.asarray((levels + NOISE.normal(0, 2, levels.shape)).clip(0, 255), np.uint8)


def camera_of(judge: SightJudge, **facts: object) -> tuple[SimpleNamespace, Watched]:
    """Return a live camera that shows what a test puts into it."""
    camera = SimpleNamespace(
        time_source=TimeSource.CLOCK, luma=None, seen_at_s=None, key_every_s=4.0, way=Way.SAMPLED
    )
    entry = CameraEntry.model_validate({"name": "gate", "source": "0"} | facts)
    watched = Watched(entry, cast(Camera, camera), cast(Watch, None), judge, ExitStack())
    return camera, watched


def test_a_view_is_learnt_kept_and_compared_with_after_a_restart(settings: Settings) -> None:
    """A camera that was turned while nobody watched is noticed; accepting its new view ends that."""
    news: list[SightChanged] = []
    sights = Sights(settings, news.append, every_s=0.0)
    judge, is_known = sights.judge_of(CameraEntry(name="gate", source="0"))
    assert not is_known
    camera, watched = camera_of(judge)
    for _ in range(FIRST_PICTURES + 2):
        camera.luma, camera.seen_at_s = shown(STRIPES), time.monotonic()
        sights.look({"gate": watched})
    sights.keep({"gate": watched})
    again = Sights(settings, news.append, every_s=0.0)
    judge, is_known = again.judge_of(watched.entry)
    assert is_known
    for second in range(70):
        judge.take(shown(STRIPES.T[:180, :180].repeat(2, axis=1)[:, :320]), 1000.0 + second)
    assert judge.sight is Sight.MOVED
    runner = CliRunner(env={"ANXUN_EDGE_DATA_DIR": str(settings.data_dir), "ANXUN_LANG": "en"})
    assert runner.invoke(app, ["accept-view", "gate"]).exit_code == 0
    _, watched = camera_of(judge)
    watched.has_view = True
    again._forget_accepted({"gate": watched})
    for second in range(10):
        judge.take(shown(STRIPES.T[:180, :180].repeat(2, axis=1)[:, :320]), 1100.0 + second)
    assert judge.sight is Sight.SEEING
    assert runner.invoke(app, ["accept-view", "gate"]).exit_code == 3


def test_a_view_that_says_nothing_is_not_kept_and_a_damaged_one_is_unknown(tmp_path: Path) -> None:
    """Neither is compared with."""
    views = Views(tmp_path / "views")
    young = Reference(np.zeros((180, 320), np.float32), 0.1, FIRST_PICTURES - 1)
    views.write("gate", young)
    assert views.read("gate") is None
    young.pictures = FIRST_PICTURES
    views.write("gate", young)
    assert views.read("gate") is not None
    for damaged in (b"", b"no picture"):
        views.path("gate").write_bytes(damaged)
        assert views.read("gate") is None


def test_names_stay_distinct_and_inside_the_folder() -> None:
    """Whatever a camera is called."""
    names = ["gate", "../gate", "大门", "gate/1", "gate 1", "gate:1"]
    assert len({file_name(name) for name in names}) == len(names)
    assert not any("/" in file_name(name) or "." in file_name(name) for name in names)


@pytest.mark.parametrize(("way", "after_s"), [(Way.SAMPLED, 10.0), (Way.KEY, 18.0)])
def test_rare_key_frames_are_no_absence(settings: Settings, way: Way, after_s: float) -> None:
    """A camera that sends one every four seconds may be silent for twice as long more."""
    sights = Sights(settings, lambda _: None)
    judge, _ = sights.judge_of(CameraEntry(name="gate", source="0"))
    camera, watched = camera_of(judge)
    camera.way = way
    sights.look({"gate": watched})
    assert judge.absent_after_s == after_s


def test_a_full_disk_takes_nothing_from_watching(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The view is kept another time."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    sights = Sights(settings, lambda _: None)
    reference = Reference(np.zeros((180, 320), np.float32), 0.1, FIRST_PICTURES)
    _, watched = camera_of(SightJudge(10, 0.0, reference))
    monkeypatch.setattr("edge.views.Path.write_bytes", full)
    sights.keep({"gate": watched})
    assert not watched.has_view
