"""Clips of findings."""

from typing import Self

from pydantic import Field

from inspection.tables import FindingClip
from inspection.wire import Sha256, UtcDatetime, Wire


class ClipAdded(Wire):
    """Evidence that is there, as the clip of a finding."""

    evidence_sha256: Sha256


class ClipView(Wire):
    """A clip; its bytes are the evidence. `entry_index` and `leaf_hash` name its entry in the ledger."""

    evidence_sha256: Sha256
    added_at: UtcDatetime
    entry_index: int
    leaf_hash: Sha256

    @classmethod
    def from_row(cls, row: FindingClip) -> Self:
        """Return the view of a clip."""
        return cls.model_validate(row.model_dump(include=set(cls.model_fields)))


class FindingClipView(Wire):
    """The clip of a finding."""

    clip: ClipView | None = Field(description="null: it has none")
