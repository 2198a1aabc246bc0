"""Signing key files: Ed25519, PEM PKCS #8, readable by their owner only, encrypted where there is a passphrase.

Never in the database. One file may serve many logs: each log signs under its own name, so that its key ID and vkey
are its own.
"""

import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from ledger.errors import KeyFileError
from ledger.note import VerifierKey

# A key of the ring signs only after it was given the name of a log.
_UNNAMED = "unnamed"
_ENCRYPTED = b"ENCRYPTED PRIVATE KEY"


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


def create_key(path: Path, name: str, passphrase: str = "") -> SigningKey:
    """Make a new key file, whole or not at all, encrypted if there is a passphrase.

    Raises KeyFileError when there is a file already.
    """
    key = Ed25519PrivateKey.generate()
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = _draft(path, key, passphrase)
    try:
        # A link, unlike a rename, never replaces a key that another process made in the meantime.
        os.link(draft, path)
    except FileExistsError as error:
        msg = f"{path} is there already; a key is never overwritten"
        raise KeyFileError(msg) from error
    finally:
        draft.unlink()
    return SigningKey(name, key)


def is_encrypted(path: Path) -> bool:
    """Return whether the key file asks for a passphrase; a missing one does not."""
    return path.exists() and _ENCRYPTED in path.read_bytes()


def protect_key(path: Path, old_passphrase: str, new_passphrase: str) -> None:
    """Write the key file again under another passphrase; an empty one leaves it unencrypted. Raises KeyFileError."""
    key = load_key(path, "key", old_passphrase).private_key
    _draft(path, key, new_passphrase).replace(path)


def _draft(path: Path, key: Ed25519PrivateKey, passphrase: str) -> Path:
    encryption: KeySerializationEncryption = NoEncryption()
    if passphrase:
        encryption = BestAvailableEncryption(passphrase.encode())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    return draft


def load_key(path: Path, name: str, passphrase: str = "") -> SigningKey:
    """Read a key file; the passphrase is used only where it is encrypted.

    Raises KeyFileError when it is missing, open to others, encrypted otherwise, or holds no Ed25519 key.
    """
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
    key = _decrypted(path, pem, passphrase)
    if not isinstance(key, Ed25519PrivateKey):
        msg = f"{path} is not an Ed25519 key"
        raise KeyFileError(msg)
    return SigningKey(name, key)


def _decrypted(path: Path, pem: bytes, passphrase: str) -> PrivateKeyTypes:
    needs_passphrase = _ENCRYPTED in pem
    if needs_passphrase and not passphrase:
        msg = f"{path} is encrypted: its passphrase is needed"
        raise KeyFileError(msg)
    try:
        return load_pem_private_key(pem, passphrase.encode() if needs_passphrase else None)
    except (ValueError, TypeError) as error:
        kind = "key with this passphrase" if needs_passphrase else "key without a password"
        msg = f"{path} is not a PEM PKCS #8 private {kind}"
        raise KeyFileError(msg) from error


def load_or_create_key(path: Path, name: str, passphrase: str = "") -> SigningKey:
    """Read the key file, or make it on the first start; safe when several processes start at once."""
    if not path.exists():
        try:
            return create_key(path, name, passphrase)
        except KeyFileError:
            # Another process was faster; its key counts.
            return load_key(path, name, passphrase)
    return load_key(path, name, passphrase)


class KeyRing:
    """The key files of a server: the first one, and one beside it for each rotation (`name-2.pem`, `name-3.pem`)."""

    def __init__(self, path: Path, passphrase: str = "") -> None:
        self._path, self._passphrase = path, passphrase
        self._loaded: dict[Path, SigningKey] = {}

    def paths(self) -> list[Path]:
        """Return the key files that are there, oldest first."""
        numbered = []
        for path in self._path.parent.glob(f"{self._path.stem}-*{self._path.suffix}"):
            number = path.stem.removeprefix(f"{self._path.stem}-")
            if number.isdecimal():
                numbered.append((int(number), path))
        first = [self._path] if self._path.exists() else []
        return first + [path for _, path in sorted(numbered)]

    def newest(self) -> SigningKey:
        """Return the key that signs new logs; the first one is made where there is none. Raises KeyFileError."""
        paths = self.paths()
        if paths:
            return self._load(paths[-1])
        return load_or_create_key(self._path, _UNNAMED, self._passphrase)

    def oldest(self) -> SigningKey:
        """Return the first key that is there. Raises KeyFileError."""
        self.newest()
        return self.all()[-1]

    def find(self, public_key: bytes) -> SigningKey | None:
        """Return the key with this public half, if its file is here. Raises KeyFileError."""
        return next((key for key in self.all() if key.verifier.public_key == public_key), None)

    def all(self) -> list[SigningKey]:
        """Return every key, newest first. Raises KeyFileError."""
        return [self._load(path) for path in reversed(self.paths())]

    def add(self) -> tuple[Path, SigningKey]:
        """Make the next key file. Raises KeyFileError."""
        paths = self.paths()
        number = 1
        if paths and paths[-1] != self._path:
            number = int(paths[-1].stem.removeprefix(f"{self._path.stem}-"))
        path = self._path.with_name(f"{self._path.stem}-{number + 1}{self._path.suffix}")
        return path, create_key(path, _UNNAMED, self._passphrase)

    def _load(self, path: Path) -> SigningKey:
        if path not in self._loaded:
            self._loaded[path] = load_key(path, _UNNAMED, self._passphrase)
        return self._loaded[path]
