"""The file of neighbours: other programs that see hazards, and where this box tells what it sees itself.

    [mqtt]                                     # the broker; needed for frigate and publish
    host = "127.0.0.1"
    username = "anxun"
    password = "${MQTT_PASSWORD}"

    [frigate]                                  # findings of a Frigate, from frigate/events
    url = "http://127.0.0.1:5000"              # optional: whole pictures from its API
    [[frigate.labels]]
    label = "fire"
    hazard = "EMG-01"

    [publish]                                  # findings and cameras of this box, to the broker
    prefix = "anxun"

    [push]                                     # AI cameras that send a picture by HTTP
    port = 8090
    [[push.cameras]]
    name = "gate-ai"
    token = "${GATE_TOKEN}"
    labels = [{ label = "no_helmet", hazard = "PPE-01" }]

``${NAME}`` is taken from the environment, so that the file need not hold a secret.
"""

import hashlib
import os
import re
import socket
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from edge.errors import NeighboursInvalid
from inspection.taxonomy import UnknownHazard, hazard_type

_VARIABLE = re.compile(r"\$\{(\w+)\}")
# What a topic's level may hold: no wildcard, no separator, and no `$`, with which a broker's own topics begin.
_PREFIX = r"^[^#+$\x00]*[^#+$/\x00]$"


def _known_hazard(code: str) -> str:
    try:
        hazard_type(code)
    except UnknownHazard as error:
        raise ValueError(str(error)) from error
    return code


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LabelEntry(_Part):
    """What one label of a neighbour means here.

    Attributes:
        label: as the neighbour calls it.
        hazard: the catalogue's code.
        cameras: only of these cameras of the neighbour; empty: of every one.
        zones: only in these zones of the neighbour (Frigate's `entered_zones`); empty: anywhere.
        min_score: what is less sure is left out, 0 to 1.
    """

    label: str = Field(min_length=1, max_length=64)
    hazard: Annotated[str, AfterValidator(_known_hazard)]
    cameras: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    min_score: float = Field(default=0.0, ge=0, le=1)


Labels = Annotated[tuple[LabelEntry, ...], Field(min_length=1)]


class Broker(_Part):
    """Where the MQTT broker is. With `tls` its certificate is checked, against `ca_file` where that is given."""

    host: str = Field(min_length=1)
    port: int = Field(default=1883, ge=1, le=65535)
    username: str | None = None
    password: str | None = Field(default=None, repr=False)
    tls: bool = False
    ca_file: Path | None = None
    # Two clients of one name would throw each other out for ever.
    client_id: str = Field(
        default_factory=lambda: f"anxun-edge-{socket.gethostname()}"[:64],
        min_length=1,
        max_length=64,
    )


class Frigate(_Part):
    """A Frigate: its topics' prefix, what its labels mean, and its API for whole pictures."""

    prefix: str = Field(default="frigate", pattern=_PREFIX)
    url: str | None = Field(default=None, pattern=r"^https?://")
    labels: Labels


class Publish(_Part):
    """What this box tells: under ``prefix/box/``. `box` is the device's name when left out."""

    prefix: str = Field(default="anxun", pattern=_PREFIX)
    box: str | None = Field(default=None, min_length=1, max_length=100)


class Fields(_Part):
    """Where in a camera's JSON what stands: names, with dots for what lies deeper; the first that is there counts."""

    label: tuple[str, ...] = ("label", "eventType", "event_type", "type")
    score: tuple[str, ...] = ("confidence", "score")
    at: tuple[str, ...] = ("time", "dateTime", "timestamp")
    id: tuple[str, ...] = ("id", "eventId", "event_id", "uuid")
    boxes: tuple[str, ...] = ("boxes",)
    image: tuple[str, ...] = ("image", "image_base64")


class PushCamera(_Part):
    """An AI camera. Whoever shows its token may send findings in its name, and in no other."""

    name: str = Field(min_length=1, max_length=190, pattern=r"^[^\x00-\x1f]*$")
    token: str = Field(min_length=16, max_length=200, repr=False)
    labels: Labels
    fields: Fields = Fields()


class Push(_Part):
    """Where this box listens for AI cameras; on the loopback address until it is told otherwise."""

    host: str = "127.0.0.1"
    port: int = Field(ge=0, le=65535)
    max_bytes: int = Field(default=16 << 20, ge=1 << 16, le=64 << 20)
    cameras: Annotated[tuple[PushCamera, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _is_unmistakable(self) -> Self:
        for values, what in (
            ([each.name for each in self.cameras], "name"),
            ([each.token for each in self.cameras], "token"),
        ):
            if len(set(values)) != len(values):
                msg = f"two cameras have the same {what}"
                raise ValueError(msg)
        return self


class Neighbours(_Part):
    """The whole file."""

    mqtt: Broker | None = None
    frigate: Frigate | None = None
    publish: Publish | None = None
    push: Push | None = None

    @model_validator(mode="after")
    def _is_of_use(self) -> Self:
        if not (self.frigate or self.publish or self.push):
            msg = "the file names no neighbour: it needs [frigate], [publish] or [push]"
            raise ValueError(msg)
        if (self.frigate or self.publish) and self.mqtt is None:
            msg = "[frigate] and [publish] need [mqtt], which says where the broker is"
            raise ValueError(msg)
        return self


def read_neighbours(path: Path, environment: Mapping[str, str] = os.environ) -> Neighbours:
    """Return the neighbours of a file.

    Raises:
        NeighboursInvalid: it is missing, is no TOML, or a field is wrong; it says which, without its value.
    """
    try:
        described = tomllib.loads(path.read_text("utf-8"))
        return Neighbours.model_validate(_filled(described, environment))
    except OSError as error:
        raise NeighboursInvalid(path, error.strerror or str(error)) from error
    except ValidationError as error:
        problem = error.errors(include_input=False)[0]
        where = ".".join(map(str, problem["loc"]))
        reason = problem["msg"].removeprefix("Value error, ")
        raise NeighboursInvalid(path, f"{where}: {reason}" if where else reason) from None
    except (ValueError, KeyError) as error:
        raise NeighboursInvalid(path, str(error.args[0])) from None


def _filled(value: Any, environment: Mapping[str, str]) -> Any:
    """Put the environment's values in place of ``${NAME}``, everywhere."""
    if isinstance(value, dict):
        return {key: _filled(each, environment) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, environment) for each in value]
    if isinstance(value, str):
        return _VARIABLE.sub(lambda found: _variable(found[1], environment), value)
    return value


def _variable(name: str, environment: Mapping[str, str]) -> str:
    if name not in environment:
        msg = f"the environment has no {name}"
        raise ValueError(msg)
    return environment[name]


def digest_of(labels: Iterable[LabelEntry]) -> str:
    """Return a name of what labels mean: SHA-256 of their canonical JSON, one a line.

    A finding of a neighbour names no model of ours; it names the table that turned a label into a hazard.
    """
    lines = "\n".join(entry.model_dump_json() for entry in labels)
    return hashlib.sha256(lines.encode()).hexdigest()
