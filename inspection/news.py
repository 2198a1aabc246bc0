"""What happened, as those are told who should know."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from inspection.tables import NoticeKind


@dataclass(frozen=True)
class News:
    """What happened to which thing of an enterprise, or to a person's account (no enterprise). `event_key` names the event: nobody is told of it twice."""

    kind: NoticeKind
    enterprise_id: UUID | None
    thing_id: UUID
    event_key: str
    facts: dict[str, Any] = field(default_factory=dict)
