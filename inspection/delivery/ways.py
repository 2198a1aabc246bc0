"""One way of sending each: a mail server, a text message gateway, chat robots, webhooks. Each raises `NotSent` or has sent."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


class NotSent(Exception):
    """It was not taken. `is_final`: it never will be; `retry_after_s`: the other side asked to be left alone so long."""

    def __init__(
        self,
        reason: str,
        *,
        is_final: bool = False,
        retry_after_s: float = 0.0,
        is_gone: bool = False,
    ) -> None:
        self.reason, self.is_final, self.retry_after_s = reason, is_final or is_gone, retry_after_s
        self.is_gone = is_gone
        super().__init__(reason)


@dataclass(frozen=True)
class Envelope:
    """What every way needs of a message: its id, the same at every try, and the moment of this try."""

    message_id: UUID
    now: datetime
