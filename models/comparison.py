"""Is a new model better than the running one on what people decided? Measured on an exported data set, without torch.

What each figure is measured on follows what is known of a picture (`knowledge` of `pool.json`):

============  =====================================================================================================
recall        every box that a person confirmed or drew, at the model's own threshold
AP50,         pictures where a label is known throughout (letter L or A): only there is another detection a mistake
precision
false alarms  detections at the model's own threshold in pictures that are known not to show the label (letter A):
              what people dismissed
============  =====================================================================================================

The rule of the verdict is `Rule`; whoever releases a model states the rule they used.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detections import Detections
from models.detector import Detector
from models.errors import DatasetUnreadable
from models.training.metrics import Floats, Hits, ImageHits, gather, hits_of
from models.training.pool import LABELS, Pool, PoolImage
from models.yolo import read_labels

# Low enough for the whole curve of precision over recall.
LEAST_SCORE = 0.01
KNOWN_THROUGHOUT = ("L", "A")
ABSENT = "A"

Progress = Callable[[Iterable[Path]], Iterable[Path]]


@dataclass(frozen=True, slots=True)
class Rule:
    """When a candidate is refused: for each label in use, by how much it may be worse.

    A label is in use when the running model has it and does not call it experimental. A figure counts where both models
    were measured on at least `least_objects` boxes, or `least_pictures` pictures known not to show the label.

    Attributes:
        points: AP50 or recall may be lower by so many percentage points.
        alarms: false alarms in 100 pictures without the label may be more by so many.
    """

    points: float = 2.0
    alarms: float = 2.0
    least_objects: int = 20
    least_pictures: int = 20

    def __str__(self) -> str:
        return (
            f"refuse when a label in use is missing, loses more than {self.points:g} points of AP50 or recall "
            f"(on at least {self.least_objects} boxes), or gives more than {self.alarms:g} more false alarms in 100 "
            f"pictures without it (on at least {self.least_pictures}); undecided when it does so on fewer, or nothing "
            "could be judged"
        )


@dataclass(frozen=True, slots=True)
class Figures:
    """What one model does with one label; shares are 0 to 1, None where nothing could be measured.

    Attributes:
        threshold: the model's own.
        objects, found: boxes that people confirmed or drew, and how many of them the model finds.
        known_objects: those in pictures where the label is known throughout; AP50 and precision rest on them.
        absent_pictures, false_alarms: pictures known not to show the label, and the detections in them.
    """

    threshold: float
    objects: int
    found: int
    known_objects: int
    ap50: float | None
    precision: float | None
    absent_pictures: int
    false_alarms: int

    @property
    def recall(self) -> float | None:
        """The share of the boxes that it finds."""
        return self.found / self.objects if self.objects else None

    @property
    def alarms_per_100(self) -> float | None:
        """False alarms in 100 pictures that do not show the label."""
        return 100 * self.false_alarms / self.absent_pictures if self.absent_pictures else None


class Verdict(StrEnum):
    """What the rule says. `UNDECIDED`: too little data, or a loss on too little data."""

    RELEASE = "release"
    REFUSE = "refuse"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Comparison:
    """Both models on the same pictures, and what the rule says."""

    pictures: int
    running: Mapping[str, Figures]
    candidate: Mapping[str, Figures]
    in_use: tuple[str, ...]
    reasons: tuple[str, ...]
    doubts: tuple[str, ...]
    verdict: Verdict


def compare(
    running: Detector,
    candidate: Detector,
    dataset: Path,
    *,
    split: str = "test",
    rule: Rule | None = None,
    progress: Progress = lambda files: files,
) -> Comparison:
    """Measure both models on a data set's split (``all`` for every picture) and apply the rule.

    A candidate that was trained on the data set's own `train` split must not be measured on that.

    Raises:
        DatasetUnreadable, LabelFileInvalid: it is no data set of `anxun dataset export`, or a damaged one.
        ModelUnreadable: a runtime failed.
    """
    pool = read_pool(dataset)
    files = [file for part in _splits(split) for file in pool.files(part)]
    if not files:
        raise DatasetUnreadable(dataset, f"its split {split} holds no picture")
    tallies = (_Tally(running), _Tally(candidate))
    for file in progress(files):
        image, boxes, classes = _read(file)
        for tally in tallies:
            tally.add(image, pool[file], boxes, classes)
    old, new = (tally.figures() for tally in tallies)
    in_use = tuple(
        label for label in LABELS if label in running.labels and label not in running.experimental
    )
    judgement = _judge(old, new, in_use, rule or Rule())
    reasons, doubts = tuple(judgement.reasons), tuple(judgement.doubts)
    return Comparison(len(files), old, new, in_use, reasons, doubts, judgement.verdict)


def read_pool(dataset: Path) -> Pool:
    """Return the pool of a data set. Raises `DatasetUnreadable`."""
    try:
        return Pool.read(dataset)
    except FileNotFoundError as error:
        raise DatasetUnreadable(dataset, f"there is no {error.filename}") from error
    except (json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise DatasetUnreadable(dataset, f"its pool.json is damaged ({error})") from error


def _splits(split: str) -> tuple[str, ...]:
    return ("train", "val", "test") if split == "all" else (split,)


def _read(file: Path) -> tuple[NDArray[np.uint8], Floats, NDArray[np.int64]]:
    image = cv2.imread(str(file))
    if image is None:
        raise DatasetUnreadable(file.parents[1], f"{file.name} is no picture that can be read")
    labels = file.parents[1] / "labels" / f"{file.stem}.txt"
    try:
        boxes = read_labels(labels.read_text(), len(LABELS))
    except FileNotFoundError as error:
        raise DatasetUnreadable(file.parents[1], f"there is no {labels.name}") from error
    height, width = image.shape[:2]
    xyxy = np.array([box.xyxy for box in boxes], np.float64).reshape(-1, 4)
    classes = np.array([box.class_id for box in boxes], np.int64)
    return np.asarray(image, np.uint8), xyxy * (width, height, width, height), classes


class _Tally:
    """What one model found so far, by label."""

    def __init__(self, detector: Detector) -> None:
        self._labels = tuple(label for label in LABELS if label in detector.labels)
        self._thresholds = {label: detector.thresholds[label] for label in self._labels}
        self._ids = {label: detector.labels.index(label) for label in self._labels}
        self._detector = detector.with_thresholds(dict.fromkeys(detector.labels, LEAST_SCORE))
        self._known: dict[str, list[ImageHits]] = {}
        self._boxed: dict[str, list[ImageHits]] = {}
        self._absent: dict[str, list[Floats]] = {}

    def add(
        self,
        image: NDArray[np.uint8],
        picture: PoolImage,
        boxes: Floats,
        classes: NDArray[np.int64],
    ) -> None:
        found = self._detector.detect(image)
        for at, (label, letter) in enumerate(zip(LABELS, picture.knowledge, strict=True)):
            if label not in self._ids:
                continue
            part = self._hits(found, label, boxes[classes == at], image.shape)
            if letter in KNOWN_THROUGHOUT:
                self._known.setdefault(label, []).append(part)
            if letter == ABSENT:
                self._absent.setdefault(label, []).append(part.scores)
            if part.objects:
                self._boxed.setdefault(label, []).append(part)

    def _hits(
        self, found: Detections, label: str, truth: Floats, shape: tuple[int, ...]
    ) -> ImageHits:
        mine = found.class_id == self._ids[label]
        scores = found.confidence[mine].astype(np.float64)
        return hits_of(found.xyxy[mine].astype(np.float64), scores, truth, (shape[1], shape[0]))

    def figures(self) -> dict[str, Figures]:
        return {label: self._of(label) for label in self._labels}

    def _of(self, label: str) -> Figures:
        threshold = self._thresholds[label]
        boxed, known = gather(self._boxed.get(label, [])), gather(self._known.get(label, []))
        absent = self._absent.get(label, [])
        precision, _ = known.precision_recall(threshold)
        return Figures(
            threshold=threshold,
            objects=boxed.objects,
            found=_found(boxed, threshold),
            known_objects=known.objects,
            ap50=_number(float(known.average_precision()[0])),
            precision=_number(precision),
            absent_pictures=len(absent),
            false_alarms=sum(int((scores >= threshold).sum()) for scores in absent),
        )


def _found(hits: Hits, threshold: float) -> int:
    return int(hits.correct[hits.scores >= threshold, 0].sum())


def _number(value: float) -> float | None:
    return None if np.isnan(value) else value


@dataclass
class _Judgement:
    """Why the candidate is refused, what speaks against it on too little data, and how many figures were judged."""

    reasons: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    judged: int = 0

    @property
    def verdict(self) -> Verdict:
        if self.reasons:
            return Verdict.REFUSE
        return Verdict.UNDECIDED if self.doubts or not self.judged else Verdict.RELEASE


@dataclass(frozen=True, slots=True)
class _Loss:
    """By how much the candidate is worse in one figure, and whether there is enough data to judge by."""

    name: str
    size: float
    allowed: float
    is_enough: bool


def _judge(
    old: Mapping[str, Figures], new: Mapping[str, Figures], in_use: Sequence[str], rule: Rule
) -> _Judgement:
    judgement = _Judgement()
    for label in in_use:
        if label not in new:
            judgement.reasons.append(f"{label}: the candidate does not know it")
            continue
        for loss in _losses(old[label], new[label], rule):
            judgement.judged += loss.is_enough
            if loss.size > loss.allowed + 1e-9:
                said = f"{label}: {loss.name} worse by {loss.size:.1f}, more than {loss.allowed:g}"
                if loss.is_enough:
                    judgement.reasons.append(said)
                else:
                    judgement.doubts.append(f"{said}, on too little data to refuse it")
    return judgement


def _losses(old: Figures, new: Figures, rule: Rule) -> list[_Loss]:
    losses = []
    if old.recall is not None and new.recall is not None:
        loss, enough = 100 * (old.recall - new.recall), old.objects >= rule.least_objects
        losses.append(_Loss("recall (points)", loss, rule.points, enough))
    if old.ap50 is not None and new.ap50 is not None:
        loss, enough = 100 * (old.ap50 - new.ap50), old.known_objects >= rule.least_objects
        losses.append(_Loss("AP50 (points)", loss, rule.points, enough))
    before, after = old.alarms_per_100, new.alarms_per_100
    if before is not None and after is not None:
        enough = old.absent_pictures >= rule.least_pictures
        losses.append(_Loss("false alarms in 100 pictures", after - before, rule.alarms, enough))
    return losses
