"""A page on this box's own network: what each camera shows now, with boxes, and how the box is doing.

Plain HTTP, from the standard library, in threads of its own; it reads what the watch gathered and changes nothing.

==========================  =======================================================================
``/``                       the page
``/state.json``             `edge.box_state.BoxState`, without the token
``/cameras/NAME.jpg``       the camera's newest look with its boxes; ``?after=TIME`` waits for one that is newer
``/metrics``                Prometheus' text format
``/health``                 200 while the watch turns, else 503; needs no token
==========================  =======================================================================

On the loopback address whoever is on this machine may look; the name that a browser asks for is checked, so that no
page on the internet can. On any other address it takes the token: in the address once (``/?token=…``, kept as a cookie then),
or as ``Authorization: Bearer …``.
"""

import hmac
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from ipaddress import ip_address
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

from edge.box_state import BoxState
from edge.errors import PageUnavailable
from edge.gallery import Gallery
from edge.private_file import write_private
from edge.settings import Settings
from inspection.wire import utc_now

COOKIE = "anxun_edge"
PICTURE_WAIT_S = 5.0
# A watch that did not gather its state for so long is stuck.
STUCK_AFTER_S = 30.0
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1", ""})
FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
}
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back."""

    status: HTTPStatus
    media_type: str = "text/plain; charset=utf-8"
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What a browser asks for: the address, and what it shows to be let in."""

    target: str
    host: str = ""
    authorization: str = ""
    cookie: str = ""

    @property
    def path(self) -> str:
        """Without what follows a question mark."""
        return urlsplit(self.target).path

    def value(self, name: str) -> str | None:
        """Return a value after the question mark."""
        return parse_qs(urlsplit(self.target).query).get(name, [None])[0]


class Page:
    """What the page answers, apart from any socket. `token` is None on the loopback address."""

    def __init__(
        self, state: Callable[[], BoxState], gallery: Gallery, token: str | None = None
    ) -> None:
        self._state, self._gallery, self._token = state, gallery, token

    def answer(self, asked: Asked) -> Answer:
        """Return the answer to a request for a page."""
        if asked.path == "/health":
            return self._health()
        if self._token is None:
            if _name_of(asked.host) not in LOOPBACK_NAMES:
                return Answer(HTTPStatus.FORBIDDEN, body=b"ask for this page by 127.0.0.1\n")
        elif not self._is_let_in(asked):
            return self._refusal(asked)
        elif asked.value("token") is not None:
            cookie = f"{COOKIE}={self._token}; HttpOnly; SameSite=Strict; Path=/; Max-Age=31536000"
            headers = (("Location", asked.path), ("Set-Cookie", cookie))
            return Answer(HTTPStatus.SEE_OTHER, headers=headers)
        return self._shown(asked)

    def _shown(self, asked: Asked) -> Answer:
        path = asked.path
        if path in FILES:
            name, media_type = FILES[path]
            return Answer(HTTPStatus.OK, media_type, _file(name))
        if path == "/state.json":
            body = self._state().model_dump_json(exclude={"page"}).encode()
            return Answer(HTTPStatus.OK, "application/json", body)
        if path == "/metrics":
            # Here, because most boxes are never asked.
            from edge.metrics import CONTENT_TYPE, metrics_of

            return Answer(HTTPStatus.OK, CONTENT_TYPE, metrics_of(self._state()))
        if path.startswith("/cameras/") and path.endswith(".jpg"):
            return self._picture(unquote(path[len("/cameras/") : -len(".jpg")]), asked)
        return Answer(HTTPStatus.NOT_FOUND, body=b"not found\n")

    def _picture(self, name: str, asked: Asked) -> Answer:
        if name not in {camera.name for camera in self._state().cameras}:
            return Answer(HTTPStatus.NOT_FOUND, body=b"no such camera\n")
        try:
            after = datetime.fromisoformat(asked.value("after") or "")
        except ValueError:
            after = None
        if after is not None and after.tzinfo is None:
            after = None
        picture = self._gallery.picture(name, after, PICTURE_WAIT_S)
        if picture is None:
            return Answer(HTTPStatus.NO_CONTENT)
        facts = (
            ("X-Captured-At", picture.captured_at.isoformat()),
            ("X-Hazards", ",".join(picture.codes)),
        )
        return Answer(HTTPStatus.OK, "image/jpeg", picture.jpeg(), facts)

    def _health(self) -> Answer:
        is_stuck = (utc_now() - self._state().at).total_seconds() > STUCK_AFTER_S
        status = HTTPStatus.SERVICE_UNAVAILABLE if is_stuck else HTTPStatus.OK
        return Answer(status, body=b"stuck\n" if is_stuck else b"ok\n")

    def _is_let_in(self, asked: Asked) -> bool:
        try:
            kept = SimpleCookie(asked.cookie).get(COOKIE)
        except CookieError:
            kept = None
        shown = (
            asked.value("token"),
            asked.authorization.removeprefix("Bearer ").strip(),
            kept.value if kept else None,
        )
        return any(
            hmac.compare_digest(one.encode(), (self._token or "").encode()) for one in shown if one
        )

    def _refusal(self, asked: Asked) -> Answer:
        text = "anxun-edge status 显示本页地址（含令牌）\nanxun-edge status shows this page's address with its token\n"
        headers = (("WWW-Authenticate", "Bearer"),) if asked.path == "/metrics" else ()
        return Answer(HTTPStatus.UNAUTHORIZED, body=text.encode(), headers=headers)


