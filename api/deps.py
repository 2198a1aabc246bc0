"""What a route needs, as `Annotated` aliases."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Path, Query, Security
from fastapi.security import APIKeyCookie, HTTPBearer

SESSION_COOKIE = "anxun_session"
REQUEST_HEADER = "X-Anxun-Request"

person_bearer = HTTPBearer(
    scheme_name="personToken", description="token of `POST /v1/sessions`", auto_error=False
)
person_cookie = APIKeyCookie(
    scheme_name="personCookie",
    name=SESSION_COOKIE,
    description=f"set by `POST /v1/sessions`; every change also needs the header `{REQUEST_HEADER}: 1`",
    auto_error=False,
)
device_bearer = HTTPBearer(
    scheme_name="deviceToken", description="token of `POST /v1/devices`", auto_error=False
)


def current_user(
    bearer: Annotated[object, Security(person_bearer)],
    cookie: Annotated[object, Security(person_cookie)],
) -> UUID:
    raise NotImplementedError


def current_device(bearer: Annotated[object, Security(device_bearer)]) -> UUID:
    raise NotImplementedError


def any_caller(
    bearer: Annotated[object, Security(person_bearer)],
    cookie: Annotated[object, Security(person_cookie)],
    device: Annotated[object, Security(device_bearer)],
) -> UUID:
    raise NotImplementedError


CurrentUser = Annotated[UUID, Depends(current_user)]
CurrentDevice = Annotated[UUID, Depends(current_device)]
AnyCaller = Annotated[UUID, Depends(any_caller)]
EnterpriseId = Annotated[UUID, Path(description="the enterprise")]
Sha256Path = Annotated[
    str,
    Path(
        pattern=r"^[0-9a-f]{64}$",
        description="SHA-256 of the bytes",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    ),
]
Cursor = Annotated[
    str | None, Query(max_length=200, description="`next_cursor` of the page before")
]
Limit = Annotated[int, Query(ge=1, le=200, description="rows a page")]
EnterpriseFilter = Annotated[UUID | None, Query(alias="enterprise_id")]
IfMatch = Annotated[
    str | None,
    Header(description="version of the ticket that was read, in quotes", examples=['"3"']),
]
