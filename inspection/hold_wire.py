"""What people send about a ticket's time: pauses and more days. Light: no database."""

from typing import Annotated

from pydantic import Field

from inspection.wire import Text, UtcDatetime, Wire

HoldReasonCode = Annotated[
    str,
    Field(
        pattern=r"^[a-z_]{1,32}$",
        description="a code of `GET /v1/hold-reasons`",
        examples=["waiting_parts"],
    ),
]


class PauseRequest(Wire):
    """The enterprise asks that a ticket's clock stands still, from now until a planned time."""

    reason_code: HoldReasonCode
    until: UtcDatetime = Field(description="planned end; the clock runs on then by itself")
    note: Text = Field(default="", max_length=2000, examples=["光栅备件 12 月 3 日到货"])


class ExtensionRequest(Wire):
    """The enterprise asks for more days, in the unit that the ticket's clock counts."""

    reason_code: HoldReasonCode
    days: int = Field(ge=1, le=3650)
    note: Text = Field(default="", max_length=2000)


class HoldDecision(Wire):
    """An expert or the service centre grants a request for time, or refuses it and says why."""

    approved: bool
    note: Text = Field(default="", max_length=2000)


class HoldNote(Wire):
    """A request is taken back, or a pause ends before its time."""

    note: Text = Field(default="", max_length=2000)
