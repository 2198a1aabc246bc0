"""Speed of detection, as ratios: our whole `detect` beside the bare runtime and beside ultralytics' `predict`.

Each contender runs in turn, round after round, so that a busy machine slows them alike. Times are medians; a ratio is
the median of the rounds' own ratios, which a busy moment disturbs least. The bare runtime is the very session that the
detector holds, on an input that is already prepared.
"""

import importlib
import importlib.util
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.rules import assess
from models.bundle import load_bundle
from models.detector import Detector
from models.pictures import decode_picture
from models.postprocess import Limits, decoder_of, head_of
from models.preprocess import Letterbox

ROOT = Path(__file__).resolve().parents[2]
FRAME_WH, PHOTO_WH = (1920, 1080), (4000, 3000)
REST_S = 0.01
Step = Callable[[], object]


@dataclass(frozen=True, slots=True)
class DetectSpeed:
    """One frame, milliseconds, and ours as a multiple of the others; None where ultralytics is not installed."""

    threads: int
    ours_ms: float
    bare_ms: float
    over_bare: float
    ultralytics_ms: float | None
    over_ultralytics: float | None


def measure_detect(media: Path, *, rounds: int = 60, threads: int = 2) -> DetectSpeed:
    """Time a 1080p frame: our detect, the bare runtime, ultralytics' predict where it is installed."""
    detector = load_bundle(threads=threads)
    frame = _real_image(media, FRAME_WH)
    blob = Letterbox(detector.input_wh)(frame)[0].copy()
    contenders: dict[str, Step] = {
        "ours": lambda: detector.detect(frame),
        "bare": lambda: detector.runtime.run(blob),
    }
    predict = _ultralytics(threads)
    if predict is not None:
        contenders["ultralytics"] = lambda: predict(frame)
    times = _interleaved(contenders, rounds)
    theirs = times.get("ultralytics")
    return DetectSpeed(
        threads,
        median(times["ours"]),
        median(times["bare"]),
        _ratio(times["ours"], times["bare"]),
        median(theirs) if theirs else None,
        _ratio(times["ours"], theirs) if theirs else None,
    )


def measure_photo(media: Path, *, rounds: int = 15, threads: int = 2) -> Mapping[str, list[float]]:
    """Time a 12-megapixel JPEG by stage, milliseconds; `cv2.imdecode` alone stands beside our whole decoding."""
    detector = load_bundle(threads=threads)
    image = _real_image(media, PHOTO_WH)
    jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()
    encoded = np.frombuffer(jpeg, np.uint8)
    letterbox = Letterbox(detector.input_wh)
    blob = letterbox(image)[0].copy()
    output = detector.runtime.run(blob)
    decode, limits = _decoding(detector)
    found = detector.detect(image)
    return _interleaved(
        {
            "decode_picture": lambda: decode_picture(jpeg),
            "(cv2.imdecode alone)": lambda: cv2.imdecode(encoded, cv2.IMREAD_COLOR_BGR),
            "letterbox": lambda: letterbox(image),
            "runtime": lambda: detector.runtime.run(blob),
            "decode boxes": lambda: decode(output, limits),
            "rules": lambda: assess(found, detector.labels, PHOTO_WH),
        },
        rounds,
    )


def report(media: Path = ROOT / "var" / "media") -> list[str]:
    """Return the lines that `make bench` prints."""
    speed = measure_detect(media)
    lines = [
        f"detect, 1080p frame, {speed.threads} threads: {speed.ours_ms:.1f} ms"
        f" = {speed.over_bare:.3f} x the bare runtime ({speed.bare_ms:.1f} ms)",
        "ultralytics predict: not installed here (extra `train`)"
        if speed.ultralytics_ms is None
        else f"ultralytics predict: {speed.ultralytics_ms:.1f} ms; ours is {speed.over_ultralytics:.3f} x that",
    ]
    stages = measure_photo(media)
    ours = [median(times) for name, times in stages.items() if not name.startswith("(")]
    lines.append(f"12-megapixel JPEG: {sum(ours):.1f} ms")
    lines += [f"  {name:<22} {median(times):8.2f} ms" for name, times in stages.items()]
    over = _ratio(stages["decode_picture"], stages["(cv2.imdecode alone)"])
    return [*lines, f"  decode_picture is {over:.3f} x cv2.imdecode"]


def _real_image(media: Path, size_wh: tuple[int, int]) -> NDArray[np.uint8]:
    photo = decode_picture((media / "photos" / "two-people.jpg").read_bytes())
    return cv2.resize(photo.image_bgr, size_wh, interpolation=cv2.INTER_CUBIC)  # type: ignore[return-value]


def _decoding(detector: Detector) -> tuple[Callable[[NDArray[np.float32], Limits], object], Limits]:
    head = head_of(detector.runtime.output_shapes, len(detector.labels), detector.input_wh)
    thresholds = np.array([detector.thresholds[label] for label in detector.labels], np.float32)
    return decoder_of(head), Limits(thresholds)


def _ultralytics(threads: int) -> Callable[[NDArray[np.uint8]], object] | None:
    """Return its predict on the shipped file and as many threads, or None where it is not installed."""
    if importlib.util.find_spec("ultralytics") is None:
        return None
    training = importlib.import_module("models.training.environment")
    training.prepare(ROOT / "var" / "reference")
    importlib.import_module("torch").set_num_threads(threads)
    ultralytics: Any = importlib.import_module("ultralytics")
    yolo = ultralytics.YOLO(ROOT / "models/weights/anxun-nano.onnx", task="detect")
    return lambda frame: yolo.predict(frame, imgsz=640, device="cpu", verbose=False, save=False)


def _interleaved(steps: Mapping[str, Step], rounds: int) -> dict[str, list[float]]:
    """Return each step's milliseconds, round by round; every round runs each once, two more are run before."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    for round_number in range(rounds + 2):
        names = list(steps)
        # Another one begins each round, after a rest: a runtime's threads spin on for a moment and slow who follows.
        for name in names[round_number % len(names) :] + names[: round_number % len(names)]:
            step = steps[name]
            time.sleep(REST_S)
            started = time.perf_counter()
            step()
            if round_number >= 2:
                times[name].append((time.perf_counter() - started) * 1000)
    return times


def _ratio(ours: list[float], theirs: list[float]) -> float:
    return median(mine / other for mine, other in zip(ours, theirs, strict=True))


if __name__ == "__main__":
    sys.stdout.write("\n".join(report()) + "\n")
