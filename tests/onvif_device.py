"""A simulated ONVIF camera over real sockets: it answers probes by UDP, and four requests by HTTP to whoever knows the password."""

import hashlib
import re
import socket
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.http_camera import jpeg

USER, PASSWORD = "viewer", "p@ss & word"
SOAP = (
    '<?xml version="1.0"?><env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope" xmlns:tt="http://www.onvif.org/ver10/schema"'
    ' xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:trt="http://www.onvif.org/ver10/media/wsdl"'
    ' xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery">'
    "<env:Header>{header}</env:Header><env:Body>{body}</env:Body></env:Envelope>"
)


class OnvifDevice(ThreadingHTTPServer):
    """A camera whose clock is an hour ahead; `has_snapshot` switches its pictures off."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Services)
        self.has_snapshot = True
        self.refused = 0
        self.nonces: set[str] = set()
        self.line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.line.bind(("127.0.0.1", 0))
        threading.Thread(target=self._answer_probes, daemon=True).start()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def probe_address(self) -> str:
        """Where it is asked whether it is there."""
        return f"127.0.0.1:{self.line.getsockname()[1]}"

    @property
    def now(self) -> datetime:
        """What its clock shows."""
        return datetime.now(UTC) + timedelta(hours=1)

    def _answer_probes(self) -> None:
        while True:
            try:
                question, sender = self.line.recvfrom(65_535)
            except OSError:
                return
            found = re.search(rb"MessageID>([^<]+)<", question)
            if found is None or b"NetworkVideoTransmitter" not in question:
                continue
            self.line.sendto(b"no XML", sender)
            self.line.sendto(self._match("uuid:another-question", "urn:uuid:other"), sender)
            self.line.sendto(self._match(found[1].decode(), "urn:uuid:the-camera"), sender)

    def _match(self, message_id: str, endpoint: str) -> bytes:
        service = f"http://127.0.0.1:{self.server_port}/onvif/device_service"
        body = (
            f"<d:ProbeMatches><d:ProbeMatch><wsa:EndpointReference><wsa:Address>{endpoint}</wsa:Address></wsa:EndpointReference>"
            "<d:Scopes>onvif://www.onvif.org/name/Gate%20North onvif://www.onvif.org/hardware/DS-2CD</d:Scopes>"
            f"<d:XAddrs>http://[fe80::1]/onvif {service}</d:XAddrs></d:ProbeMatch></d:ProbeMatches>"
        )
        return SOAP.format(
            header=f"<wsa:RelatesTo>{message_id}</wsa:RelatesTo>", body=body
        ).encode()

    def is_signed(self, request: str) -> bool:
        """Check a username token as a camera does: the digest, the clock, and a nonce that is new."""
        parts = [
            re.search(rf"<w:{name}[^>]*>([^<]*)</w:{name}>", request)
            for name in ("Username", "Password", "Nonce")
        ]
        created = re.search(r"<u:Created>([^<]*)<", request)
        if not all(parts) or created is None:
            return False
        user, digest, nonce = (part[1] for part in parts if part)
        at = datetime.fromisoformat(created[1])
        secret = b64decode(nonce) + created[1].encode() + PASSWORD.encode()
        is_new = nonce not in self.nonces
        self.nonces.add(nonce)
        return (
            is_new
            and user == USER
            and abs(at - self.now) < timedelta(seconds=30)
            and digest == b64encode(hashlib.sha1(secret).digest()).decode()  # noqa: S324  what ONVIF names
        )


class _Services(BaseHTTPRequestHandler):
    server: OnvifDevice

    def do_POST(self) -> None:
        request = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if "<GetSystemDateAndTime" in request:
            self._send(200, self._clock())
        elif not self.server.is_signed(request):
            self.server.refused += 1
            self._send(
                400,
                "<env:Fault><env:Reason><env:Text>NotAuthorized</env:Text></env:Reason></env:Fault>",
            )
        elif "<GetCapabilities" in request:
            # An address of a network behind a router, that nobody here reaches.
            self._send(
                200,
                "<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Media><tt:XAddr>http://192.0.2.1/onvif/media</tt:XAddr></tt:Media></tds:Capabilities></tds:GetCapabilitiesResponse>",
            )
        elif self.path != "/onvif/media":
            self._send(404, "")
        elif "<GetProfiles" in request:
            self._send(
                200,
                f"<trt:GetProfilesResponse>{self._profile('main', 1920, 1080)}{self._profile('sub', 640, 360)}</trt:GetProfilesResponse>",
            )
        else:
            self._send_address(request)

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "image/jpeg")
        self.end_headers()
        self.wfile.write(jpeg(99))

    def _send_address(self, request: str) -> None:
        token = re.search(r"<ProfileToken>([^<]*)<", request)
        name = token[1] if token else ""
        if "<GetStreamUri" in request:
            uri = f"rtsp://127.0.0.1:554/{name}"
        elif self.server.has_snapshot:
            uri = f"http://127.0.0.1:{self.server.server_port}/{name}.jpg?channel=1&amp;size=full"
        else:
            self._send(
                500,
                "<env:Fault><env:Reason><env:Text>ActionNotSupported</env:Text></env:Reason></env:Fault>",
            )
            return
        self._send(
            200, f"<trt:Answer><trt:MediaUri><tt:Uri>{uri}</tt:Uri></trt:MediaUri></trt:Answer>"
        )

    def _profile(self, name: str, width: int, height: int) -> str:
        return (
            f'<trt:Profiles token="{name}"><tt:Name>{name} stream</tt:Name><tt:VideoEncoderConfiguration><tt:Encoding>H264</tt:Encoding>'
            f"<tt:Resolution><tt:Width>{width}</tt:Width><tt:Height>{height}</tt:Height></tt:Resolution></tt:VideoEncoderConfiguration></trt:Profiles>"
        )

    def _clock(self) -> str:
        now = self.server.now
        return (
            "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:UTCDateTime>"
            f"<tt:Time><tt:Hour>{now.hour}</tt:Hour><tt:Minute>{now.minute}</tt:Minute><tt:Second>{now.second}</tt:Second></tt:Time>"
            f"<tt:Date><tt:Year>{now.year}</tt:Year><tt:Month>{now.month}</tt:Month><tt:Day>{now.day}</tt:Day></tt:Date>"
            "</tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>"
        )

    def _send(self, status: int, body: str) -> None:
        answer = SOAP.format(header="", body=body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/soap+xml")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def onvif_device() -> Iterator[OnvifDevice]:
    """Yield a camera that answers."""
    device = OnvifDevice()
    yield device
    device.line.close()
    device.shutdown()
    device.server_close()
