"""The lines of an export's `entries.jsonl`: an entry with all that its leaf commits to, as canonical JSON."""

from dataclasses import dataclass

from ledger.archive import ENTRIES
from ledger.entry import (
    SALT_BYTES,
    Header,
    LedgerEntry,
    Record,
    canonical,
    commitment,
    header_from,
    parse_json,
    record_from,
)
from ledger.errors import (
    ContentMismatch,
    EntryError,
    EntryNotCanonical,
    LeafMismatch,
    MalformedEntry,
)
from ledger.merkle import leaf_hash

_FIELDS = {"content", "header", "leaf_hash", "salt"}


@dataclass(frozen=True)
class EntryLine:
    """One line, in itself whole: the leaf hash is the header's, the content is what the header commits to."""

    header: Header
    leaf_hash: bytes
    record: Record | None


def entry_to_line(entry: LedgerEntry) -> bytes:
    """Write an entry, with the newline."""
    content = b"null" if entry.content is None else entry.content
    salt = b"null" if entry.salt is None else f'"{entry.salt.hex()}"'.encode()
    return _join(content, entry.leaf, f'"{entry.leaf_hash}"'.encode(), salt) + b"\n"


def parse_line(text: bytes, number: int) -> EntryLine:
    """Read line `number` (0-based, for messages), without its newline, and check it by itself.

    Raises MalformedEntry, EntryNotCanonical, LeafMismatch, ContentMismatch.
    """
    where = f"{ENTRIES} line {number + 1}"
    try:
        fields = parse_json(text)
        if not isinstance(fields, dict) or set(fields) != _FIELDS:
            msg = f"{where}: must be an object with exactly {', '.join(sorted(_FIELDS))}"
            raise MalformedEntry(msg, member=ENTRIES)
        leaf = canonical(fields["header"])
        header = header_from(fields["header"])
        content = canonical(fields["content"])
        claimed, salt = fields["leaf_hash"], fields["salt"]
        if _join(content, leaf, canonical(claimed), canonical(salt)) != text:
            msg = f"entry {header.index} ({where}): not canonical JSON (RFC 8785)"
            raise EntryNotCanonical(msg, index=header.index, member=ENTRIES)
        actual = leaf_hash(leaf)
        if claimed != actual.hex():
            msg = f"entry {header.index}: leaf hash should be {actual.hex()}, is {claimed}"
            raise LeafMismatch(msg, index=header.index)
        if fields["content"] is None and salt is None:
            return EntryLine(header, actual, None)
        _check_content(header, salt, content)
        record = record_from(header, fields["content"])
    except EntryError as error:
        msg = f"{where}: {error}"
        raise MalformedEntry(msg, member=ENTRIES) from error
    return EntryLine(header, actual, record)


def _check_content(header: Header, salt: object, content: bytes) -> None:
    index = header.index
    try:
        salt_bytes = bytes.fromhex(salt) if isinstance(salt, str) else b""
    except ValueError:
        salt_bytes = b""
    if len(salt_bytes) != SALT_BYTES:
        msg = f"entry {index}: content needs a salt of {SALT_BYTES} bytes in hex"
        raise MalformedEntry(msg, index=index, member=ENTRIES)
    actual = commitment(salt_bytes, content)
    if actual != header.commitment:
        expected = header.commitment.hex()
        msg = f"entry {index}: content and salt hash to {actual.hex()}, the leaf says {expected}"
        raise ContentMismatch(msg, index=index)


def _join(content: bytes, leaf: bytes, digest: bytes, salt: bytes) -> bytes:
    """The parts are canonical and stand in the order of their names, so the whole is canonical."""
    return b'{"content":%b,"header":%b,"leaf_hash":%b,"salt":%b}' % (content, leaf, digest, salt)
