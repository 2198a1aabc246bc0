"""The operator's desk: what `anxun` does to the database directly. Nothing here asks who calls."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import Session, col, select

from api.access import log_access
from api.auth import hash_password, normal_login
from api.database import upgrade_database
from api.datasets import (
    DatasetFacts,
    DatasetWriter,
    log_dataset,
    pseudonyms,
    write_dataset_file,
)
from api.parts import open_database, open_evidence, open_keys
from api.password_links import end_links
from api.password_policy import require_strong
from api.settings import Settings
from api.tokens import new_enrolment_code, sha256_of_code
from inspection import areas
from inspection.account_news import tell_changed
from inspection.database import read_sessions, write_sessions
from inspection.duties import Duty
from inspection.errors import Conflict, InvalidInput, NotFound
from inspection.plans import china_day
from inspection.reminders import ASKED, remind_all
from inspection.scopes import ENTERPRISE_ROLES, Scope, scope_of
from inspection.section_queries import section_duties
from inspection.tables import (
    EnrolmentCode,
    Enterprise,
    Membership,
    Organisation,
    OrganisationKind,
    Role,
    SignInSession,
    User,
)
from inspection.taxonomy import hazard_type
from inspection.training_data import Taken, taught_pictures
from inspection.wire import utc_now

OPERATOR = "operator"


def prepare(settings: Settings) -> list[str]:
    """Make or upgrade the database and the key; return what to tell the operator."""
    engine = open_database(settings)
    try:
        upgrade_database(engine)
    finally:
        engine.dispose()
    key = open_keys(settings).ring.newest().named(settings.origin)
    return [
        f"database: {engine.url.render_as_string(hide_password=True)}",
        f"signing key: {settings.signing_key_path} ({key.vkey})",
    ]


def put_out_reminders(settings: Settings) -> int:
    """Put out the reminders of every enterprise that were not put out yet; return how many."""
    engine = open_database(settings)
    try:
        upgrade_database(engine)
        return remind_all(read_sessions(engine), write_sessions(engine), utc_now())
    finally:
        engine.dispose()


@contextmanager
def open_office(settings: Settings) -> Iterator["Office"]:
    """Open the database, upgraded, for one command; committed at the end, or not at all."""
    engine = open_database(settings)
    try:
        upgrade_database(engine)
        with write_sessions(engine).begin() as session:
            yield Office(settings, session)
    finally:
        engine.dispose()


@dataclass(frozen=True)
class OfficeImporter:
    """Somebody for whom the operator imports."""

    actor: str
    scope: Scope


@dataclass(frozen=True)
class Office:
    """Administration within one transaction."""

    settings: Settings
    session: Session

    def importer(self, login: str) -> "OfficeImporter":
        """Return a person who imports at the command line; their roles hold. Raises `NotFound`."""
        return OfficeImporter(OPERATOR, scope_of(self.session, self._user(login).id))

    def add_area(self, name: str) -> UUID:
        """Add a pilot area."""
        return areas.add_area(self.session, name).id

    def add_organisation(
        self, kind: str, name: str, area_id: UUID | None, parent_id: UUID | None = None
    ) -> UUID:
        """Add a party; a town's government below its bureau."""
        chosen = OrganisationKind(kind)
        return areas.add_organisation(self.session, chosen, name, area_id, parent_id).id

    def add_first_administrator(self, login: str, name: str, password: str, centre: str) -> UUID:
        """Add a service centre for all areas and its first administrator. Raises `Conflict` when there is one."""
        first = col(Membership.is_administrator)
        if self.session.exec(select(Membership).where(first)).first() is not None:
            raise Conflict("there is an administrator already; they invite others in the app")
        organisation_id = self.add_organisation(OrganisationKind.SERVICE_CENTRE, centre, None)
        return self.add_user(
            login, name, password, Role.SERVICE_CENTRE, organisation_id, is_administrator=True
        )

    def add_enterprise(self, area_id: UUID, facts: areas.EnterpriseFacts) -> UUID:
        """Add an enterprise."""
        return areas.add_enterprise(self.session, area_id, facts).id

    def add_plan(self, enterprise_id: UUID, facts: areas.PlanFacts) -> UUID:
        """Add a service plan. Raises `UnknownHazard` for a code that is none."""
        for code in facts.hazards:
            hazard_type(code)
        return areas.add_plan(self.session, self._enterprise(enterprise_id), facts).id

    def add_policy(self, enterprise_id: UUID, insurer_id: UUID, term: areas.Term) -> UUID:
        """Add an insurance policy."""
        insurer = self._organisation(insurer_id)
        return areas.add_policy(self.session, self._enterprise(enterprise_id), insurer, term).id

    def add_user(
        self,
        login: str,
        name: str,
        password: str,
        role: str,
        place_id: UUID | None,
        *,
        is_administrator: bool = False,
    ) -> UUID:
        """Add a person with a role in an enterprise or in an organisation."""
        held = Role(role)
        if place_id is None:
            wanted = "--enterprise" if held in ENTERPRISE_ROLES else "--organisation"
            raise InvalidInput(f"the role {held} needs {wanted}")
        require_strong(password, login, name)
        user = areas.add_user(self.session, normal_login(login), name, hash_password(password))
        if held in ENTERPRISE_ROLES:
            areas.join_enterprise(self.session, user, held, self._enterprise(place_id))
        else:
            areas.join_organisation(
                self.session,
                user,
                held,
                self._organisation(place_id),
                is_administrator=is_administrator,
            )
        self._log("user.add", user.login)
        return user.id

    def set_password(self, login: str, password: str) -> None:
        """Set a person's password, and end their sessions."""
        user = self._user(login)
        require_strong(password, user.login, user.name)
        user.password_hash = hash_password(password)
        self._end_sessions(user)
        end_links(self.session, user.id)
        tell_changed(self.session, user.id, "password_by_operator", utc_now())
        self._log("user.password", user.login)

    def deactivate(self, login: str) -> None:
        """Let a person sign in no more."""
        user = self._user(login)
        user.is_active = False
        self._end_sessions(user)
        self._log("user.deactivate", user.login)

    def assign(self, login: str, enterprise_id: UUID) -> None:
        """Station an expert at an enterprise."""
        areas.assign_expert(self.session, self._user(login), self._enterprise(enterprise_id))
        self._log("expert.assign", login, enterprise_id)

    def enrolment_code(self, enterprise_id: UUID, login: str) -> str:
        """Return a one-time code for a device of the enterprise."""
        enterprise, user = self._enterprise(enterprise_id), self._user(login)
        code = new_enrolment_code()
        self.session.add(
            EnrolmentCode(
                code_sha256=sha256_of_code(code),
                enterprise_id=enterprise.id,
                created_by=user.id,
                expires_at=utc_now() + timedelta(minutes=self.settings.enrolment_minutes),
            )
        )
        self._log("enrolment_code.create", user.login, enterprise_id)
        return code

    def export_dataset(
        self, enterprise_ids: Sequence[UUID], taken: Taken, target: Path
    ) -> dict[str, Any]:
        """Write decisions as a data set (a zip or a folder); of every enterprise where none is named. Return its report."""
        mine = [self._enterprise(each).id for each in enterprise_ids]
        scope = mine or list(self.session.exec(select(Enterprise.id)))
        pictures = list(taught_pictures(self.session, scope, taken))
        writer = DatasetWriter(
            open_evidence(self.settings),
            pseudonyms(open_keys(self.settings).ring.oldest()),
            DatasetFacts(utc_now(), OPERATOR, taken),
        )
        report = write_dataset_file(target, lambda to: writer.write(pictures, to))
        log_dataset(self.session, pictures, OPERATOR)
        return report

    def duties(
        self, enterprise_id: UUID | None, *, everything: bool
    ) -> list[tuple[str, str, Duty]]:
        """Return enterprise, section and what is missing or due there (or everything), the earliest end first."""
        if enterprise_id is None:
            rows = self.session.exec(select(Enterprise).order_by(col(Enterprise.id))).all()
        else:
            rows = [self._enterprise(enterprise_id)]
        asked = section_duties(self.session, [row.id for row in rows], china_day(utc_now()))
        found = [
            (row.name, section, duty)
            for row in rows
            for section, section_asks in asked[row.id].items()
            for duty in section_asks
            if everything or duty.state in ASKED
        ]
        return sorted(found, key=lambda line: (line[0], line[2].last, line[1]))

    def _enterprise(self, enterprise_id: UUID) -> Enterprise:
        row = self.session.get(Enterprise, enterprise_id)
        if row is None:
            raise NotFound("enterprise", enterprise_id)
        return row

    def _organisation(self, organisation_id: UUID) -> Organisation:
        row = self.session.get(Organisation, organisation_id)
        if row is None:
            raise NotFound("organisation", organisation_id)
        return row

    def _user(self, login: str) -> User:
        row = self.session.exec(select(User).where(col(User.login) == normal_login(login))).first()
        if row is None:
            raise NotFound("user", login)
        return row

    def _end_sessions(self, user: User) -> None:
        self.session.exec(delete(SignInSession).where(col(SignInSession.user_id) == user.id))

    def _log(self, action: str, detail: str, enterprise_id: UUID | None = None) -> None:
        log_access(
            self.session, actor=OPERATOR, action=action, detail=detail, enterprise_id=enterprise_id
        )
