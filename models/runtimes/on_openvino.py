"""OpenVINO's own runtime, reading the same ONNX bytes. An optional extra: ``pip install 'anxun[openvino]'``."""

import importlib
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from types import ModuleType
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from models.errors import (
    InputUnknown,
    ModelUnreadable,
    PrecisionUnavailable,
    RuntimeUnavailable,
)
from models.running import FP32, INT8, Precision
from models.runtimes.protocol import Size, first_line, input_size, is_dynamic_input

INSTALL = "pip install 'anxun[openvino]'"
CONVERTER = "openvino.tools.ovc"
# OpenVINO's names of what a device can do, and of what a network is to be computed in.
_CAPABILITY: Mapping[Precision, str] = {
    "fp32": "FP32",
    "bf16": "BF16",
    "fp16": "FP16",
    "int8": "INT8",
}
# What is not quantised in an int8 file is computed in fp32.
_HINT: Mapping[Precision, str] = {"fp32": "f32", "bf16": "bf16", "fp16": "f16", "int8": "f32"}

Size2 = tuple[int, int]


@cache
def core() -> Any:
    """Return OpenVINO's one core of this process. Raises RuntimeUnavailable where it is not installed."""
    try:
        return _without_converter().Core()
    except ImportError as error:
        raise RuntimeUnavailable("openvino", ["onnxruntime"], INSTALL) from error


def _without_converter() -> Any:
    """Import OpenVINO without its converter of models, which is half of the import and tells its maker of its use.

    OpenVINO does without it where it is not installed, which is what it is told here.
    """
    # None is what `import` takes as absent.
    modules = cast(dict[str, ModuleType | None], sys.modules)
    is_there = CONVERTER in modules
    modules.setdefault(CONVERTER, None)
    try:
        return importlib.import_module("openvino")
    finally:
        if not is_there:
            del modules[CONVERTER]


def is_here(device: str) -> bool:
    """Tell whether OpenVINO is installed and finds a device. Only that device's part of it is loaded, not those of all."""
    try:
        core().get_property(device, "FULL_DEVICE_NAME")
    except (RuntimeUnavailable, RuntimeError):
        return False
    return True


class _Requests(threading.local):
    """The requests of one thread, so that threads share a runtime without a lock."""

    def __init__(self) -> None:
        self.by_size: dict[Size2, Any] = {}


