"""Which runtime: by its name, or the first of a documented order that is there and starts."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from models.errors import PrecisionUnavailable, RuntimeUnavailable, RuntimeUnknown
from models.running import AUTO, FP32, INT8, Precision
from models.runtimes import on_openvino
from models.runtimes.on_openvino import OpenVinoRuntime
from models.runtimes.protocol import Runtime

LOG = logging.getLogger(__name__)
ONNXRUNTIME, OPENVINO = "onnxruntime", "openvino"


@dataclass(frozen=True, slots=True)
class RuntimeKind:
    """A runtime that may be asked for.

    Attributes:
        name: as settings and findings spell it.
        engine: ``onnxruntime`` or ``openvino``.
        device: the execution provider, or OpenVINO's device.
        install: what brings it to a machine.
        precisions: what it may compute in where the machine can.
        library: a word in the name of a file without which an onnxruntime has it not.
    """

    name: str
    engine: str
    device: str
    install: str
    precisions: tuple[Precision, ...] = (FP32, INT8)
    library: str = ""


def _ort(name: str, provider: str, package: str, library: str = "") -> RuntimeKind:
    install = f"pip uninstall onnxruntime && pip install {package}"
    return RuntimeKind(
        f"onnxruntime:{name}",
        ONNXRUNTIME,
        f"{provider}ExecutionProvider",
        install,
        library=library,
    )


def _openvino(device: str, *precisions: Precision) -> RuntimeKind:
    name = f"openvino:{device.lower()}"
    return RuntimeKind(name, OPENVINO, device, on_openvino.INSTALL, (FP32, *precisions, INT8))


KINDS = (
    _ort("cuda", "CUDA", "onnxruntime-gpu", "providers_cuda"),
    _ort("dml", "Dml", "onnxruntime-directml", "DirectML"),
    _openvino("CPU", "bf16"),
    RuntimeKind("onnxruntime:cpu", ONNXRUNTIME, "CPUExecutionProvider", "pip install onnxruntime"),
    _ort("tensorrt", "Tensorrt", "onnxruntime-gpu"),
    _ort("migraphx", "MIGraphX", "onnxruntime-migraphx"),
    _ort("coreml", "CoreML", "onnxruntime"),
    _ort("openvino", "OpenVINO", "onnxruntime-openvino"),
    _openvino("GPU", "fp16"),
    _openvino("NPU", "fp16"),
)
# A card that somebody installed a build for comes first. What converts the network to half precision by itself, or
# takes minutes to start, is never taken unasked: CoreML, TensorRT, MIGraphX, OpenVINO's GPU and NPU.
AUTO_ORDER = ("onnxruntime:cuda", "onnxruntime:dml", "openvino:cpu", "onnxruntime:cpu")


def kind_of(name: str) -> RuntimeKind:
    """Return the runtime of a name. Raises RuntimeUnknown."""
    for kind in KINDS:
        if kind.name == name:
            return kind
    raise RuntimeUnknown(name, [AUTO, *(kind.name for kind in KINDS)])


def missing(kind: RuntimeKind) -> str | None:
    """Return what to do so that a runtime is here, or None where it is. Nothing is started."""
    return None if _is_here(kind) else kind.install


def _is_here(kind: RuntimeKind) -> bool:
    if kind.engine == OPENVINO:
        return on_openvino.is_here(kind.device)
    if kind.library and not _brings(kind.library):
        return False
    # An engine is loaded where it may be what runs: it takes 26 MB beside another one.
    from onnxruntime import get_available_providers

    return kind.device in get_available_providers()


def _brings(library: str) -> bool:
    """Tell from its files whether the installed onnxruntime has a library; it is not loaded for that."""
    spec = find_spec("onnxruntime")
    folders = spec.submodule_search_locations if spec is not None else None
    return any(
        library in file.name for folder in folders or () for file in Path(folder, "capi").glob("*")
    )


def open_runtime(
    model: bytes,
    name: str = AUTO,
    *,
    precision: Precision = FP32,
    threads: int | None = None,
    input_wh: tuple[int, int] | None = None,
) -> Runtime:
    """Load a model with the runtime of a name, or with the first of `AUTO_ORDER` that is here and starts.

    Args:
        model: the bytes of the ONNX file; the caller has checked their hash.
        name: `auto`, or the name of a kind such as ``openvino:cpu``; never another than this one.
        precision: in which numbers to compute.
        threads: threads of a CPU for one picture; None leaves it to the runtime.
        input_wh: the size to open a model with whose height and width are dynamic.

    Raises:
        RuntimeUnknown: nobody knows the name.
        RuntimeUnavailable: it is not here; the message says what to install.
        PrecisionUnavailable: it does not compute in this precision.
        ModelUnreadable, InputUnknown: it cannot use the model.
    """

    def start(kind: RuntimeKind) -> Runtime:
        runtime = _opened(kind, model, precision, threads=threads, input_wh=input_wh)
        LOG.info("the model runs on %s in %s", runtime.name, runtime.precision)
        return runtime

    return _first_that_starts(start, precision) if name == AUTO else start(kind_of(name))


def _first_that_starts(start: Callable[[RuntimeKind], Runtime], precision: Precision) -> Runtime:
    last: RuntimeUnavailable | PrecisionUnavailable | None = None
    for kind in map(kind_of, AUTO_ORDER):
        if missing(kind) or precision not in kind.precisions:
            continue
        try:
            return start(kind)
        except (RuntimeUnavailable, PrecisionUnavailable) as error:
            LOG.warning("%s is installed and was passed over: %s", kind.name, error)
            last = error
    raise last or PrecisionUnavailable(AUTO, precision, [FP32, INT8])


def _opened(
    kind: RuntimeKind,
    model: bytes,
    precision: Precision,
    *,
    threads: int | None,
    input_wh: tuple[int, int] | None,
) -> Runtime:
    if precision not in kind.precisions:
        raise PrecisionUnavailable(kind.name, precision, kind.precisions)
    try:
        if kind.engine == OPENVINO:
            return OpenVinoRuntime(
                model, device=kind.device, threads=threads, input_wh=input_wh, precision=precision
            )
        from models.runtimes.on_onnxruntime import OnnxRuntime

        return OnnxRuntime(
            model, provider=kind.device, threads=threads, input_wh=input_wh, precision=precision
        )
    except RuntimeUnavailable as error:
        raise RuntimeUnavailable(kind.name, error.available, kind.install) from error
