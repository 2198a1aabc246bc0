"""From an entry to the cosignature of its area: statements, area proofs, changes of key."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import JsonValue
from sqlmodel import Session, SQLModel

from ledger import errors, log, rotation
from ledger.area import AreaVouch, Counts, area_record, verify_area
from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.cosignature import WitnessKey, add_cosignatures, cosign, cosignatures
from ledger.entry import Record
from ledger.keychain import REPLACED, ROTATED, verify_keys
from ledger.note import VerifierKey
from ledger.proof import TlogProof
from ledger.sql import SqlStore
from ledger.statement import Statement
from ledger.store import MemoryStore
from ledger.vouching import Vouching
from tests.unit.ledger.test_note import signing_key

AT = datetime(2026, 11, 25, 8, tzinfo=UTC)
AREA = signing_key("server", "server.example/ledger/area")
MINE = AREA.named("server.example/ledger/mine")
OTHER = AREA.named("server.example/ledger/other")
NEXT = signing_key("next", "server.example/ledger/mine")
BUREAU = signing_key("bureau", "bureau.example/w")
INSURER = signing_key("insurer", "insurer.example/w")
WITNESSES = [WitnessKey.of(BUREAU), WitnessKey.of(INSURER)]


def record(number: int) -> Record:
    """Return something to append."""
    return Record("test.done", "L27", AT, "user:1", {"number": number})


@dataclass
class Town:
    """Two ledgers and the log of their area, in SQLite."""

    session: Session

    def __post_init__(self) -> None:
        self.store, self.vouching = SqlStore(self.session), Vouching(self.session)

    def grow(self, log_id: str = "mine", count: int = 1) -> Checkpoint:
        """Append to a ledger and publish its checkpoint."""
        for number in range(count):
            log.append(self.store, log_id, record(number))
        return log.publish_checkpoint(
            self.store, log_id, AREA.named(f"server.example/ledger/{log_id}")
        )

    def cover(self) -> Checkpoint:
        """Bring the area's log up to date and publish its checkpoint."""
        self.vouching.cover("area", ["mine", "other", "never written to"], AT)
        return log.publish_checkpoint(self.store, "area", AREA)

    def cosign(self, checkpoint: Checkpoint, *witnesses: object, at: int = 1_790_000_000) -> None:
        """Store cosignatures of an area checkpoint."""
        for witness in witnesses or (BUREAU,):
            line = cosign(checkpoint.text, witness, at)  # type: ignore[arg-type]
            for found in cosignatures(add_cosignatures(checkpoint.text, line), WITNESSES):
                self.vouching.add_cosignature("area", checkpoint.size, found)

    def proof(self, checkpoint: Checkpoint, cosigned_by: int = 0) -> str:
        """Return the area proof of the ledger `mine`."""
        statement = self.vouching.area_statement("area", "mine", checkpoint, cosigned_by)
        assert statement is not None
        return statement.to_text()


@pytest.fixture
def town() -> Iterator[Town]:
    """Return an empty town."""
    engine = sa.create_engine("sqlite://")
    SQLModel.metadata.create_all(engine)
    with Session(engine) as session:
        yield Town(session)
    engine.dispose()


def test_the_area_covers_every_ledger_that_grew(town: Town) -> None:
    """Once a growth; a ledger that did not grow, or was never written to, adds no entry."""
    town.grow("mine", 3)
    town.grow("other", 2)
    assert town.vouching.cover("area", ["mine", "other", "never written to"], AT) == 2
    assert town.vouching.cover("area", ["mine", "other"], AT) == 0
    town.grow("other")
    assert town.vouching.cover("area", ["mine", "other"], AT) == 1
    kinds = [entry.header.kind for entry in log.entries(town.store, "area")]
    assert kinds == ["checkpoint.published"] * 3


