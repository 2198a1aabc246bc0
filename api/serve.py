"""Runs the server until it is told to stop."""

import logging
import signal
import sys
from socket import socket
from types import FrameType
from typing import NoReturn

import typer
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.settings import Settings

GRACE_S = 20


def run_server(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM: requests are finished, checkpoints are published, then it ends.

    Raises `SystemExit` when the address is taken or something cannot be opened.
    """
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = server_config(settings, create_app(settings))
    for number in (signal.SIGINT, signal.SIGTERM):
        # uvicorn raises the signal again once everything has ended: that is a good end, not a death by signal.
        signal.signal(number, _end_well)
    AnnouncingServer(config).run()


def server_config(settings: Settings, app: FastAPI) -> uvicorn.Config:
    """Return how the application is served; who the caller is, only trusted proxies are believed."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        access_log=False,
        log_config=None,
        server_header=False,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=GRACE_S,
    )


def _end_well(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001  a signal handler's form
    sys.exit(0)


class AnnouncingServer(uvicorn.Server):
    """Prints its address once it listens, as the port may be the system's choice."""

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Listen, and say where."""
        await super().startup(sockets)
        for server in self.servers:
            for listening in server.sockets:
                host, port = listening.getsockname()[:2]
                typer.echo(f"anxun serves at http://{host}:{port}")
