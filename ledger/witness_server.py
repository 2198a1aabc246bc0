"""A witness over HTTP: C2SP tlog-witness `add-checkpoint`, for logs that nobody here wrote as well.

200 cosignature lines · 400 malformed · 403 no trusted key signed · 404 the log is not followed · 409 the size that
was cosigned last, or both checkpoints of a fork · 422 the proof fails, with both checkpoints.
"""

import logging
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ledger.errors import (
    ForeignKey,
    ForkSeen,
    MalformedRequest,
    NotContinued,
    OldSizeWrong,
    UnknownOrigin,
    WitnessError,
)
from ledger.witness import MAX_REQUEST_BYTES, WitnessRequest
from ledger.witness_memory import WitnessMemory

SIZE_MEDIA_TYPE = "text/x.tlog.size"
TEXT_MEDIA_TYPE = "text/plain; charset=utf-8"
IDLE_S = 60

_STATUS: dict[type[WitnessError], HTTPStatus] = {
    MalformedRequest: HTTPStatus.BAD_REQUEST,
    ForeignKey: HTTPStatus.FORBIDDEN,
    UnknownOrigin: HTTPStatus.NOT_FOUND,
    ForkSeen: HTTPStatus.CONFLICT,
    NotContinued: HTTPStatus.UNPROCESSABLE_ENTITY,
}
logger = logging.getLogger(__name__)


def answer(memory: WitnessMemory, body: bytes) -> tuple[HTTPStatus, str, str]:
    """Return status, media type and body for a request's body."""
    try:
        line = memory.cosign(WitnessRequest.from_text(body.decode()))
    except UnicodeDecodeError:
        return HTTPStatus.BAD_REQUEST, TEXT_MEDIA_TYPE, "a request is UTF-8\n"
    except OldSizeWrong as error:
        logger.warning("409: %s", error)
        return HTTPStatus.CONFLICT, SIZE_MEDIA_TYPE, f"{error.size}\n"
    except WitnessError as error:
        logger.warning("refused: %s", error)
        evidence = (
            f"\nseen before:\n\n{error.seen}\noffered now:\n\n{error.offered}" if error.seen else ""
        )
        return _STATUS[type(error)], TEXT_MEDIA_TYPE, f"{error}\n{evidence}"
    return HTTPStatus.OK, TEXT_MEDIA_TYPE, line


class WitnessServer(ThreadingHTTPServer):
    """Serves one witness; `server_address` tells where."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], memory: WitnessMemory) -> None:
        self.memory = memory
        super().__init__(address, _Exchange)


class _Exchange(BaseHTTPRequestHandler):
    server: WitnessServer
    protocol_version = "HTTP/1.1"
    server_version = "anxun-witness"
    sys_version = ""
    timeout = IDLE_S

    def do_POST(self) -> None:
        """Cosign, or say why not."""
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdecimal()) or int(length) > MAX_REQUEST_BYTES:
            self.close_connection = True
            self._send(
                HTTPStatus.BAD_REQUEST, TEXT_MEDIA_TYPE, "a request has a small, known length\n"
            )
            return
        body = self.rfile.read(int(length))
        if self.path.rstrip("/").endswith("/add-checkpoint"):
            self._send(*answer(self.server.memory, body))
        else:
            self._send(HTTPStatus.NOT_FOUND, TEXT_MEDIA_TYPE, "POST to …/add-checkpoint\n")

    def do_GET(self) -> None:
        """Tell the witness's public key."""
        if self.path == "/":
            vkey = self.server.memory.key.to_vkey()
            self._send(HTTPStatus.OK, TEXT_MEDIA_TYPE, f"{vkey}\n")
        else:
            self._send(HTTPStatus.NOT_FOUND, TEXT_MEDIA_TYPE, "GET / tells the key\n")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  http.server's signature
        """Log as the rest of the program does."""
        logger.info("%s %s", self.address_string(), format % args)

    def _send(self, status: HTTPStatus, media_type: str, body: str) -> None:
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