def test_one_cosignature_covers_the_town(town: Town) -> None:
    """A later, larger checkpoint of the ledger is vouched for through the one that the area covers."""
    covered = town.grow("mine", 3)
    town.grow("other", 2)
    area = town.cover()
    town.cosign(area, BUREAU, INSURER)
    latest = town.grow("mine", 4)
    found = verify_area(town.proof(latest), latest, [AREA.verifier], witnesses=WITNESSES, quorum=2)
    assert (found.area.size, found.covered, found.at) == (2, covered, AT)
    assert [one.key.name for one in found.cosignatures] == [BUREAU.name, INSURER.name]
    assert verify_area(town.proof(covered), covered, [AREA.verifier]).cosignatures == ()


def test_the_best_proof_is_the_one_that_most_witnesses_vouch_for(town: Town) -> None:
    """Both witnesses before the newest checkpoint; without any, the newest one."""
    first = town.grow()
    assert town.vouching.best_statement("area", "mine", first) is None
    one = town.cover()
    town.cosign(one, BUREAU, INSURER)
    town.grow("other")
    two = town.cover()
    town.cosign(two, BUREAU)
    best = town.vouching.best_statement("area", "mine", first)
    assert best is not None
    assert best.checkpoint.size == one.size
    newest = town.vouching.area_checkpoint("area")
    assert newest is not None
    assert len(cosignatures(newest.text, WITNESSES)) == 1
    assert town.vouching.area_checkpoint("area", 3) is None
    other = town.store.latest_checkpoint("other")
    assert other is not None
    of_other = town.vouching.best_statement("area", "other", other)
    assert of_other is not None
    assert of_other.checkpoint.size == two.size


def test_a_witness_that_cosigns_again_is_noted_with_the_later_time(town: Town) -> None:
    """An older cosignature never takes the place of a newer one."""
    town.grow()
    area = town.cover()
    vkey = WITNESSES[0].to_vkey()
    for at, expected in ((100, 100), (200, 200), (150, 200)):
        town.cosign(area, at=at)
        seen = town.vouching.last_seen("area")[vkey]
        assert (seen.size, seen.timestamp) == (1, expected)
        assert seen.at == datetime.fromtimestamp(expected, UTC)


def test_too_few_witnesses_are_not_enough(town: Town) -> None:
    """One cosignature where two are wanted; one that was tampered with."""
    checkpoint = town.grow()
    town.cosign(town.cover())
    text = town.proof(checkpoint)
    with pytest.raises(errors.UnknownSigner, match="wanted are 2"):
        verify_area(text, checkpoint, [AREA.verifier], witnesses=WITNESSES, quorum=2)
    line = next(line for line in text.split("\n") if line.startswith(f"— {BUREAU.name}"))
    forged = text.replace(
        line, line[:-8] + ("AAAA" if line[-8:-4] != "AAAA" else "BBBB") + line[-4:]
    )
    with pytest.raises(errors.InvalidSignature):
        verify_area(forged, checkpoint, [AREA.verifier], witnesses=WITNESSES)


def test_an_area_proof_of_another_ledger_or_another_history_is_refused(town: Town) -> None:
    """The neighbour's checkpoint; a fork of one's own; an area of another name; a key that is not the area's."""
    checkpoint = town.grow("mine", 3)
    other = town.grow("other", 3)
    town.cover()
    text = town.proof(checkpoint)
    with pytest.raises(errors.OriginMismatch, match=r"not of server\.example/ledger/other"):
        verify_area(text, other, [AREA.verifier])
    fork = replace(checkpoint, root=b"\x01" * 32)
    with pytest.raises(errors.ConsistencyMismatch):
        verify_area(text, fork, [AREA.verifier])
    with pytest.raises(
        errors.UnknownSigner, match=r"trusted are keys of server\.example/ledger/mine"
    ):
        verify_area(text, checkpoint, [MINE.verifier])
    with pytest.raises(errors.UnknownSigner, match="keys of none"):
        verify_area(text, checkpoint, [])
    with pytest.raises(errors.UnknownSigner):
        verify_area(text, checkpoint, [NEXT.named(AREA.name).verifier])


