"""AI cameras that send what they saw: a listener of plain HTTP, and what a request to it holds.

``POST /push`` with the camera's token: ``Authorization: Bearer TOKEN``, Basic with the token as password, or ``?token=`` for
cameras that can set no header. The body is one of

- ``multipart/form-data`` (or any other multipart): a part of JSON and a part of a picture, as most cameras send it,
- ``application/json`` with the picture in base64,
- a picture alone, with ``?label=…&confidence=…&id=…`` in the address.

======  =========================================================================
201     kept: on this box's disk; ``{"status": "kept", "id": …}``
200     ``duplicate`` (kept before), ``ignored`` (the label means nothing here), or ``counted`` (it repeats what waits, and
        the disk has no room for it)
400     the request is not as it should be; the answer says what is wrong
401     no camera has this token
404     another path
411     it does not say how long it is
413     it is too long
503     the disk is full or fails: send it again
======  =========================================================================
"""

import binascii
import hashlib
import hmac
import json
import re
import threading
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import ValidationError

from edge.errors import DiskFull, OutboxUnusable, PageUnavailable, TellingRefused
from edge.neighbours import Push, PushCamera
from edge.outbox_room import Room
from edge.told import EPOCH, NeighbourOutbox, NotKept, Told, keep_told, meaning_of
from inspection.wire import FindingDraft, utc_now

NAME = "push"
# A camera's clock that is further off is not believed: the moment of arrival counts.
MAX_CLOCK_ERROR = timedelta(days=1)
MAX_PARTS = 20
Xyxy = tuple[float, float, float, float]
Answer = tuple[HTTPStatus, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Request:
    """What a camera sent. `said` is its JSON (or what stood in the address), `pictures` the pictures in it."""

    said: Mapping[str, Any]
    pictures: Sequence[bytes] = field(default_factory=tuple)


def request_of(content_type: str, body: bytes, query: Mapping[str, str]) -> Request:
    """Take a request apart.

    Raises:
        TellingRefused: its body is none of the three kinds.
    """
    header = Message()
    header["Content-Type"] = content_type
    media_type = header.get_content_type()
    if media_type.startswith("multipart/"):
        return _of_parts(_parts(body, str(header.get_param("boundary", ""))))
    if media_type.startswith("image/"):
        return Request(query, (body,))
    if media_type == "application/json":
        return Request(_json(body))
    raise TellingRefused(f"{media_type} is neither multipart, nor JSON, nor a picture")


def _parts(body: bytes, boundary: str) -> list[tuple[str, bytes]]:
    """Return type and content of each part of a multipart body (RFC 2046, section 5.1)."""
    if not boundary:
        raise TellingRefused("the Content-Type names no boundary")
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary.encode("latin-1"))
    if len(pieces) - 1 > MAX_PARTS:
        raise TellingRefused(f"it has more than {MAX_PARTS} parts")
    parts: list[tuple[str, bytes]] = []
    for piece in pieces[1:]:
        if piece.startswith(b"--"):
            return parts
        head, separator, content = piece.partition(b"\r\n\r\n")
        if separator:
            found = re.search(rb"(?i)^content-type:\s*([^;\r\n]+)", head, re.MULTILINE)
            parts.append((found[1].decode("latin-1").strip().lower() if found else "", content))
    raise TellingRefused("its last boundary is missing: it was cut off")


def _of_parts(parts: Sequence[tuple[str, bytes]]) -> Request:
    """Return the JSON of all parts together, and the pictures; a part of any type that begins as JSON is JSON."""
    said: dict[str, Any] = {}
    pictures = []
    for media_type, content in parts:
        if media_type.startswith("image/") or content[:3] == b"\xff\xd8\xff":
            pictures.append(content)
        elif media_type == "application/json" or content.lstrip()[:1] == b"{":
            said |= _json(content)
    return Request(said, tuple(pictures))


def _json(content: bytes) -> dict[str, Any]:
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        raise TellingRefused("its JSON cannot be read") from None
    if not isinstance(said, dict):
        raise TellingRefused("its JSON is no object")
    return said


def told_of(camera: PushCamera, request: Request, now: datetime) -> Told:
    """Return what a camera told.

    Raises:
        TellingRefused: it names no label, has no picture, or a value is not as it should be.
    """
    fields, said = camera.fields, request.said
    label = _first(said, fields.label)
    if not isinstance(label, str) or not label:
        raise TellingRefused(f"it names no label: {' or '.join(fields.label)}")
    picture = request.pictures[0] if request.pictures else _embedded(_first(said, fields.image))
    time, named = _first(said, fields.at), _first(said, fields.id)
    at = _time(time, now)
    sha256 = hashlib.sha256(picture).hexdigest()
    return Told(
        NAME,
        camera.name,
        # A camera that numbers nothing is known by its picture: sent again, it is the same finding.
        f"id {named}" if isinstance(named, str | int) else f"picture {sha256} {time}",
        label,
        _score(_first(said, fields.score)),
        at,
        picture,
        _boxes(_first(said, fields.boxes)),
        named_at=EPOCH if at == now else at,
    )


def _first(said: Mapping[str, Any], names: Sequence[str]) -> object:
    """Return the first value that is there; dots in a name lead deeper."""
    for name in names:
        value: Any = said
        for step in name.split("."):
            value = value.get(step) if isinstance(value, Mapping) else None
        if value is not None:
            found: object = value
            return found
    return None


def _embedded(value: object) -> bytes:
    if not isinstance(value, str):
        raise TellingRefused("it has no picture")
    try:
        return b64decode(value.partition("base64,")[2] or value, validate=True)
    except (binascii.Error, ValueError):
        raise TellingRefused("its picture is no base64") from None


