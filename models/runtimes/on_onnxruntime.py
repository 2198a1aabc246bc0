"""onnxruntime and its execution providers."""

from collections.abc import Mapping, Sequence

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as ort_state

from models.errors import InputUnknown, ModelUnreadable, RuntimeUnavailable
from models.running import FP32, Precision
from models.runtimes.protocol import Size, first_line, input_size, is_dynamic_input

CPU = "CPUExecutionProvider"

# onnxruntime's exceptions share no base of their own.
_REFUSALS = (
    ort_state.Fail,
    ort_state.InvalidArgument,
    ort_state.InvalidGraph,
    ort_state.InvalidProtobuf,
    ort_state.NoModel,
    ort_state.NotImplemented,
    ort_state.RuntimeException,
    ort_state.EPFail,
)


class OnnxRuntime:
    """A network run by onnxruntime. Safe to share between threads; one session serves every input size."""

    def __init__(
        self,
        model: bytes,
        *,
        provider: str = CPU,
        threads: int | None = None,
        input_wh: tuple[int, int] | None = None,
        precision: Precision = FP32,
    ) -> None:
        """Load a model from the bytes of its ONNX file.

        Args:
            model: the file's bytes; the caller has checked their hash.
            provider: onnxruntime's execution provider, e.g. ``CPUExecutionProvider``; operators that it does not know
                still run on the CPU, but a provider that is missing or does not start is refused.
            threads: threads for one picture; None means one a physical core.
            input_wh: the size to run at, pixels, for a model whose height and width are dynamic.
            precision: what the file is; onnxruntime runs it as it is.

        Raises:
            RuntimeUnavailable: the provider is not in this build, or did not start.
            ModelUnreadable: onnxruntime refuses the bytes.
            InputUnknown: not one float32 input [1, 3, H, W], or of a dynamic size and none was given.
        """
        available = ort.get_available_providers()
        if provider not in available:
            raise RuntimeUnavailable(provider, available)
        try:
            self.session = ort.InferenceSession(model, _options(threads), providers=[provider])
        except _REFUSALS as error:
            raise ModelUnreadable(first_line(error)) from error
        if self.session.get_providers()[0] != provider:
            raise RuntimeUnavailable(provider, self.session.get_providers())
        self.name = f"onnxruntime:{provider.removesuffix('ExecutionProvider').lower()}"
        self.precision: Precision = precision
        shape, described = _input_shape(self.session.get_inputs())
        self.is_dynamic = is_dynamic_input(shape, described)
        self.input_wh = input_size(shape, described, input_wh)
        self.metadata: Mapping[str, str] = self.session.get_modelmeta().custom_metadata_map
        self._input_name = self.session.get_inputs()[0].name
        self._output_names = [self.session.get_outputs()[0].name]
        self.output_shapes: Sequence[Sequence[object]] = tuple(
            tuple(each.shape) for each in self.session.get_outputs()
        )
        if len(self.output_shapes) == 1 and not _is_fixed(self.output_shapes[0]):
            # A dynamic output has its shape only once it was run.
            width, height = self.input_wh
            self.output_shapes = (self.run(np.zeros((1, 3, height, width), np.float32)).shape,)

    def run(self, blob: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the first output for a float32 input (1, 3, H, W).

        Raises:
            ModelUnreadable: the runtime failed on it.
        """
        try:
            outputs = self.session.run(self._output_names, {self._input_name: blob})
        except _REFUSALS as error:
            raise ModelUnreadable(first_line(error)) from error
        output: NDArray[np.float32] = outputs[0]
        return output


def _options(threads: int | None) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads or 0
    options.inter_op_num_threads = 1
    # Every refusal is raised; onnxruntime's own lines on stderr would say it twice.
    options.log_severity_level = 4
    return options


def _is_fixed(shape: Sequence[object]) -> bool:
    return all(isinstance(size, int) for size in shape)


def _input_shape(inputs: Sequence[ort.NodeArg]) -> tuple[Sequence[Size], str]:
    """Return the one input's shape, None for a dynamic size, and how to describe it. Raises InputUnknown."""
    described = ", ".join(f"{each.type} {each.shape}" for each in inputs) or "nothing"
    if len(inputs) != 1 or inputs[0].type != "tensor(float)":
        raise InputUnknown(described)
    return [size if isinstance(size, int) else None for size in inputs[0].shape], described
