"""The keeper's audit on PostgreSQL: the same hunt, with what that database lets anyone store."""

import os
import random
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DataError, IntegrityError
from sqlmodel import Session, SQLModel
from typer.testing import CliRunner

from api.cli import app
from inspection.database import make_engine
from inspection.stores import MemoryStore
from tests.builders import jpeg, make_town
from tests.integration.api.conftest import site_settings
from tests.integration.api.test_audit import (
    SEED,
    TABLES,
    World,
    fill,
    flip_blob,
    flipped,
)
from tests.integration.api.test_erasures import find, order
from tests.integration.api.test_vouching import record
from tests.revisions import migrate_again
from tests.sites import open_site

pytestmark = pytest.mark.postgres
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


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


def damaged(value: Any, chance: random.Random) -> Any:
    """Return a value with one bit changed, of the same type. Raises ValueError where the type has no such value."""
    match value:
        case UUID():
            return UUID(bytes=bytes(flipped(value.bytes, chance)))  # type: ignore[arg-type]
        case datetime():
            moved = flipped((value - _EPOCH) // _MICROSECOND, chance)
            try:
                return _EPOCH + moved * _MICROSECOND  # type: ignore[operator]
            except OverflowError as error:
                raise ValueError(str(error)) from error
        case str():
            return bytes(flipped(value.encode(), chance)).decode()  # type: ignore[arg-type]
        case _:
            return flipped(value, chance)


def hunt(world: World, count: int, seed: int) -> Counter[str]:
    """Flip `count` random bits of stored values, one at a time; assert that each is named. Return what was hit."""
    chance, hit = random.Random(seed), Counter[str]()  # noqa: S311  to repeat it
    rows = {table: world.session.execute(sa.select(table)).all() for table in TABLES}
    assert not world.faults()
    while hit.total() < count:
        table = chance.choice(TABLES)
        row, column = chance.choice(rows[table]), chance.choice(list(table.columns))
        value = getattr(row, column.name)
        if value in (None, "", b""):
            continue
        own = [key == getattr(row, key.name) for key in table.primary_key.columns]
        try:
            change = sa.update(table).where(*own).values({column: damaged(value, chance)})
            faults = world.try_out(lambda c=change: world.session.execute(c))  # type: ignore[misc]
        except (ValueError, DataError, IntegrityError):
            # No such value can be stored, or a row of that key is there already.
            continue
        named = [fault for fault in faults if fault.place.startswith(table.name)]
        assert named, f"seed {seed}, flip {hit.total()}: {table.name}.{column.name}: {faults}"
        hit[f"{table.name}.{column.name}"] += 1
    assert not world.faults()
    return hit


def test_every_flipped_bit_is_named(world: World) -> None:
    """Some random bits over the columns of every audited table, and in the photos."""
    assert hunt(world, 60, SEED).total() == 60
    flip_blob(world, random.Random(SEED))  # noqa: S311


@pytest.mark.slow
@pytest.mark.timeout(0)
def test_hundreds_of_flipped_bits_are_named(world: World) -> None:
    """The same with more bits, as many as ANXUN_FLIPS says; seed and places are printed."""
    count = int(os.environ.get("ANXUN_FLIPS", "500"))
    hit = hunt(world, count, SEED + 1)
    sys.stdout.write(
        f"PostgreSQL, seed {SEED + 1}: {hit.total()} bits flipped, all named: {dict(sorted(hit.items()))}\n"
    )
    assert hit.total() == count


def test_a_deleted_row_is_named(world: World) -> None:
    """The first, the middle and the last row of every audited table."""
    for table in TABLES:
        rows = world.session.execute(sa.select(table)).all()
        for row in {rows[0], rows[len(rows) // 2], rows[-1]}:
            own = [key == getattr(row, key.name) for key in table.primary_key.columns]
            gone = sa.delete(table).where(*own)
            faults = world.try_out(lambda d=gone: world.session.execute(d))  # type: ignore[misc]
            assert any(table.name in str(fault) for fault in faults), row


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