class OpenVinoRuntime:
    """A network run by OpenVINO. Safe to share between threads.

    It is compiled once for each input size: a fixed one at once, a dynamic one for what it is first run at. A compiled
    network takes a third of a second and some forty megabytes, so none is made for a size that no picture has.
    """

    def __init__(
        self,
        model: bytes,
        *,
        device: str = "CPU",
        threads: int | None = None,
        input_wh: Size2 | None = None,
        precision: Precision = FP32,
    ) -> None:
        """Load a model from the bytes of its ONNX file.

        Args:
            model: the file's bytes; the caller has checked their hash.
            device: ``CPU``, ``GPU``, ``NPU`` …
            threads: threads of a CPU for one picture; None leaves it to OpenVINO.
            input_wh: the size to run at, pixels, for a model whose height and width are dynamic.
            precision: in which numbers to compute; OpenVINO alone would take bfloat16 wherever a CPU has it.

        Raises:
            RuntimeUnavailable: OpenVINO or the device is not here.
            PrecisionUnavailable: the device does not compute in this precision.
            ModelUnreadable: OpenVINO refuses the bytes.
            InputUnknown: not one float32 input [1, 3, H, W], or of a dynamic size and none was given.
        """
        if not is_here(device):
            raise RuntimeUnavailable(f"openvino:{device.lower()}", core().available_devices)
        self.name = f"openvino:{device.lower()}"
        self.precision: Precision = precision
        self._device = device
        self._options = _options(self.name, device, precision, threads)
        try:
            self._network = core().read_model(model)
        except RuntimeError as error:
            raise ModelUnreadable(_reason(error)) from error
        if precision == INT8:
            keep_silu_in_float(self._network)
        shape, described = _input_shape(self._network)
        self.is_dynamic = is_dynamic_input(shape, described)
        self.input_wh = input_size(shape, described, input_wh)
        self.metadata: Mapping[str, str] = _metadata(self._network)
        self._compiled: dict[Size2, Any] = {}
        self._compiling = threading.Lock()
        self._requests = _Requests()
        opened = (
            self._resized(self.input_wh) if self.is_dynamic else self._compiled_for(self.input_wh)
        )
        self.output_shapes: Sequence[Sequence[object]] = tuple(
            _output_shape(each) for each in opened.outputs
        )

    def run(self, blob: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the first output for a float32 input (1, 3, H, W).

        Raises:
            ModelUnreadable: OpenVINO failed on it.
        """
        height, width = blob.shape[2:]
        try:
            output: NDArray[np.float32] = self._request((width, height)).infer(
                {0: blob}, share_inputs=True
            )[0]
        except RuntimeError as error:
            raise ModelUnreadable(_reason(error)) from error
        return output

    def _request(self, size_wh: Size2) -> Any:
        """Return this thread's own request of the network compiled for a size."""
        mine = self._requests.by_size
        if size_wh not in mine:
            mine[size_wh] = self._compiled_for(size_wh).create_infer_request()
        return mine[size_wh]

    def _compiled_for(self, size_wh: Size2) -> Any:
        with self._compiling:
            if size_wh not in self._compiled:
                self._compiled[size_wh] = self._compile(size_wh)
            return self._compiled[size_wh]

    def _compile(self, size_wh: Size2) -> Any:
        network = self._resized(size_wh) if self.is_dynamic else self._network
        try:
            return core().compile_model(network, self._device, self._options)
        except RuntimeError as error:
            raise ModelUnreadable(_reason(error)) from error

    def _resized(self, size_wh: Size2) -> Any:
        """Return the dynamic network at a size; its weights are shared."""
        width, height = size_wh
        network = self._network.clone()
        try:
            network.reshape([1, 3, height, width])
        except RuntimeError as error:
            raise ModelUnreadable(_reason(error)) from error
        return network


def keep_silu_in_float(network: Any) -> int:
    """Drop what rounds the two inputs of each SiLU, x * sigmoid(x), in a quantised network; return how many were dropped.

    onnxruntime needs a quantised tensor on either side of an operator to compute it in eight bits. OpenVINO computes
    a convolution in eight bits and its SiLU in float in one step, unless something rounds between them: an int8 model
    takes a fifth less time without, and is a little nearer to the fp32 one. What enters a convolution stays rounded.
    """
    dropped = 0
    for rounding in [
        op for op in network.get_ordered_ops() if op.get_type_name() == "FakeQuantize"
    ]:
        end = _end_of_rounding(rounding)
        if end is not None and {op.get_type_name() for op in _users(end)} <= {
            "Sigmoid",
            "Multiply",
        }:
            end.output(0).replace(rounding.input_value(0))
            dropped += 1
    return dropped


def _end_of_rounding(op: Any) -> Any | None:
    """Return the last operator of quantising and back again, as OpenVINO reads it from ONNX; None where it is another."""
    for kind in ("Convert", "Convert", "Subtract", "Multiply"):
        users = _users(op)
        if len(users) != 1 or users[0].get_type_name() != kind:
            return None
        op = users[0]
    return op if _users(op) else None


def _users(op: Any) -> list[Any]:
    return [each.get_node() for each in op.output(0).get_target_inputs()]


def _options(
    name: str, device: str, precision: Precision, threads: int | None
) -> Mapping[str, object]:
    """Return what a network is compiled with. Raises PrecisionUnavailable."""
    can = set(core().get_property(device, "OPTIMIZATION_CAPABILITIES"))
    # A device that cannot do what its hint says computes in something else and does not tell.
    if _CAPABILITY[precision] not in can:
        known = [each for each, capability in _CAPABILITY.items() if capability in can]
        raise PrecisionUnavailable(name, precision, known)
    options: dict[str, object] = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": _HINT[precision],
    }
    if threads is not None and device == "CPU":
        options["INFERENCE_NUM_THREADS"] = threads
    return options


def _input_shape(network: Any) -> tuple[Sequence[Size], str]:
    """Return the one input's shape, None for a dynamic size, and how to describe it. Raises InputUnknown."""
    shown = [f"{each.get_element_type()} {each.get_partial_shape()}" for each in network.inputs]
    described = ", ".join(shown) or "nothing"
    if len(network.inputs) != 1 or str(network.input(0).get_element_type().to_string()) != "f32":
        raise InputUnknown(described)
    shape = network.input(0).get_partial_shape()
    if shape.rank.is_dynamic:
        raise InputUnknown(described)
    return [size.get_length() if size.is_static else None for size in shape], described


def _metadata(network: Any) -> Mapping[str, str]:
    """Return the file's custom metadata; OpenVINO's ONNX reader keeps it under `framework`."""
    if not network.has_rt_info(["framework"]):
        return {}
    found = network.get_rt_info(["framework"]).astype(dict)
    return {str(key): str(value.value) for key, value in found.items()}


def _output_shape(output: Any) -> Sequence[object]:
    shape = output.get_partial_shape()
    return tuple(size.get_length() if size.is_static else str(size) for size in shape)


def _reason(error: RuntimeError) -> str:
    """Return the last line that says something: OpenVINO begins with where in its sources it stood."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:300] if lines else first_line(error)
