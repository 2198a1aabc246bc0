"""What the caller is told."""

from typing import Any, Self
from uuid import UUID

from pydantic import Field

from api.shapes.base import Page
from inspection.tables import Notice, NoticeKind
from inspection.wire import UtcDatetime, Wire


class NoticeView(Wire):
    """A notice to the caller: facts, which the client words."""

    id: UUID
    enterprise_id: UUID | None = Field(description="null: it is of the caller's own account")
    kind: NoticeKind
    thing_id: UUID = Field(
        description="the finding, ticket, inspection record, channel, token or person that it is about"
    )
    facts: dict[str, Any] = Field(
        examples=[{"number": "ZG-20261125-0001", "hazard_code": "PPE-01", "level": "general"}]
    )
    created_at: UtcDatetime
    read_at: UtcDatetime | None

    @classmethod
    def from_row(cls, row: Notice) -> Self:
        """Return the view of a notice."""
        return cls.model_validate(row.model_dump(include=set(cls.model_fields)))


class NoticePage(Page[NoticeView]):
    """The caller's notices, the newest first."""


class UnreadCount(Wire):
    """How many notices were not read."""

    unread: int = Field(ge=0)
