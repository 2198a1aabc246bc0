"""C2SP signed notes with Ed25519 keys (c2sp.org/signed-note): text, key ids, verifier keys.

key ID = SHA-256(key name ‖ 0x0A ‖ 0x01 ‖ public key)[:4]
vkey   = <key name>+<key ID, 8 hex digits>+base64(0x01 ‖ public key)
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidSignature as BadSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ledger.errors import InvalidSignature, MalformedKey, MalformedNote, UnknownSigner

ED25519 = 0x01
MAX_NOTE_BYTES = 1 << 20
MAX_SIGNATURES = 100

_DASH = "\N{EM DASH} "
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_KEY_ID = re.compile(r"[0-9a-f]{8}", re.ASCII)


@dataclass(frozen=True)
class VerifierKey:
    """A public key with the name it signs under."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        """Raise MalformedKey when the name or the key can't be one."""
        check_key(self.name, self.public_key)

    @property
    def key_id(self) -> bytes:
        """The 4 bytes that mark this key's signatures."""
        return key_id(self.name, ED25519, self.public_key)

    @classmethod
    def from_vkey(cls, vkey: str) -> "VerifierKey":
        """Read a vkey. Raises MalformedKey."""
        return cls(*read_vkey(vkey, ED25519, "an Ed25519 key (type 0x01)"))

    def to_vkey(self) -> str:
        """Write the vkey."""
        return write_vkey(self.name, ED25519, self.public_key)

    def verify(self, text: str, signature: bytes) -> None:
        """Raise InvalidSignature unless `signature` (64 bytes) is this key's over the text."""
        check_signature(self, text.encode(), signature)


class NamedKey(Protocol):
    """A public key of any type with the name it signs under."""

    @property
    def name(self) -> str:
        """The name in signature lines."""
        ...

    @property
    def public_key(self) -> bytes:
        """32 bytes."""
        ...

    @property
    def key_id(self) -> bytes:
        """The 4 bytes that mark this key's signatures."""
        ...


class Signer(Protocol):
    """Whatever signs notes: a key file (`ledger.keys.SigningKey`), or a hardware key of the caller's."""

    @property
    def verifier(self) -> VerifierKey:
        """The public half."""
        ...

    def sign(self, text: bytes) -> bytes:
        """Return the Ed25519 signature of 64 bytes."""
        ...


@dataclass(frozen=True)
class Signature:
    """One signature line."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True)
class Note:
    """A text that ends in a newline, and its signatures."""

    text: str
    signatures: tuple[Signature, ...]


def sign_note(text: str, *signers: Signer) -> str:
    """Return the signed note. Raises MalformedNote when the text can't be one."""
    _check_text(text)
    lines = [
        signature_line(signer.verifier.name, signer.verifier.key_id + signer.sign(text.encode()))
        for signer in signers
    ]
    if not lines:
        msg = "a note needs at least one signature"
        raise MalformedNote(msg)
    return f"{text}\n{''.join(lines)}"


def parse_note(note: str) -> Note:
    """Split a signed note, strictly; no signature is checked yet. Raises MalformedNote."""
    if len(note.encode()) > MAX_NOTE_BYTES:
        msg = f"a note has at most {MAX_NOTE_BYTES} bytes"
        raise MalformedNote(msg)
    text, blank, block = note.rpartition("\n\n")
    if not blank or not block.endswith("\n"):
        msg = "a note is text, an empty line and signature lines, each ended by a newline"
        raise MalformedNote(msg)
    _check_text(text + "\n")
    lines = block.removesuffix("\n").split("\n")
    if len(lines) > MAX_SIGNATURES:
        msg = f"a note has at most {MAX_SIGNATURES} signatures"
        raise MalformedNote(msg)
    return Note(text + "\n", tuple(parse_signature(line) for line in lines))


def verify_note(note: Note, keys: Sequence[VerifierKey]) -> tuple[VerifierKey, ...]:
    """Return the known keys that signed. Signatures of unknown keys are ignored, as the specification demands.

    Raises InvalidSignature when a known key's signature is wrong, UnknownSigner when no known key signed.
    """
    known = {(key.name, key.key_id): key for key in keys}
    signed = []
    for line in note.signatures:
        key = known.get((line.name, line.key_id))
        if key is not None:
            key.verify(note.text, line.signature)
            signed.append(key)
    if not signed:
        names = ", ".join(f"{line.name}+{line.key_id.hex()}" for line in note.signatures)
        wanted = ", ".join(f"{key.name}+{key.key_id.hex()}" for key in keys) or "none"
        msg = f"signed by {names}; known keys: {wanted}"
        raise UnknownSigner(msg)
    return tuple(signed)


