"""Runtimes by name, on tiny ONNX files: the same answers, the same refusals, and nothing in silence."""

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto

from models.bundle import load_bundle
from models.detector import Detector, ModelIdentity
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
    PrecisionUnavailable,
    RuntimeUnavailable,
    RuntimeUnknown,
)
from models.running import FP32, INT8, Running
from models.runtimes import (
    AUTO_ORDER,
    KINDS,
    choice,
    kind_of,
    missing,
    on_onnxruntime,
    on_openvino,
    open_runtime,
)
from tests.onnx_files import names_of, onnx_bytes, raw_output, resized_dynamic_bytes, write_bundle

WHO = ModelIdentity("tiny", "1", "0" * 64)
RAW = raw_output([(32, 32, 20, 10, 0, 0.9), (10, 32, 8, 8, 2, 0.4)])
PICTURE = np.zeros((64, 128, 3), np.uint8)
BOTH = pytest.mark.parametrize("name", ["onnxruntime:cpu", "openvino:cpu"])


@BOTH
def test_each_runtime_finds_the_same_in_the_same_bytes(name: str) -> None:
    """What runs is known by its name and precision."""
    runtime = open_runtime(onnx_bytes([RAW]), name, threads=1)
    assert (runtime.name, runtime.precision) == (name, FP32)
    found = Detector(runtime, WHO).detect(PICTURE)
    np.testing.assert_allclose(found.confidence, [0.9, 0.4])
    np.testing.assert_allclose(found.xyxy, [[44, 22, 84, 42], [12, 24, 28, 40]], atol=1e-4)


@BOTH
@pytest.mark.parametrize(
    ("model", "error"),
    [
        (onnx_bytes([RAW], names=None), LabelsInvalid),
        (onnx_bytes([RAW], names=names_of(["a", "b"])), ClassCountMismatch),
        (onnx_bytes([RAW, RAW]), HeadUnknown),
        (onnx_bytes([np.zeros((1, 7), np.float32)]), HeadUnknown),
        (onnx_bytes([RAW], input_shape=(1, 1, 64, 64)), InputUnknown),
        (onnx_bytes([RAW], input_shape=(1, 3, "height", 64)), InputUnknown),
        (onnx_bytes([RAW], input_type=TensorProto.UINT8), InputUnknown),
        (resized_dynamic_bytes(), InputUnknown),
        (b"", ModelUnreadable),
        (b"not a model", ModelUnreadable),
        (onnx_bytes([RAW])[:-40], ModelUnreadable),
    ],
    ids=[
        "no labels",
        "class count",
        "two outputs",
        "unknown head",
        "grey",
        "half dynamic",
        "bytes",
        "dynamic without a size",
        "empty",
        "no model",
        "cut off",
    ],
)
def test_a_model_that_cannot_be_used_is_refused_by_the_same_name(
    name: str, model: bytes, error: type[ModelError]
) -> None:
    """Whichever runtime was asked for, before the first picture."""
    with pytest.raises(error):
        Detector(open_runtime(model, name), WHO)


@BOTH
def test_a_wrong_hash_or_other_labels_are_refused_on_each_runtime(
    name: str, tmp_path: Path
) -> None:
    """The bundle's own checks do not depend on what would run it."""
    path = write_bundle(tmp_path, onnx_bytes([RAW]), labels=["person", "helmet", "hat"])
    path.write_text(path.read_text().replace('"experimental": ["head"]', '"experimental": []'))
    with pytest.raises(BundleInvalid, match="are not the file's"):
        load_bundle(path, running=Running(name))
    path = write_bundle(tmp_path, onnx_bytes([RAW]), sha256="0" * 64)
    with pytest.raises(ModelHashMismatch):
        load_bundle(path, running=Running(name))


@BOTH
def test_a_dynamic_model_runs_in_every_shape_and_from_many_threads(name: str) -> None:
    """Pictures of three aspects at once, from eight threads: each gets what it gets alone."""
    detector = Detector(
        open_runtime(resized_dynamic_bytes(), name, threads=1, input_wh=(320, 320)),
        WHO,
        thresholds=dict.fromkeys(("person", "helmet", "head"), 0.99),
        shapes="fitting",
    )
    rng = np.random.default_rng(1)
    pictures = [
        rng.integers(0, 255, (*hw, 3), np.uint8) for hw in ((90, 160), (160, 90), (100, 100))
    ]
    expected = [detector.detect(each) for each in pictures]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(detector.detect, pictures * 8))
    assert found == expected * 8


@BOTH
def test_an_input_of_a_size_that_a_fixed_model_has_not_fails_by_name(name: str) -> None:
    """The runtime's own exception is a ModelUnreadable."""
    with pytest.raises(ModelUnreadable):
        open_runtime(onnx_bytes([RAW]), name).run(np.zeros((1, 3, 32, 32), np.float32))


def test_an_unknown_name_is_refused_with_those_that_are_known() -> None:
    """A typing error runs nothing."""
    with pytest.raises(RuntimeUnknown, match=r"there is no runtime 'cpu'; known: auto, .*openvino"):
        open_runtime(onnx_bytes([RAW]), "cpu")


