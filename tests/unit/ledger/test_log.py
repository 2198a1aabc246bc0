"""Append, publish, prove, erase and audit: the same promises on the fake and on SQLite."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session
from sqlmodel import SQLModel

from ledger import log
from ledger.entry import Record, seal
from ledger.errors import EntryError, LogCorrupt, OutOfRange
from ledger.keys import SigningKey
from ledger.merkle import EMPTY_ROOT, NodeId, Subtree
from ledger.sql import SqlStore
from ledger.store import Head, LogStore, MemoryStore

KEY = SigningKey("log.example/1", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
OpenStore = Callable[[], LogStore]


def a_record(number: int, section: str = "L27") -> Record:
    """Return a record with a number in it."""
    return Record("step.taken", section, datetime(2026, 1, 1, tzinfo=UTC), "system", {"n": number})


@contextmanager
def sqlite_store() -> Iterator[SqlStore]:
    """Open a store on an empty SQLite database in memory."""
    engine = sa.create_engine("sqlite://")
    SQLModel.metadata.create_all(
        engine, [SQLModel.metadata.tables[f"ledger_{name}"] for name in TABLES]
    )
    with Session(engine) as session:
        yield SqlStore(session)
    engine.dispose()


TABLES = ("head", "entry", "subtree", "checkpoint")


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest) -> Iterator[LogStore]:
    """Each store in turn."""
    if request.param == "memory":
        yield MemoryStore()
        return
    with sqlite_store() as sql:
        yield sql


def filled(store: LogStore, size: int, log_id: str = "a") -> LogStore:
    """Append `size` records."""
    for number in range(size):
        log.append(store, log_id, a_record(number, f"L{number % 3}"))
    return store


def test_indices_have_no_gap_and_every_proof_holds(store: LogStore) -> None:
    """For each entry under each checkpoint, and for each pair of checkpoints."""
    checkpoints = [log.publish_checkpoint(store, "a", KEY)]
    assert checkpoints[0].root == EMPTY_ROOT
    for number in range(19):
        assert log.append(store, "a", a_record(number)).index == number
        checkpoints.append(log.publish_checkpoint(store, "a", KEY))
    for new in checkpoints:
        for entry in log.entries(store, "a", 0, new.size):
            proof = log.prove_inclusion(store, "a", entry.index, new.size)
            proof.verify(bytes.fromhex(entry.leaf_hash), new.root)
        for old in checkpoints[: new.size + 1]:
            log.prove_consistency(store, "a", old.size, new.size).verify(old.root, new.root)
        assert log.root_at(store, "a", new.size) == new.root


def test_what_was_appended_is_read_again(store: LogStore) -> None:
    """All of it, in order, by page and by section; of this log only."""
    filled(store, 10)
    filled(store, 2, "b")
    assert [e.record for e in log.entries(store, "a", 7)] == [
        a_record(n, f"L{n % 3}") for n in (7, 8, 9)
    ]
    assert [e.index for e in log.entries(store, "a", 2, 3)] == [2, 3, 4]
    assert [e.index for e in log.entries(store, "a", 3, 2, section="L1")] == [4, 7]
    assert [e.index for e in log.walk(store, "a", 10)] == list(range(10))
    assert log.entries(store, "nowhere") == []
    assert store.log_ids() == ["a", "b"]


def test_states_of_a_write(store: LogStore) -> None:
    """Integrated at once, published by the next checkpoint."""
    filled(store, 1)
    assert log.state_of(store, "a", 0) is log.WriteState.INTEGRATED
    assert log.latest_checkpoint(store, "a") is None
    checkpoint = log.publish_checkpoint(store, "a", KEY)
    assert log.state_of(store, "a", 0) is log.WriteState.PUBLISHED
    assert log.latest_checkpoint(store, "a") == checkpoint
    filled(store, 1)
    assert log.state_of(store, "a", 1) is log.WriteState.INTEGRATED
    with pytest.raises(OutOfRange):
        log.state_of(store, "a", 2)


def test_publishing_again_signs_nothing_new_until_the_log_grows(store: LogStore) -> None:
    """But a new key, or a new name, signs the same size once more."""
    filled(store, 3)
    first = log.publish_checkpoint(store, "a", KEY)
    assert log.publish_checkpoint(store, "a", KEY) == first
    renamed = log.publish_checkpoint(store, "a", KEY.named("log.example/2"))
    assert renamed.origin == "log.example/2"
    other = SigningKey("log.example/2", Ed25519PrivateKey.generate())
    assert log.publish_checkpoint(store, "a", other).text != renamed.text
    filled(store, 1)
    assert log.publish_checkpoint(store, "a", KEY).size == 4
    assert store.latest_checkpoint("a", 3) is not None
    assert store.latest_checkpoint("a", 2) is None


def test_what_is_not_there_is_out_of_range(store: LogStore) -> None:
    """Entries, sizes, and the proof of the future."""
    filled(store, 3)
    for ask in (
        lambda: log.get_entry(store, "a", 3),
        lambda: log.get_entry(store, "a", -1),
        lambda: log.prove_inclusion(store, "a", 3, 3),
        lambda: log.prove_inclusion(store, "a", 0, 4),
        lambda: log.prove_consistency(store, "a", 2, 4),
        lambda: log.prove_consistency(store, "a", 3, 2),
        lambda: log.root_at(store, "a", -1),
        lambda: log.erase_content(store, "a", 3),
    ):
        with pytest.raises(OutOfRange):
            ask()


def test_erased_content_is_gone_and_every_proof_still_holds(store: LogStore) -> None:
    """Salt too, so that nobody can guess the content from its commitment."""
    filled(store, 5)
    checkpoint = log.publish_checkpoint(store, "a", KEY)
    log.erase_content(store, "a", 2)
    entry = log.get_entry(store, "a", 2)
    assert (entry.salt, entry.content, entry.record) == (None, None, None)
    log.tlog_proof(store, "a", 2, checkpoint).inclusion.verify(
        bytes.fromhex(entry.leaf_hash), checkpoint.root
    )
    assert log.audit(store, "a", [KEY.verifier]).erased == 1


def test_a_refused_record_leaves_no_trace(store: LogStore) -> None:
    """The next one takes its place."""
    with pytest.raises(EntryError):
        log.append(store, "a", replace(a_record(0), data={"n": float("nan")}))
    assert log.append(store, "a", a_record(1)).index == 0


def test_a_taken_index_is_the_last_guard(store: LogStore) -> None:
    """Two writers that believe in the same index can't both stay."""
    filled(store, 1)
    with pytest.raises(LogCorrupt, match="entry 0 already"):
        store.add("a", seal("a", 0, a_record(9)), Head(1, (bytes(32),)), ())


