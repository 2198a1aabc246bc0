"""What runs a network: onnxruntime with one of its execution providers, or OpenVINO, behind one small protocol.

A name such as ``onnxruntime:cpu`` says which; `auto` tries `AUTO_ORDER`. Nothing ever falls back in silence: a runtime
knows its name and precision, what was chosen is logged, and a missing one is refused with what to install. An engine is
loaded when it is first asked for, so that one that does not run takes no memory.
"""

from models.runtimes.choice import (
    AUTO_ORDER,
    KINDS,
    RuntimeKind,
    kind_of,
    missing,
    open_runtime,
)
from models.runtimes.on_openvino import OpenVinoRuntime
from models.runtimes.protocol import Runtime

__all__ = [
    "AUTO_ORDER",
    "KINDS",
    "OpenVinoRuntime",
    "Runtime",
    "RuntimeKind",
    "kind_of",
    "missing",
    "open_runtime",
]