def _score(value: object) -> float:
    """Return a confidence; percent, as some cameras send it, becomes a fraction. One that says none is sure."""
    if value is None:
        return 1.0
    try:
        score = float(str(value))
    except ValueError:
        raise TellingRefused(f"its confidence {value!r} is no number") from None
    score = score / 100 if 1 < score <= 100 else score
    if not 0 <= score <= 1:
        raise TellingRefused(f"its confidence {value!r} is not between 0 and 1, nor percent")
    return score


def _time(value: object, now: datetime) -> datetime:
    """Return when the picture was taken: ISO 8601 (without an offset: this machine's zone), or seconds or ms since 1970."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            at = datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
        else:
            at = datetime.fromisoformat(str(value)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return now
    return at if abs(at - now) <= MAX_CLOCK_ERROR else now


def _boxes(value: object) -> tuple[Xyxy, ...]:
    """Return relative boxes; what does not lie in the picture is refused rather than drawn wrong."""
    if value is None:
        return ()
    boxes = []
    if not isinstance(value, list):
        raise TellingRefused("its boxes are no list")
    for each in value:
        try:
            x1, y1, x2, y2 = (float(part) for part in each)
        except (TypeError, ValueError):
            raise TellingRefused("a box is not [left, top, right, bottom]") from None
        if not (0 <= x1 < x2 <= 1 and 0 <= y1 < y2 <= 1):
            raise TellingRefused("a box is not relative (0 to 1) to the picture")
        boxes.append((x1, y1, x2, y2))
    return tuple(boxes)


class Desk:
    """What the listener answers, apart from any socket. `notice` hears of each finding that was kept.

    Without a `room` nothing gives way for what is told.
    """

    def __init__(
        self,
        push: Push,
        outbox_dir: Path,
        notice: Callable[[FindingDraft], None],
        room: Room | None = None,
    ) -> None:
        self._push, self._outbox_dir, self._notice, self._room = push, outbox_dir, notice, room
        # Two answers to one telling: the second one finds what the first one kept.
        self._lock = threading.Lock()

    @property
    def max_bytes(self) -> int:
        """How long a body may be."""
        return self._push.max_bytes

    def camera_of(self, authorization: str, query: Mapping[str, str]) -> PushCamera | None:
        """Return whose token is shown."""
        shown = _shown(authorization) or query.get("token", "")
        found = None
        for camera in self._push.cameras:
            if hmac.compare_digest(camera.token.encode(), shown.encode()):
                found = camera
        return found

    def answer(
        self, camera: PushCamera, content_type: str, body: bytes, query: Mapping[str, str]
    ) -> Answer:
        """Keep what a camera tells."""
        try:
            told = told_of(camera, request_of(content_type, body, query), utc_now())
            meaning = meaning_of(camera.labels, told.label, told.score, camera.name)
            if meaning is None:
                return HTTPStatus.OK, {"status": "ignored"}
            with self._lock, NeighbourOutbox(self._outbox_dir, room=self._room) as outbox:
                kept = keep_told(outbox, told, meaning, camera.labels)
        except TellingRefused as refused:
            return HTTPStatus.BAD_REQUEST, {"error": refused.reason}
        except ValidationError as error:
            return HTTPStatus.BAD_REQUEST, {"error": error.errors(include_input=False)[0]["msg"]}
        except (DiskFull, OutboxUnusable) as error:
            return HTTPStatus.SERVICE_UNAVAILABLE, {"error": error.say("en")}
        if isinstance(kept, NotKept):
            return HTTPStatus.OK, {"status": kept.value}
        self._notice(kept)
        return HTTPStatus.CREATED, {"status": "kept", "id": str(kept.id)}


def _shown(authorization: str) -> str:
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return b64decode(value).decode().partition(":")[2]
        except (binascii.Error, ValueError):
            return ""
    return ""


class PushListener:
    """A `Desk` that listens while its block lasts. Attributes: port: where."""

    def __init__(self, push: Push, desk: Desk) -> None:
        """Begin to listen.

        Raises:
            PageUnavailable: the port is in use, or the address is none of this machine's.
        """
        try:
            self._server = _Server((push.host, push.port), _requests_of(desk))
        except OSError as error:
            raise PageUnavailable(push.host, push.port, error.strerror or str(error)) from error
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, name="push", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a camera that hung up sends again."""


def _requests_of(desk: Desk) -> type[BaseHTTPRequestHandler]:
    class PushRequest(BaseHTTPRequestHandler):
        server_version, sys_version = "anxun-edge", ""
        protocol_version = "HTTP/1.1"
        timeout = 30.0

        def do_POST(self) -> None:
            # Whatever was not read must not be taken for the next request.
            self.close_connection = True
            address = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(address.query).items()}
            camera = desk.camera_of(self.headers.get("Authorization", ""), query)
            length = self.headers.get("Content-Length", "")
            if camera is None:
                self._send(HTTPStatus.UNAUTHORIZED, {"error": "no camera has this token"})
            elif address.path != "/push":
                self._send(HTTPStatus.NOT_FOUND, {"error": "findings go to /push"})
            elif not (length.isascii() and length.isdigit()):
                self._send(HTTPStatus.LENGTH_REQUIRED, {"error": "send a Content-Length"})
            elif int(length) > desk.max_bytes:
                self._send(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"error": f"above {desk.max_bytes} bytes"}
                )
            else:
                body = self.rfile.read(int(length))
                media_type = self.headers.get("Content-Type", "")
                self._send(*desk.answer(camera, media_type, body, query))

        def _send(self, status: HTTPStatus, said: Mapping[str, str]) -> None:
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Connection", "close")
            if status is HTTPStatus.UNAUTHORIZED:
                self.send_header("WWW-Authenticate", 'Basic realm="anxun-edge"')
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """A finding is said by whoever keeps it."""

    return PushRequest
