"""Importing for somebody: what their roles allow, and how people are invited."""

from collections.abc import Mapping
from typing import Protocol

from sqlmodel import Session

from api import invitations
from api.access import log_access
from api.invitations import Invitee
from api.settings import Settings
from inspection.errors import NotAllowed
from inspection.importing.cameras import KEEPERS, CameraRows
from inspection.importing.enterprises import EnterpriseRows
from inspection.importing.forms import ImportKind
from inspection.importing.people import Invited, PeopleRows
from inspection.importing.running import Desk, ImportReport, RowPlanner, run_import
from inspection.memberships import KEEPERS_OF_ENTERPRISES, Granted, Place
from inspection.scopes import Scope
from inspection.tables import Role
from inspection.wire import utc_now

MAY_IMPORT: Mapping[ImportKind, tuple[Role, ...]] = {
    ImportKind.ENTERPRISES: (Role.SERVICE_CENTRE,),
    ImportKind.PEOPLE: KEEPERS_OF_ENTERPRISES,
    ImportKind.CAMERAS: KEEPERS,
}


class Importer(Protocol):
    """Who imports: their name in the access log, and what they may see."""

    @property
    def actor(self) -> str:
        """The name in the access log."""
        ...

    @property
    def scope(self) -> Scope:
        """What they may see."""
        ...


def import_sheet(
    session: Session,
    settings: Settings,
    caller: Importer,
    kind: ImportKind,
    data: bytes,
    *,
    dry_run: bool,
) -> ImportReport:
    """Run an import for somebody, in a session that sees every enterprise; the caller commits.

    Raises `NotAllowed` for somebody without the role anywhere, `InvalidInput` for a file that cannot be read.
    """
    desk = Desk(session, caller.scope, utc_now())
    return run_import(kind, data, _planner(desk, settings, caller, kind), dry_run=dry_run)


def _planner(desk: Desk, settings: Settings, caller: Importer, kind: ImportKind) -> RowPlanner:
    if kind is ImportKind.ENTERPRISES:
        # Whoever begins a pilot has no enterprise yet: the areas of their centre say that they are of one.
        rows = EnterpriseRows(desk)
        if not rows.areas_by_name:
            raise NotAllowed(f"import {kind}", [role.value for role in MAY_IMPORT[kind]])
        return rows
    held = desk.scope.roles_by_enterprise.values()
    if not any(roles.intersection(MAY_IMPORT[kind]) for roles in held):
        raise NotAllowed(f"import {kind}", [role.value for role in MAY_IMPORT[kind]])
    if kind is ImportKind.CAMERAS:
        return CameraRows(desk)
    return PeopleRows(desk, lambda invited: _invite(desk, settings, caller, invited))


def _invite(desk: Desk, settings: Settings, caller: Importer, invited: Invited) -> str:
    place = Place(enterprise_id=invited.enterprise_id)
    token, _ = invitations.invite(
        desk.session,
        place,
        Invitee(invited.name, Granted(invited.role), invited.contact),
        by=desk.scope.user_id,
        until=invitations.end_of(desk.now, settings.invitation_hours),
    )
    log_access(
        desk.session,
        actor=caller.actor,
        action="invitation.create",
        enterprise_id=invited.enterprise_id,
        detail=f"{invited.name}: {invited.role}",
    )
    return invitations.link_of(settings.app_url, token)
