"""A detector: a picture in, `Detections` out. Letterbox, runtime, decoding; nothing about what it means."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from models.detections import Detections
from models.labels import labels_from_metadata
from models.postprocess import Limits, decoder_of, head_of
from models.preprocess import Letterbox, Transform, require_image
from models.running import COMPACT, SQUARE, ShapePolicy
from models.runtimes.protocol import Runtime
from models.shapes import InputShapes

# What others depend on where they only need the function.
Detect = Callable[[NDArray[np.uint8]], Detections]

DEFAULT_THRESHOLD = 0.25


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """Which model it is: what a finding says about who saw it."""

    name: str
    version: str
    sha256: str


class Detector:
    """A model that is ready to look at pictures. Safe to share between threads.

    Attributes:
        name, version, sha256: which model it is; the sha256 is that of the ONNX file.
        labels: the class names, in the order of the class ids.
        thresholds: the score that a detection of each label must exceed.
        experimental: labels whose measured quality is too low to rely on.
        input_wh: the largest size of the network's input, pixels.
        shapes: the sizes that it is run at, by the picture's aspect.
        runtime: what runs the network.
    """

    def __init__(
        self,
        runtime: Runtime,
        identity: ModelIdentity,
        *,
        thresholds: Mapping[str, float] | None = None,
        experimental: frozenset[str] = frozenset(),
        iou: float = 0.7,
        shapes: ShapePolicy = SQUARE,
    ) -> None:
        """Fit a detector around a loaded runtime.

        Args:
            runtime: the network.
            identity: its name, version and hash.
            thresholds: by label; a label that is not named gets `DEFAULT_THRESHOLD`.
            experimental: labels whose quality is too low to rely on.
            iou: boxes of one label that overlap more are one thing (raw head only).
            shapes: `fitting` takes the input's shape from the picture where the network allows it, `compact` does in
                four fifths of the size; `square` never.

        Raises:
            LabelsInvalid, HeadUnknown, ClassCountMismatch: the model cannot be read.
            ValueError: a threshold for a label that the model has not, or one outside 0 to 1.
        """
        self.name, self.version, self.sha256 = identity.name, identity.version, identity.sha256
        self.labels = labels_from_metadata(runtime.metadata)
        self.thresholds = _complete(thresholds or {}, self.labels)
        self.experimental = experimental
        self.input_wh = runtime.input_wh
        self.runtime = runtime
        self._shape_policy: ShapePolicy = shapes
        self.shapes = _shapes(runtime, shapes)
        self._letterboxes: dict[tuple[int, int], Letterbox] = {}
        self._decode = decoder_of(
            head_of(runtime.output_shapes, len(self.labels), runtime.input_wh)
        )
        self._limits = Limits(
            np.array([self.thresholds[label] for label in self.labels], np.float32), iou
        )

    def detect(self, image_bgr: NDArray[np.uint8]) -> Detections:
        """Return what the model sees in an upright picture, uint8 (H, W, 3) in BGR order, best first.

        Raises:
            ImageInvalid: it is no such array.
            ModelUnreadable: the runtime failed.
        """
        blob, transform = self._laid(image_bgr)
        found = self._decode(self.runtime.run(blob), self._limits)
        return Detections(transform.to_source(found.xyxy), found.confidence, found.class_id)

    @property
    def detail_px(self) -> int | None:
        """The longer side of a picture beyond which nothing more of it is seen, pixels."""
        return max(self.input_wh)

    def with_thresholds(self, thresholds: Mapping[str, float]) -> "Detector":
        """Return a detector over the same loaded network with other thresholds for these labels.

        Raises:
            ValueError: a threshold for a label that the model has not, or one outside 0 to 1.
        """
        return Detector(
            self.runtime,
            ModelIdentity(self.name, self.version, self.sha256),
            thresholds={**self.thresholds, **thresholds},
            experimental=self.experimental,
            iou=self._limits.iou,
            shapes=self._shape_policy,
        )

    def _laid(self, image_bgr: NDArray[np.uint8]) -> tuple[NDArray[np.float32], Transform]:
        require_image(image_bgr)
        size_wh = self.shapes.of((image_bgr.shape[1], image_bgr.shape[0]))
        letterbox = self._letterboxes.get(size_wh)
        if letterbox is None:
            # Two threads may both make one; either will do.
            letterbox = self._letterboxes.setdefault(size_wh, Letterbox(size_wh))
        return letterbox(image_bgr)


def _shapes(runtime: Runtime, policy: ShapePolicy) -> InputShapes:
    if not runtime.is_dynamic or policy == SQUARE:
        return InputShapes.only(runtime.input_wh)
    if policy == COMPACT:
        return InputShapes.compact(runtime.input_wh)
    return InputShapes.within(runtime.input_wh)


def _complete(thresholds: Mapping[str, float], labels: tuple[str, ...]) -> Mapping[str, float]:
    strange = sorted(set(thresholds) - set(labels))
    if strange:
        msg = f"thresholds for labels that the model has not: {', '.join(strange)}; it has {', '.join(labels)}"
        raise ValueError(msg)
    outside = sorted(label for label, value in thresholds.items() if not 0 <= value <= 1)
    if outside:
        msg = f"a threshold lies between 0 and 1; not so for {', '.join(outside)}"
        raise ValueError(msg)
    return MappingProxyType({label: thresholds.get(label, DEFAULT_THRESHOLD) for label in labels})
