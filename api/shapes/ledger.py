"""The enterprise's ledger: entries, proofs and consistency."""

from typing import Any, Self

from pydantic import Field

from api.shapes.base import Page
from inspection.wire import Sha256, UtcDatetime, Wire
from ledger.entry import LedgerEntry, Record


class AttachmentView(Wire):
    """A blob that an entry names by its hash."""

    sha256: Sha256
    media_type: str = Field(examples=["image/jpeg"])
    size: int
    role: str = Field(examples=["photo"])


class RecordView(Wire):
    """What an entry says."""

    by: str = Field(examples=["device:01920000-0000-7000-8000-000000000000"])
    data: dict[str, Any]
    attachments: list[AttachmentView]

    @classmethod
    def from_record(cls, record: Record) -> Self:
        """Return the view of a record."""
        attachments = [AttachmentView(**vars(attachment)) for attachment in record.attachments]
        return cls(by=record.by, data=dict(record.data), attachments=attachments)


class EntryView(Wire):
    """One appended entry. The tree hashes `leaf`, and `leaf` commits to `content` by a salted hash.

    leaf_hash = SHA-256(0x00 ‖ leaf); commitment in the leaf =
    SHA-256("anxun-ledger-content/v1\\n" ‖ salt ‖ content). Both texts are canonical JSON (RFC 8785) in UTF-8.
    """

    index: int = Field(ge=0)
    leaf_hash: Sha256
    leaf: str
    salt: Sha256 | None = Field(
        description="32 bytes, hexadecimal; null when the content was erased"
    )
    content: str | None = Field(description="null when it was erased; every proof still holds")
    kind: str = Field(examples=["finding.recorded"])
    section: str = Field(examples=["L27"])
    at: UtcDatetime
    record: RecordView | None = Field(description="the content, read; null when it was erased")

    @classmethod
    def from_entry(cls, entry: LedgerEntry) -> Self:
        """Return the view of an entry."""
        header, record = entry.header, entry.record
        return cls(
            index=entry.index,
            leaf_hash=entry.leaf_hash,
            leaf=entry.leaf.decode(),
            salt=None if entry.salt is None else entry.salt.hex(),
            content=None if entry.content is None else entry.content.decode(),
            kind=header.kind,
            section=header.section,
            at=header.at,
            record=None if record is None else RecordView.from_record(record),
        )


class EntryPage(Page[EntryView]):
    """Entries, oldest first."""

    tree_size: int = Field(ge=0, description="entries in the ledger now")


class ProofView(Wire):
    """An inclusion proof (RFC 9162) against a published checkpoint."""

    leaf_hash: Sha256
    index: int
    tree_size: int
    hashes: list[Sha256]
    checkpoint: str = Field(description="the signed note (C2SP tlog-checkpoint)")
    tlog_proof: str = Field(description="the same proof as C2SP tlog-proof text")


class ConsistencyView(Wire):
    """A consistency proof (RFC 9162): the larger tree only appended to the smaller one."""

    old_size: int
    new_size: int
    hashes: list[Sha256]


class MarkView(Wire):
    """Where what was looked for begins and ends (excluded) in an excerpt, in characters."""

    start: int = Field(ge=0, examples=[4])
    end: int = Field(ge=1, examples=[7])


class ExcerptView(Wire):
    """A piece of an entry's text around what was looked for."""

    text: str = Field(examples=["二车间 配电箱前堆放纸箱"])
    marks: list[MarkView]


class HitView(Wire):
    """An entry that was found."""

    entry: EntryView
    excerpt: ExcerptView | None = Field(
        description="null without a text that was looked for, or when the content was erased"
    )


class HitPage(Page[HitView]):
    """Entries that were found, in the order asked for."""

    tree_size: int = Field(ge=0, description="entries in the ledger now")
    indexed_size: int = Field(
        ge=0, description="entries that can be found now; the server catches up within seconds"
    )


class FacetCount(Wire):
    """How many entries have a value."""

    value: str = Field(examples=["L11"])
    count: int = Field(ge=1)


class FacetCounts(Wire):
    """Entries counted by a facet, most first."""

    items: list[FacetCount]
