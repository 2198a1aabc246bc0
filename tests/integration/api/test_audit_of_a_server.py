"""The keeper's audit of a server that lived through everything finds nothing, and what it finds it names by command."""

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from api.cli import app
from api.key_desk import open_key_desk
from api.settings import Settings
from inspection.database import make_engine
from inspection.journal import area_log_id_of, log_id_of
from ledger.note import VerifierKey
from ledger.witness_memory import WitnessMemory
from tests.builders import jpeg
from tests.integration.api.conftest import site_settings
from tests.integration.api.test_erasures import find, order
from tests.integration.api.test_vouching import area_vkey, record, register, served
from tests.revisions import migrate_again
from tests.sites import Site, open_site


def anxun(settings: Settings, *arguments: str) -> Result:
    """Run `anxun …` on the site's data."""
    environment = {"ANXUN_DATA_DIR": str(settings.data_dir)}
    if url := settings.database_url.get_secret_value():
        environment["ANXUN_DATABASE_URL"] = url
    return CliRunner().invoke(app, arguments, env=environment)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Site]:
    """Return what is left of a server."""
    folder = tmp_path_factory.mktemp("lived")
    return live(site_settings(folder), folder)


def live(settings: Settings, folder: Path) -> tuple[Settings, Site]:
    """Let a server live through an empty ledger exported, keys changed, a witness, erasures, a hold; return what is left."""
    memory = WitnessMemory.create(folder / "w", "bureau.example/w")
    with open_site(settings) as site:
        mine = str(site.town.mine.id)
        empty = anxun(settings, "export", mine, str(folder / "empty.zip"))
        assert "0 entries" in empty.output, empty.output
        with open_key_desk(settings) as desk:
            desk.rotate(lambda *_: None)
        record(site)
        memory.follow(area_vkey(site))
        with served(memory) as url:
            register(site, memory.key, url)
            assert site.parts.witness_asker.ask_all() == 1
            erased, kept = find(site, jpeg(2)), find(site, jpeg(3))
            order(site, erased)
            # Before the hold, which an order that still waits would meet.
            site.parts.keeper.run_once()
            site.post("centre", site.own("/holds"), {"reason": "事故调查", "section": "L27"})
            order_of_held = site.post(
                "officer", site.own("/erasures"), {"indices": [kept], "reason": "person_request"}
            )
            assert order_of_held.status_code == 409
            site.parts.publisher.publish_grown()
            with open_key_desk(settings) as desk:
                desk.rotate(lambda *_: None)
            record(site)
            memory.follow(VerifierKey.from_vkey(area_vkey(site).to_vkey()))
            assert site.parts.witness_asker.ask_all() == 1
        site.put_evidence("officer", jpeg(9))
        assert anxun(settings, "export", mine, str(folder / "whole.zip")).exit_code == 0
    return settings, site


def test_nothing_is_named_where_nothing_was_changed(lived: tuple[Settings, Site]) -> None:
    """Every table has rows, and none of them is a fault."""
    settings, site = lived
    found = anxun(settings, "audit", "--all")
    assert found.exit_code == 0, found.output
    mine = f"enterprise {site.town.mine.id} {site.town.mine.name}"
    told = r": (\d+) entries \(\d+ erased\), \d+ checkpoints, [1-9]\d* files / \1 条记录（.*）.*; root / 树根 [0-9a-f]{64}"
    assert any(re.fullmatch(re.escape(mine) + told, each) for each in found.output.splitlines())
    assert "AuditReport" not in found.output
    assert found.output.endswith("all of it holds / 全部成立\n")


def test_a_database_of_an_older_version_is_registered_and_counted(
    lived: tuple[Settings, Site],
) -> None:
    """Back to the schema before registers and numbers, and up again: everything holds, and what is there is registered."""
    settings, _ = lived
    engine = make_engine(f"sqlite:///{settings.data_dir / 'anxun.db'}")
    migrate_again(engine, ("0007_counted_checkpoints", "0008_evidence_register"))
    with engine.connect() as connection:
        query = sa.text("SELECT count(*), count(distinct register_index) FROM evidence")
        rows, registered = connection.execute(query).one()
    engine.dispose()
    assert rows == registered > 3
    found = anxun(settings, "audit", "--all")
    assert found.exit_code == 0, found.output


CHANGES = [
    ("DELETE FROM ledger_checkpoint WHERE log_id = :mine AND number = 2", "ledger_checkpoint"),
    ("DELETE FROM ledger_checkpoint WHERE log_id = :area AND number = 1", "ledger_checkpoint"),
    ("DELETE FROM ledger_cosignature WHERE number = 1", "ledger_cosignature"),
    ("DELETE FROM ledger_key WHERE log_id = :mine", "ledger_key"),
    ("UPDATE ledger_key SET since = since + 1 WHERE number = 1", "number 1: since: expected"),
    ("DELETE FROM evidence WHERE erased_at IS NOT NULL", "that it came in, and it has no row"),
    (
        "UPDATE evidence SET received_at = (SELECT max(erased_at) FROM evidence)",
        "received_at: the",
    ),
    ("UPDATE evidence SET erased_at = NULL", "erased_at: the register's entry"),
    ("UPDATE evidence SET received_from = 'system'", "received_from: the register's entry"),
    ('DELETE FROM ledger_entry WHERE log_id = :mine AND "index" = 2', "index 3: entry 2 is"),
]


@pytest.mark.parametrize(("change", "said"), CHANGES)
def test_the_command_names_what_was_changed(
    lived: tuple[Settings, Site], change: str, said: str
) -> None:
    """In a copy of the server's database; exit code 1."""
    settings, site = lived
    before = (settings.data_dir / "anxun.db").read_bytes()
    engine = sa.create_engine(f"sqlite:///{settings.data_dir / 'anxun.db'}")
    ids = {"mine": log_id_of(site.town.mine.id), "area": area_log_id_of(site.town.area.id)}
    try:
        with engine.begin() as connection:
            connection.execute(sa.text(change), {k: v for k, v in ids.items() if f":{k}" in change})
        found = anxun(settings, "audit", "--all")
    finally:
        engine.dispose()
        (settings.data_dir / "anxun.db").write_bytes(before)
    assert found.exit_code == 1
    assert any(said in line for line in found.output.splitlines() if line.startswith("WRONG"))
