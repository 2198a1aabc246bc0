"""Signing in by an OpenID provider."""

from pydantic import Field

from inspection.wire import Wire


class SignInChoices(Wire):
    """How people may sign in here, besides with their password."""

    provider: str | None = Field(
        description="name of the OpenID provider; null: none", examples=["政务统一认证"]
    )
    sends_password_links: bool = Field(
        description="a link for a forgotten password can be sent by mail; false: whoever runs the server sets a new one"
    )


class SendTo(Wire):
    """Where the browser goes next: the provider's own page."""

    address: str