def test_an_entry_that_publishes_nothing_is_refused(town: Town) -> None:
    """Another kind of entry in the area's log, or one without a checkpoint."""
    checkpoint = town.grow()
    for odd in (record(1), replace(area_record(checkpoint, AT), data={"checkpoint": 7})):
        entry = log.append(town.store, "area", odd)
        area = log.publish_checkpoint(town.store, "area", AREA)
        statement = rotation.state_change(town.store, "area", entry.index, area, area)
        with pytest.raises(errors.InclusionRefused, match="publishes no checkpoint"):
            verify_area(statement.to_text(), checkpoint, [AREA.verifier])


@pytest.mark.parametrize(
    "data",
    [
        {"number": 1},
        {"area": {"checkpoints": 1, "cosignatures": 0}},
        {"number": 1, "area": [1, 0]},
        {"number": 1, "area": {"checkpoints": "1", "cosignatures": 0}},
        {"number": True, "area": {"checkpoints": 1, "cosignatures": 0}},
    ],
)
def test_counts_are_whole_or_refused(town: Town, data: dict[str, JsonValue]) -> None:
    """What an area's entry counted is read as it was written; half of it, or what is no number, is refused."""
    checkpoint = town.grow()
    counts = Counts(3, 2, 1)
    assert Counts.of(area_record(checkpoint, AT, counts)) == counts
    assert Counts.of(area_record(checkpoint, AT)) is None
    with pytest.raises(errors.InclusionRefused, match="no numbers"):
        Counts.of(replace(area_record(checkpoint, AT), data=data))


def test_checkpoints_and_cosignatures_are_numbered(town: Town) -> None:
    """Each by one more than the one before; what takes another's place keeps its number. The area writes it down."""
    for count in (2, 0, 1):
        town.grow("mine", count)
        town.cosign(town.cover())
    town.cosign(town.cover(), at=1_790_000_001)
    query = sa.text("SELECT number FROM ledger_checkpoint WHERE log_id = :id ORDER BY size")
    assert list(town.session.scalars(query, {"id": "mine"})) == [1, 2]
    assert list(town.session.scalars(query, {"id": "area"})) == [1, 2]
    query = sa.text("SELECT number FROM ledger_cosignature ORDER BY size")
    assert list(town.session.scalars(query)) == [1, 2]
    written = [Counts.of(e.record) for e in log.entries(town.store, "area") if e.record]
    assert written == [Counts(1, 0, 0), Counts(2, 1, 1)]


def test_a_statement_must_be_whole(town: Town) -> None:
    """A wrong index, an erased entry, changed content, no or odd extra data, too much of it."""
    checkpoint = town.grow()
    town.cover()
    text = town.proof(checkpoint)
    statement = Statement.from_text(text)
    assert statement.to_text() == text
    moved = replace(statement, proof=replace(statement.proof, index=1))
    with pytest.raises(errors.InclusionRefused, match="what comes along is entry 0"):
        moved.verify()
    fields = json.loads(statement.line)
    erased = {**fields, "content": None, "salt": None}
    line = json.dumps(erased, sort_keys=True, separators=(",", ":")).encode()
    with pytest.raises(errors.InclusionRefused, match="erased"):
        Statement(line, statement.proof).verify()
    changed = statement.line.replace(b'"by":"system"', b'"by":"nobody"')
    with pytest.raises(errors.MalformedProof, match="content and salt hash to"):
        Statement(changed, statement.proof).verify()
    with pytest.raises(errors.MalformedProof, match="at most"):
        Statement.from_text("x" * (1 << 20) + "y")


@pytest.mark.parametrize(
    "extra",
    [
        None,
        b"",
        b"[]",
        b"{}",
        b'{"consistency":[],"entry":{}}',
        b'{"consistency":[],"entry": {}}',
        b'{"consistency":7,"entry":{}}',
        b'{"consistency":["ab"],"entry":{}}',
        b'{"consistency":[7],"entry":{}}',
    ],
)
def test_odd_extra_data_is_refused(town: Town, extra: bytes | None) -> None:
    """Each with a MalformedProof."""
    area = town.grow()
    with pytest.raises(errors.MalformedProof):
        Statement.from_text(TlogProof(0, (), area, extra).to_text())


