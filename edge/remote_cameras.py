"""The cameras that the server has for this box: taken when they can be used, the last good ones kept, a refusal explained."""

from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from edge.cameras import Entries, cameras_of_text
from edge.errors import SetupError
from edge.private_file import write_private
from edge.settings import Settings
from inspection.box_wire import BoxConfigurationText


class RemoteCameras:
    """The server's versions on this box.

    Attributes:
        accepted: what is watched, or would be after a restart; None before there was one.
        refused_version, refused: the version that cannot be used, and why.
    """

    def __init__(self, settings: Settings, check: Callable[[Entries], None]) -> None:
        self._path, self._folder, self._check = (
            settings.remote_cameras_path,
            settings.data_dir,
            check,
        )
        self.refused_version: int | None = None
        self.refused = ""
        try:
            self.accepted: BoxConfigurationText | None = BoxConfigurationText.model_validate_json(
                self._path.read_bytes()
            )
        except (OSError, ValidationError):
            self.accepted = None

    def entries(self, told: BoxConfigurationText) -> Entries:
        """Return the cameras of a version.

        Raises:
            SetupError: it cannot be used on this box; it says where.
        """
        entries = cameras_of_text(told.text, Path(f"server:{told.version}"), self._folder)
        self._check(entries)
        return entries

    def accept(self, told: BoxConfigurationText) -> None:
        """Keep a version as the last good one. Nothing is lost where the disk is full: it is asked for again."""
        self.accepted, self.refused_version, self.refused = told, None, ""
        try:
            write_private(self._path, told.model_dump_json())
        except OSError:
            return

    def refuse(self, told: BoxConfigurationText, error: SetupError) -> None:
        """Remember why a version cannot be used; the accepted one stays."""
        self.refused_version = told.version
        self.refused = str(error.facts.get("reason") or error)

    def is_known(self, version: int) -> bool:
        """Tell whether a version was taken or refused already."""
        accepted = self.accepted.version if self.accepted else None
        return version in (accepted, self.refused_version)
