"""A clock that jumps, was never set, or is set back loses no finding and moves none."""

import hashlib
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import edge.client
from edge.board import Board, Heard, Sources
from edge.box_state import BoxState
from edge.box_status import rows_of
from edge.client import Client
from edge.clock import LEAST_JUMP_S, Clock, JumpWatch, corrected
from edge.console import Voice
from edge.deliver import Delivered, deliver_session, signer_of
from edge.errors import ServerAway
from edge.fake import FakeServer
from edge.identity import Identity, enrol
from edge.instant import Instant
from edge.keep import Keep
from edge.link import report_of
from edge.look import Look
from edge.metrics import metrics_of
from edge.outbox import Outbox
from edge.settings import Settings
from edge.watchroom import Watchroom
from inspection.wire import FindingDraft, Source, SourceKind, utc_now
from tests.unit.edge.conftest import MakeDraft

DAY_S = 86_400.0
CAMERA = Source(kind=SourceKind.CAMERA, name="gate")


class Device:
    """A box whose clock a test sets. `skew_s`: how far its clock is ahead of the true time."""

    def __init__(self, settings: Settings, make_draft: MakeDraft) -> None:
        self.settings, self.make_draft, self.server = settings, make_draft, FakeServer()
        self.skew_s, self.boot_id, self.booted_s = 0.0, "one", time.time() - 1000
        self.transport = httpx.MockTransport(self.server)
        with Client("http://fake", None, settings, transport=self.transport) as client:
            self.identity: Identity = enrol(settings, client, "one-time-code", "box")
        self.outbox = Outbox(settings.outbox_dir, instant=self.instant)

    def instant(self) -> Instant:
        """Return its moment."""
        return Instant(self.boot_id, time.time() - self.booted_s, time.time() + self.skew_s)

    def now(self) -> datetime:
        """Return what its clock says."""
        return utc_now() + timedelta(seconds=self.skew_s)

    def restart(self) -> None:
        """Begin to count anew."""
        self.boot_id, self.booted_s = self.boot_id + "+", time.time() - 5

    def see(self, **changes: object) -> FindingDraft:
        """Keep a finding of now, as a watch does."""
        data = str(time.perf_counter_ns()).encode()
        facts = {
            "captured_at": self.now(),
            "clock_offset_s": self.outbox.clock_offset_s(),
            "source": CAMERA,
        }
        draft = self.make_draft(hashlib.sha256(data).hexdigest(), **(facts | changes))
        self.outbox.record_drafts([draft], data)
        return draft

    def deliver(self) -> Delivered:
        """Run a session."""
        delivered = Delivered()
        signer = signer_of(self.settings, self.identity)
        with Client("http://fake", self.identity.token, self.settings, transport=self.transport) as client:  # fmt: skip
            deliver_session(self.outbox, client, delivered, signer=signer)
        return delivered

    def true_error_s(self, draft: FindingDraft, at: datetime) -> float:
        """Return how far from the truth the server's time of a finding is."""
        kept = self.server.findings[str(draft.id)]
        said = kept.captured_at - timedelta(seconds=kept.clock_offset_s or 0.0)
        return abs((said - at).total_seconds())


@pytest.fixture
def device(
    settings: Settings, make_draft: MakeDraft, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Device]:
    """Yield a box."""
    device = Device(settings, make_draft)
    monkeypatch.setattr(edge.client, "utc_now", device.now)
    yield device
    device.outbox.close()


@pytest.mark.parametrize("jump_s", [DAY_S, -DAY_S, 400.0, -30.0])
def test_a_clock_that_jumps_without_a_line_moves_no_finding(device: Device, jump_s: float) -> None:
    """What is seen before and after it has its true time, and nothing is set aside."""
    device.deliver()
    before, before_at = device.see(), utc_now()
    device.skew_s = jump_s
    after, after_at = device.see(), utc_now()
    assert device.outbox.clock_offset_s() == pytest.approx(jump_s, abs=0.5)
    assert device.deliver().recorded == 2
    assert device.true_error_s(before, before_at) < 1
    assert device.true_error_s(after, after_at) < 1
    assert device.outbox.rejected() == []


