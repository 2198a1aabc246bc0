"""Room: clips give way before stills, repeated sightings before first ones, and a first finding never."""

import hashlib
import json
import shutil
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import edge.evidence_files
from edge import outbox_room
from edge.board import Heard
from edge.box_state import BoxState, OutboxState
from edge.box_status import rows_of
from edge.clip_store import ClipStore
from edge.console import Voice
from edge.desk import Desk
from edge.errors import BudgetUsedUp, DiskFull
from edge.keep import Keep, RoomChange
from edge.link import Link, Present
from edge.metrics import metrics_of
from edge.model_store import ModelStore
from edge.outbox import Outbox
from edge.outbox_records import DraftState, PhotoRecord, PhotoState
from edge.outbox_room import Room
from edge.settings import Settings
from inspection.wire import FindingReceipt, ReceiptStatus, utc_now
from tests.unit.edge.conftest import MakeDraft

STILL = 1000
CLIP = 700


class Usage(NamedTuple):
    """What `shutil.disk_usage` returns."""

    total: int
    used: int
    free: int


class World:
    """An outbox with a room, and what was seen."""

    def __init__(self, folder: Path, make_draft: MakeDraft, budget: int = 10 * STILL) -> None:
        self.clips = ClipStore(
            folder / "clips", 3 * CLIP, lambda: self.budget - self.outbox.kept_bytes()
        )
        self.outbox = Outbox(folder / "outbox", room=Room(budget, self.clips))
        self.outbox._db.execute("PRAGMA synchronous = OFF")
        self.make_draft, self.budget = make_draft, budget
        self.firsts: list[UUID] = []
        self.seen_repeats: Counter[str] = Counter()
        self.number = 0

    def see(self, items: list[int | None]) -> bool:
        """See a picture of these items (None: a new one); return whether it was kept."""
        self.number += 1
        evidence = self.number.to_bytes(4) * (STILL // 4)
        sha256 = hashlib.sha256(evidence).hexdigest()
        drafts, repeats = [], {}
        for item in items:
            draft = self.make_draft(sha256)
            drafts.append(draft)
            if item is None or not self.firsts:
                self.firsts.append(draft.id)
            else:
                repeats[draft.id] = self.firsts[item % len(self.firsts)]
                self.seen_repeats[str(repeats[draft.id])] += 1
        return self.outbox.record_drafts(drafts, evidence, repeats)

    def clip(self) -> None:
        """Keep a clip."""
        self.number += 1
        self.clips.put(self.number.to_bytes(4) * (CLIP // 4), [uuid4()])

    def deliver(self, count: int) -> None:
        """Deliver the oldest."""
        receipts = [
            FindingReceipt(id=draft.id, status=ReceiptStatus.RECORDED)
            for draft in self.outbox.waiting(count)
        ]
        self.outbox.settle(receipts)

    def states(self) -> dict[str, tuple[str, str, str | None]]:
        """Return state, evidence and what it repeats of each draft."""
        rows = self.outbox._rows("SELECT id, state, evidence_sha256, repeats FROM draft")
        return {str(name): (state, sha256, repeats) for name, state, sha256, repeats in rows}

    def left_out(self) -> dict[str, int]:
        """Return how many were left out of each item."""
        return {one.first_id: one.count for one in self.outbox.left_out_untold(1000)}


@pytest.fixture(autouse=True)
def _no_syncs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody pulls a plug here."""
    monkeypatch.setattr(edge.evidence_files.os, "fsync", lambda _: None)


@pytest.fixture
def world(tmp_path: Path, make_draft: MakeDraft) -> World:
    """Return a world of ten stills."""
    return World(tmp_path, make_draft)


ITEMS = st.lists(st.one_of(st.none(), st.integers(0, 5)), min_size=1, max_size=3)
STEP = st.one_of(
    st.tuples(st.just("see"), ITEMS),
    st.tuples(st.just("see"), st.lists(st.integers(0, 5), min_size=1, max_size=2)),
    st.tuples(st.just("clip"), st.none()),
    st.tuples(st.just("deliver"), st.integers(1, 3)),
    st.tuples(st.just("send"), st.integers(1, 2)),
)


@hypothesis_settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(STEP, min_size=15, max_size=70))
def test_no_first_finding_is_ever_lost_and_the_budget_holds_but_for_one_record(
    tmp_path_factory: pytest.TempPathFactory,
    make_draft: MakeDraft,
    steps: list[tuple[str, list[int | None] | int | None]],
) -> None:
    """Whatever is seen, delivered, under way: first ones stay with their pictures, and every repeated one is accounted for."""
    folder = tmp_path_factory.mktemp("room")
    world = World(folder, make_draft)
    for kind, what in steps:
        if isinstance(what, list):
            world.see(what)
        elif kind == "clip":
            world.clip()
        elif kind == "send":
            world.outbox.note_sent(
                {draft.id: draft.body for draft in world.outbox.waiting(int(what or 1))}
            )
        else:
            world.deliver(int(what or 1))
        check(world)
    world.outbox.close()
    shutil.rmtree(folder)


def check(world: World) -> None:
    """Hold what must always hold."""
    states = world.states()
    for first in world.firsts:
        state, sha256, repeats = states[str(first)]
        assert repeats is None
        assert state in ("waiting", "delivered")
        if state == "waiting":
            world.outbox.files.read(sha256)
    files = set(world.outbox.files.names())
    needed = {sha256 for state, sha256, _ in states.values() if state == "waiting"}
    assert files == needed
    assert world.outbox.kept_bytes() == STILL * len(files)
    # Above the budget lie pictures that may not give way, and one record at most.
    sent = {str(row[0]) for row in world.outbox._rows("SELECT id FROM draft WHERE is_sent")}
    fixed = {
        sha256
        for name, (state, sha256, repeats) in states.items()
        if state == "waiting" and (repeats is None or name in sent)
    }
    total = world.outbox.kept_bytes() + world.clips.total_bytes()
    assert total <= max(world.budget, STILL * len(fixed)) + max(STILL, CLIP)
    left_out = world.left_out()
    for first, count in world.seen_repeats.items():
        kept = [s for s, _, repeats in states.values() if repeats == first and s != "thinned"]
        assert len(kept) + left_out.get(first, 0) == count


def test_clips_give_way_before_stills(world: World) -> None:
    """A finding is whole without its clip."""
    for _ in range(2):
        world.clip()
    for number in range(9):
        world.see([None if number == 0 else 0])
    assert world.clips.total_bytes() == CLIP
    world.see([0])
    assert world.clips.total_bytes() == 0
    assert world.outbox.counts().drafts[DraftState.THINNED] == 0


def test_of_each_item_the_newest_repeated_sighting_goes_last(world: World) -> None:
    """It shows that the hazard still stands."""
    for item in (None, None, 0, 0, 0, 1, 0, 0, 0, 0):
        world.see([item])
    newest_of_second = next(
        name for name, (_, _, first) in world.states().items() if first == str(world.firsts[1])
    )
    for _ in range(6):
        world.see([0])
    assert world.states()[newest_of_second][0] == "waiting"
    assert world.left_out() == {str(world.firsts[0]): 6}


def test_where_nothing_can_give_way_a_repeated_sighting_is_left_out_and_said(
    world: World, make_draft: MakeDraft
) -> None:
    """First findings are kept even then; when there is room again, that is said too."""
    for _ in range(10):
        world.see([None])
    news: list[object] = []
    keep = Keep(world.outbox, news.append)
    evidence = b"same " * 200
    draft = make_draft(hashlib.sha256(evidence).hexdigest())
    keep.put([draft], evidence, {draft.id: world.firsts[0]})
    assert (news, keep.kept, keep.held) == ([RoomChange.FULL], 0, 0)
    assert world.outbox.get_fact("room_full_since") is not None
    assert world.see([None])
    assert world.outbox.kept_bytes() == 11 * STILL
    assert world.outbox.counts().left_out == 1
    world.deliver(5)
    keep.put([draft], evidence, {draft.id: world.firsts[0]})
    assert news[1:] == [RoomChange.THERE, draft]
    assert world.outbox.get_fact("room_full_since") is None


def test_on_a_full_disk_repeated_sightings_give_way_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk may be smaller than the budget: a first finding still finds room."""
    world.see([None])
    for _ in range(3):
        world.see([0])
    real = edge.evidence_files.os.write
    fails = iter([True, True])

    def full_twice(handle: int, data: bytes) -> int:
        if next(fails, False):
            raise OSError(28, "No space left on device")
        return real(handle, data)

    monkeypatch.setattr(edge.evidence_files.os, "write", full_twice)
    assert world.see([None])
    assert world.left_out() == {str(world.firsts[0]): 2}


def test_a_full_disk_where_nothing_gives_way_is_named(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then findings are held in memory, as before."""
    world.see([None])

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(edge.evidence_files.os, "write", full)
    with pytest.raises(DiskFull):
        world.see([None])


def test_a_photo_above_the_budget_is_refused_and_what_repeats_gives_way_first(
    world: World, make_draft: MakeDraft
) -> None:
    """It stays in its folder and is looked at again later, which a camera's frame cannot be."""
    for item in (None, 0, 0):
        world.see([item])
    for _ in range(7):
        world.see([None])
    photos = [number.to_bytes(4) * (STILL // 4) for number in range(100, 103)]

    def record(photo: bytes) -> None:
        sha256 = hashlib.sha256(photo).hexdigest()
        account = PhotoRecord(f"{sha256[:4]}.jpg", sha256, PhotoState.FOUND, 1)
        world.outbox.record_photo(account, [make_draft(sha256)], photo)

    record(photos[0])
    record(photos[1])
    assert world.left_out() == {str(world.firsts[0]): 2}
    with pytest.raises(BudgetUsedUp, match="the photos stay in their folder"):
        record(photos[2])
    assert world.outbox.kept_bytes() == 10 * STILL
    assert not world.outbox.is_picture_assessed(hashlib.sha256(photos[2]).hexdigest())
    # What shows nothing is accounted for all the same.
    world.outbox.record_photo(PhotoRecord("clear.jpg", "0" * 64, PhotoState.CLEAR))
    world.deliver(1)
    record(photos[2])


def test_a_disk_that_runs_low_counts_as_a_used_up_budget(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others write on it as well."""
    world.see([None])
    world.see([0])
    monkeypatch.setattr(outbox_room.shutil, "disk_usage", lambda _: Usage(0, 0, 1 << 20))
    assert not world.see([0])
    assert world.see([None])
    assert world.left_out() == {str(world.firsts[0]): 2}


def test_what_the_server_knows_is_not_told_again_until_more_was_left_out(world: World) -> None:
    """Counts are totals, so telling them twice changes nothing."""
    first = uuid4()
    world.outbox._leave_out([first, first])
    (told,) = world.outbox.left_out_untold(10)
    assert told.count == 2
    world.outbox.note_left_out_told({str(first): 2})
    assert world.outbox.left_out_untold(10) == []
    world.outbox._leave_out([first])
    world.outbox.note_left_out_told({str(first): 1})
    (told,) = world.outbox.left_out_untold(10)
    assert (told.count, world.outbox.counts().left_out) == (3, 3)


def test_what_was_settled_long_ago_is_forgotten_and_numbers_go_on(world: World) -> None:
    """The database does not grow for ever."""
    for _ in range(3):
        world.see([None])
    world.deliver(2)
    world.outbox.prune(utc_now() + timedelta(seconds=1))
    assert len(world.states()) == 1
    assert world.outbox._rows("SELECT count(*) FROM evidence") == [(1,)]
    world.see([None])
    assert [draft.sequence for draft in world.outbox.waiting(9)] == [3, 4]


def test_the_line_tells_the_server_once_it_holds_the_finding(settings: Settings) -> None:
    """What the server does not answer for is told again."""
    first, unknown = uuid4(), uuid4()
    with Outbox(settings.outbox_dir) as outbox:
        outbox._leave_out([first, first, unknown])
    told: list[dict[str, Any]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        told.append(json.loads(request.content))
        known = {one["finding_id"]: one["count"] for one in told[-1].get("left_out", ())}
        known.pop(str(unknown), None)
        return httpx.Response(200, json={"left_out": known})

    now = utc_now()
    state = BoxState(version="1", pid=1, started_at=now, at=now)
    link = Link(settings, lambda: desk, ModelStore(settings.models_dir), ClipStore(Path(), 0))
    transport = httpx.MockTransport(answer)
    with Desk("http://fake", "token", settings, transport=transport) as desk:
        link.turn(desk, Present(state))
        link.turn(desk, Present(state))
    first_said, second_said = ({o["finding_id"] for o in body["left_out"]} for body in told)
    assert first_said == {str(first), str(unknown)}
    assert second_said == {str(unknown)}


def test_the_room_is_shown_by_status_and_metrics() -> None:
    """A technician sees that first findings alone are kept, and how many were left out."""
    now = utc_now()
    outbox = OutboxState(left_out=7, full_since="2026-11-25T08:00:00+00:00")
    state = BoxState(version="1", pid=1, started_at=now, at=now, outbox=outbox, disk_full_at=now)
    assert rows_of(Voice.of("en"), Heard(state, None, None))["row_disk_full"].startswith("20")
    assert (
        "first findings alone" in rows_of(Voice.of("en"), Heard(state, None, None))["row_left_out"]
    )
    shown = metrics_of(state).decode()
    assert "anxun_edge_outbox_left_out 7.0" in shown
    assert "anxun_edge_outbox_full 1.0" in shown
