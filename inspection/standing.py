"""What is decided about a person's account as a whole: suspended, restored, the second factor taken away.

An account is one, over all places that its person belongs to. So only whoever manages every one of them may decide here;
anybody else ends the membership in their own place (`memberships.leave`). Nobody decides about themselves.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session, col, select

from inspection.errors import Conflict
from inspection.kept_people import KeptPlaces, memberships_of
from inspection.memberships import Place, keeps, lock_place, require_a_keeper
from inspection.scopes import Scope
from inspection.tables import Membership, User

BELONGS_ELSEWHERE = "they belong to places that you do not manage, too; end their membership here"
ONESELF = "this is your own account; somebody else who manages people here must do it"


def lock_account(session: Session, user_id: UUID) -> User:
    """Let one transaction at a time decide about an account; held until it ends. Returns it as it is now."""
    row = select(User).where(col(User.id) == user_id).with_for_update()
    return session.exec(row.execution_options(populate_existing=True)).one()


def set_standing(session: Session, scope: Scope, user_id: UUID, *, is_active: bool) -> None:
    """Let a person sign in no more, or again. Raises `Conflict`, also for the last who manages the people of a place."""
    held = require_wholly_kept(session, scope, user_id)
    lock_account(session, user_id).is_active = is_active
    session.flush()
    if not is_active:
        for each in filter(keeps, held):
            require_a_keeper(session, _place_of(each))


def require_wholly_kept(session: Session, scope: Scope, user_id: UUID) -> Sequence[Membership]:
    """Return a person's memberships, their places locked. Raises `Conflict` unless the caller manages them all, and is another."""
    if user_id == scope.user_id:
        raise Conflict(ONESELF)
    kept = KeptPlaces.of(session, scope)
    held = memberships_of(session, [user_id]).get(user_id, ())
    if not all(kept.has(each) for each in held):
        raise Conflict(BELONGS_ELSEWHERE)
    for each in sorted(held, key=lambda row: str(row.id)):
        lock_place(session, _place_of(each))
    return held


def _place_of(held: Membership) -> Place:
    return Place(held.enterprise_id, held.organisation_id)
