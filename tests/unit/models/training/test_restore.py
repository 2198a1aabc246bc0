"""A released file becomes a network that can be trained on and still computes what the file computes."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from models.training import environment

torch = pytest.importorskip("torch")
RELEASED = Path(__file__).parents[4] / "models" / "weights" / "anxun-nano.onnx"


@pytest.fixture
def picture_files(tmp_path: Path) -> list[Path]:
    """Four pictures with structure, as files."""
    import cv2

    rng = np.random.default_rng(3)
    files = []
    for number in range(4):
        coarse = rng.integers(0, 255, (12, 16, 3), np.uint8)
        files.append(tmp_path / f"{number}.png")
        cv2.imwrite(str(files[-1]), cv2.resize(coarse, (320, 240), interpolation=cv2.INTER_CUBIC))
    return files


def test_a_restored_network_computes_what_the_release_computes(
    tmp_path: Path, picture_files: list[Path]
) -> None:
    """Boxes within 0.01 px and scores within 1e-5 of the released file, after the normalisations are put back."""
    environment.prepare(tmp_path)
    from models.training.detect import letterbox, read_image
    from models.training.restore import restore

    network = restore(RELEASED, "yolov5n.yaml", picture_files).eval()
    session = onnxruntime.InferenceSession(str(RELEASED), providers=["CPUExecutionProvider"])

    for file in picture_files:
        blob = letterbox(read_image(file))[0]
        (expected,) = session.run(None, {session.get_inputs()[0].name: blob})
        with torch.no_grad():
            actual = network(torch.from_numpy(blob))[0].numpy()
        assert np.abs(actual[:, :4] - expected[:, :4]).max() < 0.01
        assert np.abs(actual[:, 4:] - expected[:, 4:]).max() < 1e-5


def test_another_architecture_is_refused_by_the_weight_that_does_not_fit(
    tmp_path: Path, picture_files: list[Path]
) -> None:
    """A file of another architecture says which weight differs and how."""
    environment.prepare(tmp_path)
    from models.training.restore import restore

    with pytest.raises(
        ValueError, match=r"model\.0\.conv\.weight: the file holds shape \(16, 3, 6, 6\)"
    ):
        restore(RELEASED, "yolov8n.yaml", picture_files)


def test_without_pictures_nothing_is_guessed(tmp_path: Path) -> None:
    """The normalisations need training images; none is an error, not a default."""
    environment.prepare(tmp_path)
    from models.training.restore import restore

    with pytest.raises(ValueError, match="no image"):
        restore(RELEASED, "yolov5n.yaml", [])