def rotated(town: Town) -> tuple[int, Checkpoint]:
    """Rotate the key of `mine`; return the announcement's index and its checkpoint."""
    entry, announced = rotation.rotate(town.store, "mine", MINE, NEXT, AT)
    return entry.index, announced


def test_who_trusts_the_old_key_comes_to_trust_the_new_one(town: Town) -> None:
    """The announcement under the old key's last checkpoint leads on; from then on only the new key counts."""
    town.grow("mine", 2)
    index, announced = rotated(town)
    assert (index, announced.size) == (2, 3)
    log.append(town.store, "mine", record(9))
    latest = log.publish_checkpoint(town.store, "mine", NEXT)
    statement = rotation.state_change(town.store, "mine", index, announced, latest).to_text()
    keys, (change,) = verify_keys([statement], [MINE.verifier, AREA.verifier], latest)
    assert keys == (NEXT.verifier,)
    assert (change.kind, change.index, change.old) == (ROTATED, 2, MINE.verifier)
    assert verify_keys([statement], [NEXT.verifier], latest) == ((NEXT.verifier,), ())
    assert verify_keys([], [MINE.verifier], latest) == ((MINE.verifier,), ())


def test_a_rotation_must_be_signed_by_the_old_key_in_this_very_ledger(town: Town) -> None:
    """Signed by the new key; of a fork; of another ledger; not at the end of its checkpoint; no announcement."""
    town.grow("mine", 2)
    index, announced = rotated(town)
    latest = log.publish_checkpoint(town.store, "mine", NEXT)
    good = rotation.state_change(town.store, "mine", index, announced, announced)
    resigned = replace(good, proof=replace(good.proof, checkpoint=latest))
    with pytest.raises(errors.UnknownSigner):
        verify_keys([resigned.to_text()], [MINE.verifier], latest)
    with pytest.raises(errors.ConsistencyMismatch):
        verify_keys([good.to_text()], [MINE.verifier], replace(latest, root=b"\x01" * 32))
    with pytest.raises(errors.OriginMismatch, match=r"is of server\.example/ledger/mine"):
        verify_keys([good.to_text()], [], replace(latest, origin="else.example"))
    log.append(town.store, "mine", record(1))
    later = log.publish_checkpoint(town.store, "mine", MINE)
    late = rotation.state_change(town.store, "mine", index, later, later)
    with pytest.raises(errors.InclusionRefused, match="does not end with entry 2"):
        verify_keys([late.to_text()], [MINE.verifier], later)
    silent = rotation.state_change(town.store, "mine", 3, later, later)
    with pytest.raises(errors.InclusionRefused, match="announces no key"):
        verify_keys([silent.to_text()], [MINE.verifier], later)
    foreign = NEXT.named("else.example")
    entry, last = rotation.rotate(town.store, "mine", MINE, foreign, AT)
    strange = rotation.state_change(town.store, "mine", entry.index, last, last)
    with pytest.raises(errors.OriginMismatch, match=r"announces a key of else\.example"):
        verify_keys([strange.to_text()], [MINE.verifier], last)


