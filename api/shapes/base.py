"""Bases of every shape: answers, pages, people, and what an error says."""

from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from inspection.wire import HazardLevel, Wire

Level = HazardLevel
HazardCode = Annotated[str, Field(pattern=r"^[A-Z]{3}-\d{2}$", examples=["PPE-01"])]

Row = TypeVar("Row")
ETAG: Any = Field(
    description="of its state now: send it as `If-Match`, in quotes", examples=["5f2b8c0d1e3a4967"]
)


class Page(Wire, Generic[Row]):
    """One page of a list. `next_cursor` is opaque; null means that this was the last page."""

    items: list[Row]
    next_cursor: str | None = None


class PersonRef(Wire):
    """A person, as named beside what they did."""

    id: UUID
    name: str = Field(examples=["陈安"])


class NamedRef(Wire):
    """A named thing of another resource."""

    id: UUID
    name: str


class FieldError(BaseModel):
    """One fault of a request: where it is and what is wrong."""

    location: list[str | int] = Field(examples=[["body", "login"]])
    message: str = Field(examples=["Field required"])
    code: str | None = Field(
        default=None, description="stable, for a field of a record", examples=["required"]
    )


class Problem(BaseModel):
    """What went wrong (RFC 9457). `code` is stable for programs, `detail` is for people."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:anxun:problem:not_found",
                    "title": "Not found",
                    "status": 404,
                    "detail": "there is no finding 01920000-0000-7000-8000-000000000000 that you may see",
                    "code": "not_found",
                    "instance": "/v1/enterprises/01920000-0000-7000-8000-000000000001/findings/01920000-0000-7000-8000-000000000000",
                }
            ]
        }
    )

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str
    errors: list[FieldError] | None = Field(
        default=None, description="each fault of a malformed request"
    )
