"""A wall clock of a program's own, that a test may set while it runs: a small library is preloaded (`settable_clock.c`)."""

import shutil
import struct
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".c")


def why_not() -> str:
    """Return why no clock can be made here; empty where it can."""
    return "" if shutil.which("cc") else "a C compiler (cc) is missing"


class SettableClock:
    """A clock that goes right at first. `prefix` is what a command begins with to go by it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        library, self._file = folder / "settable_clock.so", folder / "shift"
        subprocess.run(
            ["cc", "-shared", "-fPIC", "-O1", "-o", library, SOURCE], check=True, timeout=60
        )
        self._file.write_bytes(struct.pack("=q", 0))
        self.prefix = ["env", f"LD_PRELOAD={library}", f"CLOCK_SHIFT_FILE={self._file}"]

    def shift(self, seconds: float) -> None:
        """Set it so far off the true time; it counts at once."""
        with self._file.open("r+b") as file:
            file.write(struct.pack("=q", round(seconds * 1e9)))
