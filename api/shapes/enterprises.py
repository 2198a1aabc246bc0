"""Enterprises with their plan and insurance."""

from datetime import date
from uuid import UUID

from pydantic import Field

from api.shapes.base import NamedRef, Page
from inspection.wire import Wire


class EnterpriseView(Wire):
    """An insured company with a ledger of its own."""

    id: UUID
    name: str = Field(examples=["乐清宏达电气有限公司"])
    credit_code: str = Field(examples=["91330382MA2XXXXX0K"])
    address: str
    industry: str
    is_high_risk: bool
    area: NamedRef


class EnterprisePage(Page[EnterpriseView]):
    """Enterprises that the caller may see."""


class InsurancePolicyView(Wire):
    """The contract between an insurer and the enterprise."""

    id: UUID
    number: str
    insurer: NamedRef
    starts_on: date
    ends_on: date


class ServicePlanView(Wire):
    """What the insured enterprise is promised."""

    id: UUID
    name: str
    number: str
    starts_on: date
    ends_on: date
    opens_tickets: bool
    hazards: list[str] = Field(
        description="codes of hazards that a picture may report here; empty means all"
    )


class EnterpriseDetail(EnterpriseView):
    """An enterprise with the plan and the insurance of today, where it has them."""

    plan: ServicePlanView | None
    insurance_policy: InsurancePolicyView | None
