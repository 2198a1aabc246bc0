"""Cameras that connect while the model is read: a stream's first key frame takes as long to come as a network to compile."""

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from edge.address import Kind
from edge.cameras import CameraEntry, read_cameras
from edge.errors import SetupError
from edge.remote_cameras import RemoteCameras
from edge.settings import Settings
from edge.watched import Camera, MakeCamera


class Ahead:
    """Makes a room's cameras as `make` does, and has some of them running before the room asks.

    What the room never asks for, such as one that is refused for its hazards, is ended with the block.
    """

    def __init__(self, settings: Settings, make: MakeCamera) -> None:
        self._settings, self._make = settings, make
        self._running: dict[str, tuple[CameraEntry, Camera]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for _, camera in self._running.values():
            camera.ask_to_stop()
        self._running.clear()

    def start(self, entries: Iterable[CameraEntry]) -> None:
        """Connect to what will probably be watched. A recording stays closed: none of it may be missed."""
        for entry in entries:
            if entry.address.told_kind is not Kind.FILE:
                camera = self._make(entry, self._settings)
                camera.start(lambda: None)
                self._running[entry.name] = (entry, camera)

    def make(self, entry: CameraEntry, settings: Settings) -> Camera:
        """Return the camera that runs already, or one that was not started."""
        ran = self._running.pop(entry.name, None)
        if ran is None:
            return self._make(entry, settings)
        if ran[0] == entry:
            return ran[1]
        ran[1].ask_to_stop()
        return self._make(entry, settings)


def probable_entries(settings: Settings, path: Path, *, asks_server: bool) -> list[CameraEntry]:
    """Return the cameras that a watch of a file will most likely begin with; none where that takes more than a look."""
    try:
        remote = RemoteCameras(settings, lambda _: None) if asks_server else None
        if remote is not None and remote.accepted is not None:
            return list(remote.entries(remote.accepted))
        return list(read_cameras(path))
    except SetupError:
        # It is said where they are read in earnest.
        return []
