"""What can be wrong with a model or a picture: each error is a fact, and its message says what to do.

ModelError                      the model cannot be used
├── ModelFileMissing            NAME.onnx or NAME.json is not there
├── BundleInvalid               NAME.json is not what a bundle needs
├── ModelHashMismatch           the file's bytes are not the ones that NAME.json names
├── ModelUnreadable             the runtime refuses the file
├── RuntimeUnknown              nobody knows a runtime of this name
├── RuntimeUnavailable          the runtime that was asked for is not here, or does not start
├── PrecisionUnavailable        the runtime does not compute in the precision that was asked for
├── LabelsInvalid               the file's metadata holds no class names, or no proper ones
├── InputUnknown                not one float32 picture of a fixed size [1, 3, H, W]
├── HeadUnknown                 an output shape that no decoder here reads
├── ClassCountMismatch          as many classes in the output as in the class names: not so
└── HeadsNotDetectable          its labels do not tell where people's heads are
ImageInvalid                    what was handed to a detector is no (H, W, 3) uint8 array
DatasetError                    the data set cannot be used
├── DatasetUnreadable           a folder that is none
└── LabelFileInvalid            a line of a YOLO label file that is none
PictureError                    these bytes are not a picture that can be used
├── EmptyPicture                0 bytes
├── NotAPicture                 no JPEG, PNG, WebP or HEIC, whatever its name says
├── TruncatedPicture            it begins well and ends too early
├── TooManyPixels               its header promises more than the limit; nothing was decoded
└── UndecodablePicture          complete, but the decoder refuses it
"""

from collections.abc import Sequence
from pathlib import Path


class ModelError(Exception):
    """Base of everything that makes a model unusable."""


class ModelFileMissing(ModelError):
    """A bundle is two files: NAME.onnx and NAME.json beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"there is no model file {path}; a model is NAME.onnx with NAME.json beside it"
        )


class BundleInvalid(ModelError):
    """NAME.json is missing fields, has wrong ones, or contradicts the ONNX file."""

    def __init__(self, path: Path, why: str) -> None:
        self.path, self.why = path, why
        super().__init__(f"{path} does not describe a model: {why}")


class ModelHashMismatch(ModelError):
    """The bytes of the file do not hash to what NAME.json says. The runtime has not seen them."""

    def __init__(self, path: Path, expected: str, actual: str) -> None:
        self.path, self.expected, self.actual = path, expected, actual
        super().__init__(
            f"{path} was changed or damaged: sha256 expected {expected}, actual {actual}; fetch it again"
        )


class ModelUnreadable(ModelError):
    """The runtime refuses the file, or fails on it."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(f"the runtime cannot use this model: {why}")


class RuntimeUnknown(ModelError):
    """No runtime has this name."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name, self.known = name, tuple(known)
        super().__init__(f"there is no runtime {name!r}; known: {', '.join(self.known)}")


class RuntimeUnavailable(ModelError):
    """The runtime that was asked for is not here. Nothing falls back to another in silence."""

    def __init__(self, name: str, available: Sequence[str], install: str = "") -> None:
        self.name, self.available, self.install = name, tuple(available), install
        hint = f"; to bring it here: {install}" if install else ""
        super().__init__(
            f"the runtime {name} is not available here; available: {', '.join(self.available)}{hint}"
        )


class PrecisionUnavailable(ModelError):
    """The runtime, or this machine, does not compute in the precision that was asked for."""

    def __init__(self, runtime: str, precision: str, known: Sequence[str]) -> None:
        self.runtime, self.precision, self.known = runtime, precision, tuple(known)
        super().__init__(
            f"{runtime} does not compute in {precision} on this machine; it knows {', '.join(self.known)}"
        )


class LabelsInvalid(ModelError):
    """The ONNX metadata entry `names` is missing, or is not a list of class names."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(
            f"the model's class names cannot be used: {why}; export it with its metadata `names`"
        )


