"""What a runtime is to a detector."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.errors import InputUnknown
from models.running import Precision

Size = int | None


class Runtime(Protocol):
    """A loaded network with one picture as input. Safe to share between threads.

    Attributes:
        name: engine and device, such as ``onnxruntime:cpu``.
        precision: in which numbers it computes.
        metadata: the file's custom metadata.
        input_wh: width and height of the input that it was opened with, pixels.
        is_dynamic: it also runs inputs of other widths and heights.
        output_shapes: a shape for each output at `input_wh`; an int for each fixed size.
    """

    @property
    def name(self) -> str: ...

    @property
    def precision(self) -> Precision: ...

    @property
    def metadata(self) -> Mapping[str, str]: ...

    @property
    def input_wh(self) -> tuple[int, int]: ...

    @property
    def is_dynamic(self) -> bool: ...

    @property
    def output_shapes(self) -> Sequence[Sequence[object]]: ...

    def run(self, blob: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the first output for a float32 input (1, 3, H, W).

        Raises:
            ModelUnreadable: the runtime failed on it.
        """


def is_dynamic_input(shape: Sequence[Size], described: str) -> bool:
    """Tell whether an input takes any height and width; `shape` has an int for each fixed size.

    Raises:
        InputUnknown: not [1, 3, H, W] with H and W both fixed or both dynamic.
    """
    if len(shape) != 4 or tuple(shape[:2]) != (1, 3):
        raise InputUnknown(described)
    fixed = [size is not None for size in shape[2:]]
    if any(fixed) != all(fixed):
        raise InputUnknown(described)
    return not any(fixed)


def input_size(
    shape: Sequence[Size], described: str, wanted: tuple[int, int] | None
) -> tuple[int, int]:
    """Return width and height of a network's input: its own, or for a dynamic one those that are wanted.

    Raises:
        InputUnknown: not one picture, or of a dynamic size and none is wanted.
    """
    if is_dynamic_input(shape, described):
        if wanted is None:
            raise InputUnknown(described)
        return wanted
    height, width = (size for size in shape[2:] if size is not None)
    return width, height


def first_line(error: Exception) -> str:
    """Return what an engine's exception says, short."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:300] if lines else type(error).__name__
