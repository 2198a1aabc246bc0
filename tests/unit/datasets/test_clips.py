"""The clips with known truth: written as described, watched as a camera is, judged by their truth."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[3] / "datasets"))

from clip_scenes import VARIANTS, CutOut, Walk, cut_out, read_photo, still
from clip_truth import Clip, Event, Score, read_truth, write_truth
from clip_watch import RememberingLook, told_of
from clips import FIRE, KNOWN, Builder, scores_of

from edge.confirm import Needs
from edge.look import Look
from edge.videofile import video_frames
from tests.tiny_model import write_model

ROOT = Path(__file__).parents[3]
FLAME = FIRE[0]
CONFIRMED = Needs(3, 5)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> tuple[np.ndarray, np.ndarray]:
    """Return a dark wall, and a bright one: a flame to `tests.tiny_model`."""
    folder = tmp_path_factory.mktemp("photos")
    for name, shade in (("clear", 30), ("hazard", 220)):
        cv2.imwrite(str(folder / f"{name}.png"), np.full((600, 1000, 3), shade, np.uint8))
    return read_photo(folder / "clear.png"), read_photo(folder / "hazard.png")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, photos: tuple[np.ndarray, np.ndarray]) -> Path:
    """Return a folder with an event, a glimpse, single frames, and a view without anything."""
    clear, hazard = photos
    folder = tmp_path_factory.mktemp("clips")
    builder = Builder(folder, before_s=2.0, event_s=3.0, after_s=1.0)
    builder.event(clear, hazard, [FLAME], "walls")
    builder.event(clear, hazard, [FLAME], "walls", kind="glimpse")
    builder.glitch(clear, hazard, [FLAME], "walls", 9.0)
    builder.clear(clear, "walls", 3.0)
    write_truth(folder, builder.clips)
    return folder


def bright(folder: Path, clip: Clip) -> list[float]:
    """Return when a clip is bright, seconds of it."""
    frames = video_frames(folder / clip.file, 5)
    return [round(frame.at_s, 2) for frame in frames if frame.image_bgr.mean() > 120]


def test_a_clip_shows_its_hazard_when_its_truth_says_so(built: Path) -> None:
    """From second to second; of a glimpse and of single frames it is said that nothing is to be told."""
    event, glimpse, glitch, clear = read_truth(built)
    assert (event.events, event.known) == ((Event(FLAME, 2.0, 5.0),), FIRE)
    shown = bright(built, event)
    assert (shown[0], shown[-1]) == (2.0, 4.8)
    assert (glimpse.events, bright(built, glimpse)) == ((), [2.0, 2.2])
    shown = bright(built, glitch)
    assert glitch.events == ()
    assert shown == [2.8, 5.8, 8.8]
    assert (clear.known, bright(built, clear)) == (KNOWN, [])


def test_a_box_tells_what_lasts_and_nothing_shorter(built: Path, tmp_path: Path) -> None:
    """The whole way of a camera: with confirmation the event alone, without it the glimpse and the single frames too."""
    look = RememberingLook.of(Look.prepare(write_model(tmp_path), None, None, []))
    scores = scores_of(built, read_truth(built), look, CONFIRMED, 5)
    told = {
        (what, way): (score.found, score.false) for (origin, what, way), score in scores.items()
        if origin == "walls"
    }  # fmt: skip
    sure = "with 3 of 5"
    assert (told["event", sure], told["event", "without confirmation"]) == ((1, 0), (1, 0))
    assert (told["glimpse", sure], told["glimpse", "without confirmation"]) == ((0, 0), (0, 1))
    assert (told["glitch", sure], told["glitch", "without confirmation"]) == ((0, 0), (0, 1))
    assert (told["clear", sure], told["clear", "without confirmation"]) == ((0, 0), (0, 0))
    (event, *_) = read_truth(built)
    assert told_of(built, event, look, CONFIRMED, 5) == [(pytest.approx(2.4), FLAME)]


def test_a_clip_that_is_not_the_one_that_was_built_is_refused(built: Path, tmp_path: Path) -> None:
    """The manifest names each file by its hash; and a manifest of another format is not read."""
    clip = read_truth(built)[0]
    (tmp_path / clip.file).write_bytes(b"another")
    write_truth(tmp_path, [clip])
    with pytest.raises(ValueError, match="not the clip"):
        read_truth(tmp_path)
    (tmp_path / "clips.json").write_text(json.dumps([]), "utf-8")
    with pytest.raises(ValueError, match="not of format"):
        read_truth(tmp_path)


def test_a_finding_counts_for_its_hazard_while_it_is_there() -> None:
    """Another hazard, or one before it came, is false; the first finding says how long it took."""
    clip = Clip("a.mp4", "event", "walls", KNOWN, 60.0, (Event("PPE-01", 10.0, 18.0),))
    score = Score()
    told = [(4.0, "PPE-01"), (12.0, "EMG-01"), (12.5, "PPE-01"), (18.5, "PPE-01"), (30.0, "PPE-01")]
    score.judge(clip, told)
    assert (score.events, score.found, score.false, score.waits_s) == (1, 1, 3, [2.5])
    assert "180 an hour" in score.line()
    score.judge(clip, [])
    assert "1 of 2 hazards found, 1 missed" in score.line()


def test_who_walks_is_wholly_in_the_picture_when_the_truth_says_so() -> None:
    """From the left edge at its begin to the right edge at its end."""
    walk = Walk(CutOut(np.zeros((400, 160, 3), np.uint8), np.ones((400, 160), np.float32)), 10, 14)
    assert (walk.left(walk.from_s), walk.left(walk.to_s)) == (0, 800)
    assert (walk.left(10), walk.left(24)) == (-160, 960)
    assert 10 < walk.from_s < walk.to_s < 24


def test_a_cut_out_keeps_what_stands_and_not_what_is_behind() -> None:
    """A red figure before a grey wall: opaque in its middle, clear in the corners of its box."""
    photo = np.full((300, 300, 3), 120, np.uint8)
    photo += np.random.default_rng(0).integers(0, 9, photo.shape, dtype=np.uint8)
    cv2.ellipse(photo, (150, 150), (40, 90), 0, 0, 360, (20, 20, 220), -1)
    figure = cut_out(photo, (105, 55, 195, 245), 380)
    height, width = figure.alpha.shape
    assert (height, width) == (380, 180)
    assert figure.alpha[190, 90] > 0.9
    assert max(figure.alpha[3, 3], figure.alpha[-4, -4]) < 0.1


def test_a_bad_camera_shows_less(photos: tuple[np.ndarray, np.ndarray]) -> None:
    """Dark is a quarter of the light; noise is noise."""
    _, bright_wall = photos
    shown = {
        name: next(seen_by(still(bright_wall, 1.0))) for name, (seen_by, _) in VARIANTS.items()
    }
    assert shown["dark"].mean() == pytest.approx(55, abs=3)
    assert shown["noisy"].std() > 2.5 * shown["plain"].std()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_real_photos_and_clips_with_the_shipped_model(tmp_path: Path) -> None:
    """Built from the wheels: confirmation takes away what is short and false; it may cost what the model sees at times only."""
    media = ROOT / "var/media"
    if not (media / "media.json").exists():
        if os.environ.get("CI"):
            pytest.fail("`make media` has not run")
        pytest.skip("`make media` has not run")
    subprocess.run(
        [sys.executable, ROOT / "datasets/clips.py", "build", tmp_path], check=True, timeout=600
    )
    look = RememberingLook.of(Look.prepare(None, None, None, ["all"]))
    scores = scores_of(tmp_path, read_truth(tmp_path), look, CONFIRMED, 2)
    sure, unsure = (
        scores["all", "all", way] for way in ("with 3 of 5", "without confirmation")
    )  # fmt: skip
    assert 0 < sure.found <= unsure.found
    assert sure.false < unsure.false
    assert scores["all", "glimpse", "with 3 of 5"].false == 0
    assert scores["all", "glitch", "with 3 of 5"].false == 0
