"""Lanes: a new hazard is not kept waiting by a backlog, every lane keeps its order, and batches suit the line."""

import hashlib
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import edge.evidence_files
from edge.instant import Instant
from edge.lanes import FRESH_S, LEAST_BYTES, MOST_BYTES, TARGET_S, Lanes, Line
from edge.outbox import Outbox
from edge.outbox_file import STEPS
from edge.outbox_records import WaitingDraft
from inspection.wire import FindingDraft, FindingReceipt, ReceiptStatus, Source, SourceKind
from tests.unit.edge.conftest import MakeDraft

STILL_BYTES = 4000


@dataclass
class World:
    """An outbox whose clock a test moves, and what was seen and delivered."""

    outbox: Outbox
    make_draft: MakeDraft
    boot_s: float = 0.0
    boot_id: str = "one"
    seen: list[str] = field(default_factory=list)
    first_at_s: dict[str, float] = field(default_factory=dict)

    def instant(self) -> Instant:
        """Return its moment."""
        return Instant(self.boot_id, self.boot_s, 1_800_000_000 + self.boot_s)

    def see(self, camera: str, *, is_repeat: bool = False, size: int = STILL_BYTES) -> str:
        """Keep a finding of a camera; return its id."""
        number = len(self.seen)
        evidence = number.to_bytes(4) * (size // 4)
        source = Source(kind=SourceKind.CAMERA, name=camera)
        draft: FindingDraft = self.make_draft(hashlib.sha256(evidence).hexdigest(), source=source)
        repeats = {draft.id: UUID(self.seen[0])} if is_repeat and self.seen else {}
        self.outbox.record_drafts([draft], evidence, repeats)
        self.seen.append(str(draft.id))
        if not repeats:
            self.first_at_s[str(draft.id)] = self.boot_s
        return str(draft.id)

    def settle(self, drafts: Iterable[WaitingDraft]) -> None:
        """Let the server hold them."""
        self.outbox.settle(
            [FindingReceipt(id=draft.id, status=ReceiptStatus.RECORDED) for draft in drafts]
        )


@pytest.fixture(autouse=True)
def _no_syncs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody pulls a plug here."""
    monkeypatch.setattr(edge.evidence_files.os, "fsync", lambda _: None)


@pytest.fixture
def world(tmp_path: Path, make_draft: MakeDraft) -> World:
    """Return a world."""
    return make_world(tmp_path, make_draft)


def make_world(folder: Path, make_draft: MakeDraft) -> World:
    """Return a world in a folder, without the syncs that only a power cut needs."""
    made: list[World] = []
    outbox = Outbox(folder, instant=lambda: made[0].instant())
    outbox._db.execute("PRAGMA synchronous = OFF")
    made.append(World(outbox, make_draft))
    return made[0]


def ids(drafts: Sequence[WaitingDraft]) -> list[str]:
    """Return their ids."""
    return [draft.id for draft in drafts]


def test_what_fits_into_one_batch_goes_in_the_order_in_which_it_was_seen(world: World) -> None:
    """Nothing overtakes while nothing has to wait: a short outage leaves the order whole."""
    for number in range(20):
        world.see(f"camera {number % 3}", is_repeat=number % 2 == 1)
    assert ids(Lanes().next_batch(world.outbox).drafts) == world.seen


def test_a_new_hazard_goes_before_a_backlog_and_the_backlog_goes_on(world: World) -> None:
    """Two lanes in turns, each in its order."""
    for _ in range(60):
        world.see("gate", is_repeat=True)
    world.boot_s = FRESH_S + 1
    fires = [world.see("gate"), world.see("yard")]
    lanes = Lanes()
    lanes.line.batch_bytes = 10 * STILL_BYTES
    first = lanes.next_batch(world.outbox)
    assert ids(first.drafts) == fires
    world.settle(first.drafts)
    new = world.see("gate")
    second = lanes.next_batch(world.outbox)
    assert ids(second.drafts) == world.seen[: len(second.drafts)]
    world.settle(second.drafts)
    assert ids(lanes.next_batch(world.outbox).drafts) == [new]


def test_a_repeated_sighting_overtakes_nothing(world: World) -> None:
    """It raises no alarm."""
    for _ in range(60):
        world.see("gate")
    world.boot_s = FRESH_S + 1
    world.see("gate", is_repeat=True)
    lanes = Lanes()
    lanes.line.batch_bytes = 10 * STILL_BYTES
    batch = lanes.next_batch(world.outbox)
    assert ids(batch.drafts) == world.seen[: len(batch.drafts)]


def test_what_was_seen_before_the_machine_was_started_is_not_fresh(world: World) -> None:
    """The counting clock begins anew with each start; a wall clock is not asked."""
    for _ in range(60):
        world.see("gate")
    world.boot_id = "two"
    lanes = Lanes()
    lanes.line.batch_bytes = 10 * STILL_BYTES
    assert world.outbox.waiting_first(500, FRESH_S) == []
    assert ids(lanes.next_batch(world.outbox).drafts)[0] == world.seen[0]


def test_every_finding_of_a_camera_has_its_number(world: World) -> None:
    """1, 2, 3 … for each camera, also after what came before was delivered."""
    for camera in ("a", "b", "a"):
        world.see(camera)
    world.settle(world.outbox.waiting(10))
    world.see("a")
    world.see("b")
    assert [(draft.source, draft.sequence) for draft in world.outbox.waiting(10)] == [
        ("a", 3),
        ("b", 2),
    ]


STEP = st.one_of(
    st.tuples(st.just("see"), st.sampled_from("abc"), st.booleans()),
    st.tuples(st.just("wait"), st.floats(0, FRESH_S), st.none()),
    st.tuples(st.just("deliver"), st.booleans(), st.none()),
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(STEP, min_size=10, max_size=120))
def test_each_lane_keeps_its_order_and_each_finding_goes_once(
    tmp_path_factory: pytest.TempPathFactory,
    make_draft: MakeDraft,
    steps: list[tuple[str, object, object]],
) -> None:
    """Whatever comes when: all arrive once; a finding is overtaken by fresh first findings and by nothing else."""
    world = make_world(tmp_path_factory.mktemp("lanes"), make_draft)
    lanes = Lanes()
    lanes.line.batch_bytes = 3 * STILL_BYTES
    arrived: list[str] = []
    overtook: set[str] = set()

    def deliver() -> None:
        waiting = ids(world.outbox.waiting(500))
        drafts = lanes.next_batch(world.outbox).drafts
        if ids(drafts) != waiting[: len(drafts)]:
            assert all(world.boot_s - world.first_at_s[one] <= FRESH_S for one in ids(drafts))
            overtook.update(ids(drafts))
        world.settle(drafts)
        arrived.extend(ids(drafts))

    for kind, what, is_repeat in steps:
        if kind == "see":
            world.see(str(what), is_repeat=bool(is_repeat))
        elif kind == "wait":
            assert isinstance(what, float)
            world.boot_s += what
        else:
            deliver()
    while world.outbox.counts().waiting:
        deliver()
    assert sorted(arrived) == sorted(world.seen)
    place = {one: number for number, one in enumerate(world.seen)}
    in_order = [place[one] for one in arrived if one not in overtook]
    assert in_order == sorted(in_order)
    ahead = [place[one] for one in arrived if one in overtook]
    assert ahead == sorted(ahead)
    world.outbox.close()


@pytest.mark.parametrize(("bytes_a_second", "every_s"), [(20_000, 20), (200_000, 2)])
def test_a_day_of_backlog_on_a_thin_line_does_not_delay_a_new_hazard(
    world: World, bytes_a_second: int, every_s: float
) -> None:
    """600 findings wait; meanwhile new hazards come. Each goes within two batches that suit the line."""
    for number in range(600):
        world.see(f"camera {number % 16}", is_repeat=number >= 16)
    world.boot_s = FRESH_S + 1
    lanes, waits, begins_s = Lanes(), {}, world.boot_s
    due_s, news = begins_s, set()
    while world.outbox.counts().waiting:
        if world.boot_s >= due_s and len(news) < 40:
            new = world.see("camera 3")
            # Seen while the batch before was under way.
            world.first_at_s[new] = due_s
            news.add(new)
            due_s += every_s
        batch = lanes.next_batch(world.outbox)
        took_s = 0.2 + batch.size / bytes_a_second
        world.boot_s += took_s
        lanes.line.note(batch.size, took_s)
        world.settle(batch.drafts)
        waits |= {
            one: world.boot_s - world.first_at_s[one] for one in ids(batch.drafts) if one in news
        }
    settled = sorted(waits.values())[: len(waits) * 95 // 100]
    assert len(waits) == len(news) > 3
    assert settled[-1] <= 2 * TARGET_S + 1


def test_a_batch_grows_on_a_quick_line_and_shrinks_on_a_slow_or_broken_one() -> None:
    """Between 16 KB and 8 MB."""
    line = Line()
    for _ in range(10):
        line.note(line.batch_bytes, 0.1)
    assert line.batch_bytes == MOST_BYTES
    line.note(100, 0.1)
    line.note(line.batch_bytes, TARGET_S * 4)
    assert line.batch_bytes == MOST_BYTES // 4
    for _ in range(30):
        line.broke()
    assert line.batch_bytes == LEAST_BYTES
    line.note(100, 0.1)
    assert line.batch_bytes == LEAST_BYTES


def test_an_outbox_of_the_first_release_is_brought_up(
    tmp_path: Path, make_draft: MakeDraft
) -> None:
    """What waited in it waits on, and is delivered in its order."""
    old = sqlite3.connect(tmp_path / "outbox.sqlite", isolation_level=None)
    for statement in STEPS[0]:
        old.execute(statement)
    draft = make_draft("ab" * 32)
    old.execute("INSERT INTO evidence (sha256, size) VALUES (?, 4)", ("ab" * 32,))
    old.execute(
        "INSERT INTO draft (id, body, evidence_sha256, made_at) VALUES (?, ?, ?, '2026-11-24')",
        (str(draft.id), draft.model_dump_json(), "ab" * 32),
    )
    old.execute("PRAGMA user_version = 1")
    old.close()
    with Outbox(tmp_path) as outbox, Outbox(tmp_path) as again:
        (waiting,) = again.waiting(10)
        assert (waiting.id, waiting.sequence) == (str(draft.id), None)
        assert ids(Lanes().next_batch(outbox).drafts) == [str(draft.id)]
