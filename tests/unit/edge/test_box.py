"""What a running box says of itself: its state, its page, its numbers, and the table of `status`."""

import json
import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import cv2
import httpx
import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console

from edge.board import Board, Heard, Sources, is_running, read_state
from edge.box import Box
from edge.box_state import BoxState, CameraState, ConfigurationState, OutboxState
from edge.box_status import rows_of, show_watch, span
from edge.console import Voice
from edge.counting import OutboxCounter
from edge.errors import DiskFull, PageUnavailable
from edge.gallery import Gallery
from edge.keep import Keep
from edge.local_page import Asked, LocalPage, Page
from edge.look import Look
from edge.metrics import metrics_of
from edge.outbox import Outbox
from edge.settings import Settings
from edge.standing import Standing
from edge.watchroom import Watchroom
from inspection.sight import Sight
from inspection.wire import utc_now
from tests.unit.edge.test_hazard_rules import burning
from tests.unit.edge.test_watchroom import FakeCamera, entries

AT = datetime(2026, 11, 25, 8, tzinfo=UTC)
TOKEN = "a-token-of-a-plant"


def box_state(**changes: object) -> BoxState:
    """Return a box with one camera that sees and one that does not."""
    gate = CameraState(
        name="大门", source="rtsp://gate", sight=Sight.SEEING, since=AT, frame_at=AT, way="key",
        looked=7, found=2, look_s=0.7, seen_s=60, blind_s=3,
    )  # fmt: skip
    yard = CameraState(
        name="yard", source="0", sight=Sight.ABSENT, since=AT, way="sampled", trouble="refused"
    )
    facts: dict[str, object] = {
        "version": "1", "pid": os.getpid(), "started_at": AT, "at": AT + timedelta(seconds=90),
        "cameras": (gate, yard), "outbox": OutboxState(waiting=5, trouble="the server is away"),
        "page": "http://10.0.0.9:8970/?token=secret",
    }  # fmt: skip
    return BoxState.model_validate(facts | changes)


@pytest.fixture
def keep(settings: Settings) -> Keep:
    """Return where findings are kept."""
    return Keep(Outbox(settings.outbox_dir), lambda _: None)


@pytest.fixture
def room(look: Look, settings: Settings, keep: Keep) -> Iterator[Watchroom]:
    """Return a room with a bright and a dark camera."""
    room = Watchroom(look, keep, settings, lambda _: None, make=lambda entry, _: FakeCamera(entry))
    with room:
        yield room


def run(room: Watchroom, seconds: float, box: Box) -> None:
    """Let it watch for so long."""
    until_s = time.monotonic() + seconds
    room.run(lambda: time.monotonic() > until_s, box.turn)


def test_a_watch_says_what_its_cameras_do(
    room: Watchroom, keep: Keep, settings: Settings, look: Look
) -> None:
    """Looks, findings, seconds seen, model and disk, and all of it in the file for `status`."""
    voice = Voice.of("en")
    with Box(room, keep, settings, voice, None) as box:
        room.set_cameras(entries("bright", "dark"))
        box.begin()
        run(room, 2.5, box)
        state = box.board.state
    bright, dark = state.cameras
    assert bright.found == 1
    assert bright.looked > 3
    assert bright.look_s > 0
    assert dark.found == 0
    assert 0.5 < bright.seen_s < 3
    assert bright.blind_s == 0
    assert state.model is not None
    assert state.model.sha256 == look.detector.sha256
    assert (state.memory_bytes or 0) > 1e7
    kept = read_state(settings.state_path)
    assert kept is not None
    assert [camera.name for camera in kept.cameras] == ["bright", "dark"]
    assert is_running(kept)
    assert settings.state_path.stat().st_mode & 0o777 == 0o600


