"""The norms as data, and the state of the server."""

from typing import Literal

from pydantic import Field

from api.shapes.base import HazardCode, Level
from inspection.wire import Sha256, Wire


class Health(Wire):
    """The server answers and reaches its database."""

    status: Literal["ok"]
    version: str = Field(examples=["0.1.0"])
    model_name: str = Field(examples=["anxun-nano"])
    model_sha256: Sha256


class HazardTypeView(Wire):
    """A row of the hazard catalogue. `basis_checked` false: show the basis as "to be verified"."""

    code: HazardCode
    name_zh: str
    name_en: str
    category: str = Field(examples=["fire"])
    level: Level
    deadline_days: int = Field(ge=0, description="days to fix; 0 means at once")
    basis: str
    basis_checked: bool
    detectable_by_image: bool


class HazardTypes(Wire):
    """The hazard catalogue."""

    items: list[HazardTypeView]


class LedgerSectionView(Wire):
    """One of the 28 sections of an enterprise's ledger."""

    code: str = Field(examples=["L27"])
    name_zh: str
    name_en: str
    key_fields: list[str]
    frequency: str
    retention: str
    owner: str
    basis: str
    basis_checked: bool


class LedgerSections(Wire):
    """The sections of a ledger."""

    items: list[LedgerSectionView]
