"""Members of a place, invitations to it, and experts stationed at an enterprise."""

from typing import Self
from uuid import UUID

from pydantic import Field

from api.preconditions import tag_of
from api.shapes.base import ETAG, NamedRef, Page, PersonRef
from api.shapes.people import OrganisationRef
from inspection.memberships import Granted, Member
from inspection.tables import Invitation, Role
from inspection.wire import Text, UtcDatetime, Wire

TOKEN = Field(min_length=20, max_length=100, description="what follows # in the link")


class RoleChange(Wire):
    """A member's new role."""

    role: Role
    is_administrator: bool = Field(
        default=False, description="manages the organisation's people; never in an enterprise"
    )

    def granted(self) -> Granted:
        """Return it for the domain."""
        return Granted(self.role, self.is_administrator)


class NewInvitation(RoleChange):
    """Who is invited, to which role."""

    name: Text = Field(min_length=1, max_length=100, examples=["陈安"])
    contact: Text | None = Field(
        default=None,
        max_length=100,
        description="telephone or e-mail, kept beside the invitation; nothing is sent there",
    )


class StandingChange(Wire):
    """Whether a member signs in, and why that changes."""

    is_active: bool = Field(description="false: suspended, signs in no more")
    reason: Text = Field(default="", max_length=200, description="for the access log")


def member_tag(member: Member) -> str:
    """Return the tag of a membership: what a change of role, or its end, decides on."""
    held = member.membership
    return tag_of(held.id, held.role, held.is_administrator, member.user.is_active)


def station_tag(user_id: UUID, *, is_stationed: bool) -> str:
    """Return the tag of whether an expert is stationed."""
    return tag_of(user_id, is_stationed)


class MemberView(Wire):
    """Somebody who belongs to a place; inactive: signs in no more."""

    id: UUID
    login: str
    name: str
    role: Role
    is_administrator: bool
    is_active: bool
    etag: str = ETAG

    @classmethod
    def from_member(cls, member: Member) -> Self:
        """Return the view of a member."""
        user, held = member.user, member.membership
        return cls(
            id=user.id,
            login=user.login,
            name=user.name,
            role=held.role,
            is_administrator=held.is_administrator,
            is_active=user.is_active,
            etag=member_tag(member),
        )


class Members(Page[MemberView]):
    """Everybody who belongs to a place, by name."""


class KeptMemberView(MemberView):
    """A member of a place whose people the caller manages: of an enterprise, or of an organisation."""

    membership_id: UUID
    enterprise: NamedRef | None
    organisation: OrganisationRef | None
    area: NamedRef | None = Field(description="of the place; null: it has none of its own")
    has_second_factor: bool
    last_signed_in_at: UtcDatetime | None
    is_wholly_mine: bool = Field(
        description="the caller manages every place that they belong to, and so may suspend or restore them or reset their second factor"
    )
    stations: list[NamedRef] = Field(
        description="of an expert: the first 20 enterprises, of those that the caller sees"
    )
    station_count: int


class KeptMembers(Page[KeptMemberView]):
    """Members of every place whose people the caller manages, by name; a row a membership."""


class InvitationView(Wire):
    """An invitation that can still be accepted."""

    id: UUID
    name: str
    role: Role
    is_administrator: bool
    contact: str | None
    created_at: UtcDatetime
    expires_at: UtcDatetime

    @classmethod
    def from_row(cls, row: Invitation) -> Self:
        """Return the view of a row; the secret's hash stays inside."""
        return cls(**row.model_dump(include=set(InvitationView.model_fields)))


class InvitationMade(InvitationView):
    """A new invitation, with its link. Shown once."""

    link: str = Field(examples=["https://anxun.example/invitation#b1Yx…"])
    qr_svg: str = Field(description="the link as a QR code, an SVG data address")


class Invitations(Page[InvitationView]):
    """The invitations that can still be accepted, the newest first."""


class KeptInvitationView(InvitationView):
    """An open invitation, and to which place."""

    enterprise: NamedRef | None
    organisation: OrganisationRef | None


class KeptInvitations(Page[KeptInvitationView]):
    """The open invitations to every place whose people the caller manages, the newest first."""


class InvitationToken(Wire):
    """The secret of a link."""

    token: Text = TOKEN


class Acceptance(InvitationToken):
    """How the invited person will sign in."""

    login: Text = Field(min_length=1, max_length=100, examples=["chen"])
    name: Text = Field(min_length=1, max_length=100, examples=["陈安"])
    password: Text = Field(
        min_length=1, max_length=1000, description="at least 12 characters that are hard to guess"
    )


class AcceptanceByProvider(InvitationToken):
    """How the invited person will be called; the provider's sign-in opens the account, and no password does."""

    login: Text = Field(min_length=1, max_length=100, examples=["chen"])
    name: Text = Field(min_length=1, max_length=100, examples=["陈安"])


class InvitedTo(Wire):
    """What an invitation is to."""

    name: str
    role: Role
    place: str = Field(description="name of the enterprise or organisation")
    expires_at: UtcDatetime


class OrganisationView(OrganisationRef):
    """An organisation of mine, or a town of a bureau that I administer."""

    area: NamedRef | None
    parent_id: UUID | None
    manages_people: bool


class Organisations(Page[OrganisationView]):
    """My organisations."""


class ExpertView(PersonRef):
    """An expert, and whether they are stationed at the enterprise."""

    login: str
    is_stationed: bool
    etag: str = ETAG


class Experts(Page[ExpertView]):
    """Every active expert, by name."""
