"""What a box told and is open, kept over restarts."""

from pathlib import Path

from pydantic import ValidationError

from edge.private_file import write_private
from edge.standing import Standing, standing_from_text, standing_text


class StandingFile:
    """Keeps a `Standing` in a file. A damaged one is as if it had never been written: what the outbox still knows is taken from there."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Standing:
        """Return what was kept."""
        try:
            return standing_from_text(self._path.read_bytes())
        except (OSError, ValidationError):
            return Standing()

    def write(self, standing: Standing) -> None:
        """Keep it, where it changed; a full disk takes nothing from watching."""
        if not standing.is_changed:
            return
        try:
            write_private(self._path, standing_text(standing))
        except OSError:
            return
        standing.is_changed = False
