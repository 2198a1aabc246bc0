"""Write down what ultralytics' own `predict` sees on 20 real pictures, for the test that our detector sees the same.

    python datasets/media.py var/media
    python -m models.training.reference

Run again whenever `models/weights` changes. Needs the extra `train`. Writes `tests/assets/reference/NAME.json`: the
model's hash, the settings, and boxes (pixels), scores and classes of each picture.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from models.training import environment

ROOT = Path(__file__).resolve().parents[2]
CONFIDENCE, IOU = 0.25, 0.7
PHOTOS = (
    "photos/street-bus.jpg",
    "photos/two-people.jpg",
    "photos/astronaut.png",
    "photos/launch-pad.jpg",
    "photos/motorcycle-left.png",
    "photos/motorcycle-right.png",
    "photos/coffee.png",
    "extra/cat.png",
    "extra/cameraman-grey.png",
)
# (clip, frames): spread out, so that each is another picture.
FRAMES = (
    ("clips/street-bikes.mp4", (5, 35, 70, 105, 140, 175, 210, 240)),
    ("clips/man-in-car.mp4", (10, 60, 110)),
)


def main(arguments: list[str] | None = None) -> int:
    """Write the reference. Returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, default=ROOT / "models/weights/anxun-nano.onnx")
    parser.add_argument("--media", type=Path, default=ROOT / "var/media")
    parser.add_argument("--out", type=Path, default=ROOT / "tests/assets/reference")
    chosen = parser.parse_args(arguments)
    written = write_reference(chosen.model, chosen.media, chosen.out)
    print(f"{len(PHOTOS) + sum(len(numbers) for _, numbers in FRAMES)} pictures: {written}")
    return 0


def write_reference(model: Path, media: Path, out: Path) -> Path:
    """Run ultralytics' predict over every picture; return the file that was written."""
    environment.prepare(ROOT / "var" / "reference")
    import cv2
    import ultralytics

    yolo = ultralytics.YOLO(model, task="detect")
    pictures = [_seen(yolo, {"media": name}, media / name) for name in PHOTOS]
    for name, numbers in FRAMES:
        clip = cv2.VideoCapture(str(media / name))
        for number in numbers:
            clip.set(cv2.CAP_PROP_POS_FRAMES, number)
            read, frame = clip.read()
            if not read:
                sys.exit(f"{media / name} has no frame {number}")
            pictures.append(_seen(yolo, {"media": name, "frame": number}, frame))
        clip.release()
    reference = {
        "model": model.name,
        "model_sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "made_with": f"ultralytics {ultralytics.__version__}, opencv {cv2.__version__}",
        "confidence": CONFIDENCE,
        "iou": IOU,
        "pictures": pictures,
    }
    out.mkdir(parents=True, exist_ok=True)
    target = out / f"{model.stem}.json"
    target.write_text(json.dumps(reference, indent=1) + "\n", encoding="utf-8")
    return target


def _seen(yolo: Any, where: dict[str, object], source: Any) -> dict[str, object]:
    """Return what is seen in a file (which ultralytics then reads itself) or in a BGR array."""
    (result,) = yolo.predict(
        source, conf=CONFIDENCE, iou=IOU, imgsz=640, device="cpu", verbose=False, save=False
    )
    boxes = result.boxes
    return {
        **where,
        "size_wh": [result.orig_shape[1], result.orig_shape[0]],
        "xyxy": [[round(float(v), 3) for v in box] for box in boxes.xyxy],
        "confidence": [round(float(v), 5) for v in boxes.conf],
        "class_id": [int(v) for v in boxes.cls],
    }


if __name__ == "__main__":
    sys.exit(main())