def test_a_stale_offset_is_corrected_before_the_server_sees_it(device: Device) -> None:
    """As a draft that was made between the jump and its notice has it."""
    device.deliver()
    device.skew_s = DAY_S
    draft, at = device.see(clock_offset_s=0.0), utc_now()
    assert device.deliver().recorded == 1
    assert device.true_error_s(draft, at) < 1
    assert device.server.requests.count("POST /v1/findings") == 1


@pytest.mark.parametrize("skew_s", [-26 * 365 * DAY_S - 9e7, -700 * DAY_S, 3 * DAY_S])
def test_a_box_that_never_met_its_server_knows_its_times_once_it_does(
    device: Device, skew_s: float
) -> None:
    """A machine without a battery begins in 1970, or at the date of its image."""
    device.skew_s = skew_s
    draft, at = device.see(clock_offset_s=None), utc_now()
    assert device.deliver().recorded == 1
    assert device.true_error_s(draft, at) < 1


def test_what_an_earlier_run_saw_by_an_impossible_clock_is_estimated_and_kept_in_order(
    device: Device,
) -> None:
    """Nobody can know it better: seen before this run began, at latest; marked as estimated."""
    device.skew_s = -60 * 365 * DAY_S
    drafts = [device.see(clock_offset_s=None) for _ in range(3)]
    device.restart()
    device.skew_s = 0.0
    assert device.deliver().recorded == 3
    kept = [device.server.findings[str(draft.id)] for draft in drafts]
    assert all(one.clock_is_estimated for one in kept)
    times = [one.captured_at - timedelta(seconds=one.clock_offset_s or 0) for one in kept]
    assert times == sorted(times)
    assert times[-1] <= utc_now()
    assert all(device.true_error_s(draft, utc_now()) < 60 for draft in drafts)


def test_a_photo_keeps_its_own_time_and_one_from_the_future_is_estimated(device: Device) -> None:
    """What a picture says was not said by this machine's clock; an impossible date loses no finding."""
    device.deliver()
    device.skew_s = DAY_S
    taken = utc_now() - timedelta(days=30)
    old = device.see(captured_at=taken, clock_offset_s=0.0)
    future = device.see(captured_at=utc_now() + timedelta(days=900), clock_offset_s=0.0)
    assert device.deliver().recorded == 2
    assert device.true_error_s(old, taken) < 1
    assert device.server.findings[str(future.id)].clock_is_estimated
    assert device.true_error_s(future, utc_now()) < 5


