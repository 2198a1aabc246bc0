"""The 20 real pictures of the reference comparison, decoded alike for both sides."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

COUNT = 20
STILLS = ("photos", "extra")
CLIPS = "clips"


@dataclass(frozen=True)
class ReferencePicture:
    """A picture by name, uint8 (H, W, 3) BGR, with the SHA-256 of its shape and pixels."""

    name: str
    image_bgr: np.ndarray

    @property
    def sha256(self) -> str:
        """Hash of shape and decoded pixels: two decoders that differ are told from two detectors that differ."""
        shape = str(self.image_bgr.shape).encode()
        return hashlib.sha256(shape + self.image_bgr.tobytes()).hexdigest()


def reference_pictures(media: Path) -> Iterator[ReferencePicture]:
    """Yield every still of `make media`, then frames of its clips, evenly spread, to make 20."""
    stills = [file for folder in STILLS for file in sorted((media / folder).iterdir())]
    for file in stills:
        image = cv2.imread(str(file), cv2.IMREAD_COLOR)
        if image is None:
            message = f"{file} cannot be decoded; remove {media} and run `make media`"
            raise ValueError(message)
        yield ReferencePicture(f"{file.parent.name}/{file.name}", image)
    clips = sorted((media / CLIPS).iterdir())
    shares = [len(each) for each in np.array_split(range(COUNT - len(stills)), len(clips))]
    for clip, share in zip(clips, shares, strict=True):
        yield from _frames(clip, share)


def _frames(clip: Path, share: int) -> Iterator[ReferencePicture]:
    frames = []
    capture = cv2.VideoCapture(str(clip))
    while True:
        is_read, frame = capture.read()
        if not is_read:
            break
        frames.append(frame)
    capture.release()
    for index in np.linspace(0, len(frames) - 1, share).round().astype(int):
        yield ReferencePicture(f"{CLIPS}/{clip.name}#{index}", frames[index])
