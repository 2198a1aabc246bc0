"""Setting up a pilot area: organisations, enterprises, people, policies and plans.

Nothing here asks who calls: it is for the operator's command line and for demonstration data.
"""

import re
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel

from inspection.errors import AlreadyExists, InvalidInput, NotFound
from inspection.scopes import ENTERPRISE_ROLES
from inspection.tables import (
    Enterprise,
    ExpertAssignment,
    InsurancePolicy,
    Membership,
    Organisation,
    OrganisationKind,
    PilotArea,
    Role,
    ServicePlan,
    User,
)
from inspection.taxonomy import hazard_type

Row = TypeVar("Row", bound=SQLModel)
# GB 32100-2015: 18 digits and capital letters.
_CREDIT_CODE = re.compile(r"[0-9A-Z]{18}")


@dataclass(frozen=True)
class EnterpriseFacts:
    """What is known of an enterprise when it joins. `credit_code` is its unified social credit code."""

    name: str
    credit_code: str
    address: str = ""
    industry: str = ""
    is_high_risk: bool = False


@dataclass(frozen=True)
class Term:
    """A contract's number and days, both ends included."""

    number: str
    starts_on: date
    ends_on: date

    def __post_init__(self) -> None:
        if self.ends_on < self.starts_on:
            msg = (
                f"a term ends on or after its first day; {self.ends_on} is before {self.starts_on}"
            )
            raise InvalidInput(msg)


@dataclass(frozen=True)
class PlanFacts:
    """What a service plan promises. `hazards` are codes that a picture may report; empty means all."""

    name: str
    term: Term
    opens_tickets: bool = True
    hazards: tuple[str, ...] = field(default=())


def add_area(session: Session, name: str) -> PilotArea:
    """Add a pilot area. Raises `AlreadyExists`, `InvalidInput` for an empty name."""
    area = PilotArea(name=_filled("name", name))
    return _added(session, area, "pilot area", name)


def add_organisation(
    session: Session,
    kind: OrganisationKind,
    name: str,
    area_id: UUID | None = None,
    parent_id: UUID | None = None,
) -> Organisation:
    """Add a party; without an area it works in all of them, or, with towns below it, in theirs.

    Only a town's government has a parent, its bureau. Raises `NotFound`, `InvalidInput`.
    """
    if area_id is not None and session.get(PilotArea, area_id) is None:
        raise NotFound("pilot area", area_id)
    if parent_id is not None:
        _require_town(session, kind, area_id, parent_id)
    organisation = Organisation(
        kind=kind, name=_filled("name", name), area_id=area_id, parent_id=parent_id
    )
    return _added(session, organisation, "organisation", name)


def _require_town(
    session: Session, kind: OrganisationKind, area_id: UUID | None, parent_id: UUID
) -> None:
    parent = session.get(Organisation, parent_id)
    if parent is None:
        raise NotFound("organisation", parent_id)
    if {kind, parent.kind} != {OrganisationKind.GOVERNMENT}:
        raise InvalidInput("only a government has a government above it")
    if area_id is None:
        raise InvalidInput("a town below a bureau needs an area: without one it would see all")


def add_enterprise(session: Session, area_id: UUID, facts: EnterpriseFacts) -> Enterprise:
    """Add an enterprise. Raises `AlreadyExists` for a credit code that is taken, `InvalidInput` for a wrong one."""
    if session.get(PilotArea, area_id) is None:
        raise NotFound("pilot area", area_id)
    if not _CREDIT_CODE.fullmatch(facts.credit_code):
        msg = f"a unified social credit code has 18 digits and capital letters, not {facts.credit_code!r}"
        raise InvalidInput(msg)
    enterprise = Enterprise(
        area_id=area_id,
        name=_filled("name", facts.name),
        credit_code=facts.credit_code,
        address=facts.address,
        industry=facts.industry,
        is_high_risk=facts.is_high_risk,
    )
    return _added(session, enterprise, "enterprise with credit code", facts.credit_code)


def is_credit_code(text: str) -> bool:
    """Return whether a text has the form of a unified social credit code."""
    return _CREDIT_CODE.fullmatch(text) is not None


def add_user(session: Session, login: str, name: str, password_hash: str) -> User:
    """Add a person who signs in. Raises `AlreadyExists` for a login that is taken."""
    user = User(login=_filled("login", login), name=_filled("name", name), password_hash=password_hash)  # fmt: skip
    return _added(session, user, "user", login)


def join_enterprise(session: Session, user: User, role: Role, enterprise: Enterprise) -> Membership:
    """Make a person an officer or a worker of an enterprise."""
    if role not in ENTERPRISE_ROLES:
        msg = f"{role} is a role in an organisation, not in an enterprise"
        raise InvalidInput(msg)
    membership = Membership(user_id=user.id, role=role, enterprise_id=enterprise.id)
    return _added(session, membership, "membership of", user.login)


def join_organisation(
    session: Session,
    user: User,
    role: Role,
    organisation: Organisation,
    *,
    is_administrator: bool = False,
) -> Membership:
    """Give a person their role in an organisation; an expert still needs `assign_expert`."""
    if role in ENTERPRISE_ROLES:
        msg = f"{role} is a role in an enterprise, not in an organisation"
        raise InvalidInput(msg)
    membership = Membership(
        user_id=user.id,
        role=role,
        organisation_id=organisation.id,
        is_administrator=is_administrator,
    )
    return _added(session, membership, "membership of", user.login)


def assign_expert(session: Session, user: User, enterprise: Enterprise) -> ExpertAssignment:
    """Station an expert at an enterprise; a second time changes nothing."""
    present = session.get(ExpertAssignment, (enterprise.id, user.id))
    if present is not None:
        return present
    assignment = ExpertAssignment(enterprise_id=enterprise.id, user_id=user.id)
    return _added(session, assignment, "assignment of", user.login)


def add_policy(
    session: Session, enterprise: Enterprise, insurer: Organisation, term: Term
) -> InsurancePolicy:
    """Add the insurance policy of an enterprise."""
    if insurer.kind is not OrganisationKind.INSURER:
        msg = f"{insurer.name} is no insurer"
        raise InvalidInput(msg)
    policy = InsurancePolicy(
        enterprise_id=enterprise.id,
        insurer_id=insurer.id,
        number=_filled("number", term.number),
        starts_on=term.starts_on,
        ends_on=term.ends_on,
    )
    return _added(session, policy, "insurance policy", term.number)


def add_plan(session: Session, enterprise: Enterprise, facts: PlanFacts) -> ServicePlan:
    """Add a service plan of an enterprise. Raises `UnknownHazard` for a code that the catalogue has not."""
    for code in facts.hazards:
        hazard_type(code)
    plan = ServicePlan(
        enterprise_id=enterprise.id,
        name=_filled("name", facts.name),
        number=_filled("number", facts.term.number),
        starts_on=facts.term.starts_on,
        ends_on=facts.term.ends_on,
        opens_tickets=facts.opens_tickets,
        hazards=list(facts.hazards),
    )
    return _added(session, plan, "service plan", facts.term.number)


def _filled(what: str, text: str) -> str:
    if not text.strip():
        msg = f"the {what} is empty"
        raise InvalidInput(msg)
    return text


def _added(session: Session, row: Row, kind: str, key: str) -> Row:
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        raise AlreadyExists(kind, key) from None
    return row
