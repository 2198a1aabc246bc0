"""Which ONVIF cameras are there: a WS-Discovery probe (OASIS 1.1, in the form of April 2005 that ONVIF asks for)."""

import re
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit
from uuid import uuid4
from xml.etree import ElementTree

from edge.errors import DiscoveryFailed

GROUP, PORT = "239.255.255.250", 3702
MAX_BYTES = 65_535
# UDP loses: the question is put again, as the standard asks for.
REPEATS, REPEAT_AFTER_S = 3, 0.3
D = "{http://schemas.xmlsoap.org/ws/2005/04/discovery}"
A = "{http://schemas.xmlsoap.org/ws/2004/08/addressing}"
_SCOPE = re.compile(r"onvif://www\.onvif\.org/(name|hardware|location)/([^\s]+)", re.IGNORECASE)
PROBE = """<?xml version="1.0" encoding="UTF-8"?>
<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing"
 xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:dn="http://www.onvif.org/ver10/network/wsdl">
<e:Header><w:MessageID>uuid:{id}</w:MessageID><w:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>
<w:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action></e:Header>
<e:Body><d:Probe><d:Types>dn:NetworkVideoTransmitter</d:Types></d:Probe></e:Body></e:Envelope>"""


@dataclass(frozen=True, slots=True)
class FoundCamera:
    """A camera that answered: its own id, where its device service is, what it calls itself and what it is."""

    endpoint: str
    service: str
    name: str
    hardware: str

    @property
    def host(self) -> str:
        """The host of its service."""
        return urlsplit(self.service).hostname or ""


def parsed(text: bytes) -> ElementTree.Element:
    """Return a message's root.

    Raises:
        ValueError: it is no XML, or brings a document type, with which an answer could make itself huge.
    """
    if b"<!DOCTYPE" in text:
        msg = "it has a document type"
        raise ValueError(msg)
    try:
        return ElementTree.fromstring(text)  # noqa: S314  no document type, so no entities
    except ElementTree.ParseError as error:
        msg = f"it is no XML: {error}"
        raise ValueError(msg) from error


def discover(targets: Sequence[str], seconds: float) -> list[FoundCamera]:
    """Ask and listen for so long; return who answered, by address, each once.

    `targets` are hosts, with ``:port`` where it is not 3702; none: all of this network, by multicast.

    Raises:
        DiscoveryFailed: this machine has no network to ask in, or a target cannot be found.
    """
    places = [_place(target) for target in targets] or [(GROUP, PORT)]
    message_id = str(uuid4())
    question = PROBE.format(id=message_id).encode()
    found: dict[str, FoundCamera] = {}
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 4)
            for answer in _answers(line, question, places, seconds):
                for camera in _matches(answer, message_id):
                    found.setdefault(camera.endpoint, camera)
    except OSError as error:
        raise DiscoveryFailed(error.strerror or str(error)) from error
    return sorted(found.values(), key=lambda camera: (camera.host, camera.service))


def _answers(
    line: socket.socket, question: bytes, places: Sequence[tuple[str, int]], seconds: float
) -> Iterator[bytes]:
    """Put the question now and a little later; yield what comes until the time is over."""
    began_s, asked = time.monotonic(), 0
    while (now_s := time.monotonic() - began_s) < seconds:
        if asked < REPEATS and now_s >= asked * REPEAT_AFTER_S:
            asked += 1
            for place in places:
                line.sendto(question, place)
        line.settimeout(min(REPEAT_AFTER_S, max(seconds - now_s, 0.01)))
        try:
            yield line.recv(MAX_BYTES)
        except TimeoutError:
            continue
        except ConnectionRefusedError:
            # A host that was asked by its address has no such service.
            continue


def _place(target: str) -> tuple[str, int]:
    host, separator, port = target.rpartition(":")
    if not separator:
        return target, PORT
    if not port.isdigit() or not 0 < int(port) < 65_536:
        raise DiscoveryFailed(f"{target} is no HOST:PORT")
    return host, int(port)


def _matches(answer: bytes, message_id: str) -> Iterator[FoundCamera]:
    """Yield the cameras of an answer to our question; whatever else comes is left out."""
    try:
        root = parsed(answer)
    except ValueError:
        return
    if message_id not in root.findtext(f".//{A}RelatesTo", ""):
        return
    for match in root.iter(f"{D}ProbeMatch"):
        services = [one for one in match.findtext(f"{D}XAddrs", "").split() if _is_usable(one)]
        if not services:
            continue
        scopes = {
            kind.lower(): unquote(value).replace("_", " ")
            for kind, value in _SCOPE.findall(match.findtext(f"{D}Scopes", ""))
        }
        endpoint = match.findtext(f"{A}EndpointReference/{A}Address", "").strip() or services[0]
        name = scopes.get("name", "")
        yield FoundCamera(endpoint, services[0], name, scopes.get("hardware", ""))


def _is_usable(address: str) -> bool:
    """Tell whether it is HTTP on an IPv4 address or a name; link-local IPv6 needs an interface that nobody told."""
    parts = urlsplit(address)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and "[" not in parts.netloc
