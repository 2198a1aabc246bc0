"""Train, be killed, go on, export, evaluate: the commands of a site that trains on its own pictures."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest

from models.training.pool import LABELS

pytestmark = pytest.mark.training
REPOSITORY = Path(__file__).parents[2]
IMAGES = {"train": 16, "val": 4, "test": 4}


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    """A pool of drawn pictures with a white square as helmet, and a configuration of two epochs from the release."""
    pool = tmp_path / "pool"
    for folder in ("images", "labels"):
        (pool / folder).mkdir(parents=True)
    rng = np.random.default_rng(2)
    images: dict[str, dict[str, str]] = {}
    for split, count in IMAGES.items():
        for number in range(count):
            key = f"drawn__{split}{number}"
            picture = np.asarray(
                cv2.resize(rng.integers(0, 160, (6, 6, 3), np.uint8), (128, 128)), np.uint8
            )
            x, y = rng.integers(10, 80, 2)
            picture[y : y + 32, x : x + 32] = 255
            cv2.imwrite(str(pool / "images" / f"{key}.webp"), picture)
            line = f"1 {(x + 16) / 128:.4f} {(y + 16) / 128:.4f} 0.25 0.25"
            (pool / "labels" / f"{key}.txt").write_text(line)
            images[key] = {"source": "drawn", "split": split, "knowledge": "L" * len(LABELS)}
        paths = [f"./images/drawn__{split}{number}.webp" for number in range(count)]
        (pool / f"{split}.txt").write_text("\n".join(paths) + "\n")
    (pool / "pool.json").write_text(json.dumps({"labels": LABELS, "images": images}))
    boxes = {split: dict.fromkeys(LABELS, 0) for split in IMAGES}
    report = {"images": IMAGES, "sources": {"drawn": IMAGES}, "boxes": boxes}
    (pool / "report.json").write_text(json.dumps(report))
    text = (REPOSITORY / "models/training/anxun-nano.toml").read_text("utf-8")
    text = text[: text.index("[peers.")] + "[peers]\n" + text[text.index("[ultralytics]") :]
    for old, new in (
        ("var/pool", str(pool)),
        ("var/runs/anxun-nano", str(tmp_path / "run")),
        (
            "../shared/data/weights/yolov5nu_init_from_coco.pt",
            f"{REPOSITORY}/models/weights/anxun-nano.onnx",
        ),
        ("models/training/", f"{REPOSITORY}/models/training/"),
        ("epoch_images = 1600", "epoch_images = 16\nepochs = 3"),
        ("threads = 2", "threads = 1"),
        ("loader_processes = 1", "loader_processes = 0"),
        ("imgsz = 512", "imgsz = 64"),
        ("batch = 16", "batch = 4"),
    ):
        assert old in text, old
        text = text.replace(old, new, 1)
    own = f'weights = "{tmp_path / "weights"}"\ncards = "{tmp_path / "cards"}"\n'
    file = tmp_path / "config.toml"
    file.write_text(own + text)
    return file


def command(name: str, config: Path) -> list[str]:
    """Return the command line of one step."""
    return [sys.executable, "-m", "models.training", name, "--config", str(config)]


def run(name: str, config: Path) -> subprocess.CompletedProcess[str]:
    """Run one step to its end."""
    done = subprocess.run(
        command(name, config),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done


def outputs_of(weights: Path) -> np.ndarray:
    """Return what the exported file computes for one fixed picture."""
    session = onnxruntime.InferenceSession(str(weights / "anxun-nano.onnx"))
    blob = np.random.default_rng(4).random((1, 3, 64, 64), np.float32)
    (output,) = session.run(None, {session.get_inputs()[0].name: blob})
    return np.asarray(output)


def trained(config: Path, name: str) -> np.ndarray:
    """Train and export into folders of its own; return the export's outputs."""
    text = config.read_text()
    root = str(config.parent)
    for folder in ("run", "weights", "cards"):
        text = text.replace(f"{root}/{folder}", f"{root}/{name}/{folder}")
    own = config.with_name(f"{name}.toml")
    own.write_text(text)
    run("train", own)
    run("export", own)
    return outputs_of(config.parent / name / "weights")


@pytest.mark.timeout(600)
def test_the_same_command_twice_gives_the_same_model(config_file: Path) -> None:
    """Two runs of one configuration export networks whose outputs differ by at most 1e-4."""
    first, second = trained(config_file, "first"), trained(config_file, "second")

    np.testing.assert_allclose(first, second, rtol=0, atol=1e-4)


@pytest.mark.timeout(600)
def test_a_killed_run_goes_on_and_is_exported_and_measured(config_file: Path) -> None:
    """SIGKILL after the first checkpoint; the same command goes on, and the card tells the epochs of both parts."""
    root = config_file.parent
    last = root / "run/train/weights/last.pt"
    with subprocess.Popen(
        command("train", config_file),
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as first:
        deadline = time.monotonic() + 240
        while not (root / "run/clock.json").exists() and first.poll() is None:
            assert time.monotonic() < deadline, "no checkpoint in four minutes"
            time.sleep(0.05)
        first.send_signal(signal.SIGKILL)
        first.communicate()
    assert last.exists()

    run("train", config_file)
    run("export", config_file)
    run("evaluate", config_file)

    description = json.loads((root / "weights/anxun-nano.json").read_text())
    report = json.loads((root / "cards/anxun-nano.json").read_text())
    assert description["sha256"] == report["model"]["sha256"]
    assert report["run"]["short_epochs"] == 3
    assert report["test"]["labels"]["helmet"]["objects"] == IMAGES["test"]
    assert "| helmet |" in (root / "cards/anxun-nano.md").read_text()
