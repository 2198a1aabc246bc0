"""Quantise the released model to int8: static, QDQ, per-channel weights, calibrated on training images.

The same file, pool and configuration give the same bytes: images are chosen by a seeded draw, and every step is
deterministic. Weights keep 7 bits (`reduce_range`): processors with AVX2 and no VNNI add pairs of products in 16 bits,
which 8-bit weights would overflow (onnxruntime's documentation on quantisation, "U8S8 can saturate"). A tensor's range is
averaged over the images: the widest of any image would spend the 256 steps on what one picture shows.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process
from tqdm import tqdm

from models.preprocess import Letterbox
from models.training.config import TrainingConfig
from models.training.detect import read_image
from models.training.pool import Pool

CALIBRATION_IMAGES = 128


class PoolImages(CalibrationDataReader):
    """Hands a seeded draw of training images to onnxruntime's calibration, laid out as the detector lays them."""

    def __init__(self, pool: Pool, seed: int, input_wh: tuple[int, int]) -> None:
        files = pool.files("train")
        count = min(CALIBRATION_IMAGES, len(files))
        drawn = np.random.default_rng(seed).choice(len(files), count, replace=False)
        self._inputs = self._laid([files[i] for i in sorted(drawn)], Letterbox(input_wh))

    @staticmethod
    def _laid(files: list[Path], letterbox: Letterbox) -> Iterator[NDArray[np.float32]]:
        for file in tqdm(files, desc="calibration", mininterval=10):
            yield letterbox(read_image(file))[0].copy()

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """Return the next input by name, None after the last."""
        blob = next(self._inputs, None)
        return None if blob is None else {"images": blob}


def quantise(config: TrainingConfig) -> Path:
    """Write NAME-int8.onnx and its description beside the released NAME.onnx; return the latter."""
    description_file = config.weights / f"{config.name}.json"
    description = json.loads(description_file.read_text())
    source = description_file.with_name(description["file"])
    target = source.with_name(f"{config.name}-int8.onnx")
    width, height = description["input_size_wh"]
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        quantize_static(
            str(prepared),
            str(target),
            PoolImages(config.open_pool(), config.seed, (width, height)),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            extra_options={"CalibMovingAverage": True},
            nodes_to_exclude=float_nodes(onnx.load(prepared).graph),
        )
    keep_metadata(source, target)
    description.pop("accuracy", None)  # of the fp32 file: the twin's own is measured by `ways`
    described = {
        **description,
        "name": f"{config.name}-int8",
        "file": target.name,
        "sha256": hashlib.sha256(target.read_bytes()).hexdigest(),
        "precision": "int8",
        "quantised_from": description["sha256"],
    }
    file = description_file.with_name(f"{config.name}-int8.json")
    file.write_text(json.dumps(described, indent=2) + "\n")
    return file


def float_nodes(graph: onnx.GraphProto) -> list[str]:
    """Return the nodes of the detection head that stay in float: all but its two branches' inner convolutions.

    Boxes in pixels and scores near 0 share one tensor there; eight bits cannot tell both.
    """
    (last,) = (node for node in graph.node if graph.output[0].name in node.output)
    head = last.name.rsplit("/", 1)[0] + "/"
    return [n.name for n in graph.node if n.name.startswith(head) and not _is_inner(n.name, head)]


def _is_inner(name: str, head: str) -> bool:
    """Tell `HEAD/cv2.0/cv2.0.1/…` from the last convolution of a branch, `HEAD/cv2.0/cv2.0.2/Conv`, and the rest."""
    parts = name.removeprefix(head).split("/")
    is_branch = parts[0].startswith(("cv2", "cv3"))
    return is_branch and len(parts) > 1 and not parts[1].endswith(".2")


def keep_metadata(source: Path, target: Path) -> None:
    """Copy the released file's metadata: class names and version."""
    model = onnx.load(target)
    del model.metadata_props[:]
    model.metadata_props.extend(onnx.load(source).metadata_props)
    onnx.save(model, target)
