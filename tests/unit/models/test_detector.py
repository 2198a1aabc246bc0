"""Runtime, detector and bundle, on tiny ONNX files with known outputs."""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from onnx import TensorProto

from models.bundle import load_bundle
from models.detector import DEFAULT_THRESHOLD, Detector, ModelIdentity
from models.errors import (
    BundleInvalid,
    ClassCountMismatch,
    HeadUnknown,
    InputUnknown,
    LabelsInvalid,
    ModelError,
    ModelFileMissing,
    ModelHashMismatch,
    ModelUnreadable,
    RuntimeUnavailable,
)
from models.runtimes.on_onnxruntime import CPU, OnnxRuntime
from tests.onnx_files import (
    end_to_end_output,
    names_of,
    onnx_bytes,
    raw_output,
    resized_dynamic_bytes,
    write_bundle,
)

WHO = ModelIdentity("tiny", "1", "0" * 64)
RAW = raw_output([(32, 32, 20, 10, 0, 0.9), (10, 32, 8, 8, 2, 0.4)])
END_TO_END = end_to_end_output([(22, 27, 42, 37, 0.9, 0), (6, 28, 14, 36, 0.4, 2)])
PICTURE = np.zeros((64, 128, 3), np.uint8)


@pytest.mark.parametrize("output", [RAW, END_TO_END], ids=["raw", "end-to-end"])
def test_both_heads_end_in_pixels_of_the_picture(output: np.ndarray) -> None:
    """A picture of 128 x 64 went in at half its size with 16 rows of padding; its boxes come back doubled."""
    # 300 rows are more than the 84 candidates of a 64 x 64 input, so fewer here; the usual size is tested below.
    if output is END_TO_END:
        output = end_to_end_output([tuple(row) for row in END_TO_END[0, :2]], count=20)
    detector = Detector(OnnxRuntime(onnx_bytes([output]), threads=1), WHO)
    found = detector.detect(PICTURE)
    assert [detector.labels[c] for c in found.class_id] == ["person", "head"]
    np.testing.assert_allclose(found.confidence, [0.9, 0.4])
    np.testing.assert_allclose(found.xyxy, [[44, 22, 84, 42], [12, 24, 28, 40]], atol=1e-4)


def test_the_usual_end_to_end_head_of_300_rows() -> None:
    """[1, 300, 6] at 640 x 640, as ultralytics exports it."""
    model = onnx_bytes([END_TO_END], input_shape=(1, 3, 640, 640))
    assert len(Detector(OnnxRuntime(model), WHO).detect(PICTURE)) == 2


def test_thresholds_are_by_label_and_complete() -> None:
    """What is not named gets the default; what is named counts."""
    detector = Detector(OnnxRuntime(onnx_bytes([RAW])), WHO, thresholds={"head": 0.5})
    assert dict(detector.thresholds) == {
        "person": DEFAULT_THRESHOLD,
        "helmet": DEFAULT_THRESHOLD,
        "head": 0.5,
    }
    assert detector.detect(PICTURE).class_id.tolist() == [0]


@pytest.mark.parametrize(
    ("thresholds", "message"),
    [({"unicorn": 0.5}, "has not: unicorn"), ({"head": 1.5}, "between 0 and 1; not so for head")],
)
def test_thresholds_that_mean_nothing_are_refused(
    thresholds: dict[str, float], message: str
) -> None:
    """A mistyped label or a percentage is an error, not a silent default."""
    with pytest.raises(ValueError, match=message):
        Detector(OnnxRuntime(onnx_bytes([RAW])), WHO, thresholds=thresholds)


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        (onnx_bytes([RAW], names=None), LabelsInvalid, "has no `names`"),
        (onnx_bytes([RAW], names=names_of(["a", "b"])), ClassCountMismatch, "names 2 classes"),
        (onnx_bytes([RAW, RAW]), HeadUnknown, r"\[1, 4\+C, N\]"),
        (onnx_bytes([np.zeros((1, 7), np.float32)]), HeadUnknown, r"\(1, 7\)"),
        # YOLOv5's original head at 64 x 64 with one class: 3 boxes an anchor, objectness in column 5.
        (
            onnx_bytes([np.zeros((1, 252, 6), np.float32)], names=names_of(["person"])),
            HeadUnknown,
            r"\(1, 252, 6\)",
        ),
        (onnx_bytes([np.zeros((1, 252, 8), np.float32)]), HeadUnknown, r"\(1, 252, 8\)"),
    ],
    ids=["no names", "class count", "two outputs", "unknown", "yolov5, 1 class", "yolov5"],
)
def test_a_model_that_cannot_be_read_is_refused_by_name(
    model: bytes, error: type[ModelError], message: str
) -> None:
    """Every fault has its own error, before the first picture."""
    runtime = OnnxRuntime(model)
    with pytest.raises(error, match=message):
        Detector(runtime, WHO)


def test_an_output_of_dynamic_size_is_known_after_a_first_run() -> None:
    """A head whose number of candidates is not declared is still told apart."""
    model = onnx_bytes([RAW], output_shapes=[(1, 7, "candidates")])
    runtime = OnnxRuntime(model)
    assert runtime.output_shapes == ((1, 7, 84),)
    assert len(Detector(runtime, WHO).detect(PICTURE)) == 2


def test_a_dynamic_input_runs_at_the_size_that_is_asked_for() -> None:
    """Height and width come from the bundle; without them the model is refused."""
    model = resized_dynamic_bytes()
    runtime = OnnxRuntime(model, input_wh=(64, 32))
    assert runtime.input_wh == (64, 32)
    assert runtime.output_shapes == ((1, 7, 64 * 32),)
    assert len(Detector(runtime, WHO).detect(PICTURE)) <= 300
    with pytest.raises(InputUnknown, match="export with a static size"):
        OnnxRuntime(model)


