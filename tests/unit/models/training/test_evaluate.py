"""An evaluation is a function of pool, model and configuration, and says what it did not meet."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.training.card import write_card
from models.training.config import TrainingConfig
from models.training.evaluate import comparison, evaluate
from models.training.pool import LABELS

REPOSITORY = Path(__file__).parents[4]
PICTURES = 6


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    """A tiny pool of drawn pictures, the shipped model copied beside it, and a configuration for them."""
    pool, weights = tmp_path / "pool", tmp_path / "weights"
    for folder in (pool / "images", pool / "labels", weights):
        folder.mkdir(parents=True)
    rng = np.random.default_rng(1)
    images = {}
    for number in range(PICTURES):
        key = f"drawn__{number}"
        coarse = rng.integers(0, 255, (6, 8, 3), np.uint8)
        cv2.imwrite(str(pool / "images" / f"{key}.webp"), cv2.resize(coarse, (160, 120)))
        (pool / "labels" / f"{key}.txt").write_text(f"{number % 2} 0.5 0.5 0.4 0.6\n")
        split = "val" if number < 3 else "test"
        images[key] = {"source": "drawn", "split": split, "knowledge": "L" * len(LABELS)}
    (pool / "pool.json").write_text(json.dumps({"labels": LABELS, "images": images}))
    counts = {"train": 0, "val": 3, "test": 3}
    boxes = {split: dict.fromkeys(LABELS, 0) for split in counts}
    report = {"images": counts, "sources": {"drawn": counts}, "boxes": boxes}
    (pool / "report.json").write_text(json.dumps(report))
    for name in ("anxun-nano.json", "anxun-nano.onnx"):
        (weights / name).write_bytes((REPOSITORY / "models/weights" / name).read_bytes())
    text = (REPOSITORY / "models/training/anxun-nano.toml").read_text("utf-8")
    text = text[: text.index("[peers.")] + "[peers]\n" + text[text.index("[ultralytics]") :]
    text = text.replace("var/pool", str(pool)).replace("var/runs/anxun-nano", str(tmp_path / "run"))
    paths = f'weights = "{weights}"\ncards = "{tmp_path / "cards"}"\n'
    file = tmp_path / "config.toml"
    file.write_text(paths + text.replace("models/training/", f"{REPOSITORY}/models/training/"))
    return file


def test_the_same_evaluation_twice_gives_the_same_bytes(config_file: Path) -> None:
    """Figures, description and card are equal to the byte, and the labels with too few objects are experimental."""
    config = TrainingConfig.read(config_file)

    report = evaluate(config)
    card = write_card(report, config)
    first = [file.read_bytes() for file in _written(config, card)]
    second_card = write_card(evaluate(config), config)

    assert [file.read_bytes() for file in _written(config, second_card)] == first
    assert set(report["experimental"]) == set(LABELS)
    assert report["test"]["labels"]["helmet"]["objects"] == 2
    assert any("2 objects are too few" in reason for reason in report["experimental"]["helmet"])


def _written(config: TrainingConfig, card: Path) -> list[Path]:
    return [config.cards / "anxun-nano.json", config.weights / "anxun-nano.json", card]


def test_a_label_without_a_need_or_a_floor_is_refused(config_file: Path) -> None:
    """A configuration that forgets a label says which."""
    text = config_file.read_text().replace("cone = 0.70\n", "")
    config_file.write_text(text)

    with pytest.raises(ValueError, match="floors lack or do not know cone"):
        TrainingConfig.read(config_file)


def test_the_comparison_says_who_is_ahead_and_by_how_much() -> None:
    """Only labels that both know are compared."""
    ours = {"helmet": {"ap50": 0.8}, "vest": {"ap50": 0.4}, "head": {"ap50": 0.7}}
    peers = {"other": {"labels": {"helmet": {"ap50": 0.3}, "vest": {"ap50": 0.5}}}}

    rows = comparison(ours, peers)

    assert [(row["label"], row["verdict"], row["ahead_by"]) for row in rows] == [
        ("helmet", "ahead", 0.5),
        ("vest", "not ahead", -0.1),
    ]
