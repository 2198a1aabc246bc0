"""Tiny ONNX files with outputs that never change, for every shape of head, and bundles around them."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

LABELS = ("person", "helmet", "head")
OPSET = 17
IR_VERSION = 10

Size = int | str


def names_of(labels: Sequence[str]) -> str:
    """Return the metadata text of ultralytics for class names."""
    return str(dict(enumerate(labels)))


def onnx_bytes(
    outputs: Sequence[NDArray[np.float32]],
    *,
    names: str | None = names_of(LABELS),
    input_shape: Sequence[Size] = (1, 3, 64, 64),
    input_type: int = TensorProto.FLOAT,
    output_shapes: Sequence[Sequence[Size]] | None = None,
) -> bytes:
    """Return a model whose outputs are these arrays, whatever its picture shows.

    Args:
        outputs: one array an output.
        names: its metadata `names`; None writes none.
        input_shape: sizes, or names of dynamic ones.
        input_type: the element type that it wants.
        output_shapes: what it declares, where that is not what it gives (dynamic sizes).
    """
    shapes = output_shapes or [each.shape for each in outputs]
    graph = helper.make_graph(
        # The picture counts for nothing, but it is used: OpenVINO drops an input that is not.
        [
            helper.make_node("Cast", ["images"], ["as_float"], to=TensorProto.FLOAT),
            helper.make_node("ReduceMean", ["as_float"], ["mean"], keepdims=0),
            helper.make_node("Mul", ["mean", "nothing"], ["zero"]),
            *(
                helper.make_node("Add", [f"c{n}", "zero"], [f"output{n}"])
                for n in range(len(outputs))
            ),
        ],
        "constant",
        [helper.make_tensor_value_info("images", input_type, list(input_shape))],
        [
            helper.make_tensor_value_info(f"output{n}", TensorProto.FLOAT, list(shape))
            for n, shape in enumerate(shapes)
        ],
        [
            numpy_helper.from_array(np.zeros((), np.float32), "nothing"),
            *(numpy_helper.from_array(each, f"c{n}") for n, each in enumerate(outputs)),
        ],
    )
    return _serialised(graph, names)


def resized_dynamic_bytes(
    height_width: tuple[str, str] = ("height", "width"), labels: Sequence[str] = LABELS
) -> bytes:
    """Return a model of dynamic height and width whose output [1, 4+C, H*W] has as many columns as pixels."""
    rows = 4 + len(labels)
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["images"], ["grey"], axes=[1], keepdims=1),
            helper.make_node("Reshape", ["grey", "flat"], ["row"]),
            helper.make_node("Expand", ["row", "rows"], ["output0"]),
        ],
        "dynamic",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, *height_width])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, [1, rows, "candidates"])],
        [
            numpy_helper.from_array(np.array([1, 1, -1], np.int64), "flat"),
            numpy_helper.from_array(np.array([1, rows, 1], np.int64), "rows"),
        ],
    )
    return _serialised(graph, names_of(labels))


def write_bundle(folder: Path, model: bytes, **fields: object) -> Path:
    """Write tiny.onnx and its tiny.json and return the path of the latter; `fields` replace its entries."""
    (folder / "tiny.onnx").write_bytes(model)
    described: Mapping[str, object] = {
        "name": "tiny",
        "version": "1",
        "file": "tiny.onnx",
        "sha256": hashlib.sha256(model).hexdigest(),
        "input_size_wh": [64, 64],
        "labels": list(LABELS),
        "thresholds": {"person": 0.5},
        "experimental": ["head"],
        **fields,
    }
    path = folder / "tiny.json"
    path.write_text(json.dumps(described), encoding="utf-8")
    return path


def raw_output(
    candidates: Sequence[tuple[float, float, float, float, int, float]],
    *,
    class_count: int = len(LABELS),
    columns: int = 84,
) -> NDArray[np.float32]:
    """Return a raw head's output [1, 4+C, columns] from (cx, cy, w, h, class id, score); the rest scores 0."""
    output = np.zeros((1, 4 + class_count, columns), np.float32)
    for column, (cx, cy, width, height, class_id, score) in enumerate(candidates):
        output[0, :4, column] = cx, cy, width, height
        output[0, 4 + class_id, column] = score
    return output


def end_to_end_output(
    rows: Sequence[tuple[float, float, float, float, float, int]], *, count: int = 300
) -> NDArray[np.float32]:
    """Return an end-to-end head's output [1, count, 6] from (x1, y1, x2, y2, score, class id); the rest is 0."""
    output = np.zeros((1, count, 6), np.float32)
    for at, row in enumerate(rows):
        output[0, at] = row
    return output


def _serialised(graph: onnx.GraphProto, names: str | None) -> bytes:
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )
    if names is not None:
        helper.set_model_props(model, {"names": names})
    return bytes(model.SerializeToString())
