"""Sixteen devices deliver at once while checkpoints are published: to one ledger, and to many."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from api.tokens import new_token, sha256_of_token
from inspection.journal import area_log_id_of, log_id_of
from inspection.tables import Device, Enterprise
from ledger.log import audit
from ledger.note import VerifierKey
from ledger.sql import SqlStore
from tests.builders import jpeg
from tests.integration.api.conftest import site_settings
from tests.published import published_continuously
from tests.sites import Site, open_site

WRITERS, REQUESTS, DRAFTS = 16, 4, 2
EACH = REQUESTS * DRAFTS
WAIT_S = 60


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """Serve on either database."""
    is_sqlite = request.param == "sqlite"
    changes = {} if is_sqlite else {"database_url": request.getfixturevalue("postgres_url")}
    with open_site(site_settings(tmp_path, **changes)) as site:
        yield site


def add_plant(site: Site, number: int) -> str:
    """Add an enterprise of the town's area, with a device named for its number; return its log's name."""
    device = f"device_{number}"
    site.tokens[device] = new_token()
    plant = Enterprise(
        area_id=site.town.area.id, name=f"Plant {number}", credit_code=f"PLANT{number:013}"
    )
    log_id = log_id_of(plant.id)
    token_sha256 = sha256_of_token(site.tokens[device])
    with site.parts.write.begin() as session:
        session.add(plant)
        session.flush()
        session.add(Device(enterprise_id=plant.id, name=device, token_sha256=token_sha256))
    return log_id


def deliver(site: Site, device: str, sha256: str, published: threading.Event) -> list[int]:
    """Deliver request by request, the last one not before something was published; return the indices in order."""
    indices = []
    for number in range(REQUESTS):
        if number == REQUESTS - 1:
            assert published.wait(WAIT_S)
        drafts = [site.draft(sha256) for _ in range(DRAFTS)]
        receipts = site.submit(*drafts, who=device)
        assert [receipt["status"] for receipt in receipts] == ["recorded"] * DRAFTS
        indices += [receipt["index"] for receipt in receipts]
    return indices


def at_once(site: Site, write: Callable[[int, threading.Event], list[int]]) -> list[list[int]]:
    """Let all writers start together, publish over and over until they have ended; return what each one got."""
    start = threading.Barrier(WRITERS + 1)
    published, ended = threading.Event(), threading.Event()

    def begin(writer: int) -> list[int]:
        start.wait()
        return write(writer, published)

    def publish() -> None:
        start.wait()
        while not ended.wait(0.02):
            if site.parts.publisher.publish_grown():
                published.set()

    with ThreadPoolExecutor(WRITERS + 1) as pool:
        publishing = pool.submit(publish)
        writing = [pool.submit(begin, writer) for writer in range(WRITERS)]
        try:
            return [each.result() for each in writing]
        finally:
            ended.set()
            publishing.result()


def audited_size(site: Site, log_id: str) -> int:
    """Return the size of a log that was read again whole."""
    with site.parts.read() as session:
        key = VerifierKey.from_vkey(site.parts.signers.vkey(session, log_id))
        return audit(SqlStore(session), log_id, [key]).size


def test_sixteen_writers_to_one_ledger(site: Site) -> None:
    """No gap, no repeat, no deadlock, each writer's entries in its order; every checkpoint continues the one before."""
    sha256 = site.put_evidence("device", jpeg())
    got = at_once(site, lambda _, seen: deliver(site, "device", sha256, seen))
    assert sorted(index for own in got for index in own) == list(range(WRITERS * EACH))
    assert all(own == sorted(own) for own in got)
    site.parts.publisher.publish_grown()
    log_id = log_id_of(site.town.mine.id)
    assert audited_size(site, log_id) == WRITERS * EACH
    sizes = published_continuously(site, log_id)
    assert len(sizes) >= 2
    assert sizes[-1] == WRITERS * EACH


def test_sixteen_writers_to_a_ledger_each(site: Site) -> None:
    """The same of every ledger, and of the area's log, which follows all of them and their registers of evidence."""
    log_ids = [add_plant(site, number) for number in range(WRITERS)]
    sha256 = [site.put_evidence(f"device_{number}", jpeg()) for number in range(WRITERS)]
    got = at_once(site, lambda n, seen: deliver(site, f"device_{n}", sha256[n], seen))
    assert got == [list(range(EACH))] * WRITERS
    site.parts.publisher.publish_grown()
    count = 0
    for log_id in log_ids:
        assert audited_size(site, log_id) == EACH
        sizes = published_continuously(site, log_id)
        assert sizes[-1] == EACH
        register = published_continuously(site, f"evidence-{log_id}")
        assert register[-1] == 1
        count += len(sizes) + len(register)
    area = area_log_id_of(site.town.area.id)
    assert 2 * WRITERS <= audited_size(site, area) <= count
    assert len(published_continuously(site, area)) >= 2
