"""Refusals of the domain: facts about what was asked, without a word of HTTP.

    InspectionError
    ├── NotFound                    it does not exist, or not for this caller
    │   └── EvidenceErased          it was there; its bytes were erased
    ├── NotAllowed                  the caller sees it, but their role may not do this
    │   ├── SecondPersonRequired    who had a hand in the fix may not reinspect
    │   ├── AnotherApproverRequired whoever asks for an erasure, or for time, may not approve it
    │   └── NotByHand               the product itself writes this section
    ├── Conflict                    true once, but not in the present state
    │   ├── AlreadyDecided          a finding is confirmed or dismissed once
    │   ├── StepNotPossible         the ticket's state does not know this step
    │   ├── TreatmentPlanRequired   a major hazard is not fixed without a plan
    │   ├── ItemNotStanding         a hazard item is closed, dismissed or joined
    │   ├── ReinspectionPending     a fix waits for a second person's look
    │   ├── MergeRefused            two items cannot be joined this way round
    │   ├── SplitRefused            findings cannot be split off an item
    │   ├── VersionConflict         someone else was faster
    │   ├── AlreadyExists           a name or number that is taken
    │   ├── ErasureRefused          what must be kept is not erased
    │   ├── ErasureDecided          a request is decided once
    │   ├── DeviceKeyFixed          a device signs with one key, as long as it is enrolled
    │   ├── HoldNotStanding         a hold is lifted once
    │   ├── HoldPending             a ticket's request for time waits for its decision
    │   ├── HoldDecided             a ticket's request for time is decided once, and ends once
    │   ├── IdReused                an id came before with another content
    │   ├── NotStanding             a record was superseded or withdrawn
    │   ├── RecordAnswered          an inspection record is signed or refused once
    │   ├── ReportNotThere          a report without a file: not made yet, failed, cancelled or expired
    │   └── TooManyReports          too many reports of one person wait
    ├── Refused                     the input is wrong; the message says what to do
    │   ├── InvalidCursor
    │   ├── InvalidInput
    │   ├── FieldsRefused           every fault of every field of a record
    │   ├── VersionNotInForce       the form is of an edition that does not hold
    │   ├── RecordNotAsShown        what was signed is not what is on record
    │   ├── AlwaysApplies           a section that no enterprise can be without
    │   ├── EvidenceMissing
    │   ├── AfterPhotoRequired
    │   └── EvidenceRefused
    │       ├── EvidenceEmpty
    │       ├── EvidenceTooLarge
    │       ├── EvidenceHashMismatch
    │       ├── EvidenceTypeRefused
    │       └── PartOutOfOrder
    └── StorageError                the server's fault: try again later
        ├── StorageFull
        ├── StorageLocked           the store itself refuses to delete
        └── StorageUnavailable

`inspection.taxonomy.UnknownHazard` stands outside, because the edge shares it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID


class InspectionError(Exception):
    """Base of every refusal of the domain."""


class NotFound(InspectionError):
    """The thing does not exist, or the caller's scope does not hold it: the two are never told apart."""

    def __init__(self, kind: str, key: object) -> None:
        self.kind, self.key = kind, str(key)
        super().__init__(f"there is no {kind} {key}")


class EvidenceErased(NotFound):
    """The bytes were there and were erased; they are neither shown nor taken again."""

    def __init__(self, sha256: str) -> None:
        super().__init__("evidence", sha256)
        self.args = (f"evidence {sha256} was erased; it is neither shown nor taken again",)


class NotAllowed(InspectionError):
    """The caller may see the thing but not do this with it."""

    def __init__(self, action: str, roles: Sequence[str]) -> None:
        self.action, self.roles = action, tuple(roles)
        super().__init__(f"to {action} needs one of the roles: {', '.join(self.roles)}")


class SecondPersonRequired(NotAllowed):
    """Whoever was assigned, fixed or submitted may not reinspect their own work."""

    def __init__(self) -> None:
        super().__init__("reinspect", ())
        self.args = (
            "whoever was assigned this fix, worked on it or submitted it may not reinspect; ask a person who had no hand in it",
        )


class NotByHand(NotAllowed):
    """The product itself writes the section; an entry by hand would falsify it."""

    def __init__(self, section: str) -> None:
        super().__init__("write", ())
        self.args = (f"the product writes section {section} by itself; nobody writes it by hand",)


class AnotherApproverRequired(NotAllowed):
    """Whoever asks for an erasure, or for a ticket to have more time, may not approve it."""

    def __init__(self, asked_for: str = "erasure") -> None:
        super().__init__(f"approve the {asked_for}", ())
        self.args = (
            f"whoever asked for the {asked_for} may not approve it; ask another person to",
        )


class Conflict(InspectionError):
    """The request was possible once, but the thing's present state refuses it."""


class AlreadyDecided(Conflict):
    """A finding is confirmed or dismissed once."""

    def __init__(self, finding_id: UUID, state: str) -> None:
        self.finding_id, self.state = finding_id, state
        super().__init__(f"finding {finding_id} is already {state}; a decision is made once")


class StepNotPossible(Conflict):
    """The ticket's state does not know this step."""

    def __init__(self, state: str, action: str, possible: Sequence[str]) -> None:
        self.state, self.action, self.possible = state, action, tuple(possible)
        steps = ", ".join(self.possible) or "nothing"
        super().__init__(f"a ticket that is {state} cannot {action}; possible now: {steps}")


class TreatmentPlanRequired(Conflict):
    """A major hazard's fix does not start before its treatment plan was filed."""

    def __init__(self) -> None:
        super().__init__(
            "a major hazard needs its treatment plan before the fix starts: file its six parts, the stop of work and the report first"
        )