def test_a_missing_subtree_is_noticed(store: LogStore) -> None:
    """Not answered with a wrong proof."""
    filled(store, 2)
    assert store.nodes("a", []) == {}
    for node in (NodeId(0, 2), NodeId(3, 0)):
        with pytest.raises(LogCorrupt, match="missing"):
            store.nodes("a", [node])


def test_an_audit_reads_everything_and_tells_how_far_it_is(store: LogStore) -> None:
    """Its root is the newest checkpoint's."""
    log.publish_checkpoint(store, "a", KEY)
    filled(store, 9)
    checkpoint = log.publish_checkpoint(store, "a", KEY)
    told: list[tuple[int, int]] = []
    audit = log.audit(
        store, "a", [KEY.verifier], progress=lambda done, size: told.append((done, size))
    )
    assert audit == log.Audit(9, checkpoint.root, 0, 2)
    assert told[-1] == (9, 9)
    assert log.audit(store, "nowhere", []) == log.Audit(0, EMPTY_ROOT, 0, 0)


class Damage:
    """Faults that a hand in the database could make."""

    def __init__(self, store: MemoryStore) -> None:
        self.log = store._logs["a"]

    def entry_missing(self) -> None:
        """Entry 3 is gone."""
        del self.log.entries[3]

    def last_entry_missing(self) -> None:
        """The last entry is gone."""
        del self.log.entries[-1]

    def header_changed(self) -> None:
        """Entry 3 has another leaf."""
        leaf = self.log.entries[3].leaf.replace(b"L0", b"L9")
        self.log.entries[3] = replace(self.log.entries[3], leaf=leaf)

    def content_changed(self) -> None:
        """Entry 3 has another content."""
        self.log.entries[3] = replace(self.log.entries[3], content=b"{}")

    def foreign_entry(self) -> None:
        """Entry 3 is of another log."""
        self.log.entries[3] = seal("b", 3, a_record(3))

    def entry_replaced(self) -> None:
        """Entry 3 is another, whole in itself."""
        self.log.entries[3] = seal("a", 3, a_record(33))

    def subtree_changed(self) -> None:
        """A stored hash is another."""
        self.log.subtrees.update([Subtree(NodeId(1, 0), bytes(32))])

    def edge_changed(self) -> None:
        """The head is another."""
        self.log.head = Head(5, (bytes(32), bytes(32)))

    def checkpoint_of_another_root(self) -> None:
        """A signed checkpoint of another history."""
        other = MemoryStore()
        filled(other, 5)
        self.log.checkpoints[5] = log.publish_checkpoint(other, "a", KEY)

    def checkpoint_of_the_future(self) -> None:
        """A signed checkpoint larger than the log: an old backup was restored."""
        other = MemoryStore()
        filled(other, 7)
        self.log.checkpoints[7] = log.publish_checkpoint(other, "a", KEY)

    def checkpoint_unsigned(self) -> None:
        """A checkpoint by a key that is not known."""
        other = MemoryStore()
        filled(other, 5)
        key = SigningKey("log.example/1", Ed25519PrivateKey.generate())
        self.log.checkpoints[5] = log.publish_checkpoint(other, "a", key)


