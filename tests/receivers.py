"""Real places to send to: an HTTP server and a mail server that keep what they get, and answer as they are told."""

import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass(frozen=True)
class Request:
    """A request that came in; header names in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What is answered, after a wait."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    wait_s: float = 0.0


@dataclass
class HttpReceiver:
    """An HTTP server on this machine. `replies` are used up in order, then `reply` counts."""

    url: str
    received: list[Request] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    reply: Reply = field(default_factory=Reply)

    def take(self, request: Request) -> Reply:
        """Keep a request and return what to answer."""
        self.received.append(request)
        return self.replies.pop(0) if self.replies else self.reply


@contextmanager
def http_receiver() -> Iterator[HttpReceiver]:
    """Listen on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", "0"))
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = receiver.take(Request(self.path, headers, self.rfile.read(length)))
            time.sleep(reply.wait_s)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        receiver = HttpReceiver(f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield receiver
        finally:
            server.shutdown()


@dataclass
class MailReceiver:
    """A mail server on this machine. `answers` are used up in order for each message, then it is taken."""

    port: int
    received: list[EmailMessage] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  its name
        """Take a message, or answer as told."""
        if self.answers:
            return self.answers.pop(0)
        data = envelope.content
        assert isinstance(data, bytes)
        message = message_from_bytes(data, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.received.append(message)
        return "250 taken"

    async def handle_RCPT(  # noqa: N802  its name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _: list[str]
    ) -> str:
        """Take every recipient but those who are nobody."""
        if address.startswith("nobody"):
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 known"


@contextmanager
def mail_receiver() -> Iterator[MailReceiver]:
    """Listen on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    receiver = MailReceiver(port)
    controller = Controller(receiver, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield receiver
    finally:
        controller.stop()