class ItemNotStanding(Conflict):
    """A hazard item that does not stand any more is not joined, and one that was joined is not split."""

    def __init__(self, item_id: UUID, state: str) -> None:
        self.state = state
        super().__init__(f"hazard {item_id} is {state}; read it again")


class ReinspectionPending(Conflict):
    """A fix waits for its reinspection: nothing of its hazard changes meanwhile."""

    def __init__(self, number: str) -> None:
        super().__init__(
            f"the fix of ticket {number} waits for its reinspection; reinspect it first"
        )


class MergeRefused(Conflict):
    """Two items cannot be joined this way round; the message says why."""


class SplitRefused(Conflict):
    """These findings cannot be split off; the message says why."""


class VersionConflict(Conflict):
    """The thing changed since the caller read it."""

    def __init__(self, expected: int, actual: int, thing: str = "the ticket") -> None:
        self.expected, self.actual = expected, actual
        super().__init__(
            f"{thing} is at version {actual}, not {expected}; read it again and decide anew"
        )


class DeviceKeyFixed(Conflict):
    """A device has a key, and it is not the one that was shown."""

    def __init__(self, device_id: UUID) -> None:
        super().__init__(
            f"device {device_id} has another key already; enrol it anew with a new code"
        )


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


class HoldPending(Conflict):
    """A ticket has a request of this kind that nobody decided yet."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"a request for a {kind} waits for its decision; withdraw it first")


class HoldDecided(Conflict):
    """A ticket's request for time is decided once, and an approved pause ends once."""

    def __init__(self, hold_id: UUID, state: str) -> None:
        self.state = state
        super().__init__(f"request {hold_id} is {state}; read the ticket again")


class AlreadyExists(Conflict):
    """A name, login or number is taken."""

    def __init__(self, kind: str, key: str) -> None:
        self.kind, self.key = kind, key
        super().__init__(f"there is already a {kind} {key}")


class IdReused(Conflict):
    """An id came before with another content: it is the idempotency key of one thing only."""

    def __init__(self, kind: str, key: UUID) -> None:
        super().__init__(
            f"{kind} {key} was sent before with another content; give the new one an id of its own"
        )


class NotStanding(Conflict):
    """A record is corrected or withdrawn while it stands; a later one took its place."""

    def __init__(self, record_id: UUID, state: str) -> None:
        self.state = state
        super().__init__(
            f"record {record_id} is {state}; read the record again and go on from there"
        )


class RecordAnswered(Conflict):
    """The enterprise signs an inspection record, or refuses to, once."""

    def __init__(self, number: str, state: str) -> None:
        self.state = state
        super().__init__(
            f"inspection record {number} is {state} and does not change any more; correct it by a new version"
        )


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


class Refused(InspectionError):
    """The input is wrong, and sending it again does not help."""


class InvalidCursor(Refused):
    """A cursor that no list gave out."""

    def __init__(self) -> None:
        super().__init__("this cursor is not one that a list gave; start without a cursor")


class InvalidInput(Refused):
    """A value that the domain cannot take."""


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


class AlwaysApplies(Refused):
    """A section that no enterprise can be without."""

    def __init__(self, section: str) -> None:
        super().__init__(f"section {section} applies to every enterprise; record what is there")


class EvidenceMissing(Refused):
    """An evidence that is named was not uploaded for this enterprise."""

    def __init__(self, sha256: str) -> None:
        self.sha256 = sha256
        super().__init__(f"evidence {sha256} is not there; upload it first, then send this again")


class AfterPhotoRequired(Refused):
    """A submission needs a new photo of the fixed place."""


class EvidenceRefused(Refused):
    """Bytes that are not taken as evidence; nothing of them was kept."""


class EvidenceEmpty(EvidenceRefused):
    """No byte came."""

    def __init__(self) -> None:
        super().__init__("the file is empty (0 bytes); take the photo again or choose another file")


class EvidenceTooLarge(EvidenceRefused):
    """More bytes than the server takes."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"the file is larger than {limit} bytes, the most that is taken")


class EvidenceHashMismatch(EvidenceRefused):
    """The bytes do not hash to their name."""

    def __init__(self, expected: str, actual: str) -> None:
        self.expected, self.actual = expected, actual
        super().__init__(f"the bytes hash to {actual}, not to {expected}; upload the file again")


class EvidenceTypeRefused(EvidenceRefused):
    """The bytes are neither a picture nor a clip that is taken."""

    def __init__(self) -> None:
        super().__init__("the bytes are not a JPEG, PNG, WebP or HEIC picture, nor an MP4 clip")


class PartOutOfOrder(EvidenceRefused):
    """A part does not begin where the received bytes end."""

    def __init__(self, expected: int, actual: int) -> None:
        self.expected, self.actual = expected, actual
        super().__init__(
            f"the part begins at byte {actual}, but {expected} bytes were received; go on from there"
        )


class StorageError(InspectionError):
    """The server could not keep or read bytes; nothing is half-written, and trying later helps."""


class StorageFull(StorageError):
    """No room is left."""

    def __init__(self) -> None:
        super().__init__("the server has no room left for evidence; free some and try again")


class StorageLocked(StorageError):
    """The store refuses to delete: object lock, a retention or a legal hold of the bucket."""

    def __init__(self, sha256: str, why: str) -> None:
        super().__init__(
            f"the evidence store refuses to delete {sha256}: {why}. Its bucket locks objects; the bytes go when the "
            "lock ends or its owner lifts it, and this is tried again until then"
        )


class StorageUnavailable(StorageError):
    """The evidence store does not answer, or has lost an object that it should hold."""
