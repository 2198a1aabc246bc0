"""Decode a HEIC in a process of its own.

libheif (pi-heif 1.4) can die of a damaged file: found by flipping single bytes, it ended the whole process, and a
stranger's photo must not end a server. The child costs its start for every picture and takes its death with it.

    python -m models.heic MAX_PIXELS < photo.heic > answer

The answer is one line of JSON, `{"shape": [H, W, C], "exif": bytes}` or `{"error": why}` or `{"size": [W, H]}` for too
many pixels, then the EXIF block and the pixels, uint8 BGR with or without alpha, or grey.
"""

import json
import subprocess
import sys

import numpy as np
from numpy.typing import NDArray

from models.errors import TooManyPixels, UndecodablePicture

MEDIA_TYPE = "image/heic"
# Ends a decoder that hangs; meant to be far more than any accepted photo needs.
TIMEOUT_S = 60.0


def decode_heic(data: bytes, max_pixels: int) -> tuple[NDArray[np.uint8], bytes]:
    """Return the pixels, uint8 (H, W) grey or (H, W, 3 or 4) BGR(A), turned upright, and the EXIF block.

    Raises:
        TooManyPixels: more than `max_pixels`; nothing was decoded.
        UndecodablePicture: the decoder refuses the file, died of it, or took longer than `TIMEOUT_S`.
    """
    try:
        done = subprocess.run(  # noqa: S603  this very module
            [sys.executable, "-m", "models.heic", str(max_pixels)],
            input=data,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UndecodablePicture(MEDIA_TYPE, f"it took longer than {TIMEOUT_S:.0f} s") from error
    head, found, body = done.stdout.partition(b"\n")
    if done.returncode or not found:
        raise UndecodablePicture(MEDIA_TYPE, f"the decoder died of it ({done.returncode})")
    answer = json.loads(head)
    if "size" in answer:
        raise TooManyPixels(tuple(answer["size"]), max_pixels)
    if "error" in answer:
        raise UndecodablePicture(MEDIA_TYPE, answer["error"])
    pixels = np.frombuffer(body, np.uint8, offset=answer["exif"]).reshape(answer["shape"])
    return pixels, body[: answer["exif"]]


def main() -> None:
    """Decode standard input to standard output."""
    import pi_heif

    max_pixels, out = int(sys.argv[1]), sys.stdout.buffer
    try:
        picture = pi_heif.open_heif(sys.stdin.buffer.read(), bgr_mode=True)
        width, height = picture.size
        if width * height > max_pixels:
            out.write(json.dumps({"size": [width, height]}).encode() + b"\n")
            return
        # Rows may be longer than the picture is wide.
        pixels = np.ascontiguousarray(np.asarray(picture)[:, :width])
    except (ValueError, SyntaxError, EOFError, RuntimeError, OSError, IndexError) as error:
        out.write(json.dumps({"error": str(error)}).encode() + b"\n")
        return
    exif = picture.info.get("exif") or b""
    out.write(json.dumps({"shape": pixels.shape, "exif": len(exif)}).encode() + b"\n")
    out.write(exif)
    out.write(pixels.tobytes())


if __name__ == "__main__":
    main()
