"""The clips with known truth: written as described, judged by their truth."""

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[3] / "datasets"))

from clips import KNOWN, Builder, Clip, Event, Score, findings_of, judge, read_truth

from edge.confirm import Needs
from edge.videofile import video_frames
from inspection.rules import SeenHazard
from inspection.wire import Box


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """Return a folder with an event and a glimpse: a bright wall, then a dark one."""
    for name, shade in (("clear", 220), ("hazard", 30)):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((600, 1000, 3), shade, np.uint8))
    builder = Builder(tmp_path)
    builder.event(tmp_path / "clear.png", tmp_path / "hazard.png", ["PPE-01"], "walls")
    builder.finish()
    return tmp_path


def test_a_clip_shows_its_hazard_when_its_truth_says_so(built: Path) -> None:
    """From second to second, and of the glimpse it is said that nothing is to be told."""
    event, glimpse = read_truth(built)
    assert (event.events, glimpse.events) == ((Event("PPE-01", 10.0, 18.0),), ())
    assert event.known == ("PPE-01",)
    dark = [
        frame.at_s for frame in video_frames(built / event.file, 5) if frame.image_bgr.mean() < 120
    ]
    assert (dark[0], dark[-1]) == pytest.approx((10.0, 17.8), abs=0.01)
    dark = [
        frame.at_s
        for frame in video_frames(built / glimpse.file, 5)
        if frame.image_bgr.mean() < 120
    ]
    assert dark == pytest.approx([10.0, 10.2], abs=0.01)


def test_a_finding_counts_for_its_hazard_while_it_is_there() -> None:
    """Another hazard, or one before it came, is false; the first finding says how long it took."""
    clip = Clip("a.mp4", "event", "walls", KNOWN, 60.0, (Event("PPE-01", 10.0, 18.0),))
    score = Score()
    judge(
        score,
        clip,
        [(4.0, "PPE-01"), (12.0, "EMG-01"), (12.5, "PPE-01"), (18.5, "PPE-01"), (30.0, "PPE-01")],
    )
    assert (score.events, score.found, score.false, score.waits_s) == (1, 1, 3, [2.5])
    assert "180 an hour" in score.line()


def test_confirmation_leaves_out_a_glimpse() -> None:
    """One look in many tells something only where one look is enough; what is not known is not judged."""
    box = Box(x1=0.4, y1=0.4, x2=0.5, y2=0.5, label="head", confidence=0.9)
    hazard = SeenHazard(hazard_code="PPE-01", label="head", confidence=0.9, boxes=(box,))
    seen = [(at_s / 2, [hazard] if at_s == 9 else []) for at_s in range(20)]
    assert findings_of(seen, Needs(1, 1), KNOWN) == [(4.5, "PPE-01")]
    assert findings_of(seen, Needs(3, 5), KNOWN) == []
    assert findings_of(seen, Needs(1, 1), ("EMG-01",)) == []
