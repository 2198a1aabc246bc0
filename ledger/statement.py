"""An entry that says something about a ledger, with the proof that it was said: one C2SP tlog-proof file.

The proof's `extra`, which the format leaves to its users, is canonical JSON of the entry, as in a line of an
export, and of the hashes that lead from the smaller tree that the statement is about to the larger one that is asked
about:

    {"consistency":["<hex>",…],"entry":{"content":{…},"header":{…},"leaf_hash":"<hex>","salt":"<hex>"}}

`extra` is not authenticated by itself: the entry is bound by its leaf hash, the hashes by both roots.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from pydantic import JsonValue

from ledger.canonical import canonical, parse_json
from ledger.checkpoint import Checkpoint
from ledger.entry import Record
from ledger.errors import BundleError, EntryError, InclusionRefused, MalformedProof
from ledger.lines import EntryLine, parse_line
from ledger.proof import ConsistencyProof, TlogProof

MAX_STATEMENT_BYTES = 1 << 20

_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
_MAX_HASHES = 64


@dataclass(frozen=True)
class Statement:
    """An entry (`line`: its canonical JSON), its place under a checkpoint, and a consistency proof's hashes."""

    line: bytes
    proof: TlogProof
    consistency: tuple[bytes, ...] = ()

    @property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint that covers the entry."""
        return self.proof.checkpoint

    def entry(self) -> EntryLine:
        """Return the entry, checked by itself. Raises MalformedProof."""
        try:
            return parse_line(self.line, 0)
        except BundleError as error:
            raise MalformedProof(str(error)) from error

    def verify(self) -> Record:
        """Return what the entry says, once its proof leads to the checkpoint's root. No signature is checked.

        Raises MalformedProof, InclusionRefused for an erased entry or a wrong index, and MerkleError.
        """
        entry = self.entry()
        index, record = entry.index, entry.read()[1]
        if index != self.proof.index:
            msg = f"the proof is of entry {self.proof.index}, what comes along is entry {index}"
            raise InclusionRefused(msg, index=index)
        self.proof.inclusion.verify(entry.leaf_hash, self.checkpoint.root)
        if record is None:
            msg = f"entry {index} says nothing any more: its content was erased"
            raise InclusionRefused(msg, index=index)
        return record

    def verify_continued(self, older: Checkpoint, newer: Checkpoint) -> None:
        """Raise MerkleError unless the hashes show that `newer` continues `older`."""
        proof = ConsistencyProof(older.size, newer.size, self.consistency)
        proof.verify(older.root, newer.root)

    def to_text(self) -> str:
        """Write the file."""
        hashes = canonical([digest.hex() for digest in self.consistency])
        extra = b'{"consistency":%b,"entry":%b}' % (hashes, self.line)
        return TlogProof(self.proof.index, self.proof.hashes, self.checkpoint, extra).to_text()

    @classmethod
    def from_text(cls, text: str) -> "Statement":
        """Read the file, strictly; nothing is verified but its form. Raises NoteError."""
        if len(text.encode()) > MAX_STATEMENT_BYTES:
            msg = f"a statement has at most {MAX_STATEMENT_BYTES} bytes"
            raise MalformedProof(msg)
        proof = TlogProof.from_text(text)
        fields = _extra(proof.extra)
        statement = cls(canonical(fields["entry"]), proof, _hashes(fields["consistency"]))
        statement.entry()
        return statement


def _extra(extra: bytes | None) -> Mapping[str, JsonValue]:
    try:
        fields = parse_json(extra or b"")
    except EntryError as error:
        msg = f"the extra data of the proof: {error}"
        raise MalformedProof(msg) from error
    is_known = isinstance(fields, dict) and set(fields) == {"consistency", "entry"}
    if not is_known or canonical(fields) != extra:
        msg = "the extra data of the proof must be canonical JSON of exactly consistency and entry"
        raise MalformedProof(msg)
    return cast("Mapping[str, JsonValue]", fields)


def _hashes(found: JsonValue) -> tuple[bytes, ...]:
    texts = found if isinstance(found, list) else [None]
    if len(texts) > _MAX_HASHES or not all(
        isinstance(text, str) and _HASH.fullmatch(text) for text in texts
    ):
        msg = f"consistency must be a list of at most {_MAX_HASHES} hashes in hex"
        raise MalformedProof(msg)
    return tuple(bytes.fromhex(str(text)) for text in texts)
