"""Evidence: immutable bytes named by their sha256, kept before anything that refers to them is written.

An `EvidenceStore` is content-addressed and knows no enterprise; the `Evidence` row is what lets an enterprise see
the bytes. Large files come in parts, each enterprise's apart from the others'.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import BinaryIO, Protocol
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from inspection.database import lock_evidence
from inspection.errors import (
    EvidenceEmpty,
    EvidenceErased,
    EvidenceHashMismatch,
    EvidenceTooLarge,
    EvidenceTypeRefused,
    StorageUnavailable,
)
from inspection.evidence_register import register_received
from inspection.evidence_usage import count_in
from inspection.scopes import Actor
from inspection.tables import Evidence
from inspection.wire import EvidenceReceipt

CHUNK = 1 << 20
MAX_EVIDENCE_BYTES = 200 << 20
SNIFFED_BYTES = 32
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_MP4_BRANDS = {b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"qt  "}  # fmt: skip
PDF_TYPE = "application/pdf"
PICTURE_TYPES = frozenset({"image/jpeg", "image/png", "image/webp", "image/heic"})


class ByteSource(Protocol):
    """What bytes are read from: up to `size` of them a call, none at the end."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes."""
        ...


class EvidenceStore(Protocol):
    """Where bytes are kept. What `put` or `finish` returned from survives a power cut.

    Raises `StorageFull` or `StorageUnavailable` when bytes can not be kept or read; nothing is half-written then.
    """

    def put(self, sha256: str, source: ByteSource) -> int:
        """Keep all bytes of `source` under their hash and return how many they are; keeping them twice is one.

        Raises `EvidenceHashMismatch` when they do not hash to `sha256`, and whatever `source` raises; the store
        is then as before.
        """
        ...

    def open(self, sha256: str) -> BinaryIO:
        """Return the bytes for reading; the caller closes. Raises `StorageUnavailable` when they are not there."""
        ...

    def has(self, sha256: str) -> bool:
        """Return whether the bytes are there."""
        ...

    def size(self, sha256: str) -> int:
        """Return the number of bytes. Raises `StorageUnavailable` when they are not there."""
        ...

    def remove(self, sha256: str) -> bool:
        """Delete the bytes for good, every version of them; return whether they were there.

        Raises `StorageLocked` when the store refuses to, `StorageUnavailable` when it does not answer.
        """
        ...

    def part_size(self, key: str) -> int:
        """Return how many bytes of an upload in parts were received: where the next part begins."""
        ...

    def append_part(self, key: str, offset: int, source: ByteSource) -> int:
        """Add bytes to an upload and return its new size. Raises `PartOutOfOrder` when it does not end at `offset`.

        When `source` breaks off, what came before stays, so that only the rest must be sent again.
        """
        ...

    def open_part(self, key: str) -> BinaryIO:
        """Return the bytes received so far; empty when there are none."""
        ...

    def finish_part(self, key: str, sha256: str) -> int:
        """Keep the upload under its hash like `put`, and forget the parts, also when the hash is wrong."""
        ...

    def drop_part(self, key: str) -> None:
        """Forget an upload in parts, if there is one."""
        ...

    def sweep(self, before: datetime) -> int:
        """Forget parts and leftovers that nobody touched since `before`; return how many there were."""
        ...


@dataclass(frozen=True)
class KeptBytes:
    """Bytes that are in the store: checked against their hash, with their sniffed media type."""

    sha256: str
    media_type: str
    size: int


def sniff_media_type(head: bytes) -> str:
    """Return the media type that the first 32 bytes show. Raises `EvidenceEmpty`, `EvidenceTypeRefused`."""
    if not head:
        raise EvidenceEmpty
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    # ISO 14496-12: a file type box names a major brand, then (after a version) compatible ones.
    brands = {head[8:12], head[16:20], head[20:24]} if head[4:8] == b"ftyp" else set()
    if brands & _HEIC_BRANDS:
        return "image/heic"
    if brands & _MP4_BRANDS:
        return "video/mp4"
    raise EvidenceTypeRefused


def kept_media_type(head: bytes) -> str:
    """Return the media type of what is kept: also a PDF, which the server itself made. Raises as `sniff_media_type`."""
    return PDF_TYPE if head.startswith(b"%PDF-") else sniff_media_type(head)


def keep_paper(store: EvidenceStore, pdf: bytes) -> KeptBytes:
    """Keep a PDF that the server made; one from outside is not taken. Raises `StorageError`."""
    sha256 = hashlib.sha256(pdf).hexdigest()
    return KeptBytes(sha256, PDF_TYPE, store.put(sha256, BytesIO(pdf)))


def keep_bytes(
    store: EvidenceStore, sha256: str, source: ByteSource, *, limit: int = MAX_EVIDENCE_BYTES
) -> KeptBytes:
    """Check the type, then keep the bytes. Touches no database, so no lock is held while a slow phone sends.

    Raises a subclass of `EvidenceRefused` for bytes that are not taken, `StorageError` when they can not be kept.
    """
    head = _read_fully(source, SNIFFED_BYTES)
    media_type = sniff_media_type(head)
    size = store.put(sha256, LimitedReader(source, limit, head))
    return KeptBytes(sha256, media_type, size)


