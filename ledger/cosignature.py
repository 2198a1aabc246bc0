"""C2SP cosignatures (c2sp.org/tlog-cosignature), Ed25519: a witness says what it saw of a log, and when.

key ID      SHA-256(key name ‖ 0x0A ‖ 0x04 ‖ public key)[:4]
vkey        <key name>+<key ID, 8 hex digits>+base64(0x04 ‖ public key)
signature   timestamp (8 bytes, big-endian) ‖ Ed25519 signature over
            "cosignature/v1\\n" ‖ "time <timestamp>\\n" ‖ body of the checkpoint

The signature does not cover the witness's name: a key must witness under one name only, and never sign a log.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ledger.checkpoint import parse_checkpoint
from ledger.errors import InvalidSignature, MalformedNote, UnknownSigner
from ledger.note import (
    Signature,
    Signer,
    check_key,
    check_signature,
    key_id,
    parse_note,
    parse_signature,
    read_vkey,
    signature_line,
    write_vkey,
)

COSIGNATURE = 0x04
# The last second that a datetime can hold; the format's own limit is 2⁶³ − 1.
MAX_TIMESTAMP = 253402300799

_TIMESTAMP_BYTES = 8
_BLOB_BYTES = _TIMESTAMP_BYTES + 64


@dataclass(frozen=True)
class WitnessKey:
    """A witness's public key with its name."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        """Raise MalformedKey when the name or the key can't be one."""
        check_key(self.name, self.public_key)

    @property
    def key_id(self) -> bytes:
        """The 4 bytes that mark this key's cosignatures."""
        return key_id(self.name, COSIGNATURE, self.public_key)

    @classmethod
    def from_vkey(cls, vkey: str) -> "WitnessKey":
        """Read a vkey. Raises MalformedKey, for a log's key as well."""
        return cls(*read_vkey(vkey, COSIGNATURE, "a witness's key (type 0x04)"))

    @classmethod
    def of(cls, signer: Signer) -> "WitnessKey":
        """Return the public half of whoever cosigns."""
        return cls(signer.verifier.name, signer.verifier.public_key)

    def to_vkey(self) -> str:
        """Write the vkey."""
        return write_vkey(self.name, COSIGNATURE, self.public_key)

    def verify(self, body: str, signature: bytes) -> int:
        """Return the timestamp (POSIX seconds) of a cosignature over a checkpoint's body. Raises InvalidSignature."""
        timestamp = int.from_bytes(signature[:_TIMESTAMP_BYTES], "big")
        if len(signature) != _BLOB_BYTES or timestamp > MAX_TIMESTAMP:
            msg = f"the cosignature of {self.name}+{self.key_id.hex()} has no form or no time"
            raise InvalidSignature(msg)
        check_signature(self, _message(body, timestamp), signature[_TIMESTAMP_BYTES:])
        return timestamp


@dataclass(frozen=True)
class Cosignature:
    """A cosignature that was found good: by whom, when (POSIX seconds), and its line with the newline."""

    key: WitnessKey
    timestamp: int
    line: str

    @property
    def at(self) -> datetime:
        """When the witness cosigned, by its own clock."""
        return datetime.fromtimestamp(self.timestamp, UTC)


def cosign(checkpoint: str, witness: Signer, timestamp: int) -> str:
    """Return the cosignature line of `witness` for a signed checkpoint; `timestamp` in POSIX seconds.

    Nothing is checked but the form: `ledger.witness` decides what may be cosigned.
    Raises MalformedNote, MalformedCheckpoint, InvalidSignature for an impossible timestamp.
    """
    parse_checkpoint(checkpoint)
    key = WitnessKey.of(witness)
    if not 0 <= timestamp <= MAX_TIMESTAMP:
        msg = f"no time that a cosignature can have: {timestamp}"
        raise InvalidSignature(msg)
    signature = witness.sign(_message(parse_note(checkpoint).text, timestamp))
    blob = timestamp.to_bytes(_TIMESTAMP_BYTES, "big") + signature
    return signature_line(key.name, key.key_id + blob)


def cosignatures(checkpoint: str, witnesses: Sequence[WitnessKey]) -> tuple[Cosignature, ...]:
    """Return the cosignatures of known witnesses, in the order of the note; those of others are ignored.

    Raises InvalidSignature when one that claims to be of a known witness does not hold, MalformedNote.
    """
    note = parse_note(checkpoint)
    known = {(key.name, key.key_id): key for key in witnesses}
    found = []
    for line in note.signatures:
        key = known.get((line.name, line.key_id))
        if key is not None:
            found.append(Cosignature(key, key.verify(note.text, line.signature), _line(line)))
    return tuple(found)


def verify_cosignatures(
    checkpoint: str, witnesses: Sequence[WitnessKey], quorum: int = 1
) -> tuple[Cosignature, ...]:
    """Return the cosignatures of known witnesses; at least `quorum` different witnesses must have given one.

    Raises InvalidSignature, MalformedNote, and UnknownSigner when they are fewer.
    """
    found = cosignatures(checkpoint, witnesses)
    cosigned = {cosignature.key for cosignature in found}
    if len(cosigned) < quorum:
        names = ", ".join(sorted(key.name for key in cosigned)) or "none"
        msg = f"cosigned by {len(cosigned)} of the known witnesses ({names}), wanted are {quorum}"
        raise UnknownSigner(msg)
    return found


def parse_lines(text: str) -> tuple[Signature, ...]:
    """Read a witness's answer: one or more signature lines, each ended by a newline. Raises MalformedNote."""
    if not text.endswith("\n"):
        msg = "cosignature lines end in a newline"
        raise MalformedNote(msg)
    return tuple(parse_signature(line) for line in text.removesuffix("\n").split("\n"))


def add_cosignatures(checkpoint: str, lines: str) -> str:
    """Return the checkpoint with these lines; a line takes the place of an older one of the same key.

    Raises MalformedNote. What is added is not verified here: see `cosignatures`.
    """
    note = parse_note(checkpoint)
    merged = {(line.name, line.key_id): line for line in note.signatures}
    for line in parse_lines(lines):
        merged[line.name, line.key_id] = line
    whole = f"{note.text}\n{''.join(map(_line, merged.values()))}"
    parse_note(whole)
    return whole


def _message(body: str, timestamp: int) -> bytes:
    return f"cosignature/v1\ntime {timestamp}\n{body}".encode()


def _line(line: Signature) -> str:
    return signature_line(line.name, line.key_id + line.signature)
