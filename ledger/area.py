"""The log of an area: its entries are the checkpoints of its ledgers, so one cosignature covers them all.

    entry → its ledger's checkpoint → entry of the area log → the area's checkpoint → cosignatures

`verify_area` checks the chain from the ledger's checkpoint on, offline. `docs/formats.md` describes the file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from pydantic import JsonValue

from ledger.checkpoint import Checkpoint, parse_checkpoint, verify_checkpoint
from ledger.cosignature import Cosignature, WitnessKey, cosignatures, verify_cosignatures
from ledger.entry import Record
from ledger.errors import InclusionRefused, OriginMismatch, UnknownSigner
from ledger.note import VerifierKey
from ledger.statement import Statement

KIND = "checkpoint.published"
SECTION = "area"
BY = "system"


@dataclass(frozen=True)
class AreaVouch:
    """What a good area proof shows: the area's checkpoint covers `covered`, which the ledger's checkpoint continues."""

    area: Checkpoint
    covered: Checkpoint
    at: datetime
    cosignatures: tuple[Cosignature, ...]


@dataclass(frozen=True)
class Counts:
    """What an area's entry says was there when it was written, so that nothing of it can be taken away later.

    number: the how-manieth checkpoint of its ledger the entry publishes (1 is the first); area_checkpoints,
    area_cosignatures: how many of the area's own there were.
    """

    number: int
    area_checkpoints: int
    area_cosignatures: int

    @classmethod
    def of(cls, record: Record) -> "Counts | None":
        """Read them from an area's record; None where its writer did not count yet. Raises InclusionRefused."""
        if not {"number", "area"} & set(record.data):
            return None
        area = record.data.get("area")
        own = area if isinstance(area, dict) else {}
        found = (record.data.get("number"), own.get("checkpoints"), own.get("cosignatures"))
        if not all(type(count) is int for count in found):
            msg = "the entry counts checkpoints and cosignatures by what are no numbers"
            raise InclusionRefused(msg)
        return cls(*cast("tuple[int, int, int]", found))

    def to_data(self) -> dict[str, JsonValue]:
        """Write them as fields of the record's data."""
        own = {"checkpoints": self.area_checkpoints, "cosignatures": self.area_cosignatures}
        return {"number": self.number, "area": cast("JsonValue", own)}


def area_record(checkpoint: Checkpoint, at: datetime, counts: Counts | None = None) -> Record:
    """Return the area log's record of a ledger's checkpoint."""
    data = {} if counts is None else counts.to_data()
    return Record(KIND, SECTION, at, BY, {"checkpoint": checkpoint.text, **data})


def verify_area(
    text: str,
    checkpoint: Checkpoint,
    area_keys: Sequence[VerifierKey],
    *,
    witnesses: Sequence[WitnessKey] = (),
    quorum: int = 0,
    is_key_lost: bool = False,
) -> AreaVouch:
    """Check that an area's checkpoint covers a ledger's, and who cosigned it.

    text: the area proof; checkpoint: the ledger's, whose own signature the caller checks; area_keys: trusted keys of
    the area log; quorum: how many of `witnesses` must have cosigned. With `is_key_lost` the area's own signature is
    not asked for: then at least one witness must vouch.

    Raises NoteError, MerkleError, OriginMismatch, InclusionRefused.
    """
    statement = Statement.from_text(text)  # 1
    area = _verify_signed(statement, area_keys, is_key_lost=is_key_lost)  # 2
    wanted = max(quorum, 1) if is_key_lost else quorum
    if wanted:  # 3
        cosigned = verify_cosignatures(area.text, witnesses, wanted)
    else:
        cosigned = cosignatures(area.text, witnesses)
    record = statement.verify()  # 4
    covered = covered_by(record)  # 5
    if covered.origin != checkpoint.origin:
        msg = f"the area covers a checkpoint of {covered.origin}, not of {checkpoint.origin}"
        raise OriginMismatch(msg)
    statement.verify_continued(covered, checkpoint)  # 6
    return AreaVouch(area, covered, record.at, cosigned)


def _verify_signed(
    statement: Statement, keys: Sequence[VerifierKey], *, is_key_lost: bool
) -> Checkpoint:
    area = statement.checkpoint
    own = [key for key in keys if key.name == area.origin]
    if not own:
        names = ", ".join(key.name for key in keys) or "none"
        msg = f"the area's checkpoint is of {area.origin}; trusted are keys of {names}"
        raise UnknownSigner(msg)
    if not is_key_lost:
        verify_checkpoint(area.text, own)
    return area


def covered_by(record: Record) -> Checkpoint:
    """Return the checkpoint that an area's record publishes. Raises InclusionRefused, NoteError."""
    text = record.data.get("checkpoint")
    if record.kind != KIND or not isinstance(text, str):
        msg = f"an entry of kind {record.kind} publishes no checkpoint"
        raise InclusionRefused(msg)
    return parse_checkpoint(text)
