"""The keeper's audit on PostgreSQL: the same hunt, with what that database lets anyone store."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import Session, SQLModel
from typer.testing import CliRunner

from api.audit_desk import AuditDesk
from api.cli import app
from api.parts import open_evidence
from inspection.database import make_engine, write_sessions
from inspection.journal import area_log_id_of, log_id_of
from inspection.stores import MemoryStore
from ledger.keys import KeyRing
from tests.builders import jpeg, make_town
from tests.integration.api.conftest import site_settings
from tests.integration.api.test_audit import (
    SEED,
    fill,
)
from tests.integration.api.test_audit_of_a_server import CHANGES, anxun, live
from tests.integration.api.test_erasures import find, order
from tests.integration.api.test_vouching import record
from tests.revisions import migrate_again
from tests.sites import open_site
from tests.tampering import TABLES, Hunt, World

pytestmark = pytest.mark.postgres


@pytest.fixture
def world(postgres_url: str) -> Iterator[World]:
    """Yield a filled world whose foreign keys are not looked at: who tampers with the files has none either."""
    engine = make_engine(postgres_url)
    SQLModel.metadata.create_all(engine)
    with Session(engine, expire_on_commit=False) as session:
        made = World(session, make_town(session), MemoryStore(), [])
        fill(made)
        session.commit()
        session.expunge_all()
        made.run("SET session_replication_role = replica")
        yield made
    engine.dispose()


def test_every_flipped_bit_is_named(world: World) -> None:
    """Some random bits over the columns of every audited table, and in the photos."""
    hunt = Hunt(world, SEED)
    hunt.flip(60)
    assert not hunt.missed, hunt.missed
    assert hunt.tried.total() == 60


def test_a_deleted_row_is_named(world: World) -> None:
    """The first, the middle and the last row of every audited table."""
    for table in TABLES:
        rows = world.session.execute(sa.select(table)).all()
        for row in {rows[0], rows[len(rows) // 2], rows[-1]}:
            own = [key == getattr(row, key.name) for key in table.primary_key.columns]
            gone = sa.delete(table).where(*own)
            faults = world.try_out(lambda d=gone: world.session.execute(d))  # type: ignore[misc]
            assert any(table.name in str(fault) for fault in faults), row


def test_what_was_changed_on_a_server_that_lived_is_named(
    postgres_url: str, tmp_path: Path
) -> None:
    """Keys, checkpoints, cosignatures, evidence, entries: as on SQLite, of a real server's rows; and nothing where nothing was changed."""
    settings, site = live(site_settings(tmp_path, database_url=postgres_url), tmp_path)
    good = anxun(settings, "audit", "--all")
    assert good.exit_code == 0, good.output
    ids = {"mine": log_id_of(site.town.mine.id), "area": area_log_id_of(site.town.area.id)}
    ring = KeyRing(settings.signing_key_path, "")
    public_keys = [key.verifier.public_key for key in ring.all()]
    engine = make_engine(postgres_url)
    for change, said in CHANGES:
        with write_sessions(engine)() as session:
            session.execute(sa.text("SET session_replication_role = replica"))
            session.execute(sa.text(change), {k: v for k, v in ids.items() if f":{k}" in change})
            desk = AuditDesk(session, open_evidence(settings), public_keys)
            reports = desk.audit(None, lambda *_: None)
            faults = [str(fault) for report in reports for fault in report.faults]
            session.rollback()
        assert any(said in fault for fault in faults), (change, faults)
    engine.dispose()


def test_the_command_audits_a_server_on_postgresql(postgres_url: str, tmp_path: Path) -> None:
    """Beside a running server, whose database was of an older version: 0 where all holds, else 1 and the row."""
    environment = {"ANXUN_DATA_DIR": str(tmp_path / "data"), "ANXUN_DATABASE_URL": postgres_url}
    with open_site(site_settings(tmp_path, database_url=postgres_url)) as site:
        record(site)
        order(site, find(site, jpeg(2)))
        site.parts.keeper.run_once()
        site.parts.publisher.publish_grown()
        migrate_again(site.parts.engine, ("0007_counted_checkpoints", "0008_evidence_register"))
        good = CliRunner().invoke(app, ["audit", "--all"], env=environment)
        assert good.exit_code == 0, good.output
        with site.parts.write.begin() as session:
            session.execute(sa.text("UPDATE ledger_entry SET section = 'L28'"))
        bad = CliRunner().invoke(app, ["audit", str(site.town.mine.id)], env=environment)
    assert bad.exit_code == 1
    place = f"ledger_entry log {site.town.mine.id} index 0"
    assert f"WRONG: {place}: section: expected b'L27', got b'L28'" in bad.output
