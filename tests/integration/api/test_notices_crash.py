"""A server killed at any statement of its sending loses no notice, and repeats one only under its id."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from api.parts import Parts
from api.settings import Settings
from inspection.delivery.endpoints import NewEndpoint, add_endpoint
from inspection.delivery.leases import LEASE
from inspection.delivery.sender import NoticeSender
from inspection.memberships import Place
from inspection.news import News
from inspection.notices import tell
from inspection.scopes import scope_of
from inspection.tables import NoticeDelivery, NoticeKind, new_id
from inspection.wire import utc_now
from tests.dying_server import AFTER, dies_at
from tests.integration.api.conftest import site_settings
from tests.receivers import HttpReceiver, http_receiver
from tests.sites import Site, open_site

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgres, pytest.mark.slow])]
)
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Set up either database, and a server that may send to this machine."""
    is_sqlite = request.param == "sqlite"
    changes = {} if is_sqlite else {"database_url": request.getfixturevalue("postgres_url")}
    return site_settings(tmp_path, outside_allowed="127.0.0.1", **changes)


@pytest.fixture
def site(settings: Settings) -> Iterator[Site]:
    """Serve beside the server that dies; its own senders are still."""
    with open_site(settings) as site:
        site.parts.notice_sender.stop()
        yield site


@pytest.fixture
def receiver(site: Site) -> Iterator[HttpReceiver]:
    """Yield where the enterprise's webhook leads."""
    with http_receiver() as receiver:
        with site.parts.write.begin() as session:
            place = Place(enterprise_id=site.town.mine.id)
            scope = scope_of(session, site.town.officer.id)
            reach = site.parts.notice_sender.ways.robots.reach
            new = NewEndpoint(place, receiver.url)
            add_endpoint(session, site.parts.seal, reach, scope, new, utc_now())
        yield receiver


def send(_settings: Settings, parts: Parts) -> None:
    """Do what a sender's thread does."""
    parts.notice_sender.run_once()


def send_after_the_lease(site: Site) -> None:
    """Send as a server does that was started again, once the dead one's lease has ended."""
    parts = site.parts
    later = NoticeSender(
        parts.read,
        parts.write,
        parts.seal,
        parts.notice_sender.ways,
        parts.notice_sender._patience,
        lambda: utc_now() + LEASE,
    )
    later.run_once()


def state(site: Site, key: str) -> str:
    """Return the state of an event's row."""
    with site.parts.read() as session:
        return _row(session, key).state


def _row(session: Session, key: str) -> NoticeDelivery:
    return session.exec(select(NoticeDelivery).where(col(NoticeDelivery.event_key) == key)).one()


def test_killed_at_any_statement(site: Site, settings: Settings, receiver: HttpReceiver) -> None:
    """Before it was sent: sent once afterwards. After it was written down: never again. In between: twice, by one id."""
    seen: list[tuple[str, int, str, int]] = []
    for moment in itertools.count():
        key = f"event {moment}"
        news = News(NoticeKind.TICKET_OVERDUE, site.town.mine.id, new_id(), key)
        with site.parts.write.begin() as session:
            tell(session, news, [], utc_now())
        receiver.received.clear()
        name = dies_at(settings, send, moment)
        before, was = len(receiver.received), state(site, key)
        send_after_the_lease(site)
        ids = [request.headers["webhook-id"] for request in receiver.received]
        assert len(set(ids)) == 1, name
        assert state(site, key) == "sent", name
        if name is None:
            break
        seen.append((name, before, was, len(ids)))
    outcomes = [(before, was, total) for _, before, was, total in seen]
    # In this order: nothing happened yet; sent but not written down; written down.
    assert list(dict.fromkeys(outcomes)) == [
        (0, "waiting", 1),
        (1, "waiting", 2),
        (1, "sent", 1),
    ]
    assert [name for name, *_ in seen].count("COMMIT") == 2
    assert AFTER in [name for name, *_ in seen]
