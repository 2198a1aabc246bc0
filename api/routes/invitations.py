"""Whoever opens an invitation's link. Without a sign-in: the secret of the link is what opens it."""

from fastapi import Request, Response, status
from sqlmodel import Session

from api import invitations
from api.access import log_access
from api.auth import hash_password, normal_login
from api.deps import AppParts, ReadingBeyond, Remote, SignedInPerson, WritingBeyond
from api.errors import problems
from api.password_policy import require_strong
from api.routes.sessions import UserAgent, enter, signed_in
from api.routing import ApiRouter
from api.shapes.memberships import Acceptance, InvitationToken, InvitedTo
from api.shapes.people import SignedIn
from api.sign_ins import Origin
from inspection import areas
from inspection.tables import Enterprise, Invitation, Organisation, User
from inspection.wire import utc_now

router = ApiRouter(tags=["people"])


@router.post(
    "/invitations/view",
    operation_id="viewInvitation",
    summary="What an invitation is to",
    responses=problems(401, 422),
)
def view_invitation(body: InvitationToken, session: ReadingBeyond) -> InvitedTo:
    """Return who invites to what, so that the invited person can decide."""
    row = invitations.find(session, body.token, utc_now())
    return InvitedTo(
        name=row.name, role=row.role, place=_place_name(session, row), expires_at=row.expires_at
    )


@router.post(
    "/invitations/acceptance",
    operation_id="acceptInvitation",
    status_code=status.HTTP_201_CREATED,
    summary="Accept an invitation with a new account",
    responses=problems(401, 409, 422),
)
def accept_invitation(
    body: Acceptance,
    request: Request,
    response: Response,
    parts: AppParts,
    remote: Remote,
    user_agent: UserAgent = "",
) -> SignedIn:
    """Make the account with its own password, become a member, and sign in."""
    now = utc_now()
    with parts.read() as session:
        invitations.find(session, body.token, now)
    require_strong(body.password, body.login, body.name)
    # Hashed before the transaction begins: on SQLite it would hold up every writer.
    password_hash = hash_password(body.password)
    with parts.write.begin() as session:
        user = areas.add_user(session, normal_login(body.login), body.name, password_hash)
        row = invitations.accept(session, body.token, user, now)
        log_acceptance(session, row, user, remote)
    return signed_in(
        parts, enter(request, response, parts, user, Origin(remote, user_agent), "sign_in"), now
    )


@router.post(
    "/me/invitations",
    operation_id="joinByInvitation",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Accept an invitation with my account",
    responses=problems(401, 403, 409, 422),
)
def join_by_invitation(
    body: InvitationToken, caller: SignedInPerson, session: WritingBeyond, remote: Remote
) -> None:
    """Become a member with the account that I have."""
    user = session.get_one(User, caller.user_id)
    log_acceptance(session, invitations.accept(session, body.token, user, utc_now()), user, remote)


def _place_name(session: Session, row: Invitation) -> str:
    if row.enterprise_id is not None:
        return session.get_one(Enterprise, row.enterprise_id).name
    return session.get_one(Organisation, row.organisation_id).name


def log_acceptance(session: Session, row: Invitation, user: User, remote: str) -> None:
    """Note that an invitation was accepted, and by whom."""
    log_access(
        session,
        actor=f"user:{user.id}",
        action="invitation.accept",
        enterprise_id=row.enterprise_id,
        detail=f"{user.login}: {row.role}",
        remote=remote,
    )