@pytest.mark.parametrize(
    "model",
    [
        onnx_bytes([RAW], input_shape=(1, 1, 64, 64)),
        onnx_bytes([RAW], input_shape=(4, 3, 64, 64)),
        onnx_bytes([RAW], input_shape=(1, 3, 64)),
        onnx_bytes([RAW], input_shape=(1, 3, "height", 64)),
        onnx_bytes([RAW], input_type=TensorProto.UINT8),
    ],
    ids=["grey", "batch", "no picture", "half dynamic", "bytes"],
)
def test_an_input_that_is_no_picture_is_refused(model: bytes) -> None:
    """The message shows the input that the model has."""
    with pytest.raises(InputUnknown, match=r"expected one float32 \[1, 3, H, W\]"):
        OnnxRuntime(model, input_wh=(64, 64))


@pytest.mark.parametrize("model", [b"", b"not a model", onnx_bytes([RAW])[:-40]])
def test_bytes_that_are_no_model_are_refused(model: bytes) -> None:
    """onnxruntime's many exceptions arrive as one."""
    with pytest.raises(ModelUnreadable, match="the runtime cannot use this model"):
        OnnxRuntime(model)


def test_a_failing_run_is_a_model_error() -> None:
    """An input of another size is refused by the runtime, and said so."""
    with pytest.raises(ModelUnreadable):
        OnnxRuntime(onnx_bytes([RAW])).run(np.zeros((1, 3, 32, 32), np.float32))


def test_no_provider_is_replaced_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that is not in the build is refused, and so is one that onnxruntime did not start."""
    with pytest.raises(RuntimeUnavailable, match=f"available: .*{CPU}"):
        OnnxRuntime(onnx_bytes([RAW]), provider="NoSuchExecutionProvider")

    # A build that lists a provider but starts without it: what a machine without a driver does.
    class FellBack(ort.InferenceSession):
        def get_providers(self) -> list[str]:
            return ["SomeOtherProvider"]

    monkeypatch.setattr(ort, "InferenceSession", FellBack)
    with pytest.raises(RuntimeUnavailable, match="available: SomeOtherProvider"):
        OnnxRuntime(onnx_bytes([RAW]))


def test_a_bundle_is_a_detector_with_its_own_facts(tmp_path: Path) -> None:
    """Name, version, hash, thresholds and doubts come from the JSON; a caller's thresholds prevail."""
    model = onnx_bytes([RAW])
    path = write_bundle(tmp_path, model, unknown_field="kept for later versions")
    detector = load_bundle(path, threads=1, thresholds={"helmet": 0.9})
    assert (detector.name, detector.version) == ("tiny", "1")
    assert detector.sha256 == hashlib.sha256(model).hexdigest()
    assert detector.experimental == {"head"}
    assert dict(detector.thresholds) == {"person": 0.5, "helmet": 0.9, "head": 0.25}
    assert len(detector.detect(PICTURE)) == 2


def test_the_shipped_model_is_a_whole_bundle() -> None:
    """What is installed loads, and every label that it is said to have is its own."""
    detector = load_bundle()
    assert detector.input_wh == (640, 640)
    assert {"person", "helmet", "head"} <= set(detector.labels)
    assert set(detector.thresholds) == set(detector.labels)
    detector.detect(np.full((480, 640, 3), 114, np.uint8))


def test_one_flipped_bit_is_refused_before_the_runtime_sees_a_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hash decides; the error names both hashes."""
    path = write_bundle(tmp_path, onnx_bytes([RAW]))
    model = tmp_path / "tiny.onnx"
    damaged = bytearray(model.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    model.write_bytes(damaged)
    seen: list[bytes] = []
    monkeypatch.setattr("models.bundle.open_runtime", lambda data, *_, **__: seen.append(data))
    with pytest.raises(ModelHashMismatch, match="changed or damaged") as refusal:
        load_bundle(path)
    assert refusal.value.actual == hashlib.sha256(damaged).hexdigest()
    assert refusal.value.expected != refusal.value.actual
    assert seen == []


@pytest.mark.parametrize("missing", ["tiny.json", "tiny.onnx"])
def test_half_a_bundle_says_which_file_is_missing(tmp_path: Path, missing: str) -> None:
    """Either of the two files."""
    path = write_bundle(tmp_path, onnx_bytes([RAW]))
    (tmp_path / missing).unlink()
    with pytest.raises(ModelFileMissing, match=missing):
        load_bundle(path)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"file": "../elsewhere.onnx"}, "file: "),
        ({"sha256": "abc"}, "sha256: "),
        ({"labels": []}, "labels: "),
        ({"thresholds": {"unicorn": 0.5}}, "unicorn"),
        ({"thresholds": {"head": 2}}, "thresholds.head: "),
        ({"labels": ["person", "helmet", "hat"], "experimental": []}, "are not the file's"),
        ({"input_size_wh": [640, 640]}, "input size"),
    ],
)
def test_a_description_that_contradicts_the_file_is_refused(
    tmp_path: Path, fields: dict[str, object], message: str
) -> None:
    """Each fault is named by its field."""
    path = write_bundle(tmp_path, onnx_bytes([RAW]), **fields)
    with pytest.raises(BundleInvalid, match=message):
        load_bundle(path)


def test_a_description_that_is_no_json_is_refused(tmp_path: Path) -> None:
    """An empty or cut-off JSON is a fault of the bundle."""
    path = write_bundle(tmp_path, onnx_bytes([RAW]))
    path.write_text(json.dumps({"name": "tiny"})[:-3], encoding="utf-8")
    with pytest.raises(BundleInvalid, match="does not describe a model"):
        load_bundle(path)
