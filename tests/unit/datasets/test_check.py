"""The check of the data says what differs from the manifests, and which pictures look alike."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

SCRIPT = Path(__file__).parents[3] / "datasets" / "check.py"
MANIFEST = """
name = "tiny"
images = 3
[boxes]
"Hardhat" = 3
[classes]
"Hardhat" = "helmet"
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A source of three pictures, the third a mirrored copy of the first, with a box each; and its manifest."""
    for folder in ("data/tiny/images", "data/tiny/labels", "manifests"):
        (tmp_path / folder).mkdir(parents=True)
    rng = np.random.default_rng(5)
    first, second = (rng.integers(0, 255, (8, 8, 3), np.uint8) for _ in range(2))
    for name, coarse in (("a", first), ("b", second), ("c", first[:, ::-1])):
        picture = cv2.resize(np.ascontiguousarray(coarse), (320, 320))
        cv2.imwrite(str(tmp_path / "data/tiny/images" / f"{name}.webp"), picture)
        (tmp_path / "data/tiny/labels" / f"{name}.txt").write_text("0 0.5 0.5 0.05 0.1\n")
    (tmp_path / "data/tiny/classes.txt").write_text("Hardhat\n")
    (tmp_path / "manifests/tiny.toml").write_text(MANIFEST)
    return tmp_path


def check(root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the script by path."""
    places = ["--data", str(root / "data"), "--manifests", str(root / "manifests")]
    out = ["--out", str(root / "out"), "--hashes", str(root / "hashes.toml")]
    command = [sys.executable, str(SCRIPT), *places, *out, *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_data_as_its_manifest_says_passes_and_twins_are_named(data: Path) -> None:
    """Counts fit, boxes are told by size, and the mirrored copy is a near-duplicate."""
    done = check(data, "--update-hashes", "--sheet")

    assert done.returncode == 0, done.stderr
    assert "tiny: 3 images, as its manifest says" in done.stdout
    assert "Hardhat: 3 boxes (small 0, medium 3, large 0)" in done.stdout
    assert "near-duplicates: 1 pairs of 2 images" in done.stdout
    assert (data / "out/near-duplicates.jpg").exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("images/b.webp", "2 images, the manifest says 3"),
        ("labels/b.txt", "2 boxes of Hardhat, the manifest says 3"),
    ],
)
def test_what_is_missing_is_said_and_fails(data: Path, change: str, said: str) -> None:
    """A picture or label file that is gone is named, and the exit status tells a script."""
    (data / "data/tiny" / change).unlink()

    done = check(data)

    assert done.returncode == 1
    assert said in done.stdout


def test_other_bytes_than_those_that_were_trained_on_are_said(data: Path) -> None:
    """The same counts with another file fail by the hash over all files."""
    assert check(data, "--update-hashes").returncode == 0
    (data / "data/tiny/labels/b.txt").write_text("0 0.4 0.5 0.05 0.1\n")

    done = check(data)

    assert done.returncode == 1
    assert "the files are others than those of hashes.toml" in done.stdout


def test_a_line_that_is_no_box_is_named(data: Path) -> None:
    """File and line are given, and the rest is still read."""
    (data / "data/tiny/labels/b.txt").write_text("7 0.4 0.5 0.05 0.1\n")

    assert "b.txt:1: '7 0.4 0.5 0.05 0.1' is no box" in check(data).stdout
