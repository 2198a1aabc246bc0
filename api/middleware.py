"""What holds for every request: a limit on bodies, and headers that browsers heed."""

import re

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import BodyTooLarge, kind_of
from api.problems import problem_response
from api.settings import Settings

EVIDENCE_PATH = re.compile(r"/v1/(enterprises/[^/]+/)?evidence/[^/]+")
APP_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "manifest-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
API_POLICY = "default-src 'none'; frame-ancestors 'none'"
JSON_TYPES = frozenset({"application/json", "application/problem+json"})
DISPOSITION = 'attachment; filename="anxun.json"'
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), geolocation=(self), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class BodyLimit:
    """Answers 413 to a body over the limit, before it is read where its length was said."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting its body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit(scope["path"])
        told = Headers(scope=scope).get("content-length", "")
        if told.isdecimal() and int(told) > limit:
            await _too_large(scope, limit)(scope, receive, send)
            return
        received = 0

        async def counting() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise HTTPException(413, _detail(limit))
            return message

        await self._app(scope, counting, send)

    def _limit(self, path: str) -> int:
        is_evidence = EVIDENCE_PATH.fullmatch(path)
        return self._settings.max_evidence_bytes if is_evidence else self._settings.max_json_bytes


class SecurityHeaders:
    """Sets the headers that keep a browser from doing what the app never needs."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._settings = app, settings
        whole = "; includeSubDomains" if settings.hsts_subdomains else ""
        self._hsts = f"max-age=31536000{whole}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and add headers to its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_api = scope["path"].startswith("/v1/")

        async def adding(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers["Content-Security-Policy"] = API_POLICY if is_api else APP_POLICY
                if is_api:
                    headers.setdefault("Cache-Control", "no-store")
                    if headers.get("content-type", "").partition(";")[0] in JSON_TYPES:
                        # Opened by itself it is saved, and never shown as a page (ASVS 14.4.2).
                        headers.setdefault("Content-Disposition", DISPOSITION)
                if self._settings.sends_secure_cookies:
                    headers["Strict-Transport-Security"] = self._hsts
            await send(message)

        await self._app(scope, receive, adding)


def _detail(limit: int) -> str:
    return (
        f"the body is over {limit} bytes; send evidence in parts, and findings in smaller batches"
    )


def _too_large(scope: Scope, limit: int) -> ASGIApp:
    error = BodyTooLarge(_detail(limit))
    kind = kind_of(error)
    assert kind is not None  # noqa: S101  a test proves the table complete
    return problem_response(Request(scope), kind, str(error))
