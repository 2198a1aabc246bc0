"""Find with a teacher what sources left unlabelled, so that it is not learnt as background.

Run by path, once for people in every source and once for the hi-vis vests among panly's workwear:

    python datasets/teacher.py --data DATA --teacher coco_yolov5n_640.onnx --class-index 0 --out people.json
    python datasets/teacher.py --data DATA --teacher helmet_vest_yolov5n_640.onnx --class-index 1 \
        --sources panly_helmet_workwear --out vests.json

The teacher is an ONNX file with a head `[1, 4 + C, N]` whose scores already include the objectness. Writes `{"source/stem": [[x1, y1, x2, y2, score], ...]}`; boxes are pixels divided by the image's width and height.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from image_files import read_colour
from numpy.typing import NDArray
from tqdm import tqdm

Floats = NDArray[np.float32]
INPUT_PX = 640
MIN_SCORE = 0.05  # kept low: below it an image counts as showing nobody
NMS_IOU = 0.6


def letterboxed(image: NDArray[np.uint8]) -> tuple[Floats, float]:
    """Return the BGR image as `[1, 3, 640, 640]` RGB 0-1, padded right and below, and its scale."""
    scale = INPUT_PX / max(image.shape[:2])
    resized = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    canvas = np.full((INPUT_PX, INPUT_PX, 3), 114, np.uint8)
    canvas[: resized.shape[0], : resized.shape[1]] = resized[:INPUT_PX, :INPUT_PX]
    blob = canvas[:, :, ::-1].transpose(2, 0, 1)[None].astype(np.float32) / 255
    return np.ascontiguousarray(blob), scale


def objects_in(
    session: onnxruntime.InferenceSession, image: NDArray[np.uint8], class_index: int
) -> list[list[float]]:
    """Return `[x1, y1, x2, y2, score]` per object of the class, coordinates relative 0-1, after NMS."""
    blob, scale = letterboxed(image)
    (head,) = session.run(None, {session.get_inputs()[0].name: blob})
    rows = head[0].T  # [N, 4 + C], centre x, centre y, width, height in input pixels
    scores = rows[:, 4 + class_index]
    rows, scores = rows[scores >= MIN_SCORE], scores[scores >= MIN_SCORE]
    corner_xywh = np.column_stack([rows[:, :2] - rows[:, 2:4] / 2, rows[:, 2:4]])
    kept = cv2.dnn.NMSBoxes(corner_xywh.tolist(), scores.tolist(), MIN_SCORE, NMS_IOU)
    size_wh = np.array([image.shape[1], image.shape[0]], np.float32) * scale
    found = []
    for i in np.asarray(kept, dtype=int).ravel():
        low = np.clip(corner_xywh[i, :2] / size_wh, 0, 1)
        high = np.clip((corner_xywh[i, :2] + corner_xywh[i, 2:]) / size_wh, 0, 1)
        found.append([round(float(v), 5) for v in (*low, *high, scores[i])])
    return found


def main() -> None:
    """Write the objects of one class of every image under `--data` to `--out`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--teacher", type=Path, required=True)
    parser.add_argument("--class-index", type=int, required=True)
    parser.add_argument("--sources", nargs="*", default=["*"])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--part", default="0/1", help="K/N: only every N-th image, for N processes")
    args = parser.parse_args()
    k, n = map(int, args.part.split("/"))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(args.teacher), options, ["CPUExecutionProvider"])
    images = sorted(p for source in args.sources for p in args.data.glob(f"{source}/images/*.webp"))
    found = {}
    for path in tqdm(images[k::n], desc=args.teacher.stem, mininterval=10):
        key = f"{path.parts[-3]}/{path.stem}"
        found[key] = objects_in(session, read_colour(path), args.class_index)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
