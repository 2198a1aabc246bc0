"""Write reference.json: what ultralytics itself sees in 20 real pictures with the model that is shipped.

    make media
    python tests/assets/reference/make_reference.py

Run it with a Python that has the `train` extra (ultralytics, torch); run it again whenever the model changes. The
pictures are handed over as decoded arrays, so that both sides see the same pixels. Their prediction runs the ONNX file
with its input of 640 x 640: a fixed size for an export without dynamic axes, and `rect=False` says so for any other.
"""

import argparse
import hashlib
import json
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(REPOSITORY))

from models.training.environment import prepare  # noqa: E402  the repository is not installed in that Python
from tests.assets.reference.pictures import ReferencePicture, reference_pictures  # noqa: E402

MODEL = REPOSITORY / "models" / "weights" / "anxun-nano.onnx"
OPTIONS = {"imgsz": 640, "conf": 0.25, "iou": 0.7, "max_det": 300, "agnostic_nms": False}


def main() -> None:
    """Predict and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--media", type=Path, default=REPOSITORY / "var" / "media")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("reference.json"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder))
        import ultralytics  # noqa: TID251  the reference is ultralytics itself

        model = ultralytics.YOLO(str(MODEL), task="detect")
        pictures = [_seen(model, each) for each in reference_pictures(arguments.media)]
        reference = {
            "model_sha256": hashlib.sha256(MODEL.read_bytes()).hexdigest(),
            "ultralytics": ultralytics.__version__,
            "options": OPTIONS,
            "pictures": pictures,
        }
    arguments.out.write_text(json.dumps(reference, indent=1) + "\n", encoding="utf-8")
    boxes = sum(len(each["boxes"]) for each in pictures)
    print(f"{boxes} boxes in {len(pictures)} pictures")  # noqa: T201  a script's answer


def _seen(model: object, picture: ReferencePicture) -> dict[str, object]:
    (result,) = model.predict(  # type: ignore[attr-defined]
        picture.image_bgr, device="cpu", rect=False, verbose=False, save=False, **OPTIONS
    )
    return {
        "name": picture.name,
        "sha256": picture.sha256,
        "boxes": [
            {
                "xyxy": [round(value, 4) for value in xyxy],
                "score": round(score, 6),
                "label": result.names[int(class_id)],
            }
            for xyxy, score, class_id in zip(
                result.boxes.xyxy.tolist(),
                result.boxes.conf.tolist(),
                result.boxes.cls.tolist(),
                strict=True,
            )
        ],
    }


if __name__ == "__main__":
    main()
