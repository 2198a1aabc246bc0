"""The keeper's audit names every row that was tampered with: bits flipped, rows deleted, swapped, added, rolled back."""

import io
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlmodel import Session, SQLModel, create_engine
from typer.testing import CliRunner

from api import cli
from inspection.evidence import receive_evidence
from inspection.evidence_register import register_id_of
from inspection.journal import Event, area_log_id_of, attach, log_id_of, write_event
from inspection.scopes import Actor
from inspection.stores import MemoryStore
from inspection.tables import Enterprise, ErasureRequest, ErasureTarget, TargetState
from ledger import log, rotation
from ledger.cosignature import WitnessKey, cosign, cosignatures
from ledger.keys import SigningKey
from ledger.sql import SqlStore
from ledger.stored_rows import AREA, CHECKPOINT, COSIGNATURE, ENTRY, HEAD, KEY, SUBTREE
from ledger.vouching import Vouching
from tests.builders import NOW, jpeg, make_town, sha256_of
from tests.tampering import EVIDENCE, TABLES, Hunt, World, roll_back

SEED = 20261125


def signing_key(name: str = "unnamed") -> SigningKey:
    """Return a new key."""
    return SigningKey(name, Ed25519PrivateKey.generate())


def origin(log_id: str) -> str:
    """Return the name that a log signs under."""
    return f"anxun.test/ledger/{log_id}"


def write(world: World, enterprise: Enterprise, count: int, first: int = 0) -> None:
    """Write entries, every third with a photo."""
    sender = Actor.from_device(world.town.device.id)
    for number in range(first, first + count):
        files = []
        if number % 3 == 0:
            data = jpeg(number)
            row = receive_evidence(
                world.session,
                world.store,
                enterprise_id=enterprise.id,
                sha256=sha256_of(data),
                source=io.BytesIO(data),
                actor=sender,
                now=NOW,
            )
            files.append(row)
        event = Event(
            "visit.noted", "L27", {"number": number, "text": "灭火器"}, attach(files, "photo")
        )
        write_event(world.session, enterprise.id, sender, event, NOW + timedelta(minutes=number))


def fill(world: World) -> None:
    """Let ledgers, their area, its witness, a change of key and an erasure happen."""
    session, town = world.session, world.town
    store, vouching = SqlStore(session), Vouching(session)
    old, new, lost, witness = (
        signing_key(),
        signing_key(),
        signing_key(),
        signing_key("witness.test"),
    )
    world.public_keys += [old.verifier.public_key, new.verifier.public_key]
    mine, other, area = (
        log_id_of(town.mine.id),
        log_id_of(town.other.id),
        area_log_id_of(town.area.id),
    )
    for log_id, key in ((mine, old), (other, lost), (area, old)):
        since = int(NOW.timestamp()) + (200 * 60 if log_id == other else 0)
        vouching.add_key(log_id, key.named(origin(log_id)).vkey, "first", since)
    for first in range(0, 50, 10):
        write(world, town.mine, 10, first)
        log.publish_checkpoint(store, mine, old.named(origin(mine)))
    write(world, town.other, 8, 200)
    log.publish_checkpoint(store, other, lost.named(origin(other)))
    change, announced = rotation.rotate(
        store, mine, old.named(origin(mine)), new.named(origin(mine)), NOW
    )
    row = vouching.add_key(mine, new.named(origin(mine)).vkey, "key.rotated", int(NOW.timestamp()))
    row.index, row.announced = change.index, announced.text
    change, announced = rotation.replace(
        store,
        other,
        lost.named(origin(other)).verifier,
        new.named(origin(other)),
        NOW,
        reason="fire",
    )
    row = vouching.add_key(
        other, new.named(origin(other)).vkey, "key.replaced", int(NOW.timestamp())
    )
    row.index, row.announced = change.index, announced.text
    registers = [register_id_of(one.id) for one in (town.mine, town.other)]
    for log_id in registers:
        vouching.add_key(log_id, new.named(origin(log_id)).vkey, "first", int(NOW.timestamp()))
        log.publish_checkpoint(store, log_id, new.named(origin(log_id)))
    for first in (50, 57, 63):
        # The registers of evidence are published once, covered by the area's last entries.
        vouching.cover(area, [mine, other, *(registers if first == 63 else ())], NOW)
        published = log.publish_checkpoint(store, area, old.named(origin(area)))
        line = cosign(published.text, witness, int(NOW.timestamp()) + first)
        [found] = cosignatures(f"{published.to_body()}\n{line}", [WitnessKey.of(witness)])
        vouching.add_cosignature(area, published.size, found)
        write(world, town.mine, 6, first)
        log.publish_checkpoint(store, mine, new.named(origin(mine)))
    erase(world, town.mine, 4)
    write(world, town.far, 3, 220)
    session.flush()


