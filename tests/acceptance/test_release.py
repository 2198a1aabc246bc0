"""From a model file to a release, twice: evaluate, false alarms, quantise, ways, card as commands."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.bundle import load_bundle
from models.running import INT8, Running
from models.training.config import TrainingConfig
from tests.unit.models.training.test_evaluate import config_file as config_file

pytestmark = pytest.mark.slow
REPOSITORY = Path(__file__).parents[2]


def released(config_file: Path) -> dict[str, bytes]:
    """Run every step that follows the export; return what was written, by folder and name."""
    done = subprocess.run(
        [sys.executable, "-m", "models.training", "release", "--config", str(config_file), "--from", "evaluate"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    config = TrainingConfig.read(config_file)
    files = [*config.weights.iterdir(), *config.cards.iterdir()]
    return {f"{file.parent.name}/{file.name}": file.read_bytes() for file in files}


@pytest.mark.timeout(600)
def test_the_same_release_twice_gives_the_same_bytes(config_file: Path) -> None:
    """The int8 export, descriptions, figures and card are equal to the byte; the twin's rows are of this fp32 file."""
    config = TrainingConfig.read(config_file)
    _add_training_images(config.pool)
    first = released(config_file)
    (config.weights / "anxun-nano-int8.onnx").unlink()
    second = released(config_file)
    assert [name for name, data in first.items() if second[name] != data] == []

    file = config.weights / "anxun-nano.json"
    twin = json.loads(first["weights/anxun-nano-int8.json"])
    ways = json.loads(first["cards/anxun-nano.ways.json"])["ways"]
    assert {row["reference_sha256"] for row in ways} == {twin["quantised_from"]}
    assert {(row["precision"], row["shapes"]) for row in ways} >= {
        ("fp32", "square"),
        ("fp32", "fitting"),
        ("int8", "square"),
        ("int8", "fitting"),
        ("int8", "compact"),
    }
    assert [row["precision"] for row in twin["accuracy"]] == ["int8"] * len(twin["accuracy"])
    assert load_bundle(file, running=Running(precision=INT8)).sha256 == twin["sha256"]


def _add_training_images(pool: Path) -> None:
    """Calibration looks at training images only, and the tiny pool has none."""
    table = json.loads((pool / "pool.json").read_text())
    rng = np.random.default_rng(3)
    for number in range(3):
        key = f"drawn__train{number}"
        coarse = rng.integers(0, 255, (6, 8, 3), np.uint8)
        cv2.imwrite(str(pool / "images" / f"{key}.webp"), cv2.resize(coarse, (160, 120)))
        (pool / "labels" / f"{key}.txt").write_text("")
        table["images"][key] = {**table["images"]["drawn__0"], "split": "train"}
    (pool / "pool.json").write_text(json.dumps(table))
