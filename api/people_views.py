"""From members and invitations to what their keeper is shown, each with its place by name; looked up once for a page."""

from collections.abc import Mapping
from uuid import UUID

from sqlmodel import Session, col, select

from api.shapes.base import NamedRef
from api.shapes.memberships import (
    InvitationView,
    KeptInvitations,
    KeptInvitationView,
    KeptMembers,
    KeptMemberView,
    MemberView,
)
from api.shapes.people import OrganisationRef
from inspection.kept_people import AccountFacts, KeptMember, account_facts
from inspection.queries import Page
from inspection.scopes import Scope
from inspection.tables import Enterprise, Invitation, Organisation, PilotArea

MOST_STATIONS = 20


def kept_members(session: Session, scope: Scope, page: Page[KeptMember]) -> KeptMembers:
    """Return a page of the people whom the caller manages."""
    facts = account_facts(session, scope, {member.user.id for member in page.rows})
    areas = _areas(session, {member.place.area_id for member in page.rows})
    return KeptMembers(
        items=[_member_view(member, facts[member.user.id], areas) for member in page.rows],
        next_cursor=page.next_cursor,
    )


def _member_view(
    member: KeptMember, facts: AccountFacts, areas: Mapping[UUID | None, NamedRef]
) -> KeptMemberView:
    enterprise, organisation = _refs(member.place)
    return KeptMemberView(
        **dict(MemberView.from_member(member)),
        membership_id=member.membership.id,
        enterprise=enterprise,
        organisation=organisation,
        area=areas.get(member.place.area_id),
        has_second_factor=facts.has_second_factor,
        last_signed_in_at=facts.last_signed_in_at,
        is_wholly_mine=facts.is_wholly_kept,
        stations=[NamedRef(id=key, name=name) for key, name in facts.stations[:MOST_STATIONS]],
        station_count=len(facts.stations),
    )


def kept_invitations(session: Session, page: Page[Invitation]) -> KeptInvitations:
    """Return a page of open invitations to places whose people the caller manages."""
    enterprises = session.exec(
        select(Enterprise).where(col(Enterprise.id).in_({row.enterprise_id for row in page.rows}))
    )
    organisations = session.exec(
        select(Organisation).where(
            col(Organisation.id).in_({row.organisation_id for row in page.rows})
        )
    )
    places = {row.id: _refs(row) for row in [*enterprises, *organisations]}
    views = []
    for row in page.rows:
        enterprise, organisation = places[row.enterprise_id or row.organisation_id]
        view = dict(InvitationView.from_row(row))
        views.append(KeptInvitationView(**view, enterprise=enterprise, organisation=organisation))
    return KeptInvitations(items=views, next_cursor=page.next_cursor)


def _refs(place: Enterprise | Organisation) -> tuple[NamedRef | None, OrganisationRef | None]:
    if isinstance(place, Enterprise):
        return NamedRef(id=place.id, name=place.name), None
    return None, OrganisationRef(id=place.id, name=place.name, kind=place.kind)


def _areas(session: Session, wanted: set[UUID | None]) -> Mapping[UUID | None, NamedRef]:
    rows = session.exec(select(PilotArea).where(col(PilotArea.id).in_(wanted - {None})))
    return {row.id: NamedRef(id=row.id, name=row.name) for row in rows}
