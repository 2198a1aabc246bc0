"""A server in memory that speaks the device's half of the wire: the fake that is shipped, for tests and trials.

Use it as an httpx transport: ``Client(url, token, settings, transport=httpx.MockTransport(FakeServer()))``. What it
answers is what the real API answers (tests/integration/edge/test_with_server.py runs the same ways against that).
"""

import hashlib
import json
import re
from datetime import UTC, datetime
from uuid import uuid4

import httpx

from inspection.device_signatures import SignatureWrong, check_signature, draft_sha256
from inspection.wire import (
    EnrolledDevice,
    EvidenceReceipt,
    FindingDraft,
    FindingReceipt,
    FindingReceipts,
    ReceiptStatus,
    RejectionCode,
    ServerTime,
    utc_now,
)

# As inspection.intake has them.
EARLIEST, TOLERANCE_S = datetime(2000, 1, 1, tzinfo=UTC), 600.0
RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


class FakeServer:
    """One enterprise. `codes` are its enrolment codes; `faults` are answered first, one a request (an error is raised)."""

    def __init__(self) -> None:
        self.codes = {"one-time-code"}
        self.tokens: set[str] = set()
        self.evidence: dict[str, bytes] = {}
        self.parts: dict[str, bytes] = {}
        self.findings: dict[str, FindingDraft] = {}
        self.faults: list[int | Exception | None] = []
        self.requests: list[str] = []
        self.max_batch = 500
        self.public_key: str | None = None
        self.device_id = uuid4()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        self.requests.append(f"{request.method} {request.url.path}")
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, Exception):
            raise fault
        if fault is not None:
            return _problem(fault, "injected")
        path = request.url.path.removeprefix("/v1")
        if path == "/time":
            return _ok(ServerTime(now=utc_now()))
        if path == "/devices":
            return self._enrol(request)
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            return _problem(401, "unauthenticated")
        if path == "/devices/self/key":
            return self._register(request)
        if path == "/findings":
            return self._findings(request)
        return self._evidence(request, path.removeprefix("/evidence/"))

    def _enrol(self, request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)
        if asked["code"] not in self.codes:
            return _problem(401, "enrolment_code_invalid")
        self.codes.discard(asked["code"])
        token = uuid4().hex
        self.tokens.add(token)
        self.public_key = asked.get("public_key")
        return _ok(
            EnrolledDevice(
                device_id=self.device_id,
                enterprise_id=ENTERPRISE_ID,
                enterprise_name="Works",
                token=token,
            )
        )

    def _register(self, request: httpx.Request) -> httpx.Response:
        public_key = json.loads(request.content)["public_key"]
        if self.public_key not in (None, public_key):
            return _problem(409, "device_key_fixed")
        self.public_key = public_key
        return httpx.Response(204)

    def _evidence(self, request: httpx.Request, sha256: str) -> httpx.Response:
        if request.method == "HEAD":
            return self._offset(sha256)
        ranged = RANGE.fullmatch(request.headers.get("Content-Range", ""))
        if ranged is None:
            return self._complete(sha256, request.content)
        first, total = int(ranged[1]), int(ranged[3])
        received = self.parts.get(sha256, b"")
        if first != len(received):
            return _problem(409, "part_out_of_order")
        self.parts[sha256] = received = received + request.content
        if len(received) == total:
            return self._complete(sha256, self.parts.pop(sha256))
        receipt = EvidenceReceipt(sha256=sha256, received=len(received), size=total, complete=False)
        return httpx.Response(202, content=receipt.model_dump_json())

    def _offset(self, sha256: str) -> httpx.Response:
        if sha256 in self.evidence:
            return httpx.Response(200, headers={"Upload-Offset": str(len(self.evidence[sha256]))})
        if sha256 in self.parts:
            return httpx.Response(202, headers={"Upload-Offset": str(len(self.parts[sha256]))})
        return httpx.Response(404)

    def _complete(self, sha256: str, data: bytes) -> httpx.Response:
        if hashlib.sha256(data).hexdigest() != sha256:
            return _problem(422, "evidence_hash_mismatch")
        self.evidence[sha256] = data
        size = len(data)
        return _ok(EvidenceReceipt(sha256=sha256, received=size, size=size, complete=True))

    def _findings(self, request: httpx.Request) -> httpx.Response:
        drafts = json.loads(request.content)["drafts"]
        if len(drafts) > self.max_batch:
            return _problem(413, "payload_too_large")
        return _ok(FindingReceipts(receipts=[self._judge(draft) for draft in drafts]))

    def _unsigned(self, draft: FindingDraft) -> RejectionCode | None:
        if self.public_key is None:
            return None
        if draft.signature is None:
            return RejectionCode.SIGNATURE_MISSING
        try:
            check_signature(self.public_key, self.device_id, draft_sha256(draft), draft.signature)
        except SignatureWrong:
            return RejectionCode.SIGNATURE_INVALID
        return None

    def _judge(self, raw: dict[str, object]) -> FindingReceipt:
        draft = FindingDraft.model_validate(raw)
        if str(draft.id) in self.findings:
            index = list(self.findings).index(str(draft.id))
            if draft_sha256(self.findings[str(draft.id)]) != draft_sha256(draft):
                return FindingReceipt(
                    id=str(draft.id),
                    status=ReceiptStatus.REJECTED,
                    code=RejectionCode.ID_REUSED,
                    reason="another content",
                )
            return FindingReceipt(id=str(draft.id), status=ReceiptStatus.DUPLICATE, index=index)
        code = self._unsigned(draft)
        if code is not None:
            pass
        elif draft.hazard_code.startswith("XXX"):
            code = RejectionCode.UNKNOWN_HAZARD
        elif not _is_plausible(draft):
            code = RejectionCode.CLOCK_IMPLAUSIBLE
        elif draft.evidence_sha256 not in self.evidence:
            code = RejectionCode.EVIDENCE_MISSING
        if code:
            return FindingReceipt(
                id=str(draft.id), status=ReceiptStatus.REJECTED, code=code, reason=code.value
            )
        self.findings[str(draft.id)] = draft
        index = len(self.findings) - 1
        return FindingReceipt(
            id=str(draft.id), status=ReceiptStatus.RECORDED, index=index, leaf_hash="0" * 64
        )


ENTERPRISE_ID = uuid4()


def _is_plausible(draft: FindingDraft) -> bool:
    at_s = draft.captured_at.timestamp() - (draft.clock_offset_s or 0.0)
    return EARLIEST.timestamp() <= at_s <= utc_now().timestamp() + TOLERANCE_S


def _ok(answer: EnrolledDevice | EvidenceReceipt | FindingReceipts | ServerTime) -> httpx.Response:
    return httpx.Response(200, content=answer.model_dump_json())


def _problem(status: int, code: str) -> httpx.Response:
    body = {"type": "about:blank", "title": code, "status": status, "code": code, "detail": code}
    return httpx.Response(status, json=body)
