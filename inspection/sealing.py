"""Secrets at rest: sealed with a key that is not in the database (AES-256-GCM), so that a copy of the database tells none.

A sealed value is the nonce, 12 bytes, and the ciphertext with its tag. It is bound to the row that it was sealed for:
moved to another row it does not open.
"""

import json
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE_BYTES = 12


class SealError(Exception):
    """The key file cannot be used, or what was sealed does not open with it."""


class Seal:
    """Seals and opens with one key."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    @classmethod
    def of_file(cls, path: Path) -> "Seal":
        """Read the key file (64 hexadecimal digits, mode 0600), or make it on first use. Raises `SealError`."""
        if not path.exists():
            _create(path)
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
            key = bytes.fromhex(path.read_text("ascii").strip())
        except (OSError, ValueError) as error:
            msg = f"the key file {path} cannot be read: {error}"
            raise SealError(msg) from error
        if os.name == "posix" and mode & 0o077:
            msg = f"{path} can be read by others (mode {mode:04o}); run: chmod 600 {path}"
            raise SealError(msg)
        if len(key) != KEY_BYTES:
            msg = f"{path} holds {len(key)} bytes, not {KEY_BYTES}"
            raise SealError(msg)
        return cls(key)

    def seal(self, secret: Mapping[str, str], row_id: UUID) -> bytes:
        """Return a secret, sealed for a row."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, json.dumps(dict(secret)).encode(), row_id.bytes)

    def open(self, sealed: bytes, row_id: UUID) -> Mapping[str, str]:
        """Return a secret that was sealed for a row. Raises `SealError`."""
        nonce, ciphertext = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            opened: Mapping[str, str] = json.loads(
                self._cipher.decrypt(nonce, ciphertext, row_id.bytes)
            )
        except (InvalidTag, ValueError) as error:
            msg = f"what was sealed for {row_id} does not open with this server's key file"
            raise SealError(msg) from error
        return opened


def _create(path: Path) -> None:
    """Make the key file, whole or not at all; a key that another process made meanwhile stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(KEY_BYTES) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