def test_the_state_file_that_cannot_be_written_or_read_stops_nothing(
    room: Watchroom, keep: Keep, settings: Settings
) -> None:
    """A full disk, and rubbish in its place."""
    board = Board(room, keep, settings, Sources())
    settings.state_path.parent.mkdir(parents=True, exist_ok=True)
    settings.state_path.with_suffix(".part").mkdir()
    board.write()
    assert read_state(settings.state_path) is None
    settings.state_path.write_text("{")
    assert read_state(settings.state_path) is None


def test_what_waits_is_counted_beside_the_watch(settings: Settings, keep: Keep, look: Look) -> None:
    """In a thread of its own, and an outbox that cannot be opened keeps the last count."""
    capture = burning(0)
    (seen,) = look.assess(capture.image_bgr)
    keep.put([look.draft(seen, capture, clock_offset_s=None)], capture.evidence)
    with OutboxCounter(settings, lambda: "away", every_s=0.05) as counter:
        until_s = time.monotonic() + 5
        while not counter.state.waiting and time.monotonic() < until_s:
            time.sleep(0.02)
        assert counter.state.waiting == 1
        assert counter.state.evidence_bytes == len(capture.evidence)
        assert counter.state.trouble == "away"


def ask(page: LocalPage, path: str, **headers: str) -> httpx.Response:
    """Ask a page over its socket."""
    return httpx.get(f"http://127.0.0.1:{page.port}{path}", headers=headers, timeout=10)


def test_the_page_is_served_on_this_machine_to_this_machine(settings: Settings) -> None:
    """Without a token, by its own name only; what it shows hides the token of another."""
    served = settings.model_copy(update={"page_port": 0})
    with LocalPage(served, box_state, Gallery()) as page:
        answer = ask(page, "/")
        assert answer.status_code == 200
        assert "img-src 'self' blob:" in answer.headers["Content-Security-Policy"]
        assert b"page.js" in answer.content
        for path in ("/page.js", "/page.css"):
            assert ask(page, path).status_code == 200
        state = ask(page, "/state.json").json()
        assert [camera["name"] for camera in state["cameras"]] == ["大门", "yard"]
        assert "page" not in state
        assert ask(page, "/", Host="evil.example").status_code == 403
        assert ask(page, "/", Host="localhost:8970").status_code == 200
        assert ask(page, "/settings.py").status_code == 404
        assert ask(page, "/cameras/none.jpg").status_code == 404
        with pytest.raises(PageUnavailable, match=str(page.port)):
            LocalPage(settings.model_copy(update={"page_port": page.port}), box_state, Gallery())


def test_on_the_plants_network_it_takes_the_token(settings: Settings) -> None:
    """In the address once, then as a cookie; or as a bearer, as Prometheus sends it."""
    served = settings.model_copy(update={"page_port": 0, "page_host": "0.0.0.0"})  # noqa: S104  on purpose
    with LocalPage(served, box_state, Gallery()) as page:
        token = settings.page_token_path.read_text()
        assert token in page.url
        assert ask(page, "/").status_code == 401
        assert ask(page, "/metrics").headers["WWW-Authenticate"] == "Bearer"
        assert ask(page, "/?token=wrong").status_code == 401
        assert ask(page, "/", Cookie="anxun_edge=wrong; =").status_code == 401
        first = ask(page, f"/?token={token}")
        assert first.status_code == 303
        cookie = first.headers["Set-Cookie"].split(";")[0]
        assert ask(page, "/state.json", Cookie=cookie).status_code == 200
        assert ask(page, "/metrics", Authorization=f"Bearer {token}").status_code == 200
        # Its state is old: it says so, to whoever asks.
        assert ask(page, "/health").status_code == 503
    with LocalPage(served, box_state, Gallery()) as page:
        assert token in page.url
    told = served.model_copy(update={"page_token": TOKEN})
    with LocalPage(told, box_state, Gallery()) as page:
        assert page.url.endswith(f"?token={TOKEN}")


