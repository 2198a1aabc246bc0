"""Signing in, and who is signed in."""

from uuid import UUID

from pydantic import Field

from api.shapes.base import NamedRef, Page, PersonRef
from inspection.tables import OrganisationKind, Role
from inspection.wire import Text, UtcDatetime, Wire


class SignIn(Wire):
    """A person's login and password."""

    login: Text = Field(min_length=1, max_length=100, examples=["expert"])
    password: Text = Field(min_length=1, max_length=1000, examples=["correct horse battery"])
    code: Text | None = Field(
        default=None,
        max_length=40,
        description="of the authenticator app, or a recovery code, where the account asks for one",
    )


class OrganisationRef(NamedRef):
    """A party that works on the ledgers of several enterprises."""

    kind: OrganisationKind


class RoleView(Wire):
    """A role, and where it is held: in an organisation, or in an enterprise."""

    role: Role
    organisation: OrganisationRef | None = None
    enterprise: NamedRef | None = None
    is_administrator: bool = Field(
        default=False,
        description="manages the organisation's people, and those of organisations below it",
    )


class Me(Wire):
    """The signed-in person, their roles, and the enterprises they may see."""

    id: UUID
    login: str
    name: str
    roles: list[RoleView]
    enterprises: list[NamedRef]
    shows_heads: bool = Field(
        description="previews show people's heads unless asked otherwise; false: blurred"
    )


class SignedIn(Wire):
    """A sign-in. Programs send the token as `Authorization: Bearer` until it expires; a page has a cookie of its own."""

    token: str
    expires_at: UtcDatetime
    user: Me


class AssignablePerson(PersonRef):
    """A person of the enterprise, or its expert. A ticket is assigned to an enterprise officer or worker."""

    login: str
    roles: list[Role]


class People(Page[AssignablePerson]):
    """The people of an enterprise."""
