"""The router that every resource is on: what holds for each route, whoever adds it."""

from collections.abc import Callable, Coroutine
from functools import cached_property
from typing import Any

from fastapi import APIRouter, Request, Response, params
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from pydantic import BaseModel

from api.deps import session_cookie
from api.idempotency import Claim, read_key
from api.media_types import FORM, JSON

Answering = Callable[[Request], Coroutine[Any, Any, Response]]
# In an answer these are shown once, to whoever asked.
SECRETS = frozenset({"token", "secret", "code", "codes", "link"})


class ApiRoute(APIRoute):
    """A route that does a POST with an idempotency key once (`api.idempotency`)."""

    @cached_property
    def tells_secret(self) -> bool:
        """Whether the answer holds a secret, by the names of its fields."""
        return bool(SECRETS & _fields_of(self.response_model))

    @cached_property
    def takes_password(self) -> bool:
        """Whether the request holds a password. Its key is not kept: whatever is stored of a password can be guessed at."""
        asked = (parameter.field_info.annotation for parameter in self.dependant.body_params)
        return any("password" in _fields_of(shape) for shape in asked)

    @cached_property
    def media_type(self) -> str | None:
        """Which kind of body the route takes; None where it reads the bytes itself, or none."""
        if self.body_field is None:
            return None
        is_form = isinstance(self.body_field.field_info, params.Form)
        return FORM if is_form else JSON

    def get_route_handler(self) -> Answering:
        """Return what answers a request, between its caller's check and the commit."""
        answering = super().get_route_handler()
        if "POST" not in (self.methods or ()):
            return answering

        async def answering_once(request: Request) -> Response:
            key = read_key(request)
            if key is None or self.takes_password:
                return await answering(request)
            credential = credential_of(request) if self.tells_secret else ""
            claim = Claim(request, key, await request.body(), credential)
            request.state.claim = claim
            answer = await answering(request)
            await run_in_threadpool(claim.keep, answer)
            return answer

        return answering_once


class ApiRouter(APIRouter):
    """A router of such routes."""

    def __init__(self, **options: Any) -> None:
        """Take what a router of the framework takes."""
        super().__init__(route_class=ApiRoute, **options)


def _fields_of(shape: object) -> set[str]:
    if isinstance(shape, type) and issubclass(shape, BaseModel):
        return set(shape.model_fields)
    return set()


def credential_of(request: Request) -> str:
    """Return the secret that the caller signed in with, by header or cookie; empty without one."""
    cookie = session_cookie(request.app.state.parts.settings)
    return request.headers.get("authorization") or request.cookies.get(cookie, "")
