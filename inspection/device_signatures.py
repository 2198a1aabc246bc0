"""What a device signs of each finding, and how anybody checks it. Light: no database.

    digest   SHA-256 of the draft in canonical JSON (RFC 8785), without its signature and without fields that are not set
    signed   "anxun-finding/v1\\n" ‖ device id ‖ "\\n" ‖ digest in hexadecimal ‖ "\\n"
    signature  Ed25519 (RFC 8032), base64

The entry of a finding keeps all that its draft held, so that from an export alone the draft is put together again, hashed, and
its signature checked with the key that the same ledger says this device signs with.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import ValidationError

from inspection.wire import FindingDraft
from ledger.entry import Record

DOMAIN = "anxun-finding/v1"
KEY_REGISTERED = "device.key_registered"
FINDING_RECORDED = "finding.recorded"


class SignatureWrong(Exception):
    """What was signed is not what is there, or somebody else signed it. The message says which."""


def draft_sha256(draft: FindingDraft) -> str:
    """Return the hash of a draft's canonical JSON, hexadecimal; its signature and fields that are not set do not count."""
    content = draft.model_dump(mode="json", exclude_none=True, exclude={"signature"})
    canonical: bytes = rfc8785.dumps(content)
    return hashlib.sha256(canonical).hexdigest()


def signed_bytes(device_id: UUID, digest: str) -> bytes:
    """Return what is signed."""
    return f"{DOMAIN}\n{device_id}\n{digest}\n".encode()


def sign(key: Ed25519PrivateKey, device_id: UUID, draft: FindingDraft) -> FindingDraft:
    """Return the draft with its signature."""
    value = key.sign(signed_bytes(device_id, draft_sha256(draft)))
    return draft.model_copy(update={"signature": base64.b64encode(value).decode()})


def check_signature(public_key: str, device_id: UUID, digest: str, signature: str) -> None:
    """Raise `SignatureWrong` unless the device's key signed the digest. Key and signature in base64."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
        key.verify(base64.b64decode(signature, validate=True), signed_bytes(device_id, digest))
    except (InvalidSignature, ValueError) as error:
        msg = f"the key {public_key} of device {device_id} did not sign {digest}"
        raise SignatureWrong(msg) from error


def draft_of_entry(data: Mapping[str, Any]) -> FindingDraft:
    """Put a draft together again from the entry of its finding.

    Raises:
        SignatureWrong: the entry holds no draft.
    """
    facts = {name: data.get(name) for name in _KEPT_AS_IT_WAS} | {
        "id": data.get("finding_id"),
        "captured_at": data.get("device_captured_at"),
        "model_name": data.get("model", {}).get("name"),
        "model_sha256": data.get("model", {}).get("sha256"),
    }
    try:
        return FindingDraft.model_validate(facts)
    except ValidationError as error:
        msg = f"no draft can be made of the entry: {error.errors()[0]['loc']}"
        raise SignatureWrong(msg) from error


_KEPT_AS_IT_WAS = (
    "hazard_code",
    "label",
    "confidence",
    "boxes",
    "clock_offset_s",
    "clock_is_estimated",
    "source",
    "zone",
    "evidence_sha256",
    "sightings",
    "sequence",
    "enterprise_id",
)


@dataclass(slots=True)
class DeviceCheck:
    """Walks a ledger's entries in order and checks what devices signed.

    Attributes:
        keys: the key that each device signs with, as the entries so far say.
        given: devices whose keys the verifier got elsewhere; what an entry says of them has to be the same.
        signed: findings whose signature holds, by device.
        unsigned: findings of a device that had no key then.
        erased: entries whose content is gone; what they said cannot be checked.
    """

    keys: dict[str, str] = field(default_factory=dict)
    signed: dict[str, int] = field(default_factory=dict)
    unsigned: int = 0
    erased: int = 0
    given: frozenset[str] = frozenset()

    def walk(self, entries: Iterable[tuple[int, Record | None]]) -> None:
        """Check entries with their places; None is one whose content was erased.

        Raises:
            SignatureWrong: names the first entry that does not hold.
        """
        for index, record in entries:
            if record is None:
                self.erased += 1
                continue
            try:
                self.take(record)
            except SignatureWrong as error:
                msg = f"entry {index}: {error}"
                raise SignatureWrong(msg) from error

    def take(self, record: Record) -> None:
        """Check one entry. Raises `SignatureWrong`."""
        data: Mapping[str, Any] = record.data
        if record.kind == KEY_REGISTERED:
            self._take_key(str(data["device_id"]), str(data["public_key"]))
        elif record.kind == FINDING_RECORDED and record.by.startswith("device:"):
            self._take_finding(record.by.removeprefix("device:"), data)

    def _take_key(self, device_id: str, public_key: str) -> None:
        if self.keys.get(device_id, public_key) != public_key:
            where = "was given" if device_id in self.given else "has an earlier entry"
            msg = (
                f"it says that device {device_id} signs with {public_key}, and another key {where}"
            )
            raise SignatureWrong(msg)
        self.keys[device_id] = public_key

    def _take_finding(self, device_id: str, data: Mapping[str, Any]) -> None:
        key, signature = self.keys.get(device_id), data.get("signature")
        if signature is None:
            if key is not None:
                msg = f"device {device_id} signs since an earlier entry, and this finding has no signature"
                raise SignatureWrong(msg)
            self.unsigned += 1
            return
        if key is None:
            msg = f"no entry before it says which key device {device_id} signs with"
            raise SignatureWrong(msg)
        digest = draft_sha256(draft_of_entry(data))
        if digest != data.get("draft_sha256"):
            msg = f"its facts hash to {digest}, and it says {data.get('draft_sha256')}"
            raise SignatureWrong(msg)
        check_signature(key, UUID(device_id), digest, str(signature))
        self.signed[device_id] = self.signed.get(device_id, 0) + 1
