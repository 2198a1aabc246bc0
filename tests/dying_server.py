"""A server that dies by SIGKILL at a chosen moment of its work on the database, in a process of its own.

Moments are counted over every statement, before it runs, over every commit, before it runs, and over every
connection's return to its pool, which follows the commit. Raising an exception in place of dying would be no crash:
the handlers on its way would still roll back, and a connection left behind would keep its lock.
"""

import itertools
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import sqlalchemy as sa
from fastapi.testclient import TestClient

from api.app import create_app
from api.parts import Parts, assemble
from api.settings import Settings
from tests.sites import BareHeadDetector

WAIT_S = 60
Work = Callable[[Settings, Parts], None]
AFTER = "after the transaction"
# A fork of a small process that has imported everything: a tenth of the time of a new interpreter.
_PROCESSES = get_context("forkserver")
_PROCESSES.set_forkserver_preload([__name__])


@dataclass(frozen=True)
class Delivery:
    """What somebody posts in one request: findings of a device, where no other address is given."""

    token: str
    body: dict[str, Any]
    path: str = "/v1/findings"
    key: str | None = None

    def __call__(self, settings: Settings, parts: Parts) -> None:
        """Send it, and expect to be told that all went well."""
        app = create_app(settings, BareHeadDetector())
        app.state.parts = parts
        headers = {"Authorization": f"Bearer {self.token}"}
        if self.key is not None:
            headers["Idempotency-Key"] = self.key
        # No lifespan: the workers of a server would touch the database as well, at moments of their own.
        answer = TestClient(app).post(self.path, json=self.body, headers=headers)
        assert answer.is_success, answer.text


def publish(_settings: Settings, parts: Parts) -> None:
    """Do what the publisher's timer does, which needs no routes: to build them takes longer than to publish."""
    parts.publisher.publish_grown()


def dies_at(settings: Settings, work: Work, moment: int) -> str | None:
    """Let a server do its work and die at a moment; return the moment's name, None if the work ended before."""
    reading, writing = _PROCESSES.Pipe(duplex=False)
    server = _PROCESSES.Process(target=_serve, args=(settings, work, moment, writing))
    server.start()
    writing.close()
    told = []
    while reading.poll(WAIT_S):
        try:
            told.append(reading.recv())
        except EOFError:
            break
    server.join(WAIT_S)
    if server.exitcode == 0:
        return None
    assert server.exitcode == -signal.SIGKILL, f"{server.exitcode} after {told}"
    name: str = told[-1]
    return name


def _serve(settings: Settings, work: Work, moment: int, told: Any) -> None:
    parts = assemble(settings, BareHeadDetector())
    left = itertools.count(moment, -1)

    def reach(name: str) -> None:
        if next(left) == 0:
            told.send(name)
            os.kill(os.getpid(), signal.SIGKILL)

    def before(_c: object, _k: object, statement: str, _p: object, _x: object, _m: bool) -> None:
        reach(" ".join(statement.split()[:3]))

    sa.event.listen(parts.engine, "before_cursor_execute", before)
    sa.event.listen(parts.engine, "commit", lambda _: reach("COMMIT"))
    sa.event.listen(parts.engine.pool, "checkin", lambda *_: reach(AFTER))
    work(settings, parts)
    # Not the way out of a server, which would publish.
    os._exit(0)