def erase(world: World, enterprise: Enterprise, index: int) -> None:
    """Erase an entry, as an approved request does."""
    request = ErasureRequest(
        enterprise_id=enterprise.id,
        reason="person",
        requested_by=world.town.officer.id,
        requested_at=NOW,
    )
    world.session.add(request)
    world.session.flush()
    target = ErasureTarget(enterprise_id=enterprise.id, request_id=request.id, entry_index=index)
    target.state = TargetState.ERASED
    world.session.add(target)
    log.erase_content(SqlStore(world.session), log_id_of(enterprise.id), index)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Yield a filled world in memory, without foreign keys: who tampers with a file has none either."""
    engine = create_engine("sqlite://")
    # The driver would end the transaction at a SAVEPOINT.
    sa.event.listen(engine, "connect", lambda raw, _: setattr(raw, "isolation_level", None))
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    SQLModel.metadata.create_all(engine)
    with Session(engine, expire_on_commit=False) as session:
        made = World(session, make_town(session), MemoryStore(), [])
        fill(made)
        session.commit()
        session.expunge_all()
        yield made
    engine.dispose()


def test_every_flipped_bit_is_named(world: World) -> None:
    """Random bits over the columns of every audited table, and in the photos."""
    hunt = Hunt(world, SEED)
    hunt.flip(40)
    assert not hunt.missed, hunt.missed
    assert hunt.tried.total() == 40


def move(table: str, sets: str, where: str) -> str:
    """Return an UPDATE."""
    return f"UPDATE {table} SET {sets} WHERE {where}"  # noqa: S608


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_a_deleted_row_is_named(world: World, table: sa.Table) -> None:
    """Any row of the small tables, and rows all over the large ones."""
    found = world.session.execute(sa.text(f"SELECT rowid FROM {table.name}"))  # noqa: S608
    rows = [row for (row,) in found]
    for rowid in rows[:: max(1, len(rows) // 20)]:
        faults = world.try_out(
            lambda r=rowid: world.run(f"DELETE FROM {table.name} WHERE rowid = :r", r=r)  # type: ignore[misc]  # noqa: S608
        )
        assert any(table.name in str(fault) for fault in faults), rowid


@pytest.mark.parametrize("table", [ENTRY, SUBTREE, CHECKPOINT, COSIGNATURE], ids=lambda t: t.name)
def test_two_swapped_rows_are_both_named(world: World, table: sa.Table) -> None:
    """All columns but the key change places."""
    log_id = log_id_of(world.town.mine.id)
    if table is COSIGNATURE:
        log_id = area_log_id_of(world.town.area.id)
    names = ", ".join(f'"{c.name}"' for c in table.columns if not c.primary_key)
    query = sa.text(f"SELECT rowid FROM {table.name} WHERE log_id = :owner LIMIT 3")  # noqa: S608
    first, _, second = (row for (row,) in world.session.execute(query, {"owner": log_id}))
    sets = f"({names}) = (SELECT {names} FROM {table.name} AS o WHERE o.rowid = :a + :b - {table.name}.rowid)"  # noqa: S608

    def swap() -> None:
        world.run(f"CREATE TEMP TABLE swapped AS SELECT rowid AS r, * FROM {table.name}")  # noqa: S608
        fresh = sets.replace(f"FROM {table.name} AS o WHERE o.rowid", "FROM swapped AS o WHERE o.r")
        world.run(move(table.name, fresh, "rowid IN (:a, :b)"), a=first, b=second)

    faults = world.try_out(swap)
    assert len([fault for fault in faults if fault.place.startswith(table.name)]) >= 2


def test_a_key_of_a_ledger_that_signed_nothing_is_named(world: World) -> None:
    """A row put in beforehand would say who signs later."""
    far, vkey = log_id_of(world.town.far.id), signing_key().named("x").vkey
    added = "INSERT INTO ledger_key (log_id, number, vkey, kind, since) VALUES (:id, 1, :vkey, 'first', 1)"
    faults = world.try_out(lambda: world.run(added, id=far, vkey=vkey))
    assert [fault.what for fault in faults][:2] == [
        "a key is noted, and it signed nothing",
        "no key file here holds it, and no entry names it",
    ]


def test_a_key_history_without_its_beginning_is_named(world: World) -> None:
    """The number of the first row says that there was one before."""
    mine = log_id_of(world.town.mine.id)
    faults = world.try_out(
        lambda: world.run("DELETE FROM ledger_key WHERE log_id = :id AND number = 1", id=mine)
    )
    assert any(fault.what == "number: expected 1, got 2" for fault in faults)
    faults = world.try_out(
        lambda: world.run(
            "UPDATE ledger_key SET vkey = 'x' WHERE log_id = :id AND number = 1", id=mine
        )
    )
    assert faults[0].place == f"ledger_key log {mine} number 1"


def forget_checkpoint(world: World, log_id: str) -> None:
    """Delete the log's second checkpoint, and number the others as if it had never been."""
    world.run("DELETE FROM ledger_checkpoint WHERE log_id = :id AND number = 2", id=log_id)
    world.run(
        "UPDATE ledger_checkpoint SET number = number - 1 WHERE log_id = :id AND number > 2",
        id=log_id,
    )
    world.run("UPDATE ledger_head SET checkpoints = checkpoints - 1 WHERE log_id = :id", id=log_id)