def test_health_is_that_of_the_loop() -> None:
    """A state that nobody gathers any more is a watch that is stuck."""
    old = Page(lambda: box_state(at=utc_now() - timedelta(seconds=60)), Gallery())
    assert old.answer(Asked("/health")).status == 503
    assert Page(lambda: box_state(at=utc_now()), Gallery()).answer(Asked("/health")).status == 200


def test_a_picture_is_made_for_who_looks_and_waited_for(look: Look) -> None:
    """Its boxes are drawn and its hazards named; nobody looks, nothing is kept."""
    gallery = Gallery()
    capture = burning(0)
    detections = look.detections(capture.image_bgr)
    seen = look.hazards_in(detections, capture.image_bgr)
    gallery.take(capture, detections, look.detector.labels, seen)
    assert gallery._pictures == {}
    page = Page(lambda: box_state(cameras=(box_state().cameras[0],)), gallery)
    asked = Asked(f"/cameras/{quote('大门')}.jpg?after=", "127.0.0.1")

    def look_soon() -> None:
        time.sleep(0.1)
        source = capture.source.model_copy(update={"name": "大门"})
        named = type(capture)(
            capture.image_bgr, capture.captured_at, capture.time_source, source, capture.encode
        )
        gallery.take(named, detections, look.detector.labels, seen)

    thread = threading.Thread(target=look_soon)
    thread.start()
    answer = page.answer(asked)
    thread.join()
    headers = dict(answer.headers)
    assert headers["X-Hazards"] == "EMG-01"
    picture = cv2.imdecode(np.frombuffer(answer.body, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (48, 64, 3)
    # A box's red, on a white picture.
    assert (picture.reshape(-1, 3).astype(int) @ np.array([-1, -1, 2]) > 150).sum() > 20


def test_who_looked_away_costs_nothing(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten seconds after the last question the picture goes."""
    gallery = Gallery()
    capture = burning(0)
    detections = look.detections(capture.image_bgr)
    assert gallery.picture("gate", None, 0) is None
    gallery.take(capture, detections, look.detector.labels, ())
    picture = gallery.picture("gate", None, 0)
    assert picture is not None
    assert gallery.picture("gate", picture.captured_at, 0) is None
    monkeypatch.setattr("edge.gallery.ASKED_FOR_S", -1)
    gallery.take(capture, detections, look.detector.labels, ())
    assert gallery._pictures == {}


def test_prometheus_reads_the_numbers() -> None:
    """Its own parser, and names that the documentation promises."""
    families = {
        one.name: one for one in text_string_to_metric_families(metrics_of(box_state()).decode())
    }
    assert families["anxun_edge_outbox_waiting"].samples[0].value == 5
    assert families["anxun_edge_cameras_blind"].samples[0].value == 1
    found = {s.labels["camera"]: s.value for s in families["anxun_edge_camera_findings"].samples}
    assert found == {"大门": 2, "yard": 0}
    sights = [s.labels for s in families["anxun_edge_camera_sight"].samples if s.value]
    assert sights == [{"camera": "大门", "sight": "seeing"}, {"camera": "yard", "sight": "absent"}]
    looks = {
        s.name: s.value
        for s in families["anxun_edge_look_seconds"].samples
        if s.labels["camera"] == "大门"
    }
    assert looks == {"anxun_edge_look_seconds_count": 7, "anxun_edge_look_seconds_sum": 0.7}


def shown(state: BoxState | None) -> str:
    """Return the table in English."""
    console = Console(width=200, highlight=False)
    voice = Voice("en", console, console)
    with console.capture() as captured:
        show_watch(voice, Heard(state, None, None))
    return captured.get()


@pytest.mark.parametrize(
    ("age", "pid", "line"),
    [
        (timedelta(), os.getpid(), "watching (process"),
        (timedelta(minutes=5), os.getpid(), "does not respond; last updated 5 min ago"),
        (timedelta(hours=1), 2**22 - 3, "nothing watches; last updated"),
    ],
    ids=["running", "stuck", "stopped"],
)
def test_status_says_first_whether_it_watches(age: timedelta, pid: int, line: str) -> None:
    """A technician's first question, whatever the hour at which it is asked."""
    assert line in shown(box_state(at=utc_now() - age, pid=pid))


def test_status_of_a_box_on_which_nothing_ran_says_so() -> None:
    """A fresh box is no fault."""
    assert "no watch has run here" in shown(None)


def test_status_has_a_row_a_camera_and_what_is_wrong() -> None:
    """Which camera, since when, and why."""
    text = shown(box_state(at=AT + timedelta(seconds=90)))
    assert "no picture (90 s)" in text
    assert "refused" in text
    assert "7 / 2" in text
    rows = rows_of(Voice.of("en"), Heard(box_state(), None, 5 << 30))
    assert rows["row_trouble"] == "the server is away"
    assert rows["row_page"].startswith("http://10.0.0.9")
    refused = ConfigurationState(
        origin="server", version=3, refused_version=4, refused="camera a: k"
    )
    told = rows_of(Voice.of("en"), Heard(box_state(configuration=refused), None, None))[
        "row_configuration"
    ]
    assert told == "version 3 of the server; version 4 refused: camera a: k"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0 s"), (119, "119 s"), (600, "10 min"), (7200, "2 h"), (2e6, "23.1 d")],
)
def test_a_length_of_time_has_a_unit_that_suits(seconds: float, text: str) -> None:
    """Nobody reads 172,801 seconds."""
    assert span(Voice.of("en"), seconds) == text


def test_a_machine_reads_json_lines(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """One line each, with the event's name, its facts and the sentence."""
    voice = Voice.of("en", "json")
    voice.tell("blind", camera="gate", why="dark\nindeed", seconds="5")
    voice.warn_of(DiskFull(tmp_path))
    said = capsys.readouterr()
    (first,) = said.out.splitlines()
    line = json.loads(first)
    assert (line["event"], line["level"]) == ("blind", "info")
    assert line["facts"] == {"camera": "gate", "why": "dark\nindeed", "seconds": "5"}
    assert "gate is blind" in line["message"]
    (second,) = said.err.splitlines()
    assert json.loads(second)["event"] == "disk_full"
    assert json.loads(second)["facts"] == {"folder": str(tmp_path)}


def test_a_box_killed_right_after_it_told_does_not_tell_again(
    keep: Keep, settings: Settings, look: Look
) -> None:
    """What reached the outbox and not the file of what stands is taken from the outbox; what waits for room is told anew."""
    voice = Voice.of("en")

    def told() -> int:
        make = FakeCamera
        with Watchroom(look, keep, settings, lambda _: None, make=lambda e, _: make(e)) as room:
            # Entered and never left, as by a process that is killed.
            Box(room, keep, settings, voice, None).__enter__()
            room.set_cameras(entries("bright"))
            until_s = time.monotonic() + 1.5
            # Killed before its turn came: nothing but the outbox is written.
            room.run(lambda: time.monotonic() > until_s)
            return room.watched["bright"].watch.found

    assert told() == 1
    assert not settings.standing_path.exists()
    assert told() == 0
    assert keep.kept == 1


def test_what_stands_is_not_written_while_findings_wait_for_room(keep: Keep, look: Look) -> None:
    """A box that is killed then has told nothing."""
    standing = Standing()
    assert keep.is_told(standing)
    assert standing.told_to == 0
    capture = burning(0)
    (seen,) = look.assess(capture.image_bgr)
    draft = look.draft(seen, capture, clock_offset_s=None)
    keep.put([draft], capture.evidence)
    assert keep.is_told(standing)
    assert standing.told_to == 1
    keep._held.append(([draft], capture.evidence, {}))
    assert not keep.is_told(standing)
    old = Standing(told_to=None)
    keep.catch_up(old)
    assert not old.told, "a file of an older version says nothing of the outbox"
