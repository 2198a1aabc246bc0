"""Database classes of the domain, a module a subject. Big tables are keyed by enterprise first, so that they can be partitioned.

Times are stored in UTC. Rows are built with `model_validate` where input is not yet checked, because SQLModel
does not validate on construction. Ledger tables live in `ledger.sql`.
"""

from inspection.tables.access import AccessLog
from inspection.tables.accounts import (
    ForeignIdentity,
    Invitation,
    KnownBrowser,
    PasswordAsk,
    PasswordLink,
    PersonalToken,
    ProviderAttempt,
    RecoveryCode,
    SecondFactor,
)
from inspection.tables.answers import KeyedAnswer
from inspection.tables.boxes import (
    BoxConfiguration,
    BoxStatus,
    CameraSightDay,
    ModelOffer,
    ModelRelease,
)
from inspection.tables.clips import FindingClip
from inspection.tables.columns import new_id
from inspection.tables.delivery import (
    ChannelKind,
    DeliveryState,
    NoticeChannel,
    NoticeDelivery,
    NoticeWishes,
    WebhookEndpoint,
)
from inspection.tables.findings import (
    Evidence,
    EvidenceUsage,
    Finding,
    HazardItem,
    Inspection,
    InspectionPhoto,
    ItemState,
    PhotoState,
)
from inspection.tables.item_changes import ItemChange, ItemChangeKind
from inspection.tables.notices import Notice, NoticeKind
from inspection.tables.parties import (
    Device,
    EnrolmentCode,
    Enterprise,
    ExpertAssignment,
    InsurancePolicy,
    Membership,
    Organisation,
    OrganisationKind,
    PilotArea,
    Role,
    ServicePlan,
    SignInSession,
    TokenKind,
    User,
)
from inspection.tables.records import InspectionRecord, RecordAnswerState
from inspection.tables.reports import Report, ReportFormat, ReportLanguage, ReportState
from inspection.tables.retention import (
    ErasureRequest,
    ErasureState,
    ErasureTarget,
    EvidenceRemoval,
    ExportLease,
    LegalHold,
    TargetState,
)
from inspection.tables.search import EntryEvidence, EntryFacts, IndexMark
from inspection.tables.sections import (
    RecordState,
    SectionAbsence,
    SectionRecord,
    SectionReminder,
)
from inspection.tables.tickets import (
    FINISHED,
    FixCheck,
    FixCheckState,
    HoldKind,
    HoldState,
    RemediationTicket,
    TicketHold,
    TicketState,
    TicketStep,
    TicketTreatment,
)
from inspection.tables.witnesses import Witness

__all__ = [
    "FINISHED",
    "AccessLog",
    "BoxConfiguration",
    "BoxStatus",
    "CameraSightDay",
    "ChannelKind",
    "DeliveryState",
    "Device",
    "EnrolmentCode",
    "Enterprise",
    "EntryEvidence",
    "EntryFacts",
    "ErasureRequest",
    "ErasureState",
    "ErasureTarget",
    "Evidence",
    "EvidenceRemoval",
    "EvidenceUsage",
    "ExpertAssignment",
    "ExportLease",
    "Finding",
    "FindingClip",
    "FixCheck",
    "FixCheckState",
    "ForeignIdentity",
    "HazardItem",
    "HoldKind",
    "HoldState",
    "IndexMark",
    "Inspection",
    "InspectionPhoto",
    "InspectionRecord",
    "InsurancePolicy",
    "Invitation",
    "ItemChange",
    "ItemChangeKind",
    "ItemState",
    "KeyedAnswer",
    "KnownBrowser",
    "LegalHold",
    "Membership",
    "ModelOffer",
    "ModelRelease",
    "Notice",
    "NoticeChannel",
    "NoticeDelivery",
    "NoticeKind",
    "NoticeWishes",
    "Organisation",
    "OrganisationKind",
    "PasswordAsk",
    "PasswordLink",
    "PersonalToken",
    "PhotoState",
    "PilotArea",
    "ProviderAttempt",
    "RecordAnswerState",
    "RecordState",
    "RecoveryCode",
    "RemediationTicket",
    "Report",
    "ReportFormat",
    "ReportLanguage",
    "ReportState",
    "Role",
    "SecondFactor",
    "SectionAbsence",
    "SectionRecord",
    "SectionReminder",
    "ServicePlan",
    "SignInSession",
    "TargetState",
    "TicketHold",
    "TicketState",
    "TicketStep",
    "TicketTreatment",
    "TokenKind",
    "User",
    "WebhookEndpoint",
    "Witness",
    "new_id",
]
