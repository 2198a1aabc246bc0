"""A tiny but honest ONNX detector, so that a test can say beforehand what will be found.

It sees one flame in the middle of every picture, as sure as the picture is bright: the score is the mean of all
pixels, 0 to 1. The file goes through the normal `load_bundle`: metadata, hash, raw head [1, 4+C, N]. It is written
field by field (protobuf wire format, onnx.proto of IR version 8), because the `onnx` package is not needed elsewhere.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

SIZE = 64
LABELS = ("flame",)
FLOAT, INTS = 1, 7


def write_model(folder: Path, *, threshold: float = 0.5, experimental: Sequence[str] = ()) -> Path:
    """Write bright.onnx and bright.json into a folder; return the latter, as `load_bundle` takes it."""
    folder.mkdir(parents=True, exist_ok=True)
    model = model_bytes()
    (folder / "bright.onnx").write_bytes(model)
    description = {
        "name": "bright",
        "version": "1",
        "file": "bright.onnx",
        "sha256": hashlib.sha256(model).hexdigest(),
        "input_size_wh": [SIZE, SIZE],
        "labels": LABELS,
        "thresholds": {"flame": threshold},
        "experimental": list(experimental),
    }
    path = folder / "bright.json"
    path.write_text(json.dumps(description), "utf-8")
    return path


def another_model(folder: Path, note: str) -> Path:
    """Write the same detector with another hash: `note` stands in the file's doc string."""
    path = write_model(folder)
    text = note.encode()
    assert len(text) < 128
    # Of two values of a field the later one counts: appending is editing.
    model = (folder / "bright.onnx").read_bytes() + b"\x32" + bytes([len(text)]) + text
    (folder / "bright.onnx").write_bytes(model)
    described = json.loads(path.read_text("utf-8"))
    described |= {"sha256": hashlib.sha256(model).hexdigest(), "version": note}
    path.write_text(json.dumps(described), "utf-8")
    return path


def model_bytes() -> bytes:
    """Return the ONNX file."""
    boxes = np.zeros((1, 4 + len(LABELS), 8), np.float32)
    boxes[0, :4, 0] = SIZE / 2, SIZE / 2, SIZE / 4, SIZE / 4
    score = np.zeros_like(boxes)
    score[0, 4, 0] = 1
    graph = b"".join(
        [
            _sub(1, _node("ReduceMean", ["images"], "by_column", axes=[1, 2], keepdims=0)),
            _sub(1, _node("ReduceMean", ["by_column"], "mean", axes=[1], keepdims=1)),
            _sub(1, _node("Mul", ["score", "mean"], "scored")),
            _sub(1, _node("Add", ["scored", "boxes"], "output0")),
            _text(2, "bright"),
            _sub(5, _tensor("score", score)),
            _sub(5, _tensor("boxes", boxes)),
            _sub(11, _value("images", (1, 3, SIZE, SIZE))),
            _sub(12, _value("output0", boxes.shape)),
        ]
    )
    names = repr(dict(enumerate(LABELS)))
    return b"".join(
        [
            _number(1, 8),
            _sub(7, graph),
            _sub(8, _text(1, "") + _number(2, 17)),
            _sub(14, _text(1, "names") + _text(2, names)),
        ]
    )


def _varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _sub(field: int, body: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(body)) + body


def _text(field: int, text: str) -> bytes:
    return _sub(field, text.encode())


def _node(kind: str, inputs: Sequence[str], output: str, **attributes: int | list[int]) -> bytes:
    body = b"".join(_text(1, name) for name in inputs) + _text(2, output) + _text(4, kind)
    for name, value in attributes.items():
        if isinstance(value, int):
            attribute = _text(1, name) + _number(3, value) + _number(20, 2)
        else:
            numbers = b"".join(_number(8, each) for each in value)
            attribute = _text(1, name) + numbers + _number(20, INTS)
        body += _sub(5, attribute)
    return body


def _tensor(name: str, array: np.ndarray) -> bytes:
    dims = b"".join(_number(1, size) for size in array.shape)
    return dims + _number(2, FLOAT) + _text(8, name) + _sub(9, array.tobytes())


def _value(name: str, shape: Sequence[int]) -> bytes:
    dims = b"".join(_sub(1, _number(1, size)) for size in shape)
    tensor = _number(1, FLOAT) + _sub(2, dims)
    return _text(1, name) + _sub(2, _sub(1, tensor))