def test_a_checkpoint_that_is_forgotten_with_its_number_is_named(world: World) -> None:
    """What the area has written since says which number every later checkpoint has, of its own log too."""
    mine, area = log_id_of(world.town.mine.id), area_log_id_of(world.town.area.id)
    faults = world.try_out(lambda: forget_checkpoint(world, mine))
    assert any("number: entry 0 of log area-" in fault.what for fault in faults)

    def forget() -> None:
        world.run("DELETE FROM ledger_cosignature WHERE number = 2")
        world.run("UPDATE ledger_cosignature SET number = number - 1 WHERE number > 2")
        world.run("UPDATE ledger_head SET cosignatures = 2 WHERE log_id = :id", id=area)
        forget_checkpoint(world, area)

    faults = world.try_out(forget)
    assert [str(fault) for fault in faults] == [
        f"ledger_checkpoint log {area}: entry 3 counted 2 before it, 1 of them are here"
    ]


def test_a_cosignature_that_is_forgotten_with_its_number_is_named(world: World) -> None:
    """Once the area has grown again."""
    area = area_log_id_of(world.town.area.id)

    def forget() -> None:
        world.run("DELETE FROM ledger_cosignature WHERE number > 1")
        world.run("UPDATE ledger_head SET cosignatures = 1 WHERE log_id = :id", id=area)

    faults = world.try_out(forget)
    assert [str(fault) for fault in faults] == [
        f"ledger_head log {area}: counts 1 cosignatures, entry 3 counted 2"
    ]


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        (HEAD, "size", "'many'"),
        (ENTRY, "index", "x'00'"),
        (ENTRY, "salt", "'salt'"),
        (ENTRY, "content", "x'37'"),
        (SUBTREE, "hash", "'hash'"),
        (CHECKPOINT, "number", "'first'"),
        (KEY, "since", "'always'"),
        (AREA, "index", "'here'"),
        (COSIGNATURE, "timestamp", "'now'"),
        (EVIDENCE, "size", "'small'"),
        (EVIDENCE, "received_at", "12"),
    ],
    ids=str,
)
def test_a_value_of_another_type_is_named(
    world: World, table: sa.Table, column: str, value: str
) -> None:
    """SQLite keeps any value in any column."""
    change = f'UPDATE {table.name} SET "{column}" = {value} WHERE rowid = (SELECT max(rowid) FROM {table.name})'  # noqa: S608
    faults = world.try_out(lambda: world.run(change))
    assert any(f.place.startswith(table.name) and f"{column}: no" in f.what for f in faults)


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_an_added_row_is_named(world: World, table: sa.Table) -> None:
    """A copy of a row under another key."""
    last = list(table.primary_key.columns)[-1]
    names = ", ".join(f'"{c.name}"' for c in table.columns)
    other = names.replace(
        f'"{last.name}"',
        f"\"{last.name}\" || '1'" if isinstance(last.type, sa.String) else f'"{last.name}" + 1000',
    )
    insert = f"INSERT INTO {table.name} ({names}) SELECT {other} FROM {table.name} LIMIT 1"  # noqa: S608
    faults = world.try_out(lambda: world.run(insert))
    assert any(fault.place.startswith(table.name) for fault in faults)


