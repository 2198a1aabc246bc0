"""The application: routes under /v1, the app beside them, and what runs while it serves."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import to_thread
from fastapi import FastAPI

from api.database import upgrade_database
from api.middleware import BodyLimit, SecurityHeaders
from api.openapi import openapi_document
from api.pages import AppPages, BesideApi
from api.parts import VERSION, Parts, assemble
from api.problems import install_problems
from api.routes import (
    access_log,
    account,
    boxes,
    catalogue,
    clips,
    devices,
    enterprises,
    entries,
    erasures,
    evidence,
    experts,
    findings,
    flywheel,
    imports,
    inspection_records,
    inspections,
    invitations,
    items,
    ledger,
    memberships,
    notice_settings,
    notices,
    openid,
    passwords,
    people,
    reports,
    retention,
    sections,
    sessions,
    ticket_time,
    tickets,
    vouching,
    webhooks,
)
from api.routing import ApiRouter
from api.row_security import is_bound_by_policies
from api.second_factor import seal_readable
from api.settings import Settings
from inspection.jobs import PhotoDetector
from inspection.wire import utc_now

LOG = logging.getLogger(__name__)
UNBOUND = (
    "the database role is a superuser or has BYPASSRLS: row policies do not bind it; "
    "give ANXUN_DATABASE_URL a role of its own that owns the database (docs/operations.md)"
)

ROUTERS: tuple[ApiRouter, ...] = (
    sessions.router,
    openid.router,
    passwords.router,
    account.router,
    access_log.router,
    boxes.router,
    catalogue.router,
    clips.router,
    enterprises.router,
    memberships.router,
    people.router,
    experts.router,
    invitations.router,
    devices.router,
    evidence.router,
    findings.router,
    flywheel.router,
    imports.router,
    inspections.router,
    inspection_records.router,
    items.router,
    notices.router,
    notice_settings.router,
    webhooks.router,
    tickets.router,
    ticket_time.router,
    ledger.router,
    entries.router,
    reports.router,
    erasures.router,
    retention.router,
    vouching.router,
    sections.router,
)


def create_app(settings: Settings, detector: PhotoDetector | None = None) -> FastAPI:
    """Return the application, with the model of the settings unless a detector is given. It opens its database and starts its work when it begins to serve."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        parts = await to_thread.run_sync(_open, settings, detector)
        app.state.parts = parts
        try:
            yield
        finally:
            await to_thread.run_sync(_close, parts)

    app = FastAPI(
        title="anxun",
        version=VERSION,
        lifespan=lifespan,
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.add_middleware(BodyLimit, settings=settings)
    app.add_middleware(SecurityHeaders, settings=settings)
    for router in ROUTERS:
        app.include_router(router, prefix="/v1")
    install_problems(app)
    app.openapi = lambda: openapi_document(app)  # type: ignore[method-assign]
    app.router.routes.append(BesideApi("/", AppPages(settings.web_dir)))
    return app


def _open(settings: Settings, detector: PhotoDetector | None) -> Parts:
    parts = assemble(settings, detector)
    upgrade_database(parts.engine)
    seal_readable(parts.write, parts.seal)
    with parts.engine.connect() as connection:
        if not is_bound_by_policies(connection):
            LOG.warning(UNBOUND)
    LOG.info("%s %s", parts.detector.name, parts.photo_worker.switches.said())
    parts.photo_worker.start()
    parts.fix_check_worker.start()
    parts.report_worker.start()
    parts.publisher.start()
    parts.keeper.start()
    parts.witness_asker.start()
    parts.notice_sender.start()
    parts.link_desk.start()
    return parts


def _close(parts: Parts) -> None:
    parts.link_desk.stop()
    parts.notice_sender.stop()
    parts.keeper.stop()
    parts.witness_asker.stop()
    parts.photo_worker.stop()
    parts.fix_check_worker.stop()
    parts.report_worker.stop()
    # After the workers, so that what they recorded last is published too.
    parts.publisher.stop()
    parts.notes.flush(utc_now())
    parts.engine.dispose()
