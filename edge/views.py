"""What each camera's view used to be, kept over restarts: a camera that was turned while the box was off is noticed too."""

from pathlib import Path

import cv2
import numpy as np

from edge.sight import FIRST_PICTURES, SIZE_WH, Reference, sharpness


class Views:
    """A grey picture a camera under `folder`, named like the camera. A damaged one is as if it were not there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, camera: str) -> Path:
        """Return where a camera's view is kept."""
        return self.folder / f"{file_name(camera)}.png"

    def read(self, camera: str) -> Reference | None:
        """Return what a camera's view used to be, or None where nothing is known."""
        path = self.path(camera)
        data = path.read_bytes() if path.is_file() else b""
        grey = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE) if data else None
        if grey is None or grey.shape != SIZE_WH[::-1]:
            return None
        floats = np.asarray(grey, np.float32)
        # The mean of many pictures is smoother than any of them: how sharp single ones were is learnt anew.
        return Reference(floats, sharpness(floats), FIRST_PICTURES)

    def write(self, camera: str, reference: Reference) -> None:
        """Keep a view, if it is known well enough.

        Raises:
            OSError: as the disk says.
        """
        if not reference.is_ready:
            return
        done, data = cv2.imencode(".png", reference.grey.round().clip(0, 255).astype(np.uint8))
        if not done:
            return
        path = self.path(camera)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = path.with_suffix(".part")
        partial.write_bytes(data.tobytes())
        partial.replace(path)

    def forget(self, camera: str) -> bool:
        """Forget a view, so that whatever the camera shows next is its new one; return whether there was one."""
        path = self.path(camera)
        was_there = path.is_file()
        path.unlink(missing_ok=True)
        return was_there


def file_name(camera: str) -> str:
    """Return a camera's name as part of a file name, still distinct."""
    return "".join(c if c.isalnum() or c in "-_" else f"%{ord(c):x}" for c in camera)[:100]
