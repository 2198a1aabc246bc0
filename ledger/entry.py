"""What is appended to a log, and the exact bytes that the log commits to. `docs/formats.md` says the same in full.

    content     canonical JSON of who did what, with which attachments; may be erased later
    commitment  SHA-256("anxun-ledger-content/v1\\n" ‖ salt ‖ content), salt = 32 random bytes
    leaf        canonical JSON header: log, index, kind, section, time and commitment; never erased
    leaf hash   SHA-256(0x00 ‖ leaf), as in RFC 6962

Canonical JSON is RFC 8785. Who acted is content, not header, so that erasing the content erases the person.
"""

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from pydantic import JsonValue

from ledger.canonical import MAX_INTEGER, parse_canonical
from ledger.canonical import canonical as canonical
from ledger.errors import EntryError
from ledger.merkle import leaf_hash

FORMAT = "anxun-ledger-entry/v1"
CONTENT_DOMAIN = b"anxun-ledger-content/v1\n"
SALT_BYTES = 32
MAX_INDEX = MAX_INTEGER

_KIND = re.compile(r"[a-z0-9][a-z0-9_-]*(\.[a-z0-9_-]+)*", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HEADER_FIELDS = {"at", "commitment", "format", "index", "kind", "log", "section"}
_CONTENT_FIELDS = {"attachments", "by", "data"}
_ATTACHMENT_FIELDS = {"media_type", "role", "sha256", "size"}


@dataclass(frozen=True)
class Attachment:
    """A file that belongs to a record: its SHA-256 (hex), type, size in bytes, and what it is for."""

    sha256: str
    media_type: str
    size: int
    role: str

    def __post_init__(self) -> None:
        """Refuse what could not be written to a leaf. Raises EntryError."""
        _need(_fits(_SHA256, self.sha256), "attachment sha256")
        _need(_fits(_MEDIA_TYPE, self.media_type), "attachment media type")
        _need(_is_count(self.size), "attachment size")
        _need(_is_line(self.role, 64), "attachment role")


@dataclass(frozen=True)
class Record:
    """What the caller wants to be remembered.

    kind: dotted lower-case words such as `finding.recorded`; section: the ledger section; at: an aware time;
    by: `device:<id>`, `user:<id>` or `system`; data: JSON with string keys, integers within ±(2⁵³ − 1).
    """

    kind: str
    section: str
    at: datetime
    by: str
    data: Mapping[str, JsonValue]
    attachments: tuple[Attachment, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what could not be written to a leaf. Raises EntryError."""
        _need(_fits(_KIND, self.kind), "kind")
        _need(_is_line(self.section, 64), "section")
        _need(self.at.tzinfo is not None, "time (it must be aware)")
        _need(_is_line(self.by, 200), "by")


@dataclass(frozen=True)
class Header:
    """A leaf, read."""

    log: str
    index: int
    kind: str
    section: str
    at: datetime
    commitment: bytes


@dataclass(frozen=True)
class LedgerEntry:
    """One appended entry: 0-based index, leaf bytes, leaf hash (hex); salt and content unless they were erased."""

    index: int
    leaf: bytes
    leaf_hash: str
    salt: bytes | None
    content: bytes | None

    @cached_property
    def header(self) -> Header:
        """The leaf, read. Raises EntryError."""
        return parse_header(self.leaf)

    @cached_property
    def record(self) -> Record | None:
        """The record, or None when its content was erased. Raises EntryError."""
        return None if self.content is None else parse_content(self.header, self.content)

    @property
    def is_erased(self) -> bool:
        """Whether only the header is left."""
        return self.content is None

    def check(self) -> None:
        """Raise EntryError unless index, leaf hash and commitment fit the bytes."""
        header = self.header
        _equal(f"entry {self.index}: index in the leaf", header.index, self.index)
        _equal(f"entry {self.index}: leaf hash", leaf_hash(self.leaf).hex(), self.leaf_hash)
        if (self.salt is None) != (self.content is None):
            msg = f"entry {self.index}: salt and content are erased together or not at all"
            raise EntryError(msg)
        if self.salt is not None and self.content is not None:
            actual = commitment(self.salt, self.content)
            _equal(f"entry {self.index}: commitment", actual.hex(), header.commitment.hex())


def seal(log_id: str, index: int, record: Record, *, salt: bytes | None = None) -> LedgerEntry:
    """Return the entry for `record` at `index`. The salt is random unless a test or a script gives one.

    Raises EntryError when the data is not JSON that RFC 8785 can write.
    """
    _need(_is_line(log_id, 200), "log id")
    _need(_is_count(index), "index")
    salt = secrets.token_bytes(SALT_BYTES) if salt is None else salt
    content = canonical(
        {
            "attachments": [vars(attachment) for attachment in record.attachments],
            "by": record.by,
            "data": dict(record.data),
        }
    )
    leaf = canonical(
        {
            "at": format_time(record.at),
            "commitment": commitment(salt, content).hex(),
            "format": FORMAT,
            "index": index,
            "kind": record.kind,
            "log": log_id,
            "section": record.section,
        }
    )
    return LedgerEntry(index, leaf, leaf_hash(leaf).hex(), salt, content)


def commitment(salt: bytes, content: bytes) -> bytes:
    """Return the salted hash that stands for the content in the leaf."""
    if len(salt) != SALT_BYTES:
        msg = f"a salt has {SALT_BYTES} bytes, not {len(salt)}"
        raise EntryError(msg)
    return hashlib.sha256(CONTENT_DOMAIN + salt + content).digest()


def parse_header(leaf: bytes) -> Header:
    """Read a leaf, strictly. Raises EntryError."""
    return header_from(parse_canonical(leaf))


def header_from(value: JsonValue) -> Header:
    """Check the JSON of a leaf. Raises EntryError."""
    fields = _object(value, _HEADER_FIELDS, "leaf")
    _equal("format of the leaf", fields["format"], FORMAT)
    _need(_is_count(fields["index"]), "index of the leaf")
    _need(_fits(_KIND, fields["kind"]), "kind of the leaf")
    _need(_is_line(fields["log"], 200), "log of the leaf")
    _need(_is_line(fields["section"], 64), "section of the leaf")
    digest = fields["commitment"]
    _need(_fits(_SHA256, digest), "commitment of the leaf")
    return Header(
        log=fields["log"],
        index=fields["index"],
        kind=fields["kind"],
        section=fields["section"],
        at=parse_time(fields["at"]),
        commitment=bytes.fromhex(digest),
    )


def parse_content(header: Header, content: bytes) -> Record:
    """Read content into the record it was made of, strictly. Raises EntryError."""
    return record_from(header, parse_canonical(content))


def record_from(header: Header, value: JsonValue) -> Record:
    """Check the JSON of content. Raises EntryError."""
    by, data, attachments = content_from(value)
    return Record(header.kind, header.section, header.at, by, data, attachments)


def content_from(value: JsonValue) -> tuple[str, dict[str, JsonValue], tuple[Attachment, ...]]:
    """Check the JSON of content; return who, what and with which attachments. Raises EntryError."""
    fields = _object(value, _CONTENT_FIELDS, "content")
    by, data, items = fields["by"], fields["data"], fields["attachments"]
    _need(isinstance(data, dict), "data of the content")
    _need(isinstance(items, list), "attachments of the content")
    _need(_is_line(by, 200), "by")
    attachments = tuple(
        Attachment(**_object(item, _ATTACHMENT_FIELDS, "attachment")) for item in items
    )
    return by, data, attachments


def format_time(at: datetime) -> str:
    """Write an aware time as UTC with microseconds, such as 2026-11-24T08:00:00.000000Z."""
    utc = at.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="microseconds") + "Z"


def parse_time(text: object) -> datetime:
    """Read what `format_time` wrote. Raises EntryError."""
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        msg = f"not a time like 2026-11-24T08:00:00.000000Z: {text!r}"
        raise EntryError(msg)
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        msg = f"no such time: {text}"
        raise EntryError(msg) from error


def _object(value: object, names: set[str], what: str) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) != names:
        msg = f"{what} must be an object with exactly {', '.join(sorted(names))}"
        raise EntryError(msg)
    return value


def _fits(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and len(value) <= 128 and bool(pattern.fullmatch(value))


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= MAX_INDEX


def _is_line(value: object, longest: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= longest and not _CONTROL.search(value)


def _need(holds: object, what: str) -> None:
    if not holds:
        msg = f"bad {what}"
        raise EntryError(msg)


def _equal(what: str, actual: object, expected: object) -> None:
    if actual != expected:
        msg = f"{what}: expected {expected}, got {actual}"
        raise EntryError(msg)
