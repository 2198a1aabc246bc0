"""What a witness asks before it cosigns (c2sp.org/tlog-witness): the rules, without any storage or network.

A request, as it is sent over HTTP and carried on a stick:

    old <size>            the size of the checkpoint that the witness cosigned last; 0 if there is none
    <base64>              a line for each hash of the consistency proof from there (RFC 6962)
                          an empty line
    <checkpoint>          the signed note
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.checkpoint import Checkpoint, parse_checkpoint, verify_checkpoint
from ledger.errors import (
    ForeignKey,
    ForkSeen,
    InvalidSignature,
    MalformedRequest,
    MerkleError,
    NotContinued,
    NoteError,
    OldSizeWrong,
    RollbackSeen,
    UnknownSigner,
)
from ledger.merkle import EMPTY_ROOT, verify_consistency
from ledger.note import VerifierKey, decode_base64

MAX_HASHES = 63
MAX_REQUEST_BYTES = 1 << 20

_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})", re.ASCII)


@dataclass(frozen=True)
class WitnessRequest:
    """A checkpoint to cosign, and the proof that it continues the one of `old_size`."""

    old_size: int
    hashes: tuple[bytes, ...]
    checkpoint: Checkpoint

    def to_text(self) -> str:
        """Write it."""
        lines = [f"old {self.old_size}"]
        lines += [base64.b64encode(digest).decode() for digest in self.hashes]
        return "\n".join(lines) + "\n\n" + self.checkpoint.text

    @classmethod
    def from_text(cls, text: str) -> "WitnessRequest":
        """Read it, strictly; nothing is verified. Raises MalformedRequest, also for an old size beyond the checkpoint's."""
        if len(text.encode()) > MAX_REQUEST_BYTES:
            msg = f"a request has at most {MAX_REQUEST_BYTES} bytes"
            raise MalformedRequest(msg)
        head, blank, note = text.partition("\n\n")
        first, *lines = head.split("\n")
        old = _OLD.fullmatch(first)
        if old is None or not blank:
            msg = "a request begins with `old <size>` and has a checkpoint after an empty line"
            raise MalformedRequest(msg)
        try:
            hashes = tuple(decode_base64(line) for line in lines)
            checkpoint = parse_checkpoint(note)
        except (ValueError, NoteError) as error:
            raise MalformedRequest(str(error)) from error
        if len(hashes) > MAX_HASHES or any(len(digest) != 32 for digest in hashes):
            msg = f"a request has at most {MAX_HASHES} hashes of 32 bytes"
            raise MalformedRequest(msg)
        if int(old[1]) > checkpoint.size:
            msg = f"the old size {old[1]} is beyond the checkpoint's size {checkpoint.size}"
            raise MalformedRequest(msg)
        return cls(int(old[1]), hashes, checkpoint)


@dataclass(frozen=True)
class Followed:
    """What a witness knows of a log: its trusted keys, and checkpoints that it cosigned, the largest one last."""

    keys: tuple[VerifierKey, ...]
    cosigned: tuple[Checkpoint, ...] = ()

    @property
    def last(self) -> Checkpoint | None:
        """The largest one."""
        return self.cosigned[-1] if self.cosigned else None


def check_request(request: WitnessRequest, followed: Followed) -> None:
    """Raise unless the checkpoint may be cosigned by a witness that knows this of its log.

    Raises ForeignKey, ForkSeen, RollbackSeen, OldSizeWrong, NotContinued. The steps are those of the protocol.
    """
    offered = request.checkpoint
    _check_signed(offered, followed.keys)  # 1
    _check_fork(offered, followed.cosigned)  # 2
    last = followed.last or Checkpoint(offered.origin, 0, EMPTY_ROOT)
    if offered.size < last.size:  # 3
        msg = (
            f"rolled back: this checkpoint of {offered.origin} has size {offered.size}, "
            f"and size {last.size} was cosigned before"
        )
        raise RollbackSeen(msg, size=last.size, seen=last.text, offered=offered.text)
    if request.old_size != last.size:  # 4
        msg = f"the proof begins at size {request.old_size}, what was cosigned last is of size {last.size}"
        raise OldSizeWrong(msg, size=last.size)
    try:
        if offered.size == 0:  # 5
            verify_consistency(0, 0, request.hashes, offered.root, EMPTY_ROOT)
        verify_consistency(last.size, offered.size, request.hashes, last.root, offered.root)
    except MerkleError as error:
        msg = f"not shown to continue what was cosigned at size {last.size}: {error}"
        raise NotContinued(msg, seen=last.text, offered=offered.text) from error


def _check_signed(offered: Checkpoint, keys: Sequence[VerifierKey]) -> None:
    own = [key for key in keys if key.name == offered.origin]
    try:
        verify_checkpoint(offered.text, own)
    except (UnknownSigner, InvalidSignature) as error:
        msg = f"no trusted key of {offered.origin} signed this: {error}"
        raise ForeignKey(msg, offered=offered.text) from error


def _check_fork(offered: Checkpoint, cosigned: Sequence[Checkpoint]) -> None:
    for seen in cosigned:
        if seen.size == offered.size and seen.root != offered.root:
            msg = (
                f"forked: for size {seen.size} of {seen.origin} the root {seen.root.hex()} was cosigned, "
                f"this checkpoint has {offered.root.hex()}"
            )
            raise ForkSeen(msg, seen=seen.text, offered=offered.text)
