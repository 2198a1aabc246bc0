"""The one value that everything after a model takes and returns."""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

Selection = NDArray[np.bool_] | NDArray[np.integer] | slice | list[int] | list[bool]


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """What a model saw in one picture; N boxes, best first where a decoder made them.

    Attributes:
        xyxy: float32 (N, 4), left, top, right, bottom in pixels of the upright source picture.
        confidence: float32 (N,), 0 to 1.
        class_id: int64 (N,), index into the model's labels.
        tracker_id: int64 (N,) where a tracker gave them, else None.

    Raises:
        ValueError: a shape or type is another. Arrays are not copied: who hands them over lets go of them.
    """

    xyxy: NDArray[np.float32]
    confidence: NDArray[np.float32]
    class_id: NDArray[np.int64]
    tracker_id: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        count = len(self.xyxy)
        _require("xyxy", self.xyxy, (count, 4), np.float32)
        _require("confidence", self.confidence, (count,), np.float32)
        _require("class_id", self.class_id, (count,), np.int64)
        if self.tracker_id is not None:
            _require("tracker_id", self.tracker_id, (count,), np.int64)

    @classmethod
    def empty(cls) -> Self:
        """Return the detections of a picture in which nothing was seen."""
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64))

    def __len__(self) -> int:
        return len(self.xyxy)

    def __getitem__(self, selection: Selection) -> Self:
        """Return the selected boxes, by mask, by indices or by slice, in that order."""
        # numpy takes an empty list for floats, which select nothing.
        empty = isinstance(selection, list) and not selection
        chosen = np.zeros(0, np.int64) if empty else selection
        return type(self)(
            self.xyxy[chosen],
            self.confidence[chosen],
            self.class_id[chosen],
            None if self.tracker_id is None else self.tracker_id[chosen],
        )

    def __eq__(self, other: object) -> bool:
        """Compare every array; NaN equals nothing."""
        if not isinstance(other, Detections):
            return NotImplemented
        pairs = ((getattr(self, f.name), getattr(other, f.name)) for f in fields(self))
        return all(
            (mine is None and theirs is None)
            or (mine is not None and theirs is not None and np.array_equal(mine, theirs))
            for mine, theirs in pairs
        )

    __hash__ = None  # type: ignore[assignment]


def _require(name: str, array: NDArray[np.generic], shape: tuple[int, ...], dtype: type) -> None:
    if array.shape != shape or array.dtype != dtype:
        msg = f"{name} must be {np.dtype(dtype)} {shape}, not {array.dtype} {array.shape}"
        raise ValueError(msg)
