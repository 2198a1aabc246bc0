"""Checkpoints are published on a timer and at the end, never in a request."""

import time
from pathlib import Path

import pytest
from sqlmodel import delete, select, update

from api.parts import assemble
from inspection.journal import log_id_of
from ledger.sql import LedgerCheckpoint, LedgerHead, SqlStore
from tests.builders import jpeg
from tests.integration.api.conftest import site_settings
from tests.sites import BareHeadDetector, Site, open_site


def sizes(site: Site) -> list[int]:
    """Return the sizes of the published checkpoints."""
    with site.parts.read() as session:
        return sorted(session.exec(select(LedgerCheckpoint.size)))


def test_timer_publishes(tmp_path: Path) -> None:
    """A grown ledger is published soon, one that did not grow is left alone."""
    with open_site(site_settings(tmp_path, checkpoint_interval_s=0.05)) as site:
        site.submit(site.draft(site.put_evidence("device", jpeg())))
        ends = time.monotonic() + 10
        while not sizes(site) and time.monotonic() < ends:
            time.sleep(0.05)
        assert sizes(site) == [1]


def test_end_publishes_what_is_left(tmp_path: Path) -> None:
    """A server that is stopped publishes first."""
    settings = site_settings(tmp_path)
    with open_site(settings) as site:
        site.submit(site.draft(site.put_evidence("device", jpeg())))
        assert sizes(site) == []
        log_id = log_id_of(site.town.mine.id)
    parts = assemble(settings, BareHeadDetector())
    with parts.read() as session:
        checkpoint = SqlStore(session).latest_checkpoint(log_id)
    parts.engine.dispose()
    assert checkpoint is not None
    assert checkpoint.size == 1


def test_corrupt_ledger_is_not_signed(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """A ledger that contradicts its last checkpoint is not signed again; the operator's log says so."""
    site.submit(*(site.draft(site.put_evidence("device", jpeg())) for _ in range(2)))
    site.parts.publisher.publish_grown()
    with site.parts.write.begin() as session:
        session.exec(update(LedgerHead).values(size=3, edge=b"\x00" * 64))
    site.parts.publisher.stop()
    assert "checkpoints could not be published" in caplog.text
    assert sizes(site) == [2]
    with site.parts.write.begin() as session:
        session.exec(delete(LedgerHead))
    site.parts.publisher.start()
