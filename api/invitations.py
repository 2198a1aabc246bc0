"""Invitations: a link, handed on by whoever invites, that makes one person a member of one place.

The link holds 32 random bytes in its fragment, which browsers send to no server; stored is their hash. It counts once and
for a few days. Whoever opens it sets a password of their own, or signs in by the OpenID provider: nobody else ever knows one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, update
from sqlmodel import Session, col, select

from api.errors import InvitationRefused
from api.tokens import new_token, sha256_of_token
from inspection import memberships
from inspection.errors import NotFound
from inspection.kept_people import KeptPlaces
from inspection.memberships import Granted, Place
from inspection.queries import FIRST_PAGE, Page, Paging, page_of
from inspection.tables import Invitation, User

REFUSED = "this invitation is unknown, used, withdrawn or expired; ask for a new one"


@dataclass(frozen=True)
class Invitee:
    """Who is invited, to which role; and a telephone number or e-mail address, where that was said."""

    name: str
    granted: Granted
    contact: str | None = None


def invite(
    session: Session, place: Place, invitee: Invitee, *, by: UUID, until: datetime
) -> tuple[str, Invitation]:
    """Return the secret of a new invitation, shown once, and its row. Raises `InvalidInput` for a role that the place has not."""
    memberships.require_grantable(session, place, invitee.granted)
    token = new_token()
    row = Invitation(
        token_sha256=sha256_of_token(token),
        name=invitee.name,
        role=invitee.granted.role,
        is_administrator=invitee.granted.is_administrator,
        contact=invitee.contact,
        organisation_id=place.organisation_id,
        enterprise_id=place.enterprise_id,
        invited_by=by,
        expires_at=until,
    )
    session.add(row)
    session.flush()
    return token, row


def link_of(app_url: str, token: str) -> str:
    """Return the address that is handed on."""
    return f"{app_url}/invitation#{token}"


def invitations_to(
    session: Session, place: Place | KeptPlaces, now: datetime, paging: Paging = FIRST_PAGE
) -> Page[Invitation]:
    """Return the invitations to a place, or to all that somebody manages, that can still be accepted, the newest first."""
    keys = (col(Invitation.id), col(Invitation.id))
    conditions = [*place.is_of(Invitation), *_open(now)]
    return page_of(session, Invitation, keys, conditions, paging)


def withdraw(session: Session, place: Place, invitation_id: UUID, now: datetime) -> Invitation:
    """Let an invitation count no more. Raises `NotFound`."""
    row = session.get(Invitation, invitation_id)
    if row is None or Place(row.enterprise_id, row.organisation_id) != place:
        raise NotFound("invitation", invitation_id)
    row.withdrawn_at = row.withdrawn_at or now
    return row


def find(session: Session, token: str, now: datetime) -> Invitation:
    """Return an invitation that can be accepted. Raises `InvitationRefused`."""
    mine = col(Invitation.token_sha256) == sha256_of_token(token)
    row = session.exec(select(Invitation).where(mine, *_open(now))).first()
    if row is None:
        raise InvitationRefused(REFUSED)
    return row


def accept(session: Session, token: str, user: User, now: datetime) -> Invitation:
    """Use an invitation up and make a person a member. Raises `InvitationRefused`, `AlreadyExists`."""
    return accept_row(session, find(session, token, now), user, now)


def accept_row(session: Session, row: Invitation, user: User, now: datetime) -> Invitation:
    """Use an invitation up that was found before. Raises `InvitationRefused`, `AlreadyExists`."""
    # One statement decides, so that of two people with the same link only one gets in.
    used = session.exec(
        update(Invitation)
        .where(col(Invitation.id) == row.id, *_open(now))
        .values(accepted_at=now, accepted_by=user.id)
    )
    if used.rowcount != 1:
        raise InvitationRefused(REFUSED)
    place = Place(row.enterprise_id, row.organisation_id)
    memberships.join(session, place, user, Granted(row.role, row.is_administrator))
    return row


def end_of(now: datetime, hours: int) -> datetime:
    """Return until when a new invitation counts."""
    return now + timedelta(hours=hours)


def _open(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        col(Invitation.accepted_at).is_(None),
        col(Invitation.withdrawn_at).is_(None),
        col(Invitation.expires_at) > now,
    )
