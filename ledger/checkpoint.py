"""C2SP checkpoints (c2sp.org/tlog-checkpoint): a signed note of origin, tree size and root hash."""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.errors import MalformedCheckpoint
from ledger.note import Signer, VerifierKey, decode_base64, parse_note, sign_note, verify_note

MAX_SIZE = 2**63 - 1

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True)
class Checkpoint:
    """A tree head. `text` is the whole signed note, as it is stored and handed out."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()
    text: str = ""

    def to_body(self) -> str:
        """Write the text that is signed. Raises MalformedCheckpoint when it would not read back."""
        lines = (
            self.origin,
            str(self.size),
            base64.b64encode(self.root).decode(),
            *self.extensions,
        )
        body = "".join(f"{line}\n" for line in lines)
        _parse_body(body)
        return body


def sign_checkpoint(origin: str, size: int, root: bytes, *signers: Signer) -> Checkpoint:
    """Return a signed checkpoint. Raises MalformedCheckpoint, MalformedNote."""
    body = Checkpoint(origin, size, root).to_body()
    return Checkpoint(origin, size, root, text=sign_note(body, *signers))


def parse_checkpoint(text: str) -> Checkpoint:
    """Read a signed checkpoint, strictly; no signature is checked. Raises MalformedNote, MalformedCheckpoint."""
    origin, size, root, *extensions = _parse_body(parse_note(text).text)
    return Checkpoint(origin, int(size), decode_base64(root), tuple(extensions), text)


def verify_checkpoint(
    text: str, keys: Sequence[VerifierKey]
) -> tuple[Checkpoint, tuple[VerifierKey, ...]]:
    """Return the checkpoint and the known keys that signed it.

    Raises MalformedNote, MalformedCheckpoint, UnknownSigner, InvalidSignature.
    """
    signed_by = verify_note(parse_note(text), keys)
    return parse_checkpoint(text), signed_by


def _parse_body(body: str) -> list[str]:
    lines = body.removesuffix("\n").split("\n")
    if len(lines) < 3 or not all(lines):
        msg = "a checkpoint has at least three lines, none of them empty"
        raise MalformedCheckpoint(msg)
    if not _SIZE.fullmatch(lines[1]) or int(lines[1]) > MAX_SIZE:
        msg = f"not a tree size: {lines[1][:40]!r}"
        raise MalformedCheckpoint(msg)
    try:
        root = decode_base64(lines[2])
    except ValueError as error:
        msg = f"root hash: {error}"
        raise MalformedCheckpoint(msg) from error
    if len(root) != 32:
        msg = f"a root hash has 32 bytes, not {len(root)}"
        raise MalformedCheckpoint(msg)
    return lines