def test_where_server_and_box_cannot_both_be_right_findings_wait(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried again for ever; others are not held up."""
    bad, good = device.see(), device.see()
    real = edge.fake._is_plausible
    monkeypatch.setattr(
        edge.fake, "_is_plausible", lambda draft: draft.id != bad.id and real(draft)
    )
    for _ in range(2):
        with pytest.raises(ServerAway, match="cannot both be right"):
            device.deliver()
    assert str(good.id) in device.server.findings
    assert (device.outbox.counts().waiting, device.outbox.rejected()) == (1, [])
    monkeypatch.setattr(edge.fake, "_is_plausible", real)
    assert device.deliver().recorded == 1


def test_what_may_be_there_is_not_sent_with_another_time(device: Device) -> None:
    """The receipt was lost, then the clock jumped: the same content goes again, and is a duplicate."""
    draft, at = device.see(), utc_now()
    original = device.server._findings

    def answer_lost(request: httpx.Request) -> httpx.Response:
        original(request)
        device.server._findings = original  # type: ignore[method-assign]
        raise httpx.ReadError("broken line")

    device.server._findings = answer_lost  # type: ignore[method-assign]
    with pytest.raises(ServerAway):
        device.deliver()
    device.skew_s = DAY_S
    assert device.deliver().duplicates == 1
    assert device.true_error_s(draft, at) < 1


def test_what_an_older_program_gave_up_for_a_clock_goes_now(
    settings: Settings, make_draft: MakeDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was kept with its evidence."""
    device = Device(settings, make_draft)
    draft = device.see(captured_at=utc_now() + timedelta(days=4), clock_offset_s=None)
    device.outbox.reject([str(draft.id)], "clock_implausible", "not possible")
    device.outbox._db.execute("DROP INDEX draft_place")
    device.outbox._db.execute("DROP INDEX draft_boot")
    device.outbox._db.execute("ALTER TABLE draft DROP COLUMN is_time_refused")
    device.outbox._db.execute("PRAGMA user_version = 3")
    device.outbox.close()
    device.outbox = Outbox(settings.outbox_dir, instant=device.instant)
    monkeypatch.setattr(edge.client, "utc_now", device.now)
    assert device.deliver().recorded == 1
    device.outbox.close()


SECONDS = st.floats(-1e8, 1e8)


@given(SECONDS, SECONDS, st.floats(0, 1e6), st.floats(0, 1e6))
def test_a_true_time_is_found_whatever_the_clock_did(
    skew_seen_s: float, skew_measured_s: float, seen_s: float, measured_s: float
) -> None:
    """Seen with one error of the clock, measured with another, before or after: only the count matters."""
    begin_s = 1_800_000_000.0
    seen = Instant("one", seen_s, begin_s + seen_s + skew_seen_s)
    measured = Instant("one", measured_s, begin_s + measured_s + skew_measured_s)
    clock = Clock.measured(skew_measured_s, 0.1, measured)
    draft = _draft(datetime.fromtimestamp(seen.wall_s, UTC))
    found = corrected(draft, seen, clock)
    error_s = found.captured_at.timestamp() - (found.clock_offset_s or 0) - (begin_s + seen_s)
    assert abs(error_s) < LEAST_JUMP_S
    jumped_s = skew_seen_s - skew_measured_s
    if abs(jumped_s) > LEAST_JUMP_S + 0.01:
        assert clock.jumped_s(seen) == pytest.approx(jumped_s, abs=0.01)
    other = Instant("two", 5.0, seen.wall_s)
    assert clock.jumped_s(other) == 0
    assert clock.offset_s(other) == pytest.approx(skew_measured_s, abs=0.01)
    assert corrected(draft, other, clock) == draft


def _draft(captured_at: datetime) -> FindingDraft:
    return FindingDraft(
        id="01920000-0000-7000-8000-000000000001",  # type: ignore[arg-type]
        hazard_code="EMG-01", label="flame", confidence=0.9, boxes=(), captured_at=captured_at,
        source=CAMERA, model_name="m", model_sha256="ab" * 32, evidence_sha256="ab" * 32,
    )  # fmt: skip


def test_a_jump_is_noticed_and_a_drift_is_not() -> None:
    """Each jump once, with its length."""
    watch = JumpWatch(Instant("one", 0, 1000))
    assert not watch.look(Instant("one", 10, 1010.2))
    assert not watch.look(Instant("one", 20, 1020.4))
    assert watch.look(Instant("one", 30, 4630.4))
    assert not watch.look(Instant("one", 40, 4640.4))
    assert watch.look(Instant("one", 50, 1050))
    assert (watch.jumps, watch.last_s) == (2, pytest.approx(-3600.4))


def test_a_jump_is_said_shown_measured_and_told_to_the_server(
    settings: Settings, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Status, metrics, report, and whoever wakes delivery."""
    heard: list[float] = []
    skew: list[float] = [0.0]
    real: Callable[[], Instant] = Instant.now

    def set_clock() -> Instant:
        now = real()
        return Instant(now.boot_id, now.boot_s, now.wall_s + skew[0])

    monkeypatch.setattr("edge.board.Instant.now", set_clock)
    with Outbox(settings.outbox_dir) as outbox:
        keep = Keep(outbox, lambda _: None)
        with Watchroom(look, keep, settings, lambda _: None) as room:
            board = Board(room, keep, settings, Sources(on_jump=heard.append))
            board.update()
            skew[0] = -7200.0
            board._gathered_s = float("-inf")
            board.update()
    state: BoxState = board.state
    assert heard == [pytest.approx(-7200, abs=0.5)]
    assert rows_of(Voice.of("en"), Heard(state, None, None))["row_jumps"].startswith(
        "1, the last by -7200.0 s"
    )
    assert "anxun_edge_clock_jumps 1.0" in metrics_of(state).decode()
    report = report_of(state)
    assert (report.clock_jumps, report.clock_jumped_at) == (1, state.clock_jumped_at)
