"""What `anxun-edge discover` does: list the ONVIF cameras of this network and write the beginning of a file of cameras."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from edge.console import Voice
from edge.discovery import FoundCamera, discover
from edge.errors import CameraAway, CamerasInvalid
from edge.onvif import Credentials, OnvifCamera, StreamProfile, with_credentials
from edge.settings import Settings

# What stands in the file in place of the password.
VARIABLE = "CAMERA_PASSWORD"


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for, where, for how long, and where to write what was found (None: on the screen)."""

    targets: tuple[str, ...] = ()
    credentials: Credentials | None = None
    seconds: float = 4.0
    output: Path | None = None
    takes_snapshots: bool = False


def search(settings: Settings, asked: Search) -> int:
    """Look, say what was found, and write the file."""
    voice = Voice.of(settings.lang)
    if asked.output is not None and asked.output.exists():
        raise CamerasInvalid(asked.output, voice.text("exists_already"))
    found = discover(asked.targets, asked.seconds)
    if not found:
        voice.warn("none_discovered")
        return 0
    told = [(camera, _profiles(camera, asked, voice)) for camera in found]
    _show(voice, told)
    text = fragment(told, asked)
    if asked.output is None:
        sys.stdout.write(text)
    else:
        asked.output.write_text(text, "utf-8")
        voice.tell("cameras_written", path=asked.output, variable=VARIABLE)
    return 0


def _profiles(camera: FoundCamera, asked: Search, voice: Voice) -> list[StreamProfile]:
    try:
        with OnvifCamera(camera.service, asked.credentials) as onvif:
            return onvif.profiles()
    except CameraAway as away:
        voice.warn_of(away)
        return []


def _show(voice: Voice, told: Sequence[tuple[FoundCamera, list[StreamProfile]]]) -> None:
    table = Table(title=voice.text("discovered_title"))
    for column in ("camera", "hardware", "profile", "stream", "snapshot"):
        table.add_column(voice.text(f"discovered_{column}"), overflow="fold")
    for camera, profiles in told:
        name = f"{camera.name} {camera.host}".strip()
        for one in profiles or [StreamProfile("–", "", (0, 0), "–", "")]:
            size = f" {one.codec} {one.size_wh[0]}×{one.size_wh[1]}" if one.size_wh[0] else ""
            row = (name, camera.hardware, f"{one.name}{size}", one.stream, one.snapshot or "–")
            table.add_row(*map(escape, row))
    voice.out.print(table)


def fragment(told: Sequence[tuple[FoundCamera, list[StreamProfile]]], asked: Search) -> str:
    """Return a file of cameras: each one's first stream (or its pictures), the others as comments. No password is in it."""
    blocks, names = [], set[str]()
    for camera, profiles in told:
        sources = [source for one in profiles if (source := _source(one, asked))]
        if not sources:
            blocks.append(f"# {_line(camera.host)}: no stream could be read\n")
            continue
        name = f"{camera.name or camera.host} {camera.host}" if camera.name in names else ""
        name = name or camera.name or camera.host
        names.add(name)
        # A string of JSON is one of TOML.
        lines = ["[[cameras]]", f"name = {json.dumps(name[:200], ensure_ascii=False)}"]
        lines.append(f"source = {json.dumps(sources[0])}")
        lines += [f"# source = {json.dumps(other)}" for other in sources[1:]]
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


def _source(profile: StreamProfile, asked: Search) -> str:
    address = profile.snapshot if asked.takes_snapshots else profile.stream
    if asked.credentials is None or not address:
        return address
    return with_credentials(address, asked.credentials.user, f"${{{VARIABLE}}}")


def _line(text: str) -> str:
    return " ".join(text.split())