def test_a_ledger_that_was_rolled_back_is_named_by_its_area(world: World) -> None:
    """Its entries, tree, head and checkpoints agree with each other; the area has seen more."""
    mine = log_id_of(world.town.mine.id)
    faults = world.try_out(lambda: roll_back(world, mine, 58))
    assert any(
        f"log {mine}: its checkpoint of size" in str(f) and "rolled back" in str(f) for f in faults
    )


def test_an_area_that_was_rolled_back_is_named_by_its_witness(world: World) -> None:
    """What the witness cosigned is not there any more."""
    area = area_log_id_of(world.town.area.id)
    faults = world.try_out(lambda: roll_back(world, area, 2))
    assert any(f.place.startswith("ledger_cosignature") and "rolled back" in f.what for f in faults)


def test_content_that_nobody_ordered_to_erase_is_named(world: World) -> None:
    """Salt and content gone leave every proof whole, and need an order."""
    mine = log_id_of(world.town.mine.id)
    gone = move("ledger_entry", "salt = NULL, content = NULL", 'log_id = :id AND "index" = 7')
    faults = world.try_out(lambda: world.run(gone, id=mine))
    assert [fault.what for fault in faults] == ["its content is gone, and no erasure was ordered"]
    assert f"{mine} index 7" in faults[0].place


def test_the_command_ends_with_1_and_names_the_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And with 0 where all holds."""
    monkeypatch.setenv("ANXUN_DATA_DIR", str(tmp_path))
    run = CliRunner()
    assert run.invoke(cli.app, ["init"]).exit_code == 0
    good = run.invoke(cli.app, ["audit", "--all"])
    assert (good.exit_code, good.stdout) == (0, "all of it holds / 全部成立\n")
    with sqlite3.connect(tmp_path / "anxun.db") as database:
        database.execute("INSERT INTO ledger_head (log_id, size, edge) VALUES ('x', 1, x'00')")
    database.close()
    bad = run.invoke(cli.app, ["audit", "--all"])
    assert bad.exit_code == 1
    assert "WRONG: ledger_head log x: rows of a log that nobody has" in bad.stdout
    assert run.invoke(cli.app, ["audit"]).exit_code == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("SET kind = 'key.rotated' WHERE number = 1", "a first key is announced by no entry"),
        ('SET "index" = NULL WHERE number = 2', "no entry None announces it"),
        ("SET announced = NULL WHERE number = 2", "announces it"),
    ],
)
def test_a_key_that_lies_about_its_announcement_is_named(
    world: World, change: str, said: str
) -> None:
    """A first key announces itself to nobody; a later one needs its entry and the checkpoint that ends with it."""
    faults = world.try_out(lambda: world.run(f"UPDATE ledger_key {change}"))

    assert any(said in fault.what for fault in faults if fault.place.startswith("ledger_key"))
