"""The lines of an export's `entries.jsonl`: an entry with all that its leaf commits to, as canonical JSON.

A line is read on one of two paths. `parse_line` is the strict one: it parses everything and says what is wrong.
`read_line` first tries the common shape of a line, whose header is matched as bytes and whose content is parsed
once; whatever is not of that shape, or does not fit, goes the strict way, so that what is refused, and with which
error, is decided there alone.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from ledger.archive import ENTRIES
from ledger.canonical import canonical, parse_canonical, parse_json
from ledger.entry import (
    CONTENT_DOMAIN,
    SALT_BYTES,
    Attachment,
    Header,
    LedgerEntry,
    Record,
    commitment,
    content_from,
    format_time,
    header_from,
    parse_content,
    parse_header,
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
_SALT = re.compile(rf"[0-9a-f]{{{2 * SALT_BYTES}}}", re.ASCII)
_CONTENT, _HEADER = b'{"content":', b',"header":{"at":"'
# What follows the content, where neither log nor section holds a sign that JSON escapes or that is not ASCII.
_REST = re.compile(
    rb',"header":(\{"at":"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z)",'
    rb'"commitment":"([0-9a-f]{64})","format":"anxun-ledger-entry/v1","index":(0|[1-9][0-9]{0,14}),'
    rb'"kind":"(?=[^"]{1,128}")[a-z0-9][a-z0-9_-]*(?:\.[a-z0-9_-]+)*","log":"([ !#-\[\]-~]{1,200})",'
    rb'"section":"[ !#-\[\]-~]{1,64}"\}),"leaf_hash":"([0-9a-f]{64})","salt":(?:"([0-9a-f]{64})"|null)\}'
)


@dataclass(slots=True)
class EntryLine:
    """One line, in itself whole: the leaf hash is the header's, the content is what the header commits to.

    at: as the leaf writes it; attachments: None where the content was erased; leaf, content: their bytes.
    """

    index: int
    log: str
    at: str
    leaf_hash: bytes
    attachments: tuple[Attachment, ...] | None
    leaf: bytes
    content: bytes

    def read(self) -> tuple[Header, Record | None]:
        """Return the header and, unless it was erased, the record."""
        header = parse_header(self.leaf)
        return header, None if self.attachments is None else parse_content(header, self.content)


def entry_to_line(entry: LedgerEntry) -> bytes:
    """Write an entry, with the newline."""
    content = b"null" if entry.content is None else entry.content
    salt = b"null" if entry.salt is None else f'"{entry.salt.hex()}"'.encode()
    return _join(content, entry.leaf, f'"{entry.leaf_hash}"'.encode(), salt) + b"\n"


def read_line(text: bytes, number: int) -> EntryLine:
    """Read line `number` (0-based, for messages), without its newline, and check it by itself.

    Raises MalformedEntry, EntryNotCanonical, LeafMismatch, ContentMismatch.
    """
    return _read_quickly(text) or parse_line(text, number)


def parse_line(text: bytes, number: int) -> EntryLine:
    """Read a line as `read_line` does, by the strict path alone."""
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
        attachments: tuple[Attachment, ...] | None = None
        if fields["content"] is not None or salt is not None:
            _check_content(header, salt, content)
            attachments = content_from(fields["content"])[2]
    except EntryError as error:
        msg = f"{where}: {error}"
        raise MalformedEntry(msg, member=ENTRIES) from error
    at = format_time(header.at)
    return EntryLine(header.index, header.log, at, actual, attachments, leaf, content)


def _read_quickly(text: bytes) -> EntryLine | None:
    """Return a line of the common shape that holds, or None where the strict path must judge."""
    end = text.rfind(_HEADER)
    rest = _REST.fullmatch(text, end) if end >= 0 and text.startswith(_CONTENT) else None
    if rest is None:
        return None
    leaf, at, committed, index, log, claimed, salt = rest.groups()
    content = text[len(_CONTENT) : end]
    digest = hashlib.sha256(b"\x00" + leaf)
    if digest.hexdigest().encode() != claimed:
        return None
    try:
        said = at.decode()
        datetime.fromisoformat(said)
        attachments = _attachments(content, salt, committed)
    except (EntryError, ValueError):
        return None
    return EntryLine(int(index), log.decode(), said, digest.digest(), attachments, leaf, content)


def _attachments(
    content: bytes, salt: bytes | None, committed: bytes
) -> tuple[Attachment, ...] | None:
    """Return the attachments that the content names. Raises ValueError, EntryError when it does not fit."""
    if salt is None and content == b"null":
        return None
    whole = CONTENT_DOMAIN + bytes.fromhex((salt or b"").decode()) + content
    if salt is None or hashlib.sha256(whole).hexdigest().encode() != committed:
        msg = "not what the leaf commits to"
        raise ValueError(msg)
    return content_from(parse_canonical(content))[2]


def _check_content(header: Header, salt: object, content: bytes) -> None:
    index = header.index
    # Only one way of writing the bytes: capitals or blanks would be a change that nobody notices.
    if not isinstance(salt, str) or not _SALT.fullmatch(salt):
        msg = f"entry {index}: content needs a salt of {SALT_BYTES} bytes in lower-case hex"
        raise MalformedEntry(msg, index=index, member=ENTRIES)
    actual = commitment(bytes.fromhex(salt), content)
    if actual != header.commitment:
        expected = header.commitment.hex()
        msg = f"entry {index}: content and salt hash to {actual.hex()}, the leaf says {expected}"
        raise ContentMismatch(msg, index=index)


def _join(content: bytes, leaf: bytes, digest: bytes, salt: bytes) -> bytes:
    """The parts are canonical and stand in the order of their names, so the whole is canonical."""
    return b'{"content":%b,"header":%b,"leaf_hash":%b,"salt":%b}' % (content, leaf, digest, salt)
