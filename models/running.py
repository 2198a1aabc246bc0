"""How a model is to be run: on what, in which numbers, in inputs of which shape. Light: settings import it."""

from dataclasses import dataclass
from typing import Literal

# What the numbers are while a network runs. int8 is a file of its own; the others are the fp32 file.
Precision = Literal["fp32", "bf16", "fp16", "int8"]
FP32: Precision = "fp32"
INT8: Precision = "int8"
ShapePolicy = Literal["fitting", "square", "compact"]
FITTING: ShapePolicy = "fitting"
SQUARE: ShapePolicy = "square"
# Fitting, and four fifths of the size: far and small things are paid with. Never taken unasked.
COMPACT: ShapePolicy = "compact"
AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Running:
    """How a model is to be run.

    Attributes:
        runtime: `auto`, or a name such as ``openvino:cpu`` (see `models.runtimes`); never another than this one.
        precision: ``int8`` takes the quantised twin; ``bf16`` and ``fp16`` compute the fp32 file so.
        shapes: `fitting` takes the input's shape from the picture, `square` never, `compact` does in four fifths of the
            size; None fits it where the description says that this was measured and costs no more than 0.5 AP50 points.
        threads: threads of a CPU for one picture; None leaves it to the runtime.
    """

    runtime: str = AUTO
    precision: Precision = FP32
    shapes: ShapePolicy | None = None
    threads: int | None = None
