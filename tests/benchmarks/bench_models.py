"""Speed of detection as ratios: our whole `detect` beside the bare runtime, and beside ultralytics' `predict`.

Run by path, or by `make bench`: `python tests/benchmarks/bench_models.py [--model NAME.json]`. Contenders run in turns
(`models.timing`). Times are medians; a ratio is the median of the rounds' own ratios. *Ours* is the way that `anxun-edge doctor`
picks on this machine; fp32 on onnxruntime in the square stands beside it, because that is what ultralytics runs. The
bare runtime is the very session that the detector holds, on an input that is already prepared.
"""

import argparse
import importlib
import importlib.util
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

# Run by path: the repository is then not on the import path by itself.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from edge.timed import picked, time_ways
from inspection.rules import assess
from models.bundle import SHIPPED, load_bundle
from models.detector import Detector
from models.pictures import decode_picture
from models.preprocess import Letterbox
from models.running import Running
from models.timing import Step, interleaved_ms, median_ratio
from models.ways import REFERENCE, points_of

ROOT = Path(__file__).resolve().parents[2]
FRAME_WH, PHOTO_WH = (1920, 1080), (4000, 3000)
THREADS = 2
ULTRALYTICS = "ultralytics predict"
PICK_ROUNDS, ROUNDS, PHOTO_ROUNDS = 7, 40, 15
# A phone's photo of 12 megapixels has 3 to 6 MB; an enlarged one alone has one, and its decoding would be too easy.
NOISE = 6.0
Predict = Callable[[object], object]


@dataclass(frozen=True, slots=True)
class Contest:
    """Two contenders in the same rounds, milliseconds."""

    ours_ms: list[float]
    theirs_ms: list[float]

    @property
    def ratio(self) -> float:
        """How many times as long ours takes."""
        return median_ratio(self.ours_ms, self.theirs_ms)


def pick(model: Path | None, media: Path, *, compact: bool = False) -> Running:
    """Return the way that doctor picks here, or picks with `--compact`, on as many threads as everything here."""
    frame = _real_image(media, FRAME_WH)
    best = picked(time_ways(model, frame, PICK_ROUNDS, compact=compact))
    return replace(best.way if best else REFERENCE, threads=THREADS)


def bench_frame(
    model: Path | None, ways: Mapping[str, Running], media: Path, predict: Predict | None
) -> Iterator[str]:
    """Time a 1080p frame each of these ways, by their names, and yield the lines about it."""
    frame = _real_image(media, FRAME_WH)
    detectors = {name: load_bundle(model, running=way) for name, way in ways.items()}
    steps: dict[str, Step] = {}
    for name, detector in detectors.items():
        blob = Letterbox(detector.shapes.of(FRAME_WH))(frame)[0].copy()
        steps[name] = lambda detector=detector: detector.detect(frame)  # type: ignore[misc]
        steps[f"bare {name}"] = lambda detector=detector, blob=blob: detector.runtime.run(blob)  # type: ignore[misc]
    if predict is not None:
        steps[ULTRALYTICS] = lambda: predict(frame)
    times = interleaved_ms(steps, ROUNDS)
    if predict is not None:
        yield f"{ULTRALYTICS}, fp32 on onnxruntime, 1080p frame: {median(times[ULTRALYTICS]):.1f} ms"
    for name, detector in detectors.items():
        contest = Contest(times[name], times[f"bare {name}"])
        faster = (
            f", {median_ratio(times[ULTRALYTICS], times[name]):.2f} x as fast as {ULTRALYTICS} (target 4)"
            if predict is not None
            else ""
        )
        yield (
            f"{name}, {_said(detector, model, ways[name])}: {median(contest.ours_ms):.1f} ms"
            f" = {contest.ratio:.3f} x its bare runtime (bound 1.10){faster}"
        )
    if predict is None:
        yield "ultralytics is not installed here: make bench brings it"


