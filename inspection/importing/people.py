"""A row of a person: invited to an enterprise, once for each telephone number or e-mail address."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from sqlmodel import col, or_, select

from inspection.importing.places import enterprise_of
from inspection.importing.running import Desk, PlannedRow, RowAction
from inspection.importing.sheet import RowFault, SheetRow
from inspection.memberships import KEEPERS_OF_ENTERPRISES
from inspection.tables import Enterprise, Invitation, Membership, Role, User

ROLES: Mapping[str, Role] = {
    "安全管理员": Role.ENTERPRISE_OFFICER,
    "企业安全员": Role.ENTERPRISE_OFFICER,
    "安全员": Role.ENTERPRISE_OFFICER,
    "safety officer": Role.ENTERPRISE_OFFICER,
    "enterprise_officer": Role.ENTERPRISE_OFFICER,
    "企业员工": Role.ENTERPRISE_WORKER,
    "员工": Role.ENTERPRISE_WORKER,
    "worker": Role.ENTERPRISE_WORKER,
    "enterprise_worker": Role.ENTERPRISE_WORKER,
}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_PHONE = re.compile(r"\+?[0-9]{7,15}")


@dataclass(frozen=True)
class Invited:
    """Whom to invite where."""

    enterprise_id: UUID
    name: str
    role: Role
    contact: str


@dataclass
class PeopleRows:
    """Plans rows of people; `invite` makes the invitation and returns its link."""

    desk: Desk
    invite: Callable[[Invited], str]
    _seen: dict[tuple[UUID, str], int] = field(default_factory=dict)

    def plan(self, row: SheetRow) -> PlannedRow | RowFault:
        """Return what is to be done about a row, or what is wrong with it."""
        enterprise = enterprise_of(self.desk, row, *KEEPERS_OF_ENTERPRISES)
        if isinstance(enterprise, RowFault):
            return enterprise
        role = ROLES.get(row.get("role").casefold())
        if role is None:
            return RowFault(row.number, "角色", "role", f"{row.get('role')!r} is no role here", "write 安全管理员 or 员工")  # fmt: skip
        contact = normal_contact(row.get("contact"))
        if contact is None:
            return RowFault(row.number, "手机或邮箱", "contact", f"{row.get('contact')!r} is neither a telephone number nor an e-mail address", "correct it")  # fmt: skip
        key = (enterprise.id, contact)
        if key in self._seen:
            return RowFault(row.number, "手机或邮箱", "twice", f"row {self._seen[key]} invites the same person to the same enterprise", "remove one of the rows")  # fmt: skip
        self._seen[key] = row.number
        subject = f"{row.get('name')} · {enterprise.name}"
        if self._is_known(enterprise, contact):
            return PlannedRow(row.number, RowAction.SAME, subject)
        invited = Invited(enterprise.id, row.get("name"), role, contact)
        return PlannedRow(row.number, RowAction.CREATE, subject, lambda: self.invite(invited))

    def _is_known(self, enterprise: Enterprise, contact: str) -> bool:
        """Return whether somebody with this address belongs here, or was invited and may still come."""
        session = self.desk.session
        member = (
            select(Membership.id)
            .join(User, col(User.id) == col(Membership.user_id))
            .where(col(Membership.enterprise_id) == enterprise.id, col(User.login) == contact)
        )
        invited = select(Invitation.id).where(
            col(Invitation.enterprise_id) == enterprise.id,
            col(Invitation.contact) == contact,
            col(Invitation.withdrawn_at).is_(None),
            or_(
                col(Invitation.accepted_at).is_not(None),
                col(Invitation.expires_at) > self.desk.now,
            ),
        )
        return any(session.exec(query).first() is not None for query in (member, invited))


def normal_contact(text: str) -> str | None:
    """Return a telephone number or an e-mail address as it is compared; None for what is neither."""
    plain = text.strip().casefold()
    if _EMAIL.fullmatch(plain):
        return plain
    digits = re.sub(r"[ ()-]", "", plain)
    if _PHONE.fullmatch(digits):
        # China's numbers are written with and without their country.
        return digits.removeprefix("+86")
    return None
