"""Which nodes an int8 model keeps in float, and what it is calibrated on."""

from pathlib import Path

import cv2
import numpy as np
from onnx import TensorProto, helper

from models.training.pool import Pool, PoolImage
from models.training.quantise import CALIBRATION_IMAGES, PoolImages, float_nodes


def test_the_head_stays_in_float_but_for_its_inner_convolutions() -> None:
    """Boxes in pixels and scores near 0 share one tensor at the end; eight bits cannot tell both."""
    names = [
        "/model.1/conv/Conv",
        "/model.24/cv2.0/cv2.0.0/conv/Conv",
        "/model.24/cv2.0/cv2.0.2/Conv",
        "/model.24/cv3.1/cv3.1.1/act/Mul",
        "/model.24/dfl/Softmax",
        "/model.24/Concat_26",
    ]
    nodes = [
        helper.make_node("Identity", [f"t{n}"], [f"t{n + 1}"], name=name)
        for n, name in enumerate(names)
    ]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1])
        for name in ("t0", f"t{len(names)}")
    ]
    graph = helper.make_graph(nodes, "head", ends[:1], ends[1:])
    assert float_nodes(graph) == [names[2], names[4], names[5]]


def test_calibration_sees_training_images_only_and_the_same_ones_each_time(tmp_path: Path) -> None:
    """The other splits' files are not even there; two draws of one seed are equal, and another seed draws others."""
    (tmp_path / "images").mkdir()
    rng = np.random.default_rng(5)
    images = {}
    for number in range(CALIBRATION_IMAGES + 20):
        key = f"k{number:03}"
        images[key] = PoolImage("s", "train", "")
        picture = rng.integers(0, 255, (8, 8, 3), np.uint8)
        cv2.imwrite(str(tmp_path / "images" / f"{key}.webp"), picture)
    images |= {f"{split}0": PoolImage("s", split, "") for split in ("val", "test")}
    pool = Pool(tmp_path, images)

    def drawn(seed: int) -> list[bytes]:
        reader = PoolImages(pool, seed, (32, 32))
        return [blob["images"].tobytes() for blob in iter(reader.get_next, None)]

    first = drawn(7)
    assert len(first) == CALIBRATION_IMAGES
    assert drawn(7) == first
    assert drawn(8) != first
