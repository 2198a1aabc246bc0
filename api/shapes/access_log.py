"""What the access log tells."""

from enum import StrEnum
from uuid import UUID

from pydantic import Field

from api.shapes.base import NamedRef, Page
from inspection.access_log import AccessKind
from inspection.wire import UtcDatetime, Wire


class DoerKind(StrEnum):
    """Who did it. `login`: whoever tried to sign in with it; `operator`: by command on the server itself."""

    USER = "user"
    DEVICE = "device"
    LOGIN = "login"
    OPERATOR = "operator"
    SYSTEM = "system"
    ANONYMOUS = "anonymous"


class DoerView(Wire):
    """Who did it, by name, and the organisation that they belong to."""

    kind: DoerKind
    id: UUID | None = None
    name: str = Field(examples=["陈安"])
    organisation: str = Field(default="", examples=["柳市服务中心"])


class AccessView(Wire):
    """What was done, by whom, when and from where. What one sign-in repeated within minutes is told once, with its count."""

    id: UUID
    at: UtcDatetime
    last_at: UtcDatetime = Field(description="when the last of `times` was; `at` is the first")
    times: int = Field(ge=1)
    kind: AccessKind
    action: str = Field(examples=["evidence.preview"])
    by: DoerView
    enterprise: NamedRef | None = Field(
        description="whose data it concerned, where the reader sees that enterprise"
    )
    detail: str
    remote: str = Field(description="the address that it came from", examples=["203.0.113.9"])


class AccessPage(Page[AccessView]):
    """A page of the access log, the newest first."""
