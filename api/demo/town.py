"""The demonstration town: organisations, enterprises, policies, plans and people.

The names are invented. The password is the same for all and exists nowhere but here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel import Session

from inspection import areas
from inspection.tables import Enterprise, Organisation, OrganisationKind, PilotArea, Role, User

PASSWORD = "anxun-demo-2026"  # noqa: S105  demonstration data, printed when it starts


@dataclass(frozen=True)
class Account:
    """A person of the demonstration, as printed. Roles without an enterprise belong to `organisation`."""

    login: str
    name: str
    role: Role
    organisation: OrganisationKind | None = None
    enterprise: int | None = None
    is_administrator: bool = False


ENTERPRISES = (
    areas.EnterpriseFacts(
        name="柳岸电器有限公司",
        credit_code="91330382DEMO000011",
        address="柳岸镇工业路 8 号",
        industry="电气机械和器材制造业",
        is_high_risk=False,
    ),
    areas.EnterpriseFacts(
        name="东塘铸造有限公司",
        credit_code="91330382DEMO000022",
        address="东塘村 21 号",
        industry="金属制品业",
        is_high_risk=True,
    ),
    areas.EnterpriseFacts(
        name="云石包装有限公司",
        credit_code="91330382DEMO000033",
        address="云石路 3 号",
        industry="橡胶和塑料制品业",
        is_high_risk=False,
    ),
)

ACCOUNTS = (
    Account("expert", "陈驻点", Role.EXPERT, OrganisationKind.SERVICE_BODY),
    Account("officer", "林安全", Role.ENTERPRISE_OFFICER, enterprise=0),
    Account("worker", "周师傅", Role.ENTERPRISE_WORKER, enterprise=0),
    Account("officer2", "赵安全", Role.ENTERPRISE_OFFICER, enterprise=1),
    Account(
        "centre",
        "吴调度",
        Role.SERVICE_CENTRE,
        OrganisationKind.SERVICE_CENTRE,
        is_administrator=True,
    ),
    Account("insurer", "郑理赔", Role.INSURER, OrganisationKind.INSURER),
    Account("bureau", "王科长", Role.GOVERNMENT, OrganisationKind.GOVERNMENT),
)


@dataclass(frozen=True)
class Town:
    """What the demonstration goes on with."""

    enterprise_ids: tuple[UUID, ...]


def load_town(session: Session, hash_password: Callable[[str], str], today: date) -> Town:
    """Write the town into an empty database; the caller commits."""
    area = areas.add_area(session, "柳岸镇")
    organisations = _add_organisations(session, area)
    enterprises = [areas.add_enterprise(session, area.id, facts) for facts in ENTERPRISES]
    for number, enterprise in enumerate(enterprises, start=1):
        _insure(session, enterprise, organisations[OrganisationKind.INSURER], number, today)
    password_hash = hash_password(PASSWORD)
    for account in ACCOUNTS:
        user = areas.add_user(session, account.login, account.name, password_hash)
        _join(session, user, account, organisations, enterprises)
    return Town(tuple(enterprise.id for enterprise in enterprises))


def _add_organisations(session: Session, area: PilotArea) -> dict[OrganisationKind, Organisation]:
    names = {
        OrganisationKind.GOVERNMENT: "柳岸镇应急管理所",
        OrganisationKind.SERVICE_CENTRE: "柳岸镇安责险服务中心",
        OrganisationKind.INSURER: "示范财产保险公司",
        OrganisationKind.SERVICE_BODY: "示范安全技术服务机构",
    }
    return {
        kind: areas.add_organisation(session, kind, name, area.id) for kind, name in names.items()
    }


def _insure(
    session: Session, enterprise: Enterprise, insurer: Organisation, number: int, today: date
) -> None:
    starts_on, ends_on = date(today.year, 1, 1), date(today.year, 12, 31)
    areas.add_policy(
        session,
        enterprise,
        insurer,
        areas.Term(f"AZX-{today.year}-{number:04d}", starts_on, ends_on),
    )
    plan = areas.Term(f"FW-{today.year}-{number:04d}", starts_on, ends_on)
    areas.add_plan(session, enterprise, areas.PlanFacts(name="事故预防服务方案", term=plan))


def _join(
    session: Session,
    user: User,
    account: Account,
    organisations: dict[OrganisationKind, Organisation],
    enterprises: list[Enterprise],
) -> None:
    if account.enterprise is not None:
        areas.join_enterprise(session, user, account.role, enterprises[account.enterprise])
        return
    if account.organisation is not None:
        areas.join_organisation(
            session,
            user,
            account.role,
            organisations[account.organisation],
            is_administrator=account.is_administrator,
        )
    if account.role is Role.EXPERT:
        for enterprise in enterprises:
            areas.assign_expert(session, user, enterprise)
