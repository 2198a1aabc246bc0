"""A model's two files: NAME.onnx, and NAME.json that names its hash. Checked before the runtime sees a byte."""

import hashlib
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from models.detector import Detector, ModelIdentity
from models.errors import BundleInvalid, ModelFileMissing, ModelHashMismatch
from models.runtimes import CPU, OnnxRuntime

SHIPPED = "anxun-nano.json"

Score = Annotated[float, Field(ge=0, le=1)]


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
    provider: str = CPU,
    threads: int | None = None,
    thresholds: Mapping[str, float] | None = None,
    iou: float = 0.7,
) -> Detector:
    """Load a model from its NAME.json.

    Args:
        path: the NAME.json, with NAME.onnx beside it; None means the model that is shipped.
        provider: onnxruntime's execution provider; never another than this one.
        threads: threads for one picture; None means one a physical core.
        thresholds: by label, instead of those that the file recommends.
        iou: boxes of one label that overlap more are one thing.

    Raises:
        ModelFileMissing, BundleInvalid, ModelHashMismatch: the files are not a whole bundle.
        ModelError: the runtime or the decoder cannot use the model (see `models.errors`).
    """
    source: Path | Traversable = path or resources.files("models") / "weights" / SHIPPED
    shown = Path(str(source))
    description = _described(source, shown)
    model = _checked_bytes(
        shown.parent / description.file, description, _beside(source, description.file)
    )
    detector = Detector(
        OnnxRuntime(model, provider=provider, threads=threads, input_wh=description.input_size_wh),
        ModelIdentity(description.name, description.version, description.sha256),
        thresholds={**description.thresholds, **(thresholds or {})},
        experimental=description.experimental,
        iou=iou,
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


def _described(source: Path | Traversable, shown: Path) -> BundleDescription:
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