FAULTS = {
    "entry_missing": "entry 3 is missing",
    "last_entry_missing": "entry 4 is missing",
    "header_changed": "entry 3: leaf hash",
    "content_changed": "entry 3: commitment",
    "foreign_entry": "entry 3 is of log b",
    "entry_replaced": "tree is wrong at entry 3",
    "subtree_changed": "tree is wrong at entry 1",
    "edge_changed": "stored head",
    "checkpoint_of_another_root": "size 5 signs another root",
    "checkpoint_of_the_future": "stored head",
    "checkpoint_unsigned": "checkpoint of size 5",
}


@pytest.mark.parametrize("name", FAULTS)
def test_an_audit_names_the_first_fault(name: str) -> None:
    """For each fault a hand in the database could make."""
    store = MemoryStore()
    filled(store, 5)
    log.publish_checkpoint(store, "a", KEY)
    getattr(Damage(store), name)()
    with pytest.raises(LogCorrupt, match=FAULTS[name]):
        log.audit(store, "a", [KEY.verifier])


@pytest.mark.parametrize("name", ["checkpoint_of_another_root", "checkpoint_of_the_future"])
def test_nothing_that_contradicts_a_checkpoint_is_signed(name: str) -> None:
    """A log that was set back stops publishing, instead of showing two histories."""
    store = MemoryStore()
    filled(store, 5)
    log.publish_checkpoint(store, "a", KEY)
    getattr(Damage(store), name)()
    with pytest.raises(LogCorrupt, match="contradicts its checkpoint"):
        log.publish_checkpoint(store, "a", KEY)


@given(st.lists(st.sampled_from(["append a", "append b", "publish a", "erase a"]), max_size=40))
def test_the_fake_is_the_database(steps: list[str]) -> None:
    """After any steps both stores hold the same sizes, entries and sections (roots differ by the random salts)."""
    with sqlite_store() as sql:
        memory = MemoryStore()
        for number, step in enumerate(steps):
            verb, log_id = step.split()
            for store in (memory, sql):
                if verb == "append":
                    log.append(store, log_id, a_record(number, f"L{number % 2}"))
                elif verb == "publish":
                    log.publish_checkpoint(store, log_id, KEY)
                elif store.head(log_id).size:
                    log.erase_content(store, log_id, store.head(log_id).size // 2)
        assert memory.log_ids() == sql.log_ids()
        for log_id in ("a", "b"):
            assert memory.head(log_id).size == sql.head(log_id).size
            for section in (None, "L0"):
                pages = [s.entries(log_id, 1, 5, section) for s in (memory, sql)]
                said = [[(e.index, e.record, e.is_erased) for e in page] for page in pages]
                assert said[0] == said[1]
            audits = [log.audit(s, log_id, [KEY.verifier]) for s in (memory, sql)]
            assert replace(audits[0], root=b"") == replace(audits[1], root=b"")


def test_a_proof_scans_no_table() -> None:
    """Every query of a proof is a search by primary key, so that it stays cheap as logs grow."""
    with sqlite_store() as store:
        filled(store, 37)
        asked: list[tuple[str, object]] = []
        engine = store._session.get_bind().engine

        @sa.event.listens_for(engine, "before_cursor_execute")
        def _note(_c: object, _cursor: object, sql: str, values: object, *_: object) -> None:
            asked.append((sql, values))

        log.prove_inclusion(store, "a", 5, 37)
        log.prove_consistency(store, "a", 11, 37)
        sa.event.remove(engine, "before_cursor_execute", _note)
        connection = store._session.connection()
        plans = [
            str(row)
            for sql, values in asked
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)  # type: ignore[arg-type]
        ]
    assert any("SEARCH ledger_subtree" in plan for plan in plans)
    assert not [plan for plan in plans if "SCAN" in plan]
