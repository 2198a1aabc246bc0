"""The keeper's audit of what vouches for logs: cosignatures, and where an area's log covers which checkpoint."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ledger.area import Counts, covered_by
from ledger.checkpoint import Checkpoint
from ledger.cosignature import WitnessKey, cosignatures
from ledger.entry import Record
from ledger.stored_rows import (
    AREA,
    CHECKPOINT,
    COSIGNATURE,
    HEAD,
    UNREADABLE,
    StoredLog,
    same,
    stored_rows,
)


@dataclass(frozen=True)
class Pin:
    """A checkpoint that was seen before, and by whom. number: which of its log's checkpoints it is, where that is known."""

    checkpoint: Checkpoint
    by: str = "somebody else"
    number: int | None = None
    counts: Counts | None = None


def pin_of(log_id: str, index: int, record: Record) -> Pin:
    """Return the pin that entry `index` of an area's log is. Raises LedgerError for an entry that is none."""
    counts = Counts.of(record)
    number = None if counts is None else counts.number
    return Pin(covered_by(record), f"entry {index} of log {log_id}", number, counts)


def pins_of(pins: Iterable[Pin], log_id: str) -> Sequence[Pin]:
    """Return those that are of this log, by the name that their checkpoint is signed under."""
    return [pin for pin in pins if pin.checkpoint.origin.rpartition("/")[2] == log_id]


def audit_cosignatures(log: StoredLog, checkpoints: Mapping[int, Checkpoint], counted: int) -> None:
    """Note every cosignature that does not hold, and where one is missing; `counted`: how many the head says."""
    rows = list(log.rows(COSIGNATURE, "witness size timestamp line number"))
    for row in rows:
        try:
            _check_cosignature(row, checkpoints)
        except UNREADABLE as error:
            log.fault(COSIGNATURE, _named(row), error)
    log.check_numbers(COSIGNATURE, sorted((row.number, _named(row)) for row in rows), counted)


def _check_cosignature(row: Any, checkpoints: Mapping[int, Checkpoint]) -> None:
    if row.size not in checkpoints:
        msg = (
            "the checkpoint that was cosigned is not here: it was lost, or the log was rolled back"
        )
        raise ValueError(msg)
    key = WitnessKey.from_vkey(bytes(row.witness).decode())
    note = f"{checkpoints[row.size].to_body()}\n{bytes(row.line).decode()}"
    found = [(one.timestamp, one.line.encode()) for one in cosignatures(note, [key])]
    same("cosignature", found, [(row.timestamp, bytes(row.line))])


def _named(row: Any) -> str:
    return f"witness {bytes(row.witness).decode(errors='backslashreplace')} size {row.size}"


def audit_area(
    log: StoredLog, covered: Mapping[int, Pin], sizes: Collection[int], cosigned: int
) -> None:
    """Compare what the entries of an area's log say with where they are looked up, and with what they counted.

    covered: what each entry publishes; sizes: of the area's own checkpoints; cosigned: how many cosignatures there are.
    """
    found = {
        (bytes(log_id), size, index)
        for log_id, size, index in stored_rows(
            log.session, AREA, "log_id size index", partial(log.fault, AREA), area_log_id=log.log_id
        )
    }
    wanted = {
        (pin.checkpoint.origin.rpartition("/")[2].encode(), pin.checkpoint.size, index)
        for index, pin in covered.items()
    }
    for log_id, size, index in sorted(found ^ wanted):
        row = f"of {log_id.decode(errors='backslashreplace')} size {size} index {index}"
        here = (log_id, size, index) in found
        log.fault(AREA, row, "no entry of the area says so" if here else "is missing")
    _audit_counts(log, covered, sorted(sizes), cosigned)


def _audit_counts(
    log: StoredLog, covered: Mapping[int, Pin], sizes: Sequence[int], cosigned: int
) -> None:
    """One that was taken away falsifies all later counts: the first says it."""
    here = 0
    for index, counts in sorted(
        (index, pin.counts) for index, pin in covered.items() if pin.counts
    ):
        while here < len(sizes) and sizes[here] <= index:
            here += 1
        if counts.area_checkpoints != here:
            said = f"entry {index} counted {counts.area_checkpoints} before it, {here} of them are here"
            log.fault(CHECKPOINT, "", said)
            return
        if counts.area_cosignatures > cosigned:
            said = (
                f"counts {cosigned} cosignatures, entry {index} counted {counts.area_cosignatures}"
            )
            log.fault(HEAD, "", said)
            return
