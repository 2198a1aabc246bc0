"""An HTTP camera as a fixture: a real server that hands out snapshots and MJPEG, open, with Basic or with Digest."""

import hashlib
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest

USER, PASSWORD = "viewer", "p@ss word"
REALM, NONCE = "camera", "0123456789abcdef"


def jpeg(shade: int, *, width: int = 640, height: int = 360) -> bytes:
    """Return a picture of one shade."""
    done, data = cv2.imencode(".jpg", np.full((height, width, 3), shade, np.uint8))
    assert done
    return data.tobytes()


class HttpCamera(ThreadingHTTPServer):
    """A camera; `picture` is what it shows, `requests` counts what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.picture = jpeg(230)
        self.requests = 0
        self.is_frozen = False

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.server_port}"


class _Answers(BaseHTTPRequestHandler):
    server: HttpCamera
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.requests += 1
        what, _, lock = self.path.strip("/").partition("/")
        if lock and not self._is_let_in(lock):
            return
        if what == "snapshot":
            self._send("image/jpeg", self.server.picture)
        elif what == "mjpeg":
            self._stream()
        elif what == "page":
            self._send("text/html", b"<h1>Sign in</h1>")
        else:
            self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _send(self, media_type: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            while True:
                body = self.server.picture
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body)}\r\n\r\n"
                self.wfile.write(head.encode() + body + b"\r\n")
                while self.server.is_frozen:
                    time.sleep(0.05)
                time.sleep(0.04)
        except OSError:
            return

    def _is_let_in(self, lock: str) -> bool:
        given = self.headers.get("Authorization", "")
        if lock == "basic":
            wanted = "Basic " + b64encode(f"{USER}:{PASSWORD}".encode()).decode()
            challenge = f'Basic realm="{REALM}"'
            is_right = given == wanted
        else:
            challenge = f'Digest realm="{REALM}", nonce="{NONCE}", qop="auth", algorithm=MD5'
            is_right = given.startswith("Digest ") and self._digest_is_right(given)
        if not is_right:
            self.send_response(401)
            self.send_header("WWW-Authenticate", challenge)
            self.send_header("Content-Length", "0")
            self.end_headers()
        return is_right

    def _digest_is_right(self, given: str) -> bool:
        parts = (part.partition("=") for part in given.removeprefix("Digest ").split(","))
        said = {name.strip(): value.strip().strip('"') for name, _, value in parts}
        first = _md5(f"{USER}:{REALM}:{PASSWORD}")
        second = _md5(f"GET:{said.get('uri')}")
        middle = [said.get(name, "") for name in ("nonce", "nc", "cnonce", "qop")]
        return said.get("response") == _md5(":".join([first, *middle, second]))


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@pytest.fixture
def http_camera() -> Iterator[HttpCamera]:
    """Yield a running camera."""
    camera = HttpCamera()
    thread = threading.Thread(target=camera.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield camera
    camera.is_frozen = False
    camera.shutdown()
    thread.join()
    camera.server_close()