def bench_photo(
    model: Path | None, way: Running, media: Path, predict: Predict | None
) -> Iterator[str]:
    """Time a 12-megapixel JPEG from its bytes to findings and yield the lines about it."""
    jpeg = photo_of_a_phone(media)
    detector = load_bundle(model, running=way)

    def decode() -> NDArray[np.uint8]:
        return decode_picture(jpeg, detail_px=detector.detail_px).image_bgr

    def findings() -> object:
        image = decode()
        size_wh = image.shape[1], image.shape[0]
        return assess(detector.detect(image), detector.labels, size_wh)

    with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
        file.write(jpeg)
        file.flush()
        steps: dict[str, Step] = {
            "findings": findings,
            "decode": decode,
            "decode in full": lambda: decode_picture(jpeg),
        }
        if predict is not None:
            steps["ultralytics"] = lambda: predict(file.name)
        times = interleaved_ms(steps, PHOTO_ROUNDS)
    share = median_ratio(times["decode"], times["findings"])
    yield (
        f"12-megapixel JPEG of {len(jpeg) / 1e6:.1f} MB, bytes to findings: {median(times['findings']):.1f} ms,"
        f" {share:.0%} of it decoding ({median(times['decode']):.1f} ms; every pixel would take"
        f" {median(times['decode in full']):.1f} ms)"
    )
    if predict is not None:
        contest = Contest(times["findings"], times["ultralytics"])
        yield (
            f"{ULTRALYTICS} on the same file: {median(contest.theirs_ms):.1f} ms;"
            f" ours takes {contest.ratio:.2f} x that (target 0.6)"
        )


def photo_of_a_phone(media: Path) -> bytes:
    """Return a real photo in a phone's size, with as much noise as a sensor leaves."""
    image = _real_image(media, PHOTO_WH).astype(np.float32)
    noise = np.random.default_rng(12).normal(0, NOISE, image.shape)
    noisy = np.clip(image + noise, 0, 255).astype(np.uint8)
    return cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()


def report(media: Path = ROOT / "var" / "media", model: Path | None = None) -> Iterator[str]:
    """Yield the lines that `make bench` prints, each as soon as it is known."""
    ways = {
        "doctor's pick": pick(model, media),
        "doctor's pick with --compact": pick(model, media, compact=True),
        "as ultralytics runs it": replace(REFERENCE, threads=THREADS),
    }
    predict = _ultralytics(model)
    yield f"on {THREADS} threads, in turns, medians of {ROUNDS} rounds"
    yield from bench_frame(model, ways, media, predict)
    yield from bench_photo(model, ways["doctor's pick"], media, predict)


def _said(detector: Detector, model: Path | None, way: Running) -> str:
    width, height = detector.shapes.of(FRAME_WH)
    points = points_of(model, replace(way, threads=None))
    cost = "AP50 not measured" if points is None else f"{points:+.2f} AP50 points"
    runtime = detector.runtime
    return f"{runtime.name} {runtime.precision} {width} x {height} ({cost})"


def _real_image(media: Path, size_wh: tuple[int, int]) -> NDArray[np.uint8]:
    photo = decode_picture((media / "photos" / "two-people.jpg").read_bytes())
    return cv2.resize(photo.image_bgr, size_wh, interpolation=cv2.INTER_CUBIC)  # type: ignore[return-value]


def _ultralytics(model: Path | None) -> Predict | None:
    """Return its predict on the same fp32 file, or None where it is not installed."""
    if importlib.util.find_spec("ultralytics") is None:
        return None
    training = importlib.import_module("models.training.environment")
    training.prepare(ROOT / "var" / "reference")
    importlib.import_module("torch").set_num_threads(THREADS)
    ultralytics: Any = importlib.import_module("ultralytics")
    described = model or ROOT / "models" / "weights" / SHIPPED
    yolo = ultralytics.YOLO(described.with_suffix(".onnx"), task="detect")
    return lambda source: yolo.predict(source, imgsz=640, device="cpu", verbose=False, save=False)


def main() -> None:
    """Print the lines about one model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, help="its NAME.json; without it the shipped one")
    for line in report(model=parser.parse_args().model):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
