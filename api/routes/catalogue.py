"""The norms as data, the clock, and whether the server is well."""

from dataclasses import asdict

from sqlmodel import select

from api.deps import AnyCaller, AppParts, Reading
from api.errors import problems
from api.parts import VERSION
from api.routing import ApiRouter
from api.shapes.catalogue import (
    DecisionChoices,
    Detection,
    DismissalReasonView,
    HazardOnTrial,
    HazardTypes,
    HazardTypeView,
    Health,
    LedgerSections,
    LedgerSectionView,
)
from inspection.dismissals import dismissal_reasons
from inspection.rules import model_labels
from inspection.sections import ledger_sections
from inspection.switches import Switches
from inspection.taxonomy import hazard_catalogue
from inspection.wire import ServerTime, utc_now
from models.training.pool import LABELS

router = ApiRouter(tags=["catalogue"])


@router.get("/time", operation_id="getTime", summary="The server's clock")
def get_time() -> ServerTime:
    """Return the server's time, for a device to measure its own offset."""
    return ServerTime(now=utc_now())


@router.get(
    "/health", operation_id="getHealth", summary="Is the server well", responses=problems(503)
)
def get_health(parts: AppParts, session: Reading) -> Health:
    """Return the version, the model in use and what it looks for, after a question to the database."""
    session.exec(select(1)).one()
    detector, switches = parts.detector, parts.photo_worker.switches
    return Health(
        status="ok",
        version=VERSION,
        model_name=detector.name,
        model_sha256=detector.sha256,
        hazards_on=list(switches.on),
        hazards_on_trial=[HazardOnTrial(**asdict(each)) for each in switches.on_trial],
        hazards_off=[HazardOnTrial(**asdict(each)) for each in switches.off],
    )


@router.get(
    "/hazard-types",
    operation_id="listHazardTypes",
    summary="The hazard catalogue",
    responses=problems(401),
)
def list_hazard_types(caller: AnyCaller, parts: AppParts) -> HazardTypes:  # noqa: ARG001  being signed in is enough
    """Return every hazard type with its level, deadline and legal basis, and whether the model looks for it."""
    switches = parts.photo_worker.switches
    rows = hazard_catalogue().values()
    return HazardTypes(
        items=[
            HazardTypeView(
                **asdict(row),
                model_label=model_labels().get(row.code),
                detection=_detection(row.code, switches),
            )
            for row in rows
        ]
    )


def _detection(code: str, switches: Switches) -> Detection:
    if any(each.hazard_code == code for each in switches.on_trial):
        return "on_trial"
    if any(each.hazard_code == code for each in switches.off):
        return "off"
    return "on" if code in switches.on else "none"


@router.get(
    "/decision-choices",
    operation_id="listDecisionChoices",
    summary="Reasons of dismissals and labels of boxes",
    responses=problems(401),
)
def list_decision_choices(caller: AnyCaller) -> DecisionChoices:  # noqa: ARG001  being signed in is enough
    """Return why a finding may be dismissed, and what a box that a person draws may be labelled."""
    reasons = [DismissalReasonView(**asdict(row)) for row in dismissal_reasons().values()]
    return DecisionChoices(reasons=reasons, labels=list(LABELS))


@router.get(
    "/ledger-sections",
    operation_id="listLedgerSections",
    summary="The sections of a ledger",
    responses=problems(401),
)
def list_ledger_sections(caller: AnyCaller) -> LedgerSections:  # noqa: ARG001  being signed in is enough
    """Return the 28 sections with their fields, frequency, retention and legal basis."""
    rows = ledger_sections().values()
    return LedgerSections(items=[LedgerSectionView(**asdict(row)) for row in rows])
