"""Installs `anxun-edge watch` as a systemd service: the files of `edge/deploy`, with this program's own path."""

import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path

from edge.console import Voice
from edge.errors import ServiceFailed
from edge.settings import Settings

STATE = "/var/lib/anxun-edge"
CAMERAS = "/etc/anxun-edge/cameras.toml"
# The unit's ProtectHome= shows none of these to the service.
HIDDEN = ("/home/", "/root/", "/run/user/")
# Where each file goes; what a technician edits is never written over.
FILES = (
    ("anxun-edge.service", "etc/systemd/system/anxun-edge.service", 0o644, False),
    ("anxun-edge.sysusers", "etc/sysusers.d/anxun-edge.conf", 0o644, False),
    ("environment", "etc/anxun-edge/environment", 0o640, True),
    ("cameras.toml", "etc/anxun-edge/cameras.toml", 0o644, True),
)


def program() -> str:
    """Return how this program is called."""
    beside = Path(sys.executable).with_name("anxun-edge")
    return str(beside) if beside.exists() else f"{sys.executable} -m edge"


def unit() -> str:
    """Return the unit for this installation."""
    return _text("anxun-edge.service").replace("@PROGRAM@", program())


def install_service(settings: Settings, root: Path, *, only_prints: bool = False) -> int:
    """Write the files under `root`; for the running system make the user and let systemd read them.

    Raises:
        ServiceFailed: a file cannot be written, or systemd refuses.
    """
    voice = Voice.of(settings.lang)
    if only_prints:
        print(unit(), end="")  # noqa: T201  to be redirected into a file
        return 0
    try:
        for name, place, mode, is_kept in FILES:
            _write(voice, name, root / place, mode, is_kept=is_kept)
        if root == Path("/"):
            _tell_systemd()
    except (OSError, subprocess.CalledProcessError) as error:
        raise ServiceFailed(str(error)) from error
    if any(
        shown.startswith(HIDDEN) for shown in (program(), str(Path(sys.prefix).resolve()) + "/")
    ):
        voice.warn("service_hidden", program=program())
    voice.tell("service_next", state=STATE, program=program(), cameras=CAMERAS)
    return 0


def _write(voice: Voice, name: str, path: Path, mode: int, *, is_kept: bool) -> None:
    if is_kept and path.exists():
        voice.tell("service_kept", path=path)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(unit() if name.endswith(".service") else _text(name), "utf-8")
    path.chmod(mode)
    voice.tell("service_file", path=path)


def _tell_systemd() -> None:
    for command in (["systemd-sysusers"], ["systemctl", "daemon-reload"]):
        found = shutil.which(command[0])
        if found is not None:
            subprocess.run([found, *command[1:]], check=True)  # noqa: S603  found on the path, no input


def _text(name: str) -> str:
    return (resources.files("edge") / "deploy" / name).read_text("utf-8")