def test_a_missing_runtime_is_refused_with_what_to_install() -> None:
    """No machine of the tests has all of them."""
    absent = [kind for kind in KINDS if missing(kind)]
    assert absent
    for kind in absent:
        with pytest.raises(RuntimeUnavailable, match="to bring it here: pip") as refusal:
            open_runtime(onnx_bytes([RAW]), kind.name)
        assert refusal.value.name == kind.name


def test_without_openvino_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The base and edge extras do not bring it."""

    def no_openvino(name: str) -> None:
        raise ModuleNotFoundError(name)

    on_openvino.core.cache_clear()
    monkeypatch.setattr(on_openvino.importlib, "import_module", no_openvino)
    try:
        assert missing(kind_of("openvino:cpu")) == "pip install 'anxun[openvino]'"
        with pytest.raises(RuntimeUnavailable, match=r"anxun\[openvino\]"):
            open_runtime(onnx_bytes([RAW]), "openvino:cpu")
        assert open_runtime(onnx_bytes([RAW])).name == "onnxruntime:cpu"
    finally:
        on_openvino.core.cache_clear()


def test_a_precision_that_a_machine_lacks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenVINO itself would compute in fp32 and not tell."""
    with pytest.raises(PrecisionUnavailable, match="onnxruntime:cpu does not compute in bf16"):
        open_runtime(onnx_bytes([RAW]), "onnxruntime:cpu", precision="bf16")

    class Old:
        available_devices = ("CPU",)

        def get_property(self, *_: str) -> list[str]:
            return ["FP32", "INT8"]

    monkeypatch.setattr(on_openvino, "core", Old)
    with pytest.raises(PrecisionUnavailable, match=r"bf16 on this machine; it knows fp32, int8"):
        open_runtime(onnx_bytes([RAW]), "openvino:cpu", precision="bf16")


def test_auto_takes_the_first_of_its_order_and_says_what_it_passed_over(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A build with CUDA on a machine without a card: the next one runs, and the log has both."""
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(choice, "_brings", lambda _: True)
    monkeypatch.setattr(
        onnxruntime,
        "get_available_providers",
        lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"],
    )
    real = on_onnxruntime.OnnxRuntime

    def started(model: bytes, **options: object) -> object:
        if options["provider"] == "CUDAExecutionProvider":
            raise RuntimeUnavailable("CUDAExecutionProvider", ["CPUExecutionProvider"])
        return real(model, **options)

    monkeypatch.setattr(on_onnxruntime, "OnnxRuntime", started)
    runtime = open_runtime(onnx_bytes([RAW]))
    assert runtime.name == next(name for name in AUTO_ORDER[2:] if not missing(kind_of(name)))
    assert "onnxruntime:cuda is installed and was passed over" in caplog.text
    assert f"the model runs on {runtime.name} in fp32" in caplog.text


def test_int8_is_the_twin_beside_the_file_and_only_its_own(tmp_path: Path) -> None:
    """A twin that was quantised from another file is refused, and so is a missing one."""
    path = write_bundle(tmp_path, onnx_bytes([RAW]))
    with pytest.raises(ModelFileMissing, match=r"tiny-int8\.json"):
        load_bundle(path, running=Running(precision=INT8))
    described = path.read_text()
    sha256 = load_bundle(path).sha256
    twin = tmp_path / "tiny-int8.json"
    twin.write_text(
        described.replace('"name": "tiny"', f'"quantised_from": "{sha256}", "precision": "int8", "name": "tiny-int8"')
    )  # fmt: skip
    detector = load_bundle(path, running=Running(precision=INT8))
    assert (detector.name, detector.runtime.precision) == ("tiny-int8", INT8)
    assert load_bundle(twin, running=Running(precision=INT8)).name == "tiny-int8"
    twin.write_text(twin.read_text().replace(sha256, "f" * 64, 1))
    with pytest.raises(BundleInvalid, match="it was quantised from fff"):
        load_bundle(path, running=Running(precision=INT8))


@pytest.mark.parametrize(
    ("change", "of_this_file", "expected"),
    [(-0.004, True, 3), (0.01, True, 3), (-0.006, True, 1), (0.0, False, 1)],
    ids=["costs little", "gains", "costs too much", "measured on another file"],
)
def test_shapes_fit_the_picture_only_where_that_was_measured(
    tmp_path: Path, change: float, of_this_file: bool, expected: int
) -> None:
    """Half an AP50 point is the most that a faster shape may cost; what was not measured stays square."""
    model = resized_dynamic_bytes()
    path = write_bundle(tmp_path, model, input_size_wh=[320, 320])
    sha256 = load_bundle(path).sha256
    row = {
        "runtime": "onnxruntime:cpu",
        "precision": "fp32",
        "shapes": "fitting",
        "ap50": 0.7 + change,
        "reference_ap50": 0.7,
        "images": 10,
        "reference_sha256": sha256 if of_this_file else "0" * 64,
    }
    path = write_bundle(tmp_path, model, input_size_wh=[320, 320], accuracy=[row])
    shapes = load_bundle(path).shapes.sizes_wh
    assert (len(shapes) > 1) is (expected > 1)
    assert load_bundle(path, running=Running(shapes="square")).shapes.sizes_wh == ((320, 320),)