def record_evidence(
    session: Session,
    *,
    enterprise_id: UUID,
    kept: KeptBytes,
    actor: Actor,
    now: datetime,
    quota: int | None = None,
) -> Evidence:
    """Write the row that gives the enterprise its evidence, and register it; the first row stands when it came before.

    Raises `EvidenceErased` for bytes that the enterprise had erased, `EvidenceQuotaReached` where it would keep more than `quota` bytes. Bytes that nobody needed may be removed between
    keeping them and this: `require_kept` in the same transaction makes sure.
    """
    lock_evidence(session, kept.sha256)
    key = (enterprise_id, kept.sha256)
    row = session.get(Evidence, key)
    if row is not None:
        if row.erased_at is not None:
            raise EvidenceErased(kept.sha256)
        return row
    row = Evidence(
        enterprise_id=enterprise_id,
        sha256=kept.sha256,
        media_type=kept.media_type,
        size=kept.size,
        received_at=now,
        received_from=actor.name,
        register_index=-1,
    )
    try:
        with session.begin_nested():
            count_in(session, enterprise_id, kept.size, quota)
            register_received(session, row)
            session.add(row)
    except IntegrityError:
        # Another upload of the same bytes was faster.
        return session.get_one(Evidence, key)
    return row


def receive_evidence(  # noqa: PLR0913  every fact of an upload
    session: Session,
    store: EvidenceStore,
    *,
    enterprise_id: UUID,
    sha256: str,
    source: ByteSource,
    actor: Actor,
    now: datetime,
    limit: int = MAX_EVIDENCE_BYTES,
) -> Evidence:
    """Keep the bytes, then write the row: `keep_bytes` and `record_evidence` in one."""
    kept = keep_bytes(store, sha256, source, limit=limit)
    row = record_evidence(session, enterprise_id=enterprise_id, kept=kept, actor=actor, now=now)
    require_kept(store, sha256)
    return row


def evidence_row(session: Session, enterprise_id: UUID, sha256: str) -> Evidence | None:
    """Return an enterprise's evidence; None where it has none, or had it erased."""
    row = session.get(Evidence, (enterprise_id, sha256))
    return row if row is not None and row.erased_at is None else None


def require_kept(store: EvidenceStore, sha256: str) -> None:
    """Raise `StorageUnavailable` unless the bytes are there, in the transaction that records them."""
    if not store.has(sha256):
        msg = f"evidence {sha256} was removed while it came in; send it again"
        raise StorageUnavailable(msg)


@dataclass(frozen=True)
class Part:
    """A piece of an upload: `source` begins at byte `offset` of `total`."""

    offset: int
    total: int
    source: ByteSource


def part_key(enterprise_id: UUID, sha256: str) -> str:
    """Return the name of an enterprise's upload, so that none can spoil another's."""
    return f"{enterprise_id.hex}-{sha256}"


def keep_part(
    store: EvidenceStore,
    enterprise_id: UUID,
    sha256: str,
    part: Part,
    *,
    limit: int = MAX_EVIDENCE_BYTES,
) -> tuple[EvidenceReceipt, KeptBytes | None]:
    """Add a part; with the last one, check type and hash and keep the bytes (then the second value is set).

    Raises `PartOutOfOrder`, `EvidenceTooLarge` for a total over the limit, and what `keep_bytes` raises; a wrong
    hash or type forgets all parts.
    """
    if part.total > limit:
        raise EvidenceTooLarge(limit)
    key = part_key(enterprise_id, sha256)
    rest = LimitedReader(part.source, part.total - part.offset)
    received = store.append_part(key, part.offset, rest)
    if received < part.total:
        return EvidenceReceipt(
            sha256=sha256, received=received, size=part.total, complete=False
        ), None
    with store.open_part(key) as whole:
        head = _read_fully(whole, SNIFFED_BYTES)
    try:
        media_type = sniff_media_type(head)
    except (EvidenceEmpty, EvidenceTypeRefused):
        store.drop_part(key)
        raise
    size = store.finish_part(key, sha256)
    receipt = EvidenceReceipt(sha256=sha256, received=size, size=size, complete=True)
    return receipt, KeptBytes(sha256, media_type, size)


def checked_chunks(source: ByteSource, sha256: str) -> Iterator[bytes]:
    """Yield the bytes in chunks; at their end raise `EvidenceHashMismatch` when they do not hash to `sha256`."""
    digest = hashlib.sha256()
    while chunk := source.read(CHUNK):
        digest.update(chunk)
        yield chunk
    if digest.hexdigest() != sha256:
        raise EvidenceHashMismatch(sha256, digest.hexdigest())


class LimitedReader:
    """Reads `head`, then `source`; raises `EvidenceTooLarge` once that is more than `limit` bytes."""

    def __init__(self, source: ByteSource, limit: int, head: bytes = b"") -> None:
        self._source, self._limit, self._head = source, limit, head
        self._read = 0

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes."""
        data, self._head = self._head[:size], self._head[size:]
        data = data or self._source.read(size)
        self._read += len(data)
        if self._read > self._limit:
            raise EvidenceTooLarge(self._limit)
        return data


def _read_fully(source: ByteSource, size: int) -> bytes:
    data = b""
    while len(data) < size and (chunk := source.read(size - len(data))):
        data += chunk
    return data
