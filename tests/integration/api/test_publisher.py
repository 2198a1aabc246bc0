"""Checkpoints are published on a timer and at the end, never in a request."""

import time
from pathlib import Path

import pytest
from sqlmodel import col, delete, select, update

from api.parts import assemble
from inspection.journal import area_log_id_of, log_id_of
from inspection.wire import utc_now
from ledger.area import verify_area
from ledger.entry import Record
from ledger.log import append
from ledger.note import VerifierKey
from ledger.sql import LedgerCheckpoint, LedgerHead, SqlStore
from ledger.vouching import Vouching
from tests.builders import jpeg
from tests.integration.api.conftest import site_settings
from tests.sites import BareHeadDetector, Site, open_site


def sizes(site: Site) -> list[int]:
    """Return the sizes of the published checkpoints of the enterprises' ledgers."""
    ledgers = [log_id_of(one.id) for one in (site.town.mine, site.town.other, site.town.far)]
    of_ledgers = col(LedgerCheckpoint.log_id).in_(ledgers)
    with site.parts.read() as session:
        return sorted(session.exec(select(LedgerCheckpoint.size).where(of_ledgers)))


def area_sizes(site: Site) -> list[int]:
    """Return the sizes of the published checkpoints of the town's log."""
    log_id = area_log_id_of(site.town.area.id)
    of_area = col(LedgerCheckpoint.log_id) == log_id
    with site.parts.read() as session:
        return sorted(session.exec(select(LedgerCheckpoint.size).where(of_area)))


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
        mine = col(LedgerHead.log_id) == log_id_of(site.town.mine.id)
        session.exec(update(LedgerHead).where(mine).values(size=3, edge=b"\x00" * 64))
    site.parts.publisher.stop()
    assert "checkpoints could not be published" in caplog.text
    assert sizes(site) == [2]
    with site.parts.write.begin() as session:
        session.exec(delete(LedgerHead))
    site.parts.publisher.start()


def test_the_area_log_grows_with_its_ledgers_only(site: Site) -> None:
    """An entry for each log that grew, ledger and register, none where nothing grew, and a proof from the ledger's checkpoint to the area's."""
    site.submit(site.draft(site.put_evidence("device", jpeg())))
    assert site.parts.publisher.publish_grown() == 2
    assert site.parts.publisher.publish_grown() == 0
    assert area_sizes(site) == [2]
    site.submit(site.draft(site.put_evidence("device", jpeg())))
    site.parts.publisher.publish_grown()
    assert (sizes(site), area_sizes(site)) == ([1, 2], [2, 3])
    log_id, area_log_id = log_id_of(site.town.mine.id), area_log_id_of(site.town.area.id)
    with site.parts.read() as session:
        checkpoint = SqlStore(session).latest_checkpoint(log_id)
        assert checkpoint is not None
        statement = Vouching(session).area_statement(area_log_id, log_id, checkpoint)
        vkey = site.parts.signers.vkey(session, area_log_id)
    assert statement is not None
    found = verify_area(statement.to_text(), checkpoint, [VerifierKey.from_vkey(vkey)])
    assert (found.area.size, found.covered.size) == (3, 2)


def test_one_corrupt_ledger_keeps_no_other_back(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """The neighbour's ledger is published although this one cannot be."""
    site.submit(site.draft(site.put_evidence("device", jpeg())))
    site.parts.publisher.publish_grown()
    mine, other = log_id_of(site.town.mine.id), log_id_of(site.town.other.id)
    with site.parts.write.begin() as session:
        head = update(LedgerHead).where(col(LedgerHead.log_id) == mine)
        session.exec(head.values(size=3, edge=b"\x00" * 64))
        record = Record("test.done", "L27", utc_now(), "system", {})
        append(SqlStore(session), other, record)
    site.parts.publisher.publish_grown()
    assert f"could not be published for {mine}" in caplog.text
    with site.parts.read() as session:
        assert SqlStore(session).latest_checkpoint(other) is not None
