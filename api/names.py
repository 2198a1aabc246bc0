"""People's names, looked up once for a whole answer."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlmodel import Session, col, select

from api.shapes.base import PersonRef
from inspection.tables import User

Names = Mapping[UUID, PersonRef]


def names_of(session: Session, user_ids: Iterable[UUID | None]) -> Names:
    """Return the people of these ids, with one query."""
    wanted = {user_id for user_id in user_ids if user_id is not None}
    if not wanted:
        return {}
    rows = session.exec(select(User.id, User.name).where(col(User.id).in_(wanted)))
    return {user_id: PersonRef(id=user_id, name=name) for user_id, name in rows}
