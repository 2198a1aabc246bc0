"""Whatever people do with people, in whatever order: no place loses the last who manages it, nobody decides about another's whole account."""

from collections.abc import Callable
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, col, select

from inspection import areas, memberships
from inspection.errors import AlreadyExists, Conflict, NotAllowed, NotFound
from inspection.memberships import Granted, Place
from inspection.scopes import scope_of
from inspection.standing import set_standing
from inspection.tables import Membership, OrganisationKind, Role, User
from tests.builders import Town

ANY = st.integers(min_value=0, max_value=20)
Held = dict[tuple[UUID, Place], Granted]


class PeopleWalks(RuleBasedStateMachine):
    """Two enterprises, their centre, a bureau and its town; what stands is kept beside the program, and who may is worked out from that."""

    sessions: sessionmaker[Session]
    town: Town

    @initialize()
    def begin(self) -> None:
        """Found the places, each but the town with one who manages its people from within."""
        self.session = self.sessions()
        town = self.town
        self.enterprises = [Place(enterprise_id=each.id) for each in (town.mine, town.other)]
        bureau = areas.add_organisation(self.session, OrganisationKind.GOVERNMENT, "局")
        below = areas.add_organisation(self.session, OrganisationKind.GOVERNMENT, "镇", town.area.id, bureau.id)  # fmt: skip
        self.bureau, self.below = Place.of(bureau), Place.of(below)
        held = {row.user_id: row for row in self.session.exec(select(Membership))}
        self.centre = Place(organisation_id=held[town.centre.id].organisation_id)
        held[town.centre.id].is_administrator = True
        memberships.join(self.session, self.bureau, self._user(town.ministry.id), Granted(Role.GOVERNMENT, True))  # fmt: skip
        memberships.join(self.session, self.below, self._user(town.government.id), Granted(Role.GOVERNMENT))  # fmt: skip
        self.places = [*self.enterprises, self.centre, self.bureau, self.below]
        for row in self.session.exec(select(Membership)):
            if Place(row.enterprise_id, row.organisation_id) not in self.places:
                self.session.delete(row)
        self.session.flush()
        self.people = [
            each.id
            for each in (town.officer, town.worker, town.second_worker, town.stranger, town.centre, town.expert, town.ministry, town.government)
        ]  # fmt: skip
        self.held: Held = {
            (row.user_id, Place(row.enterprise_id, row.organisation_id)): Granted(row.role, row.is_administrator)
            for row in self.session.exec(select(Membership))
        }  # fmt: skip
        self.active = set(self.people)
        self.manned = [each for each in self.places if self._within(each)]
        assert self.manned == [*self.enterprises, self.centre, self.bureau]

    def teardown(self) -> None:
        """Undo everything."""
        if hasattr(self, "session"):
            self.session.rollback()
            self.session.close()

    def _user(self, user_id: UUID) -> User:
        return self.session.get_one(User, user_id)

    def _roles(self, place: Place) -> list[Granted]:
        if place in self.enterprises:
            return [Granted(Role.ENTERPRISE_WORKER), Granted(Role.ENTERPRISE_OFFICER)]
        role = Role.SERVICE_CENTRE if place == self.centre else Role.GOVERNMENT
        return [Granted(role), Granted(role, True)]

    def _within(self, place: Place) -> set[UUID]:
        """Return who manages a place's people as one of them, and signs in."""
        return {
            who
            for (who, where), granted in self.held.items()
            if where == place and (granted.is_administrator or granted.role is Role.ENTERPRISE_OFFICER)
        } & self.active  # fmt: skip

    def _may(self, who: UUID, place: Place) -> bool:
        """Return whether somebody manages a place's people: from within, or from the centre or the bureau above."""
        if place in self.enterprises:
            granted = self.held.get((who, self.centre))
            above = granted is not None and granted.role is Role.SERVICE_CENTRE
        else:
            above = place == self.below and who in self._within(self.bureau)
        return who in self._within(place) or (above and who in self.active)

    def _held(self, pick: int) -> tuple[UUID, Place]:
        """Return a person and a place that they belong to."""
        held = sorted(self.held, key=lambda each: (self.people.index(each[0]), self.places.index(each[1])))  # fmt: skip
        return held[pick % len(held)]

    def _try(self, who: UUID, place: Place, change: Callable[[], object]) -> bool:
        """Do as a route does; return whether it was done. What was refused has changed nothing."""
        before = self._stored()
        try:
            with self.session.begin_nested():
                memberships.require_keeper(self.session, scope_of(self.session, who), place)
                memberships.lock_place(self.session, place)
                change()
        except (Conflict, NotAllowed, NotFound):
            self.session.expire_all()
            assert self._stored() == before
            return False
        assert self._may(who, place)
        return True

    def _stored(self) -> tuple[Held, set[UUID]]:
        rows = self.session.exec(select(Membership))
        held = {
            (row.user_id, Place(row.enterprise_id, row.organisation_id)): Granted(Role(row.role), row.is_administrator)
            for row in rows
        }  # fmt: skip
        inactive = select(User.id).where(col(User.is_active).is_(False))
        return held, set(self.people) - set(self.session.exec(inactive))

    @rule(who=ANY, where=ANY, role=ANY)
    def join(self, who: int, where: int, role: int) -> None:
        """Accept an invitation with the account at hand: whoever is suspended cannot."""
        person, place = self.people[who % len(self.people)], self.places[where % len(self.places)]
        if person not in self.active:
            return
        granted = self._roles(place)[role % 2]
        try:
            memberships.join(self.session, place, self._user(person), granted)
        except AlreadyExists:
            assert (person, place) in self.held
            return
        assert (person, place) not in self.held
        self.held[person, place] = granted

    @rule(by=ANY, pick=ANY, role=ANY)
    def change(self, by: int, pick: int, role: int) -> None:
        """Give another role."""
        person, place = self._held(pick)
        granted = self._roles(place)[role % 2]
        if self._try(self.people[by % len(self.people)], place, lambda: memberships.change(self.session, place, person, granted)):  # fmt: skip
            self.held[person, place] = granted

    @rule(by=ANY, pick=ANY)
    def let_go(self, by: int, pick: int) -> None:
        """End a membership; with the last one the account."""
        person, place = self._held(pick)
        if self._try(self.people[by % len(self.people)], place, lambda: memberships.leave(self.session, place, person)):  # fmt: skip
            del self.held[person, place]
            if all(each != person for each, _ in self.held):
                self.active.discard(person)

    @rule(by=ANY, pick=ANY, is_active=st.booleans())
    def set_standing(self, by: int, pick: int, is_active: bool) -> None:
        """Suspend or restore: done where, and only where, all of the account is another's to manage and no place is left alone."""
        keeper = self.people[by % len(self.people)]
        person, place = self._held(pick)
        belongs = [each for whose, each in self.held if whose == person]
        is_whole = all(self._may(keeper, each) for each in belongs)
        left = [each for each in belongs if person in self._within(each) and self._within(each) == {person}]  # fmt: skip
        expected = keeper in self.active and keeper != person and is_whole and (is_active or not left)  # fmt: skip
        scope = scope_of(self.session, keeper) if keeper in self.active else None
        done = scope is not None and self._try(
            keeper, place, lambda: set_standing(self.session, scope, person, is_active=is_active)
        )
        assert done == expected
        if done:
            (self.active.add if is_active else self.active.discard)(person)

    @invariant()
    def stands(self) -> None:
        """The database says what the walk says, and no place that had somebody has nobody now."""
        if not hasattr(self, "held"):
            return
        held, active = self._stored()
        assert (held, active) == (self.held, self.active)
        assert all(self._within(each) for each in self.manned)
        assert active <= {who for who, _ in held}


def walk(sessions: sessionmaker[Session], town: Town, walks: int) -> None:
    """Walk so often, thirty steps each."""
    PeopleWalks.sessions, PeopleWalks.town = sessions, town
    run_state_machine_as_test(
        PeopleWalks,
        settings=settings(
            max_examples=walks,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_no_place_is_left_alone(sessions: sessionmaker[Session], town: Town) -> None:
    """A few walks, on either database."""
    walk(sessions, town, 4)


@pytest.mark.slow
def test_no_place_is_left_alone_at_length(sessions: sessionmaker[Session], town: Town) -> None:
    """Many walks."""
    walk(sessions, town, 200)
