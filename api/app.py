"""The application."""

from fastapi import APIRouter, FastAPI

from api.openapi import openapi_document
from api.routes import (
    catalogue,
    devices,
    enterprises,
    evidence,
    findings,
    inspections,
    items,
    ledger,
    sessions,
    tickets,
)

ROUTERS: tuple[APIRouter, ...] = (
    sessions.router,
    catalogue.router,
    enterprises.router,
    devices.router,
    evidence.router,
    findings.router,
    inspections.router,
    items.router,
    tickets.router,
    ledger.router,
)


def create_app() -> FastAPI:
    """Return the application."""
    app = FastAPI(
        title="anxun",
        version="0.1.0",
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    for router in ROUTERS:
        app.include_router(router, prefix="/v1")
    app.openapi = lambda: openapi_document(app)  # type: ignore[method-assign]
    return app
