"""Signing in by an OpenID provider."""

from pydantic import Field

from inspection.wire import Wire


class SignInChoices(Wire):
    """How people may sign in here, besides with their password."""

    provider: str | None = Field(
        description="name of the OpenID provider; null: none", examples=["政务统一认证"]
    )


class SendTo(Wire):
    """Where the browser goes next: the provider's own page."""

    address: str
