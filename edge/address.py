"""Where a picture source is, and how it is spoken to."""

import re
from dataclasses import dataclass
from enum import StrEnum

# Cameras whose password stands in a query or, as some makes want it, in the path.
_PASSWORD = re.compile(r"(?i)((?:password|passwd|pwd|pass|token)=)[^&/]*")


class Way(StrEnum):
    """How much of a stream is decoded."""

    FULL = "full"
    SAMPLED = "sampled"
    KEY = "key"


class Transport(StrEnum):
    """How RTSP carries pictures: TCP loses none and waits for what is late, UDP the other way round."""

    TCP = "tcp"
    UDP = "udp"


class Kind(StrEnum):
    """What a source is. `AUTO` is told by its address, and for HTTP by what the camera answers."""

    AUTO = "auto"
    RTSP = "rtsp"
    MJPEG = "mjpeg"
    SNAPSHOT = "snapshot"
    STREAM = "stream"
    USB = "usb"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a camera is and how it is spoken to."""

    source: str
    kind: Kind = Kind.AUTO
    transport: Transport = Transport.TCP

    @property
    def told_kind(self) -> Kind:
        """The kind as far as the address tells it; AUTO where only the answer does (HTTP)."""
        if self.kind is not Kind.AUTO:
            return self.kind
        scheme, separator, _ = self.source.lower().partition("://")
        if not separator:
            is_device = self.source.isdigit() or self.source.startswith("/dev/")
            return Kind.USB if is_device else Kind.FILE
        if scheme in ("http", "https"):
            return Kind.AUTO
        return Kind.RTSP if scheme in ("rtsp", "rtsps") else Kind.STREAM


def is_live(source: str) -> bool:
    """Tell a live source (a URL, or a camera of this machine) from a video file."""
    return Address(source).told_kind is not Kind.FILE


def shown(source: str) -> str:
    """Return a source without the password in it, for messages."""
    scheme, separator, rest = source.partition("://")
    if not separator:
        return source
    credentials, at, place = rest.rpartition("@")
    user = f"{credentials.partition(':')[0]}@" if at else ""
    return f"{scheme}://{user}{_PASSWORD.sub(_without_value, place)}"


def _without_value(found: re.Match[str]) -> str:
    return f"{found[1]}…"
