"""The enterprise's ledger: entries, proofs and consistency."""

from typing import Any

from pydantic import Field

from api.shapes.base import Page
from inspection.wire import Sha256, UtcDatetime, Wire


class AttachmentView(Wire):
    """A blob that an entry names by its hash."""

    sha256: Sha256
    media_type: str = Field(examples=["image/jpeg"])
    size: int
    role: str = Field(examples=["photo"])


class RecordView(Wire):
    """What an entry says."""

    kind: str = Field(examples=["finding.recorded"])
    section: str = Field(examples=["L27"])
    at: UtcDatetime
    by: str = Field(examples=["device:01920000-0000-7000-8000-000000000000"])
    data: dict[str, Any]
    attachments: list[AttachmentView]


class EntryView(Wire):
    """One appended entry. `leaf` is what the tree hashes; it commits to `record` by the salted hash."""

    index: int = Field(ge=0)
    leaf_hash: Sha256
    leaf: str = Field(description="the leaf's bytes: canonical JSON (RFC 8785), UTF-8 text")
    salt: str | None = Field(description="hexadecimal; null when the content was erased")
    record: RecordView | None = Field(description="null when the content was erased")


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
