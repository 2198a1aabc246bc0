"""Which enterprise a row is about."""

from sqlmodel import col, select

from inspection.importing.running import Desk
from inspection.importing.sheet import RowFault, SheetRow
from inspection.tables import Enterprise, Role


def enterprise_of(desk: Desk, row: SheetRow, *roles: Role) -> Enterprise | RowFault:
    """Return the enterprise of a row's credit code, for somebody with one of these roles in it; a foreign one is not there."""
    code = row.get("credit_code").upper()
    found = desk.session.exec(
        select(Enterprise).where(
            col(Enterprise.credit_code) == code,
            col(Enterprise.id).in_(desk.scope.enterprise_ids),
        )
    ).first()
    if found is None:
        return RowFault(row.number, "统一社会信用代码", "not_found", f"there is no enterprise {code} that you may see", "import the enterprise first, or correct the code")  # fmt: skip
    if not desk.scope.roles_in(found.id).intersection(roles):
        return RowFault(row.number, "统一社会信用代码", "not_allowed", f"your role in {found.name} may not do this", f"ask one of: {', '.join(roles)}")  # fmt: skip
    return found
