"""A model's two files: NAME.onnx, and NAME.json that names its hash. Checked before the runtime sees a byte.

A quantised twin is a bundle of its own beside it, NAME-int8.json, that says from which file it was made.
"""

import hashlib
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from models.detector import Detector, ModelIdentity
from models.errors import BundleInvalid, ModelFileMissing, ModelHashMismatch
from models.running import FITTING, FP32, INT8, SQUARE, Precision, Running, ShapePolicy
from models.runtimes import open_runtime

SHIPPED = "anxun-nano.json"
# What a faster way to run a model may cost in AP50, in points (hundredths).
MAX_LOSS_POINTS = 0.5

Score = Annotated[float, Field(ge=0, le=1)]


class MeasuredAccuracy(BaseModel):
    """AP50 of one way to run a model, beside the reference: fp32 by onnxruntime on the CPU, in a square.

    Attributes:
        runtime, precision, shapes: the way.
        ap50, reference_ap50: means over the labels of the test split, 0 to 1.
        images: how many images were measured.
        reference_sha256: the fp32 file of the reference; another one's figures say nothing.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    runtime: str
    precision: Precision
    shapes: ShapePolicy
    ap50: Score
    reference_ap50: Score
    images: int = Field(ge=1)
    reference_sha256: str

    @property
    def points(self) -> float:
        """How many AP50 points (hundredths) this way gains (+) or costs (-)."""
        return round(100 * (self.ap50 - self.reference_ap50), 6)

    @property
    def keeps_accuracy(self) -> bool:
        """Tell whether it costs at most `MAX_LOSS_POINTS`."""
        return self.points >= -MAX_LOSS_POINTS


class BundleDescription(BaseModel):
    """NAME.json. Fields that this version does not know are left alone."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str = Field(min_length=1, max_length=100)
    version: str = Field(min_length=1, max_length=100)
    file: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\.onnx$",
        description="a bare file name beside this file",
    )
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    input_size_wh: tuple[int, int]
    labels: tuple[str, ...] = Field(min_length=1)
    thresholds: dict[str, Score] = {}
    experimental: frozenset[str] = frozenset()
    trained_at: str | None = None
    licence: str | None = None
    card: str | None = None
    precision: Literal["fp32", "int8"] = "fp32"
    quantised_from: str | None = Field(default=None, description="sha256 of the fp32 file")
    accuracy: tuple[MeasuredAccuracy, ...] = ()

    @model_validator(mode="after")
    def _names_only_its_labels(self) -> Self:
        strange = (set(self.thresholds) | self.experimental) - set(self.labels)
        if strange:
            msg = f"thresholds or experimental name labels that it has not: {', '.join(sorted(strange))}"
            raise ValueError(msg)
        return self


def load_bundle(
    path: Path | None = None,
    *,
    running: Running | None = None,
    threads: int | None = None,
    thresholds: Mapping[str, float] | None = None,
    iou: float = 0.7,
) -> Detector:
    """Load a model from its NAME.json.

    Args:
        path: the NAME.json, with NAME.onnx beside it; None means the model that is shipped.
        running: on what and how; None means `Running()`.
        threads: threads for one picture, where `running` does not say.
        thresholds: by label, instead of those that the file recommends.
        iou: boxes of one label that overlap more are one thing.

    Raises:
        ModelFileMissing, BundleInvalid, ModelHashMismatch: the files are not a whole bundle.
        ModelError: the runtime or the decoder cannot use the model (see `models.errors`).
    """
    running = running or Running()
    source = _source(path)
    if running.precision == INT8:
        source = _quantised_twin(source)
    shown = Path(str(source))
    description = _described(source)
    model = _checked_bytes(
        shown.parent / description.file, description, _beside(source, description.file)
    )
    precision = INT8 if description.precision == INT8 else running.precision
    detector = Detector(
        open_runtime(
            model,
            running.runtime,
            precision=precision,
            threads=running.threads or threads,
            input_wh=description.input_size_wh,
        ),
        ModelIdentity(description.name, description.version, description.sha256),
        thresholds={**description.thresholds, **(thresholds or {})},
        experimental=description.experimental,
        iou=iou,
        shapes=running.shapes or _measured_shapes(description),
    )
    if detector.labels != description.labels:
        raise BundleInvalid(
            shown, f"its labels {description.labels} are not the file's {detector.labels}"
        )
    if detector.input_wh != description.input_size_wh:
        raise BundleInvalid(
            shown,
            f"its input size {description.input_size_wh} is not the file's {detector.input_wh}",
        )
    return detector


def describe_bundle(path: Path | None = None, *, precision: Precision = FP32) -> BundleDescription:
    """Return what a NAME.json says, or for `int8` that of its twin. The model file is not read.

    Raises:
        ModelFileMissing, BundleInvalid: there is none, it is wrong, or the twin was made from another file.
    """
    source = _source(path)
    return _described(_quantised_twin(source) if precision == INT8 else source)


def _source(path: Path | None) -> Path | Traversable:
    return path or resources.files("models") / "weights" / SHIPPED


def _quantised_twin(source: Path | Traversable) -> Path | Traversable:
    """Return the NAME-int8.json beside a NAME.json; a quantised model is its own twin.

    Raises ModelFileMissing, BundleInvalid: a twin of another file is as wrong as none.
    """
    description = _described(source)
    if description.precision == INT8:
        return source
    twin = _beside(source, f"{source.name.removesuffix('.json')}-int8.json")
    made_from = _described(twin).quantised_from
    if made_from != description.sha256:
        raise BundleInvalid(
            Path(str(twin)),
            f"it was quantised from {made_from}, and the model is {description.sha256};"
            " run `python -m models.training quantise` again",
        )
    return twin


def _measured_shapes(description: BundleDescription) -> ShapePolicy:
    reference = description.quantised_from or description.sha256
    rows = [
        row
        for row in description.accuracy
        if row.shapes == FITTING and row.reference_sha256 == reference
    ]
    is_good = bool(rows) and all(row.keeps_accuracy for row in rows)
    return FITTING if is_good else SQUARE


def _described(source: Path | Traversable) -> BundleDescription:
    shown = Path(str(source))
    try:
        return BundleDescription.model_validate_json(source.read_bytes())
    except FileNotFoundError as error:
        raise ModelFileMissing(shown) from error
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, each['loc'])) or 'file'}: {each['msg']}"
            for each in error.errors()[:5]
        )
        raise BundleInvalid(shown, faults) from error


def _beside(source: Path | Traversable, name: str) -> Path | Traversable:
    return (
        source.parent / name
        if isinstance(source, Path)
        else resources.files("models") / "weights" / name
    )


def _checked_bytes(
    shown: Path, description: BundleDescription, source: Path | Traversable
) -> bytes:
    # The bytes that were hashed are the bytes that run: the file is read once.
    try:
        model = source.read_bytes()
    except FileNotFoundError as error:
        raise ModelFileMissing(shown) from error
    actual = hashlib.sha256(model).hexdigest()
    if actual != description.sha256:
        raise ModelHashMismatch(shown, description.sha256, actual)
    return model