class LocalPage:
    """A `Page` that listens while its block lasts.

    Attributes:
        url: where it is, with its token.
    """

    def __init__(self, settings: Settings, state: Callable[[], BoxState], gallery: Gallery) -> None:
        """Begin to listen.

        Raises:
            PageUnavailable: the port is in use, or the address is none of this machine's.
        """
        host, port = settings.page_host, settings.page_port or 0
        token = None if _is_loopback(host) else _token(settings)
        page = Page(state, gallery, token)
        try:
            self._server = _Server((host, port), _requests_of(page))
        except OSError as error:
            raise PageUnavailable(host, port, error.strerror or str(error)) from error
        self._thread = threading.Thread(target=self._server.serve_forever, name="page", daemon=True)
        self.port = int(self._server.server_address[1])
        self.url = f"http://{host}:{self.port}/" + (f"?token={token}" if token else "")

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
        """Say nothing: a browser that closed its tab is no trouble of this box."""


def _requests_of(page: Page) -> type[BaseHTTPRequestHandler]:
    class Request(BaseHTTPRequestHandler):
        server_version, sys_version = "anxun-edge", ""
        protocol_version = "HTTP/1.1"
        timeout = 30.0

        def do_GET(self) -> None:
            asked = Asked(
                self.path,
                self.headers.get("Host", ""),
                self.headers.get("Authorization", ""),
                self.headers.get("Cookie", ""),
            )
            self._send(page.answer(asked))

        do_HEAD = do_GET  # noqa: N815  the library's name

        def _send(self, answer: Answer) -> None:
            self.send_response(answer.status)
            for name, value in (*HEADERS.items(), *answer.headers):
                self.send_header(name, value)
            self.send_header("Content-Type", answer.media_type)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            """A look at the page is no event."""

    return Request


def _file(name: str) -> bytes:
    return (resources.files("edge") / "page" / name).read_bytes()


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _name_of(host: str) -> str:
    """Return a Host header's name, without its port."""
    return urlsplit(f"//{host}").hostname or ""


def _token(settings: Settings) -> str:
    """Return the token that was set, or the one that is kept, made when there is none."""
    if settings.page_token is not None:
        return settings.page_token
    path = settings.page_token_path
    try:
        kept = path.read_text("ascii").strip()
    except (OSError, ValueError):
        kept = ""
    if kept:
        return kept
    made = secrets.token_urlsafe(18)
    write_private(path, made)
    return made
