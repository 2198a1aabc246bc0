"""The key that this box signs its findings with: made once, kept in a file that only its owner reads, never sent."""

import base64
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from edge.errors import KeyUnusable
from edge.private_file import write_private
from inspection.device_signatures import sign
from inspection.wire import FindingDraft


@dataclass(frozen=True, slots=True)
class DeviceKey:
    """A private key (Ed25519)."""

    private: Ed25519PrivateKey

    @property
    def public(self) -> str:
        """The public half, in base64."""
        return base64.b64encode(self.private.public_key().public_bytes_raw()).decode()


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs what a device delivers. `is_registered`: the server was told the key at enrolment."""

    key: DeviceKey
    device_id: UUID
    is_registered: bool

    def signed(self, draft: FindingDraft) -> FindingDraft:
        """Return a draft with its signature."""
        return sign(self.key.private, self.device_id, draft)


def device_key(path: Path) -> DeviceKey:
    """Return this box's key; made now where there is none.

    Raises:
        KeyUnusable: the file cannot be read, written, or holds no such key.
    """
    try:
        return _read(path) if path.exists() else _make(path)
    except (OSError, ValueError, TypeError) as error:
        raise KeyUnusable(path, str(error)) from error


def _read(path: Path) -> DeviceKey:
    key = load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, Ed25519PrivateKey):
        msg = "it holds another kind of key"
        raise TypeError(msg)
    return DeviceKey(key)


def _make(path: Path) -> DeviceKey:
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_private(path, pem.decode())
    # Another process may have been faster: what is in the file counts.
    return _read(path)
