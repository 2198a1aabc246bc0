"""What the server can tell of a box's file of cameras before the box reads it. The box has the last word: it knows its model.

A password does not belong into it: ``${NAME}`` in a source is taken from the box's own environment.
"""

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from inspection.box_wire import MAX_TEXT
from inspection.errors import InvalidInput
from inspection.taxonomy import UnknownHazard, hazard_type
from inspection.zones import Zone

MAX_CAMERAS = 64


def camera_names(text: str) -> tuple[str, ...]:
    """Return the names of the cameras of a file, in its order.

    Raises:
        InvalidInput: it is no TOML, too long, names no camera or one twice, or a name, a source, a hazard or a zone of one
            cannot be; the message says which.
    """
    if len(text) > MAX_TEXT:
        raise InvalidInput(f"the file is longer than {MAX_TEXT} characters")
    try:
        file = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"the file is no TOML: {error}") from error
    cameras = file.get("cameras")
    if not isinstance(cameras, list) or not 1 <= len(cameras) <= MAX_CAMERAS:
        raise InvalidInput(f"the file needs 1 to {MAX_CAMERAS} of [[cameras]]")
    if not all(isinstance(camera, dict) for camera in cameras):
        raise InvalidInput("each camera is a table that begins with [[cameras]]")
    names = tuple(_checked(number, camera) for number, camera in enumerate(cameras, 1))
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InvalidInput(f"camera {twice!r} stands there twice")
    return names


def _checked(number: int, camera: Mapping[str, Any]) -> str:
    name, source = camera.get("name"), camera.get("source")
    if not isinstance(name, str) or not name.strip():
        raise InvalidInput(f"camera {number} needs a name")
    if not isinstance(source, str) or not source.strip():
        raise InvalidInput(f"camera {name} needs a source, such as rtsp://10.0.0.7/1")
    try:
        _check_hazards(camera.get("hazards"))
        for rule in _tables(camera, "rules"):
            _check_hazards(rule.get("hazards"))
        for zone in _tables(camera, "zones"):
            _check_hazards(zone.get("hazards"))
            corners = tuple((float(x), float(y)) for x, y in zone.get("polygon", ()))
            Zone(str(zone.get("name", "")), corners)
    except (UnknownHazard, ValueError, TypeError) as error:
        raise InvalidInput(f"camera {name}: {error}") from error
    return name


def _tables(camera: Mapping[str, Any], key: str) -> Sequence[Mapping[str, Any]]:
    found = camera.get(key, [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        msg = f"{key} are tables that begin with [[cameras.{key}]]"
        raise ValueError(msg)
    return found


def _check_hazards(codes: object) -> None:
    if codes is None:
        return
    if not isinstance(codes, list):
        msg = f'hazards are a list such as ["PPE-01"], not {codes!r}'
        raise TypeError(msg)
    for code in codes:
        hazard_type(str(code))
