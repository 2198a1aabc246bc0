"""The edge's half of the wire: enrol, measure the clock, upload evidence, submit drafts.

Two kinds of failure. *Away*: no answer, or an answer that says "later" (408, 425, 429, 5xx): `ServerAway`, to be
retried for ever. *Refused*: the server understood and said no: `Refused`, where retrying as is would not help.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Self, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from edge.errors import (
    DeviceRevoked,
    EnrolmentRefused,
    Refused,
    ServerAway,
    SignatureRefused,
)
from edge.settings import Settings
from inspection.wire import (
    EnrolledDevice,
    Enrolment,
    EvidenceReceipt,
    FindingReceipt,
    FindingReceipts,
    ServerTime,
    utc_now,
)

LATER = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
Answer = TypeVar("Answer", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class ClockMeasurement:
    """Device clock minus server clock, and the round trip that bounds the error to its half, in seconds."""

    offset_s: float
    round_trip_s: float


class Client:
    """A connection to one server, with a device's token once enrolled. Not shared between threads."""

    def __init__(
        self,
        server_url: str,
        token: str | None,
        settings: Settings,
        *,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.server_url = server_url.rstrip("/")
        self._part_bytes = settings.part_bytes
        self._http = httpx.Client(
            base_url=f"{self.server_url}/v1",
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=httpx.Timeout(settings.request_timeout_s, connect=settings.connect_timeout_s),
            transport=transport,
        )

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def enrol(self, code: str, name: str, public_key: str) -> EnrolledDevice:
        """Trade a one-time code for a token, and say what this device signs with.

        Raises:
            EnrolmentRefused: the code is wrong, used or expired.
            ServerAway: no answer.
        """
        body = Enrolment(code=code, name=name, public_key=public_key).model_dump(mode="json")
        try:
            return self._read(EnrolledDevice, self._ask("POST", "/devices", json=body))
        except Refused as refused:
            raise EnrolmentRefused(refused.status, refused.code, refused.detail) from refused

    def register_key(self, public_key: str) -> bool:
        """Say what this device signs with; return whether the server knows of signatures at all.

        Raises:
            SignatureRefused: it has another key of this device.
            ServerAway, Refused: as they say.
        """
        try:
            self._ask("PUT", "/devices/self/key", json={"public_key": public_key})
        except Refused as refused:
            if refused.status == HTTPStatus.CONFLICT:
                raise SignatureRefused(refused.status, refused.code, refused.detail) from refused
            if refused.status in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}:
                return False
            raise
        return True

    def measure_clock(self) -> ClockMeasurement:
        """Compare clocks; the server is taken to have looked at its own in the middle of the round trip."""
        sent_at = utc_now()
        answer = self._read(ServerTime, self._ask("GET", "/time"))
        received_at = utc_now()
        middle = sent_at + (received_at - sent_at) / 2
        return ClockMeasurement(
            (middle - answer.now).total_seconds(), (received_at - sent_at).total_seconds()
        )

    def require_known(self) -> None:
        """Ask for what only an enrolled device may.

        Raises:
            DeviceRevoked: the token is no longer accepted.
            Refused, ServerAway: as they say.
        """
        self._received(f"/evidence/{'0' * 64}")

    def put_evidence(self, sha256: str, data: bytes) -> None:
        """Upload evidence. Large files go in parts and resume where a broken line left them.

        Raises:
            ServerAway: the line broke; what arrived stays there.
            Refused: too large, or the bytes do not hash to the name.
        """
        path = f"/evidence/{sha256}"
        if len(data) <= self._part_bytes:
            self._ask("PUT", path, content=data)
            return
        start = self._received(path)
        if start is None:
            return
        if start >= len(data):
            # All of it arrived, but the server was ended before it checked the hash: send it whole.
            self._ask("PUT", path, content=data)
            return
        while start < len(data):
            part = data[start : start + self._part_bytes]
            headers = {"Content-Range": f"bytes {start}-{start + len(part) - 1}/{len(data)}"}
            answer = self._put_part(path, part, headers)
            receipt = self._read(EvidenceReceipt, answer)
            if receipt.complete:
                return
            if receipt.received <= start:
                raise ServerAway(self.server_url, f"the upload of {sha256} did not move on")
            start = receipt.received

    def submit_findings(self, drafts: Sequence[str]) -> list[FindingReceipt]:
        """Submit drafts (each its JSON text), at most `MAX_DRAFTS`; return their receipts in order.

        Raises:
            ServerAway, Refused: nothing is known about the drafts; they may be submitted again.
        """
        body = {"drafts": [json.loads(draft) for draft in drafts]}
        receipts = self._read(FindingReceipts, self._ask("POST", "/findings", json=body)).receipts
        if len(receipts) != len(drafts):
            raise ServerAway(
                self.server_url, f"{len(receipts)} receipts for {len(drafts)} findings"
            )
        return receipts

    def _put_part(self, path: str, part: bytes, headers: dict[str, str]) -> httpx.Response:
        try:
            return self._ask("PUT", path, content=part, headers=headers)
        except Refused as refused:
            if refused.status == HTTPStatus.CONFLICT:
                # Another upload of the same evidence moved on meanwhile: ask again where it stands, later.
                raise ServerAway(self.server_url, "the upload is out of step") from refused
            raise

    def _received(self, path: str) -> int | None:
        """Return how many bytes of an upload the server holds; None when the evidence is complete."""
        try:
            answer = self._ask("HEAD", path)
        except Refused as refused:
            if refused.status == HTTPStatus.NOT_FOUND:
                return 0
            raise
        if answer.status_code == HTTPStatus.OK:
            return None
        offset = answer.headers.get("Upload-Offset", "")
        return int(offset) if offset.isdigit() else 0

    def _ask(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Send a request; return its answer below 300, raise a named error for every other outcome."""
        try:
            answer = self._http.request(method, path, json=json, content=content, headers=headers)
        except httpx.InvalidURL as error:
            raise ServerAway(self.server_url, str(error)) from error
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise ServerAway(self.server_url, reason) from error
        if answer.is_success:
            return answer
        if answer.is_server_error or answer.status_code in LATER:
            _, detail = _problem(answer)
            said = f": {detail}" if detail else ""
            raise ServerAway(self.server_url, f"it answered {answer.status_code}{said}")
        code, detail = _problem(answer)
        kind = DeviceRevoked if answer.status_code == HTTPStatus.UNAUTHORIZED else Refused
        raise kind(answer.status_code, code, detail)

    def _read(self, kind: type[Answer], answer: httpx.Response) -> Answer:
        """Read an answer; one that is no anxun answer (a hotel's sign-in page) counts as away."""
        try:
            return kind.model_validate_json(answer.content)
        except ValidationError as error:
            reason = f"its answer is no {kind.__name__}: is this an anxun server?"
            raise ServerAway(self.server_url, reason) from error


def _problem(answer: httpx.Response) -> tuple[str, str]:
    """Return code and detail of a problem document (RFC 9457), or what there is instead."""
    try:
        problem = answer.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        return "", "" if answer.is_server_error else answer.text[:200]
    return str(problem.get("code", "")), str(problem.get("detail") or problem.get("title") or "")
