"""How much a detection costs beside the bare network, beside ultralytics, and for a phone's photo by stage.

Rivals take turns picture by picture, so that a busy machine slows both alike; medians of their times are compared.
"""

import importlib.util
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np

from inspection.rules import assess
from models.bundle import SHIPPED, load_bundle
from models.detections import Detections
from models.detector import Detector
from models.pictures import decode_picture
from models.preprocess import Letterbox

REPOSITORY = Path(__file__).resolve().parents[2]
MEDIA = REPOSITORY / "var" / "media"
MODEL = REPOSITORY / "models" / "weights" / Path(SHIPPED).with_suffix(".onnx").name
FRAME_WH = (1920, 1080)
PHOTO_WH = (4000, 3000)
THREADS = max(1, (os.cpu_count() or 2) // 2)
FRAME_ROUNDS, PHOTO_ROUNDS, WARM_UP = 40, 12, 3
BUDGET_S = 20.0

Work = Callable[[], object]


def run() -> list[str]:
    """Return the printed lines. At most a minute: each of three parts stops at its budget."""
    detector = load_bundle(threads=THREADS)
    frame = _street(FRAME_WH)
    lines = [f"model {detector.name}, {THREADS} thread(s), medians"]
    lines += _frame_lines(detector, frame)
    lines += _ultralytics_lines(detector, frame)
    return lines + _photo_lines(detector)


def _street(size_wh: tuple[int, int]) -> np.ndarray:
    """Return the photo of a street at any size; its people give boxes to decode."""
    image = cv2.imread(str(MEDIA / "photos" / "street-bus.jpg"))
    if image is None:
        message = "the real pictures are missing: make media"
        raise FileNotFoundError(message)
    return cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA)


def _interleaved(rivals: Mapping[str, Work], rounds: int) -> dict[str, float]:
    """Return each rival's median in ms; they take turns, and who begins alternates."""
    times: dict[str, list[float]] = {name: [] for name in rivals}
    deadline = time.perf_counter() + BUDGET_S
    for turn in range(WARM_UP + rounds):
        order = list(rivals.items())[:: 1 if turn % 2 else -1]
        for name, work in order:
            begun = time.perf_counter()
            work()
            times[name].append(time.perf_counter() - begun)
        if time.perf_counter() > deadline:
            break
    return {name: 1000 * median(taken[WARM_UP:] or taken) for name, taken in times.items()}


def _frame_lines(detector: Detector, frame: np.ndarray) -> list[str]:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = THREADS, 1
    session = ort.InferenceSession(str(MODEL), options, providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: Letterbox(detector.input_wh)(frame)[0].copy()}
    taken = _interleaved(
        {"whole": lambda: detector.detect(frame), "bare": lambda: session.run(None, feed)},
        FRAME_ROUNDS,
    )
    return [
        f"1080p frame: whole detect {taken['whole']:.1f} ms, bare onnxruntime session {taken['bare']:.1f} ms,"
        f" ratio {taken['whole'] / taken['bare']:.2f}"
    ]


def _ultralytics_lines(detector: Detector, frame: np.ndarray) -> list[str]:
    if importlib.util.find_spec("ultralytics") is None:
        return ["1080p frame: ultralytics is not installed here (train extra), not compared"]
    from models.training.environment import prepare

    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder))
        import ultralytics  # noqa: TID251  the rival

        # Its session takes as many threads as it likes; ours gets as many.
        ours = load_bundle(threads=None)
        theirs: Any = ultralytics.YOLO(str(MODEL), task="detect")
        taken = _interleaved(
            {
                "ours": lambda: ours.detect(frame),
                "theirs": lambda: theirs.predict(
                    frame, imgsz=640, conf=0.25, device="cpu", verbose=False
                ),
            },
            FRAME_ROUNDS,
        )
    return [
        f"1080p frame: detect {taken['ours']:.1f} ms, ultralytics predict {taken['theirs']:.1f} ms,"
        f" ratio {taken['ours'] / taken['theirs']:.2f} (each with its default threads)"
    ]


def _photo_lines(detector: Detector) -> list[str]:
    _, data = cv2.imencode(".jpg", _street(PHOTO_WH), (cv2.IMWRITE_JPEG_QUALITY, 90))
    photo = data.tobytes()
    stages: dict[str, list[float]] = {}
    deadline = time.perf_counter() + BUDGET_S
    for _ in range(PHOTO_ROUNDS + 1):
        for name, taken_s in _stages(detector, photo).items():
            stages.setdefault(name, []).append(taken_s)
        if time.perf_counter() > deadline:
            break
    taken = {name: 1000 * median(times[1:] or times) for name, times in stages.items()}
    shown = ", ".join(f"{name} {ms:.2f}" for name, ms in taken.items())
    megapixels = PHOTO_WH[0] * PHOTO_WH[1] / 1e6
    return [
        f"{megapixels:.0f} MP JPEG of {len(photo) / 1e6:.1f} MB: {sum(taken.values()):.1f} ms = {shown} (ms)"
    ]


def _stages(detector: Detector, photo: bytes) -> dict[str, float]:
    """Return the seconds of every stage of one photo, through the detector's own parts."""
    clock = time.perf_counter
    at = [clock()]
    image = decode_picture(photo).image_bgr
    at.append(clock())
    blob, transform = detector._letterbox(image)  # the stages of detect(), one by one
    at.append(clock())
    output = detector._runtime.run(blob)
    at.append(clock())
    found = detector._decode(output, detector._limits)
    seen = Detections(transform.to_source(found.xyxy), found.confidence, found.class_id)
    at.append(clock())
    assess(seen, detector.labels, transform.source_wh)
    at.append(clock())
    names = ("decode", "letterbox", "runtime", "decode boxes", "rules")
    return dict(zip(names, np.diff(at).tolist(), strict=True))


if __name__ == "__main__":
    print("\n".join(run()))  # noqa: T201
