"""A server killed at any statement of a request or of a publication leaves every ledger whole."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import func, select

from api.settings import Settings
from inspection.journal import area_log_id_of, log_id_of
from inspection.tables import Finding
from ledger.log import audit
from ledger.note import VerifierKey
from ledger.sql import SqlStore
from tests.builders import jpeg
from tests.dying_server import AFTER, Delivery, dies_at, publish
from tests.integration.api.conftest import site_settings
from tests.published import published, published_continuously
from tests.sites import Site, open_site

# Entry 7 completes three subtrees, as every other one after it completes at least one: the statements of a moment
# stay the same while the ledgers grow by two entries from moment to moment.
BEFORE = 7


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgres, pytest.mark.slow])]
)
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Set up either database."""
    is_sqlite = request.param == "sqlite"
    changes = {} if is_sqlite else {"database_url": request.getfixturevalue("postgres_url")}
    return site_settings(tmp_path, **changes)


@pytest.fixture
def site(settings: Settings) -> Iterator[Site]:
    """Serve beside the server that dies, and go on after it."""
    with open_site(settings) as site:
        yield site


def audited(site: Site) -> int:
    """Return the ledger's size, once every log was read again without a fault and each finding has its entry."""
    with site.parts.read() as session:
        store = SqlStore(session)
        for log_id in store.log_ids():
            audit(store, log_id, [VerifierKey.from_vkey(site.parts.signers.vkey(session, log_id))])
        size = store.head(log_id_of(site.town.mine.id)).size
        findings = session.exec(select(func.count()).select_from(Finding)).one()
    assert findings == size
    return size


def test_a_request_killed_at_any_statement_is_there_whole_or_not_at_all(
    site: Site, settings: Settings
) -> None:
    """At each one: the ledger audits, is as before or one entry longer, and the device's next try gets this very entry."""
    sha256 = site.put_evidence("device", jpeg())
    site.submit(*(site.draft(sha256) for _ in range(BEFORE)))
    seen: list[tuple[str, int]] = []
    for moment in itertools.count():
        size, draft = audited(site), site.draft(sha256)
        work = Delivery(site.tokens["device"], {"drafts": [draft]})
        name = dies_at(settings, work, moment)
        grown = audited(site) - size
        [receipt] = site.submit(draft)
        assert receipt["status"] == ("duplicate" if grown else "recorded"), name
        assert receipt["index"] == size, name
        assert audited(site) == size + 1, name
        if name is None:
            break
        seen.append((name, grown))
        site.submit(site.draft(sha256))
    assert grown == 1
    # Nothing is there before the last commit runs, all of it afterwards.
    assert [grown for _, grown in seen] == [0] * (len(seen) - 1) + [1]
    names = [name for name, _ in seen]
    assert names[-2:] == ["COMMIT", AFTER]
    for table in ("ledger_entry", "ledger_subtree", "finding"):
        assert names.count(f"INSERT INTO {table}") == 1
    assert "UPDATE ledger_head SET" in names


def test_a_publication_killed_at_any_statement_signs_or_does_not(
    site: Site, settings: Settings
) -> None:
    """At each one: every ledger audits, has its checkpoint or not, and the next publication continues it."""
    sha256 = site.put_evidence("device", jpeg())

    logs = (log_id_of(site.town.mine.id), area_log_id_of(site.town.area.id))

    def counted() -> tuple[int, ...]:
        return tuple(len(published(site, log_id)) for log_id in logs)

    def grow(publish_here: bool = True) -> None:
        site.submit(site.draft(sha256))
        if publish_here:
            site.parts.publisher.publish_grown()

    for _ in range(BEFORE):
        grow()
    seen: list[tuple[str, int, int]] = []
    for moment in itertools.count():
        grow(publish_here=False)
        before = counted()
        name = dies_at(settings, publish, moment)
        size = audited(site)
        signed = tuple(now - then for now, then in zip(counted(), before, strict=True))
        if name is None:
            break
        seen.append((name, *signed))
        site.parts.publisher.publish_grown()
        assert audited(site) == size
        # Whatever the dead one left, the area has one more entry and checkpoint, no repeat.
        assert counted() == (before[0] + 1, before[1] + 1), name
        grow()
    assert signed == (1, 1)
    # First the ledger's checkpoint, then the area's entry and checkpoint: each there only after its commit.
    assert sorted(signed for _, *signed in seen) == [signed for _, *signed in seen]
    names = [name for name, *_ in seen]
    assert names.count("INSERT INTO ledger_checkpoint") == 2
    assert names.count("INSERT INTO ledger_area_entry") == 1
    # What grew, the ledger, its area, and the area beside it, where nothing grew.
    assert names.count("COMMIT") == 4
    assert seen[-1] == (AFTER, 1, 1)
    for log_id in logs:
        published_continuously(site, log_id)
