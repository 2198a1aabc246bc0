"""The norms as data, the clock, and whether the server is well."""

from fastapi import APIRouter

from api.deps import AnyCaller
from api.errors import problems
from api.shapes.catalogue import HazardTypes, Health, LedgerSections
from inspection.wire import ServerTime, utc_now

router = APIRouter(tags=["catalogue"])


@router.get("/time", operation_id="getTime", summary="The server's clock")
def get_time() -> ServerTime:
    """Return the server's time, for a device to measure its own offset."""
    return ServerTime(now=utc_now())


@router.get("/health", operation_id="getHealth", summary="Is the server well")
def get_health() -> Health:
    """Return the version and the model in use, after a question to the database."""
    raise NotImplementedError


@router.get(
    "/hazard-types",
    operation_id="listHazardTypes",
    summary="The hazard catalogue",
    responses=problems(401),
)
def list_hazard_types(caller: AnyCaller) -> HazardTypes:
    """Return every hazard type with its level, deadline and legal basis."""
    raise NotImplementedError


@router.get(
    "/ledger-sections",
    operation_id="listLedgerSections",
    summary="The sections of a ledger",
    responses=problems(401),
)
def list_ledger_sections(caller: AnyCaller) -> LedgerSections:
    """Return the 28 sections with their fields, frequency, retention and legal basis."""
    raise NotImplementedError