def test_a_lost_key_is_replaced_only_under_a_witness(town: Town) -> None:
    """The new key's own word is not enough; a cosignature that covers the announcement is."""
    early = town.grow("mine", 2)
    town.cosign(town.cover())
    entry, announced = rotation.replace(
        town.store, "mine", MINE.verifier, NEXT, AT + timedelta(days=1), reason="disk broke"
    )
    text = rotation.state_change(town.store, "mine", entry.index, announced, announced).to_text()
    with pytest.raises(
        errors.UnknownSigner, match="only with the cosignature of a trusted witness"
    ):
        verify_keys([text], [MINE.verifier], announced)
    stale = vouch(town, announced)
    assert stale.covered.size == early.size
    with pytest.raises(errors.UnknownSigner, match="vouch only for 2 entries"):
        verify_keys([text], [MINE.verifier], announced, stale)
    town.vouching.cover("area", ["mine"], AT)
    area = log.publish_checkpoint(town.store, "area", NEXT.named(AREA.name))
    bare = verify_area(town.proof(announced), announced, [NEXT.named(AREA.name).verifier])
    with pytest.raises(errors.UnknownSigner, match="only with the cosignature"):
        verify_keys([text], [MINE.verifier], announced, bare)
    town.cosign(area, INSURER)
    keys, (change,) = verify_keys([text], [MINE.verifier], announced, vouch(town, announced))
    assert (keys, change.kind) == ((NEXT.verifier,), REPLACED)


def vouch(town: Town, checkpoint: Checkpoint) -> AreaVouch:
    """Return what the witnesses vouch for when the area's key is lost too."""
    text = town.proof(checkpoint, 1)
    return verify_area(
        text, checkpoint, [AREA.verifier], witnesses=WITNESSES, quorum=0, is_key_lost=True
    )


def test_without_the_areas_signature_a_witness_must_vouch(town: Town) -> None:
    """A lost area key asks for one cosignature at least."""
    checkpoint = town.grow()
    town.cover()
    with pytest.raises(errors.UnknownSigner, match="wanted are 1"):
        verify_area(
            town.proof(checkpoint),
            checkpoint,
            [AREA.verifier],
            witnesses=WITNESSES,
            is_key_lost=True,
        )


def test_the_history_of_keys_is_kept(town: Town) -> None:
    """Numbered from the first one."""
    town.vouching.add_key("mine", MINE.vkey, "first", 100)
    town.vouching.add_key("mine", NEXT.vkey, ROTATED, 200)
    assert [(row.number, row.vkey) for row in town.vouching.keys("mine")] == [
        (1, MINE.vkey),
        (2, NEXT.vkey),
    ]


def test_a_checkpoint_comes_with_the_changes_up_to_the_key_that_signed_it(town: Town) -> None:
    """None with the old key's last one, though the announcement is in its tree; none with a key that is not noted."""
    town.grow("mine", 2)
    town.vouching.add_key("mine", MINE.vkey, "first", 100)
    index, announced = rotated(town)
    row = town.vouching.add_key("mine", NEXT.vkey, ROTATED, 200)
    row.index, row.announced = index, announced.text
    latest = log.publish_checkpoint(town.store, "mine", NEXT)
    [change] = town.vouching.key_changes("mine", NEXT.vkey, latest)
    assert verify_keys([change.to_text()], [MINE.verifier], latest)[0] == (NEXT.verifier,)
    assert town.vouching.key_changes("mine", MINE.vkey, announced) == []
    assert town.vouching.key_changes("mine", OTHER.vkey, latest) == []


def test_changes_are_announced_in_any_store() -> None:
    """The fake in memory does as well."""
    store = MemoryStore()
    log.append(store, "mine", record(1))
    entry, announced = rotation.rotate(store, "mine", MINE, NEXT, AT)
    statement = rotation.state_change(store, "mine", entry.index, announced, announced)
    assert verify_keys([statement.to_text()], [MINE.verifier], announced)[0] == (NEXT.verifier,)


def test_the_chain_that_the_browser_checks_holds_here_too() -> None:
    """One file, two checkers that share no code."""
    path = Path(__file__).parents[2] / "assets" / "area_proof.json"
    chain = json.loads(path.read_text(encoding="utf-8"))
    found = verify_area(
        chain["area_proof"],
        parse_checkpoint(chain["checkpoint"]),
        [VerifierKey.from_vkey(chain["area_vkey"])],
        witnesses=[WitnessKey.from_vkey(vkey) for vkey in chain["witnesses"]],
        quorum=2,
    )
    assert (found.area.size, found.covered.size) == (5, 3)
    assert found.cosignatures[0].timestamp == chain["cosigned_at"]
