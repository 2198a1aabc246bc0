"""Proofs as values, and the C2SP text format of an inclusion proof (c2sp.org/tlog-proof)."""

import base64
import re
from dataclasses import dataclass

from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.errors import MalformedProof
from ledger.merkle import verify_consistency, verify_inclusion
from ledger.note import decode_base64

_FIRST_LINE = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})", re.ASCII)
_MAX_HASHES = 63


@dataclass(frozen=True)
class InclusionProof:
    """The hashes from a leaf's sibling up to the root's child, for entry `index` in a tree of `size`."""

    index: int
    size: int
    hashes: tuple[bytes, ...]

    def verify(self, leaf_hash: bytes, root: bytes) -> None:
        """Raise OutOfRange, ProofLength or InclusionMismatch unless the leaf is there."""
        verify_inclusion(leaf_hash, self.index, self.size, self.hashes, root)


@dataclass(frozen=True)
class ConsistencyProof:
    """The hashes that show that the tree of `new_size` only added to that of `old_size`."""

    old_size: int
    new_size: int
    hashes: tuple[bytes, ...]

    def verify(self, old_root: bytes, new_root: bytes) -> None:
        """Raise OutOfRange, ProofLength or ConsistencyMismatch unless it does."""
        verify_consistency(self.old_size, self.new_size, self.hashes, old_root, new_root)


@dataclass(frozen=True)
class TlogProof:
    """A proof that can be checked offline: index, hashes and the checkpoint they lead to.

    `extra` is opaque and not authenticated.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: Checkpoint
    extra: bytes | None = None

    @property
    def inclusion(self) -> InclusionProof:
        """The Merkle part."""
        return InclusionProof(self.index, self.checkpoint.size, self.hashes)

    def to_text(self) -> str:
        """Write the file."""
        lines = [_FIRST_LINE]
        if self.extra is not None:
            lines.append(f"extra {base64.b64encode(self.extra).decode()}")
        lines.append(f"index {self.index}")
        lines += [base64.b64encode(digest).decode() for digest in self.hashes]
        return "\n".join(lines) + "\n\n" + self.checkpoint.text

    @classmethod
    def from_text(cls, text: str) -> "TlogProof":
        """Read the file, strictly; nothing is verified. Raises MalformedProof, MalformedNote, MalformedCheckpoint."""
        head, blank, note = text.partition("\n\n")
        first, *lines = head.split("\n")
        if first != _FIRST_LINE or not blank:
            msg = f"a proof starts with {_FIRST_LINE} and has a checkpoint after an empty line"
            raise MalformedProof(msg)
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = _decode(lines.pop(0).removeprefix("extra "))
        place = _INDEX.fullmatch(lines[0]) if lines else None
        if place is None:
            msg = "a proof names its index"
            raise MalformedProof(msg)
        hashes = tuple(_decode(line) for line in lines[1:])
        if len(hashes) > _MAX_HASHES or any(len(digest) != 32 for digest in hashes):
            msg = f"a proof has at most {_MAX_HASHES} hashes of 32 bytes"
            raise MalformedProof(msg)
        return cls(int(place[1]), hashes, parse_checkpoint(note), extra)


def _decode(text: str) -> bytes:
    try:
        return decode_base64(text)
    except ValueError as error:
        raise MalformedProof(str(error)) from error