def is_key_name(name: str) -> bool:
    """Return whether `name` may stand in a signature line."""
    has_break = any(sign.isspace() or sign < " " or sign == "+" for sign in name)
    return bool(name) and not has_break


def key_id(name: str, kind: int, public_key: bytes) -> bytes:
    """Return the 4 bytes that mark the signatures of a key of the type `kind`."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public_key).digest()[:4]


def write_vkey(name: str, kind: int, public_key: bytes) -> str:
    """Write a key of the type `kind` as text."""
    material = base64.b64encode(bytes([kind]) + public_key).decode()
    return f"{name}+{key_id(name, kind, public_key).hex()}+{material}"


def read_vkey(vkey: str, kind: int, what: str) -> tuple[str, bytes]:
    """Return name and public key of a vkey of the type `kind`, which messages call `what`. Raises MalformedKey."""
    # Only the ends of a line are left out: of everything else, one bit more or less is another text.
    parts = vkey.strip(" \t\r\n").split("+", 2)
    if len(parts) != 3 or not _KEY_ID.fullmatch(parts[1]):
        msg = "a vkey is <name>+<8 hex digits>+<base64>"
        raise MalformedKey(msg)
    name, claimed_id, encoded = parts
    try:
        material = decode_base64(encoded)
    except ValueError as error:
        msg = f"vkey of {name}: {error}"
        raise MalformedKey(msg) from error
    if material[:1] != bytes([kind]):
        msg = f"vkey of {name}: wanted is {what}, this is of type 0x{material[:1].hex()}"
        raise MalformedKey(msg)
    actual_id = key_id(name, kind, material[1:]).hex()
    if actual_id != claimed_id:
        msg = f"vkey of {name}: key ID should be {actual_id}, not {claimed_id}"
        raise MalformedKey(msg)
    return name, material[1:]


def check_key(name: str, public_key: bytes) -> None:
    """Raise MalformedKey when the name or the Ed25519 key can't be one."""
    if not is_key_name(name):
        msg = f"a key name has no space, plus sign or control character: {name!r}"
        raise MalformedKey(msg)
    if len(public_key) != 32:
        msg = f"an Ed25519 public key has 32 bytes, not {len(public_key)}"
        raise MalformedKey(msg)


def check_signature(key: NamedKey, message: bytes, signature: bytes) -> None:
    """Raise InvalidSignature unless `signature` (64 bytes) is the key's over the message."""
    try:
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(signature, message)
    except (BadSignature, ValueError) as error:
        msg = f"the signature of {key.name}+{key.key_id.hex()} does not fit the text"
        raise InvalidSignature(msg) from error


def decode_base64(text: str) -> bytes:
    """Decode standard base64 that is its own canonical form. Raises ValueError."""
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        msg = f"not base64: {error}"
        raise ValueError(msg) from error
    if base64.b64encode(data).decode() != text:
        msg = "base64 is not in its canonical form"
        raise ValueError(msg)
    return data


def _check_text(text: str) -> None:
    if not text.endswith("\n"):
        msg = "the text of a note ends in a newline"
        raise MalformedNote(msg)
    if _CONTROL.search(text):
        msg = "a note has no control character but newline"
        raise MalformedNote(msg)


def signature_line(name: str, blob: bytes) -> str:
    """Write a signature line; `blob` is key ID and signature."""
    return f"{_DASH}{name} {base64.b64encode(blob).decode()}\n"


def parse_signature(line: str) -> Signature:
    """Read a signature line without its newline. Raises MalformedNote."""
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space or not is_key_name(name):
        msg = f"not a signature line: {line[:80]!r}"
        raise MalformedNote(msg)
    try:
        blob = decode_base64(encoded)
    except ValueError as error:
        msg = f"signature of {name}: {error}"
        raise MalformedNote(msg) from error
    if len(blob) <= 4:
        msg = f"signature of {name}: too short"
        raise MalformedNote(msg)
    return Signature(name, blob[:4], blob[4:])
