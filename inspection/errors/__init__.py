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
        ├── EvidenceQuotaReached    an enterprise keeps as much evidence as it may
        ├── StorageFull
        ├── StorageLocked           the store itself refuses to delete
        └── StorageUnavailable

`inspection.taxonomy.UnknownHazard` stands outside, because the edge shares it.
"""

from inspection.errors.base import (
    AlreadyExists as AlreadyExists,
)
from inspection.errors.base import (
    Conflict as Conflict,
)
from inspection.errors.base import (
    IdReused as IdReused,
)
from inspection.errors.base import (
    InspectionError as InspectionError,
)
from inspection.errors.base import (
    InvalidCursor as InvalidCursor,
)
from inspection.errors.base import (
    InvalidInput as InvalidInput,
)
from inspection.errors.base import (
    NotAllowed as NotAllowed,
)
from inspection.errors.base import (
    NotFound as NotFound,
)
from inspection.errors.base import (
    NotStanding as NotStanding,
)
from inspection.errors.base import (
    Refused as Refused,
)
from inspection.errors.base import (
    VersionConflict as VersionConflict,
)
from inspection.errors.evidence import (
    EvidenceEmpty as EvidenceEmpty,
)
from inspection.errors.evidence import (
    EvidenceErased as EvidenceErased,
)
from inspection.errors.evidence import (
    EvidenceHashMismatch as EvidenceHashMismatch,
)
from inspection.errors.evidence import (
    EvidenceMissing as EvidenceMissing,
)
from inspection.errors.evidence import (
    EvidenceQuotaReached as EvidenceQuotaReached,
)
from inspection.errors.evidence import (
    EvidenceRefused as EvidenceRefused,
)
from inspection.errors.evidence import (
    EvidenceTooLarge as EvidenceTooLarge,
)
from inspection.errors.evidence import (
    EvidenceTypeRefused as EvidenceTypeRefused,
)
from inspection.errors.evidence import (
    PartOutOfOrder as PartOutOfOrder,
)
from inspection.errors.evidence import (
    StorageError as StorageError,
)
from inspection.errors.evidence import (
    StorageFull as StorageFull,
)
from inspection.errors.evidence import (
    StorageLocked as StorageLocked,
)
from inspection.errors.evidence import (
    StorageUnavailable as StorageUnavailable,
)
from inspection.errors.records import (
    AlwaysApplies as AlwaysApplies,
)
from inspection.errors.records import (
    ErasureDecided as ErasureDecided,
)
from inspection.errors.records import (
    ErasureRefused as ErasureRefused,
)
from inspection.errors.records import (
    FieldFault as FieldFault,
)
from inspection.errors.records import (
    FieldsRefused as FieldsRefused,
)
from inspection.errors.records import (
    HoldNotStanding as HoldNotStanding,
)
from inspection.errors.records import (
    NotByHand as NotByHand,
)
from inspection.errors.records import (
    RecordAnswered as RecordAnswered,
)
from inspection.errors.records import (
    RecordNotAsShown as RecordNotAsShown,
)
from inspection.errors.records import (
    ReportNotThere as ReportNotThere,
)
from inspection.errors.records import (
    TooManyReports as TooManyReports,
)
from inspection.errors.records import (
    VersionNotInForce as VersionNotInForce,
)
from inspection.errors.work import (
    AfterPhotoRequired as AfterPhotoRequired,
)
from inspection.errors.work import (
    AlreadyDecided as AlreadyDecided,
)
from inspection.errors.work import (
    AnotherApproverRequired as AnotherApproverRequired,
)
from inspection.errors.work import (
    DeviceKeyFixed as DeviceKeyFixed,
)
from inspection.errors.work import (
    HoldDecided as HoldDecided,
)
from inspection.errors.work import (
    HoldPending as HoldPending,
)
from inspection.errors.work import (
    ItemNotStanding as ItemNotStanding,
)
from inspection.errors.work import (
    MergeRefused as MergeRefused,
)
from inspection.errors.work import (
    ReinspectionPending as ReinspectionPending,
)
from inspection.errors.work import (
    SecondPersonRequired as SecondPersonRequired,
)
from inspection.errors.work import (
    SplitRefused as SplitRefused,
)
from inspection.errors.work import (
    StepNotPossible as StepNotPossible,
)
from inspection.errors.work import (
    TreatmentPlanRequired as TreatmentPlanRequired,
)
