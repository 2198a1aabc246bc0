"""The ways to run a model on this machine, and what each is known to cost in accuracy.

A way is a runtime, a precision and an input shape. `python -m models.training ways` measures what they cost; whoever
times them (`anxun-edge doctor`) may pick only what is known to keep accuracy.
"""

from collections.abc import Iterator
from pathlib import Path

from models.bundle import MeasuredAccuracy, describe_bundle
from models.errors import ModelError
from models.running import COMPACT, FITTING, FP32, INT8, SQUARE, Running, ShapePolicy
from models.runtimes import KINDS, missing

# What every figure of a card is of, and what the others are compared with.
REFERENCE = Running("onnxruntime:cpu", FP32, SQUARE)
SHAPES: tuple[ShapePolicy, ...] = (SQUARE, FITTING, COMPACT)


def ways_here(model: Path | None) -> Iterator[Running]:
    """Yield the reference, then every runtime that is here in every precision and shape that it and the model have.

    Whether a machine computes in a precision is only known once it is asked to.

    Args:
        model: its NAME.json; None means the model that is shipped.

    Raises:
        ModelFileMissing, BundleInvalid: it is not described.
    """
    is_quantised = describe_bundle(model).precision == INT8
    has_twin = _has_twin(model)
    if not is_quantised:
        yield REFERENCE
    for kind in KINDS:
        if missing(kind):
            continue
        for precision in kind.precisions:
            if has_twin if precision == INT8 else not is_quantised:
                ways = (Running(kind.name, precision, shapes) for shapes in SHAPES)
                yield from (way for way in ways if way != REFERENCE)


def measured_accuracy(model: Path | None, way: Running) -> MeasuredAccuracy | None:
    """Return what was measured of a way with this very file; None where nothing was.

    Raises:
        ModelFileMissing, BundleInvalid: the model, or its int8 twin, is not described.
    """
    description = describe_bundle(model, precision=way.precision)
    reference = description.quantised_from or description.sha256
    for row in description.accuracy:
        is_of_this_file = row.reference_sha256 == reference
        if is_of_this_file and (row.runtime, row.precision, row.shapes) == (
            way.runtime,
            way.precision,
            way.shapes,
        ):
            return row
    return None


def points_of(model: Path | None, way: Running) -> float | None:
    """Return how many AP50 points a way gains (+) or costs (-); 0 for the reference, None where nobody measured.

    Raises:
        ModelFileMissing, BundleInvalid: the model, or its int8 twin, is not described.
    """
    if way == REFERENCE:
        return 0.0
    measured = measured_accuracy(model, way)
    return None if measured is None else measured.points


def _has_twin(model: Path | None) -> bool:
    try:
        describe_bundle(model, precision=INT8)
    except ModelError:
        return False
    return True
