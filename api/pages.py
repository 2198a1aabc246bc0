"""Serves the built app: files as they are, and its index for every address that the app routes itself."""

from pathlib import Path, PurePosixPath

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Match, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

NOT_BUILT = """\
The app is not built. In a checkout run:

    make web

(the API is at /v1, its description at /v1/openapi.json)
"""
# Vite puts a hash of the content into these names.
HASHED_FOLDER = "assets"
FOREVER = "public, max-age=31536000, immutable"
ASK_FIRST = "no-cache"


class AppPages(StaticFiles):
    """The folder of the built app."""

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder, check_dir=False)
        self._index = folder / "index.html"

    async def check_config(self) -> None:
        """Let the folder be missing: `get_response` says how to build it."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file; the index for the app's own addresses; 404 for a missing file."""
        name = PurePosixPath(path)
        if not self._index.is_file():
            return PlainTextResponse(NOT_BUILT, status_code=503)
        response = await self._file_or_index(name, scope)
        is_hashed = name.parts[:1] == (HASHED_FOLDER,) and response.status_code < 400
        response.headers["Cache-Control"] = FOREVER if is_hashed else ASK_FIRST
        return response

    async def _file_or_index(self, name: PurePosixPath, scope: Scope) -> Response:
        try:
            return await super().get_response(str(name), scope)
        except HTTPException as error:
            if error.status_code != 404 or name.suffix:
                raise
        return await super().get_response("index.html", scope)


class BesideApi(Mount):
    """A mount at the root that leaves the API's addresses alone, so that they keep their own 404 and 405."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match everything but /v1."""
        if scope["type"] == "http" and PurePosixPath(scope["path"]).parts[1:2] == ("v1",):
            return Match.NONE, {}
        return super().matches(scope)
