"""Refusals about what is written, kept, printed and erased: sections, records, erasures, legal holds, reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from inspection.errors.base import Conflict, NotAllowed, Refused


class NotByHand(NotAllowed):
    """The product itself writes the section; an entry by hand would falsify it."""

    def __init__(self, section: str) -> None:
        super().__init__("write", ())
        self.args = (f"the product writes section {section} by itself; nobody writes it by hand",)


@dataclass(frozen=True)
class FieldFault:
    """What is wrong with one field: a code for programs, and a sentence that says what to do."""

    field: str
    code: str
    message: str


class FieldsRefused(Refused):
    """Fields of a record do not fit the section's definition; nothing was written."""

    def __init__(self, faults: Sequence[FieldFault]) -> None:
        self.faults = tuple(faults)
        first = self.faults[0]
        more = f" (and {len(self.faults) - 1} more)" if len(self.faults) > 1 else ""
        super().__init__(f"{first.field}: {first.message}{more}")


class VersionNotInForce(Refused):
    """A record follows the edition that is in force today or was on the record's day."""

    def __init__(self, section: str, version: str, in_force: Sequence[str]) -> None:
        super().__init__(
            f"the definition of {section} of {version!r} is not in force; fill in the one of {' or '.join(in_force)}"
        )


class RecordNotAsShown(Refused):
    """The content that was signed is not the content that is on record."""

    def __init__(self, shown: str, actual: str) -> None:
        self.shown, self.actual = shown, actual
        super().__init__(
            f"what was signed hashes to {shown}, what is on record to {actual}; show it again and sign anew"
        )


class RecordAnswered(Conflict):
    """The enterprise signs an inspection record, or refuses to, once."""

    def __init__(self, number: str, state: str) -> None:
        self.state = state
        super().__init__(
            f"inspection record {number} is {state} and does not change any more; correct it by a new version"
        )


class AlwaysApplies(Refused):
    """A section that no enterprise can be without."""

    def __init__(self, section: str) -> None:
        super().__init__(f"section {section} applies to every enterprise; record what is there")


class ErasureRefused(Conflict):
    """Entries of a request must be kept: each message names one and says why."""

    def __init__(self, messages: Sequence[str]) -> None:
        self.messages = tuple(messages)
        more = f" (and {len(self.messages) - 10} more)" if len(self.messages) > 10 else ""
        super().__init__("; ".join(self.messages[:10]) + more)


class ErasureDecided(Conflict):
    """A request for an erasure is approved or rejected once."""

    def __init__(self, request_id: UUID, state: str) -> None:
        self.state = state
        super().__init__(f"erasure request {request_id} is {state}; it is decided once")


class HoldNotStanding(Conflict):
    """A legal hold is lifted once."""

    def __init__(self, hold_id: UUID) -> None:
        super().__init__(f"legal hold {hold_id} was lifted before")


class ReportNotThere(Conflict):
    """The report has no file to download now."""

    def __init__(self, report_id: UUID, state: str, error: str | None) -> None:
        self.report_id, self.state = report_id, state
        why = f": {error}" if error else ""
        ask = "wait until it is done" if state in ("waiting", "running") else "ask for a new one"
        super().__init__(f"report {report_id} is {state}{why}; {ask}")


class TooManyReports(Conflict):
    """A person has too many reports that are not finished."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(
            f"{limit} of your reports are not finished yet; wait for one, or cancel one"
        )
