"""A forgotten password: asking for a link, and what is brought back with it."""

from pydantic import Field

from api.shapes.accounts import NEW_PASSWORD
from inspection.wire import Text, Wire


class LinkAsk(Wire):
    """Whose password is forgotten."""

    login: Text = Field(min_length=1, max_length=100, examples=["expert"])


class LinkAsked(Wire):
    """The same for every login: whether there is such a person, or where they have a confirmed mailbox, is not told."""

    minutes: int = Field(description="for how long a link counts once it is sent")


class ForgottenPassword(Wire):
    """The secret of a link, and the new password."""

    token: Text = Field(min_length=40, max_length=100, description="what follows `#` in the link")
    password: Text = NEW_PASSWORD
    code: Text | None = Field(
        default=None,
        max_length=40,
        description="of the authenticator app, or a recovery code, where the account asks for one",
    )
