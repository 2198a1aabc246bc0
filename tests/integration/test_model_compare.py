"""A new model is compared with the running one on people's decisions; the exit code is the verdict."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.bundle import load_bundle
from models.comparison import Rule, Verdict, compare
from models.errors import DatasetUnreadable, LabelFileInvalid
from models.training.pool import LABELS
from models.yolo import LabelledBox, write_labels
from tests.tiny_model import write_model

FLAME = LABELS.index("flame")
# Where the tiny model sees its flame: the middle quarter.
MIDDLE = LabelledBox(FLAME, 0.375, 0.375, 0.625, 0.625)
FEW = Rule(least_objects=4, least_pictures=4)


def write_dataset(root: Path, *, unknown: int = 0) -> Path:
    """Write ten pictures with a flame, bright to dim, and ten dismissed ones, dark but for two bright reflections."""
    images = {}
    for folder in ("images", "labels"):
        (root / folder).mkdir(parents=True)
    shades = [
        *((250 - 10 * n, "L") for n in range(10)),
        *((20 + 200 * (n < 2), "A") for n in range(10)),
    ]
    for number, (shade, letter) in enumerate(shades):
        key = f"e0__{number:02d}"
        image = np.full((64, 64, 3), shade, np.uint8)
        assert cv2.imwrite(str(root / "images" / f"{key}.webp"), image)
        boxes = [MIDDLE] if letter == "L" else []
        (root / "labels" / f"{key}.txt").write_text(write_labels(boxes))
        known = "U" if letter == "L" and number < unknown else letter
        knowledge = "".join(known if label == "flame" else "U" for label in LABELS)
        images[key] = {"source": "e0", "split": "test", "cluster": key, "knowledge": knowledge}
    (root / "pool.json").write_text(json.dumps({"labels": LABELS, "images": images}))
    return root


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Return a data set."""
    return write_dataset(tmp_path / "set")


def test_the_same_model_is_as_good_as_itself(dataset: Path, tmp_path: Path) -> None:
    """Every figure is equal, and the verdict is to release."""
    model = load_bundle(write_model(tmp_path / "m", threshold=0.5))
    result = compare(model, model, dataset, rule=FEW)
    assert result.verdict is Verdict.RELEASE
    assert result.pictures == 20
    flame = result.running["flame"]
    assert flame == result.candidate["flame"]
    assert (flame.objects, flame.found, flame.recall) == (10, 10, 1.0)
    assert (flame.absent_pictures, flame.false_alarms, flame.alarms_per_100) == (10, 2, 20.0)
    assert flame.precision == pytest.approx(10 / 12)
    assert flame.ap50 is not None
    assert 0.8 < flame.ap50 < 1


def test_a_model_that_finds_less_is_refused_with_the_reason(dataset: Path, tmp_path: Path) -> None:
    """A higher threshold loses boxes; AP50, which no threshold touches, stays."""
    old = load_bundle(write_model(tmp_path / "old", threshold=0.5))
    new = load_bundle(write_model(tmp_path / "new", threshold=0.9))
    result = compare(old, new, dataset, rule=FEW)
    assert result.verdict is Verdict.REFUSE
    assert len(result.reasons) == 1
    assert "flame: recall" in result.reasons[0]
    assert result.candidate["flame"].ap50 == result.running["flame"].ap50
    lenient = Rule(points=100, alarms=100, least_objects=4, least_pictures=4)
    assert compare(old, new, dataset, rule=lenient).verdict is Verdict.RELEASE


def test_a_model_that_alarms_more_on_dismissed_pictures_is_refused(
    dataset: Path, tmp_path: Path
) -> None:
    """What people dismissed must not come back."""
    old = load_bundle(write_model(tmp_path / "old", threshold=0.5))
    new = load_bundle(write_model(tmp_path / "new", threshold=0.05))
    result = compare(old, new, dataset, rule=FEW)
    assert result.verdict is Verdict.REFUSE
    assert result.candidate["flame"].false_alarms == 10
    assert ["false alarms" in reason for reason in result.reasons] == [True]


