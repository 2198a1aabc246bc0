"""Who vouches for a ledger: its area's log, witnesses, and the keys that signed it."""

from typing import Self
from uuid import UUID

from pydantic import Field

from api.shapes.base import NamedRef, Page
from api.witnesses import WitnessState
from inspection.wire import UtcDatetime, Wire
from ledger.cosignature import WitnessKey


class WitnessView(Wire):
    """A witness and how far it followed the area's log."""

    id: UUID
    name: str = Field(examples=["yingji.example.gov.cn/witness"])
    party: str = Field(description="the organisation; empty where it is none of the area's")
    vkey: str = Field(description="C2SP vkey of type 0x04")
    is_online: bool = Field(
        description="the server asks it over the network; else a file is carried"
    )
    size: int | None = Field(description="entries of the area's log that it cosigned last")
    cosigned_at: UtcDatetime | None = Field(description="its last cosignature, by its own clock")
    refusal: str = Field(
        description="why it did not cosign when it was asked last; empty if it did"
    )

    @classmethod
    def from_state(cls, state: WitnessState) -> Self:
        """Show a witness."""
        seen = state.seen
        return cls(
            id=state.row.id,
            name=WitnessKey.from_vkey(state.row.vkey).name,
            party=state.party,
            vkey=state.row.vkey,
            is_online=bool(state.row.url),
            size=None if seen is None else seen.size,
            cosigned_at=None if seen is None else seen.at,
            refusal=state.row.refusal,
        )


class AreaView(Wire):
    """An area's log."""

    area: NamedRef
    log: str
    vkey: str = Field(description="the key that signs the area's checkpoints now")
    checkpoint: str | None = Field(
        description="the newest, with its cosignatures; null before the first"
    )
    size: int
    may_import: bool = Field(description="whether the caller may take a witness's file in")
    witnesses: list[WitnessView]


class KeyView(Wire):
    """A key that signs, or signed, a ledger."""

    vkey: str
    kind: str = Field(examples=["first", "key.rotated", "key.replaced"])
    since: UtcDatetime
    index: int | None = Field(description="the entry that announced it; null for the first key")
    statement: str | None = Field(
        description="proof of the announcement (tlog-proof, see formats.md)"
    )


class VouchingView(Wire):
    """Who vouches for an enterprise's ledger."""

    checkpoint: str
    size: int
    keys: list[KeyView]
    area: AreaView
    area_proof: str | None = Field(
        description="the proof (tlog-proof, see formats.md) that the area covers the checkpoint; null until it does"
    )


class CosignedFile(Wire):
    """What a witness cosigned, carried back."""

    text: str = Field(max_length=1 << 20, description="the text of the file")


class CosignatureView(Wire):
    """A cosignature that was taken in."""

    name: str
    at: UtcDatetime
    size: int


class AreaPage(Page[AreaView]):
    """The logs of the caller's areas."""
