"""Signing key files: Ed25519, PEM PKCS #8, readable by their owner only. Never in the database.

One file may serve many logs: each log signs under its own name, so that its key ID and vkey are its own.
"""

import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from ledger.errors import KeyFileError
from ledger.note import VerifierKey


@dataclass(frozen=True)
class SigningKey:
    """A private key with the name it signs under: the origin of its log."""

    name: str
    private_key: Ed25519PrivateKey

    @property
    def verifier(self) -> VerifierKey:
        """The public half."""
        return VerifierKey(self.name, self.private_key.public_key().public_bytes_raw())

    @property
    def vkey(self) -> str:
        """The public half as text for verifiers."""
        return self.verifier.to_vkey()

    def sign(self, text: bytes) -> bytes:
        """Return the Ed25519 signature of 64 bytes."""
        return self.private_key.sign(text)

    def named(self, name: str) -> "SigningKey":
        """Return the same key under another name."""
        return SigningKey(name, self.private_key)


def create_key(path: Path, name: str) -> SigningKey:
    """Make a new key file, whole or not at all. Raises KeyFileError when there is a file already."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        # A link, unlike a rename, never replaces a key that another process made in the meantime.
        os.link(draft, path)
    except FileExistsError as error:
        msg = f"{path} is there already; a key is never overwritten"
        raise KeyFileError(msg) from error
    finally:
        draft.unlink()
    return SigningKey(name, key)


def load_key(path: Path, name: str) -> SigningKey:
    """Read a key file. Raises KeyFileError when it is missing, open to others, or holds no Ed25519 key."""
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            pem = file.read()
    except OSError as error:
        msg = f"can't read the signing key {path}: {error.strerror}"
        raise KeyFileError(msg) from error
    if os.name == "posix" and mode & 0o077:
        msg = f"{path} can be read by others (mode {mode:04o}); run: chmod 600 {path}"
        raise KeyFileError(msg)
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        msg = f"{path} is not a PEM PKCS #8 private key without a password"
        raise KeyFileError(msg) from error
    if not isinstance(key, Ed25519PrivateKey):
        msg = f"{path} is not an Ed25519 key"
        raise KeyFileError(msg)
    return SigningKey(name, key)


def load_or_create_key(path: Path, name: str) -> SigningKey:
    """Read the key file, or make it on the first start; safe when several processes start at once."""
    if not path.exists():
        try:
            return create_key(path, name)
        except KeyFileError:
            # Another process was faster; its key counts.
            return load_key(path, name)
    return load_key(path, name)