def test_what_is_unknown_is_no_mistake(tmp_path: Path) -> None:
    """Boxes in half-known pictures count for recall alone; precision and AP50 rest on the rest."""
    model = load_bundle(write_model(tmp_path / "m"))
    result = compare(model, model, write_dataset(tmp_path / "set", unknown=7), rule=FEW)
    flame = result.running["flame"]
    assert (flame.objects, flame.known_objects) == (10, 3)


def test_too_little_data_is_undecided(dataset: Path, tmp_path: Path) -> None:
    """Ten boxes are not enough for the default rule, and nothing is released on them."""
    model = load_bundle(write_model(tmp_path / "m"))
    assert compare(model, model, dataset).verdict is Verdict.UNDECIDED


def test_a_loss_on_too_few_boxes_is_undecided_and_said(dataset: Path, tmp_path: Path) -> None:
    """One figure may be judged well: another that is worse on little data still keeps the model from release."""
    old = load_bundle(write_model(tmp_path / "old", threshold=0.5))
    new = load_bundle(write_model(tmp_path / "new", threshold=0.9))
    result = compare(old, new, dataset, rule=Rule(least_objects=11, least_pictures=4))
    assert (result.verdict, result.reasons) == (Verdict.UNDECIDED, ())
    assert ["recall" in doubt and "too little" in doubt for doubt in result.doubts] == [True]


def test_what_is_no_data_set_is_refused_in_words(dataset: Path, tmp_path: Path) -> None:
    """An empty folder, a split without pictures, a damaged file: each says what it is."""
    model = load_bundle(write_model(tmp_path / "m"))
    with pytest.raises(DatasetUnreadable, match=r"there is no .*pool\.json"):
        compare(model, model, tmp_path)
    with pytest.raises(DatasetUnreadable, match="val holds no picture"):
        compare(model, model, dataset, split="val")
    label = dataset / "labels" / "e0__00.txt"
    label.write_text("5 0.5 0.5\n")
    with pytest.raises(LabelFileInvalid, match="line 1"):
        compare(model, model, dataset)
    label.unlink()
    with pytest.raises(DatasetUnreadable, match=r"e0__00\.txt"):
        compare(model, model, dataset)
    (dataset / "images" / "e0__00.webp").write_bytes(b"x")
    with pytest.raises(DatasetUnreadable, match="no picture"):
        compare(model, model, dataset)
    (dataset / "pool.json").write_text("{")
    with pytest.raises(DatasetUnreadable, match="damaged"):
        compare(model, model, dataset)


def anxun(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run `anxun`, with torch out of reach."""
    code = "import sys; sys.modules['torch'] = None; from api.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True, text=True, check=False, env=os.environ | {"COLUMNS": "140"},
    )  # fmt: skip


def test_the_command_prints_figures_rule_and_verdict(dataset: Path, tmp_path: Path) -> None:
    """Exit codes: 0 release, 1 refuse, 3 too little data, 2 what cannot be compared; all without torch."""
    old, new = write_model(tmp_path / "old"), write_model(tmp_path / "new", threshold=0.9)
    refused = anxun("model", "compare", old, new, dataset, "--least", 4)
    assert refused.returncode == 1, refused.stdout + refused.stderr
    for text in ("flame", "1.000 → 0.300 (-70.0)", "Rule: refuse when", "Verdict: refuse"):
        assert text in refused.stdout
    same = anxun("model", "compare", old, old, dataset, "--least", 4, "--json")
    assert same.returncode == 0
    assert json.loads(same.stdout)["candidate"]["flame"]["found"] == 10
    assert anxun("model", "compare", old, old, dataset).returncode == 3
    wrong = anxun("model", "compare", old, tmp_path / "none.json", dataset)
    assert wrong.returncode == 2
    assert "none.json" in wrong.stderr
