"""Which cameras a room watches: one of the command line, a file's, or the server's; followed while it runs.

The server's go before the file's once there are any. A version that cannot be used changes nothing: the one before it, or the file,
is watched on, and the server hears why.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from edge.address import shown
from edge.box_state import ConfigurationState
from edge.cameras import CameraEntry, CamerasFile, Entries
from edge.console import Voice
from edge.errors import SetupError, StateBusy
from edge.remote_cameras import RemoteCameras
from edge.settings import Settings
from edge.watchroom import Watchroom
from inspection.box_wire import BoxConfigurationText

# How often a file of cameras is looked at for changes, seconds.
EVERY_S = 2.0
# Asks the server once, before anything is watched.
AskFirst = Callable[[], BoxConfigurationText | None]


class CameraSource:
    """Keeps a room to its cameras.

    Attributes:
        remote: the server's versions; None where they are not taken.
    """

    def __init__(
        self, settings: Settings, voice: Voice, room: Watchroom, remote: RemoteCameras | None
    ) -> None:
        self._settings, self._voice, self._room, self.remote = settings, voice, room, remote
        self._file: CamerasFile | None = None
        self._origin = "command"
        self._looked_at_s = time.monotonic()

    def begin_one(self, entry: CameraEntry) -> None:
        """Watch one camera.

        Raises:
            SetupError, StateBusy: it cannot be watched.
        """
        self.remote = None
        self._room.check([entry])
        self._set([entry])

    def begin(self, path: Path, ask_first: AskFirst) -> None:
        """Watch the server's cameras, or else a file's.

        Raises:
            SetupError, StateBusy: neither can be watched.
        """
        if self.remote is not None and self._begin_remote(self.remote):
            return
        try:
            self._begin_file(path)
        except SetupError as error:
            told = ask_first() if self.remote is not None else None
            if told is None or not self.take(told):
                raise
            self._voice.warn_of(error)

    def take(self, told: BoxConfigurationText) -> bool:
        """Watch a version of the server's, if it can be used; return whether it is."""
        remote = self.remote
        if remote is None or remote.is_known(told.version):
            return False
        try:
            self._change(remote.entries(told))
        except SetupError as error:
            remote.refuse(told, error)
            reason = remote.refused
            self._voice.warn("remote_refused", version=told.version, reason=reason)
            return False
        remote.accept(told)
        self._origin = "server"
        self._voice.tell("remote_taken", version=told.version)
        return True

    @property
    def state(self) -> ConfigurationState:
        """Which cameras are watched, for whoever asks."""
        remote = self.remote
        if remote is None:
            return ConfigurationState(origin=self._origin)
        accepted = remote.accepted if self._origin == "server" else None
        return ConfigurationState(
            origin=self._origin,
            version=accepted and accepted.version,
            refused_version=remote.refused_version,
            refused=remote.refused,
        )

    def follow(self) -> None:
        """Look whether the file changed, now and then."""
        now_s = time.monotonic()
        if self._file is None or self._origin != "file" or now_s - self._looked_at_s < EVERY_S:
            return
        self._looked_at_s = now_s
        if not self._file.changed():
            return
        if self._file.trouble is not None:
            self._voice.warn_of(self._file.trouble)
            self._voice.warn("cameras_kept")
            return
        try:
            self._set(self._file.entries)
        except (StateBusy, SetupError) as error:
            self._voice.warn_of(error)

    def _begin_remote(self, remote: RemoteCameras) -> bool:
        if remote.accepted is None:
            return False
        try:
            self._set(remote.entries(remote.accepted))
        except SetupError as error:
            # Another model, or a variable that is gone: the file may do, and the server's next version.
            remote.refuse(remote.accepted, error)
            self._voice.warn(
                "remote_refused", version=remote.accepted.version, reason=remote.refused
            )
            return False
        self._origin = "server"
        return True

    def _begin_file(self, path: Path) -> None:
        file = CamerasFile(path, self._settings.kept_cameras_path, self._room.check)
        if file.trouble is not None:
            self._voice.warn_of(file.trouble)
            self._voice.warn("cameras_kept")
        self._set(file.entries)
        self._file, self._origin = file, "file"

    def _change(self, entries: Entries) -> None:
        """Watch these; where one cannot be after all, what was watched before stays."""
        before = [watched.entry for watched in self._room.watched.values()]
        try:
            self._set(entries)
        except SetupError:
            self._set(before)
            raise
        except StateBusy as error:
            self._voice.warn_of(error)

    def _set(self, entries: Sequence[CameraEntry]) -> None:
        before = {name: watched.entry for name, watched in self._room.watched.items()}
        self._room.set_cameras(entries)
        for name in before.keys() - self._room.watched.keys():
            self._voice.tell("not_watching", camera=name)
        for name, watched in self._room.watched.items():
            if before.get(name) != watched.entry:
                self._voice.tell("watching", source=shown(watched.entry.source), camera=name)
