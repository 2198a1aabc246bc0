"""Who sees which enterprises."""

import pytest
from sqlmodel import Session

from inspection.errors import NotAllowed, NotFound
from inspection.scopes import device_scope, scope_of
from inspection.tables import Membership, Role, new_id
from tests.builders import Town


@pytest.mark.parametrize(
    ("login", "seen", "role"),
    [
        ("expert", {"mine"}, Role.EXPERT),
        ("officer", {"mine"}, Role.ENTERPRISE_OFFICER),
        ("worker", {"mine"}, Role.ENTERPRISE_WORKER),
        ("centre", {"mine", "other"}, Role.SERVICE_CENTRE),
        ("government", {"mine", "other"}, Role.GOVERNMENT),
        ("ministry", {"mine", "other", "far"}, Role.GOVERNMENT),
        ("insurer", {"mine"}, Role.INSURER),
        ("stranger", {"other"}, Role.ENTERPRISE_OFFICER),
    ],
)
def test_each_role_sees_what_it_may(
    session: Session, town: Town, login: str, seen: set[str], role: Role
) -> None:
    """A role's scope is exactly its enterprises, and it has that one role in each."""
    scope = scope_of(session, getattr(town, login).id)
    expected = {getattr(town, name).id: frozenset({role}) for name in seen}
    assert dict(scope.roles_by_enterprise) == expected
    assert scope.enterprise_ids == frozenset(expected)
    assert scope.actor.name == f"user:{scope.user_id}"


def test_an_unknown_and_an_inactive_person_have_no_scope(session: Session, town: Town) -> None:
    """Both are simply not there."""
    town.expert.is_active = False
    session.merge(town.expert)
    session.flush()
    for user_id in (new_id(), town.expert.id):
        with pytest.raises(NotFound):
            scope_of(session, user_id)


def test_a_device_sees_its_enterprise_and_has_no_role(town: Town) -> None:
    """It may not do what needs a person."""
    scope = device_scope(town.device)
    assert scope.enterprise_ids == {town.mine.id}
    with pytest.raises(NotAllowed):
        scope.require_role(town.mine.id, "confirm", Role.EXPERT)
    with pytest.raises(NotAllowed):
        _ = scope.user_id


def test_a_role_without_its_enterprise_or_organisation_sees_nothing(
    session: Session, town: Town
) -> None:
    """A half-made membership opens nothing."""
    for role in (Role.ENTERPRISE_OFFICER, Role.GOVERNMENT):
        session.add(Membership(user_id=town.stranger.id, role=role))
    session.flush()
    assert scope_of(session, town.stranger.id).enterprise_ids == {town.other.id}