class InputUnknown(ModelError):
    """The model's input is not one float32 picture of a fixed size."""

    def __init__(self, described: str) -> None:
        self.described = described
        super().__init__(
            f"the model's input is {described}, expected one float32 [1, 3, H, W] with fixed H and W;"
            " export with a static size"
        )


class HeadUnknown(ModelError):
    """The model's output has a shape that no decoder here reads."""

    def __init__(self, shapes: Sequence[object], class_count: int) -> None:
        self.shapes, self.class_count = tuple(shapes), class_count
        shown = ", ".join(str(shape) for shape in shapes) or "nothing"
        super().__init__(
            f"the model's output is {shown}, expected [1, 4+C, N] (raw) or [1, N, 6] (end-to-end)"
            f" for its {class_count} classes"
        )


class ClassCountMismatch(ModelError):
    """The output has room for another number of classes than the metadata names."""

    def __init__(self, in_labels: int, in_output: int) -> None:
        self.in_labels, self.in_output = in_labels, in_output
        super().__init__(
            f"the model names {in_labels} classes, but its output has {in_output}; it was exported wrongly"
        )


class HeadsNotDetectable(ModelError):
    """The model cannot tell where people's heads are, so that it cannot blur them."""

    def __init__(self, labels: Sequence[str]) -> None:
        self.labels = tuple(labels)
        super().__init__(
            "to blur heads a model must know person, or both head and helmet; this one knows "
            f"{', '.join(self.labels)}. Set a model that does"
        )


class ImageInvalid(ValueError):
    """What was handed to a detector is no picture array."""

    def __init__(self, shape: tuple[int, ...], dtype: object) -> None:
        self.shape, self.dtype = shape, dtype
        super().__init__(f"a picture is a uint8 array (H, W, 3) in BGR order, not {dtype} {shape}")


class DatasetError(Exception):
    """Base of everything that makes a data set unusable."""


class DatasetUnreadable(DatasetError):
    """A folder is no data set as `anxun dataset export` writes it."""

    def __init__(self, root: Path, why: str) -> None:
        self.root, self.why = root, why
        super().__init__(f"{root} is no data set: {why}; make one with anxun dataset export")


class LabelFileInvalid(DatasetError):
    """A YOLO label file has a line that is none."""

    def __init__(self, line: int, why: str) -> None:
        self.line, self.why = line, why
        super().__init__(f"line {line} of a label file is wrong: {why}")


class PictureError(Exception):
    """Base of everything that makes bytes unusable as a picture."""


class EmptyPicture(PictureError):
    """0 bytes."""

    def __init__(self) -> None:
        super().__init__("the file is empty (0 bytes); copy it again from the camera")


class NotAPicture(PictureError):
    """The bytes are none of the formats that are read here, whatever the file's name says."""

    def __init__(self, begins_with: bytes) -> None:
        self.begins_with = begins_with
        super().__init__(
            f"this is no JPEG, PNG, WebP or HEIC picture (it begins with {begins_with!r});"
            " its name may say otherwise"
        )


class TruncatedPicture(PictureError):
    """The picture begins well and ends too early."""

    def __init__(self, media_type: str, why: str) -> None:
        self.media_type, self.why = media_type, why
        super().__init__(
            f"the {media_type} picture is cut off ({why}); copy it again from the camera"
        )


class TooManyPixels(PictureError):
    """The header promises more pixels than the limit. Nothing was decoded."""

    def __init__(self, size_wh: tuple[int, int], max_pixels: int) -> None:
        self.size_wh, self.max_pixels = size_wh, max_pixels
        width, height = size_wh
        super().__init__(
            f"the picture says it has {width} x {height} pixels; at most {max_pixels:,} are accepted"
        )


class UndecodablePicture(PictureError):
    """The file is complete, but the decoder refuses it."""

    def __init__(self, media_type: str, why: str) -> None:
        self.media_type, self.why = media_type, why
        super().__init__(f"the {media_type} picture cannot be decoded: {why}")
