"""An int8 network on OpenVINO: its activations are computed in float, and nothing else changes."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)

from models.running import FP32, INT8
from models.runtimes import open_runtime
from models.runtimes.on_openvino import core, keep_silu_in_float
from tests.onnx_files import IR_VERSION, OPSET

SIZE = 16


class Noise(CalibrationDataReader):
    """Four seeded inputs."""

    def __init__(self) -> None:
        self._blobs: Iterator[NDArray[np.float32]] = iter([blob(seed) for seed in range(4)])

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """Return the next one."""
        following = next(self._blobs, None)
        return None if following is None else {"images": following}


def blob(seed: int) -> NDArray[np.float32]:
    """Return an input."""
    return np.random.default_rng(seed).random((1, 3, SIZE, SIZE), np.float32)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """Two convolutions, each with its SiLU: in fp32, and quantised as the released model is."""
    folder = tmp_path_factory.mktemp("int8")
    rng = np.random.default_rng(8)
    nodes, weights, tensor = [], [], "images"
    for n, channels in enumerate((3, 8)):
        kernel = rng.normal(0, 0.3, (8, channels, 3, 3)).astype(np.float32)
        weights += [
            numpy_helper.from_array(kernel, f"w{n}"),
            numpy_helper.from_array(rng.normal(0, 0.1, 8).astype(np.float32), f"b{n}"),
        ]
        nodes += [
            helper.make_node("Conv", [tensor, f"w{n}", f"b{n}"], [f"c{n}"], name=f"conv{n}", pads=[1] * 4),
            helper.make_node("Sigmoid", [f"c{n}"], [f"s{n}"], name=f"sigmoid{n}"),
            helper.make_node("Mul", [f"c{n}", f"s{n}"], [f"m{n}"], name=f"mul{n}"),
        ]  # fmt: skip
        tensor = f"m{n}"
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, channels, SIZE, SIZE])
        for name, channels in (("images", 3), (tensor, 8))
    ]
    graph = helper.make_graph(nodes, "silu", ends[:1], ends[1:], weights)
    opset = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=IR_VERSION)
    source, target = folder / "fp32.onnx", folder / "int8.onnx"
    onnx.save(model, source)
    quantize_static(
        str(source),
        str(target),
        Noise(),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        reduce_range=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )
    return Path(source).read_bytes(), Path(target).read_bytes()


def test_only_the_inputs_of_a_silu_are_kept_from_rounding(models: tuple[bytes, bytes]) -> None:
    """What enters a convolution stays in eight bits; a float network is left alone."""
    fp32, int8 = models
    network = core().read_model(int8)
    kinds = [op.get_type_name() for op in network.get_ordered_ops()]
    before = kinds.count("FakeQuantize")
    assert keep_silu_in_float(network) == 4
    left = [op for op in network.get_ordered_ops() if op.get_type_name() == "FakeQuantize"]
    assert len(left) == before - 4
    assert keep_silu_in_float(network) == 0
    assert keep_silu_in_float(core().read_model(fp32)) == 0


def test_the_answer_is_nearer_to_the_float_networks(models: tuple[bytes, bytes]) -> None:
    """It is still an eight-bit answer, and no other network's."""
    fp32, int8 = models
    exact = open_runtime(fp32, "openvino:cpu", precision=FP32).run(blob(9))
    rounded = open_runtime(int8, "onnxruntime:cpu", precision=INT8).run(blob(9))
    ours = open_runtime(int8, "openvino:cpu", precision=INT8).run(blob(9))
    error, theirs = np.abs(ours - exact).mean(), np.abs(rounded - exact).mean()
    assert 0 < error <= theirs
    assert error < 0.02 * np.abs(exact).max()
