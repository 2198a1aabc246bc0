"""What neighbours tell: the file, the messages, the requests, apart from any broker or socket."""

import json
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.box_state import BoxState, CameraState
from edge.errors import NeighboursInvalid, TellingRefused
from edge.frigate import FrigateFindings
from edge.neighbours import Frigate, Push, PushCamera, read_neighbours
from edge.outbox_room import Room
from edge.publish import Publisher, camera_payload, level_of
from edge.push import Desk, request_of, told_of
from edge.told import NeighbourOutbox, id_of
from inspection.sight import Sight
from inspection.wire import FindingDraft, FindingReceipt, ReceiptStatus, utc_now
from tests.http_camera import jpeg

NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)
LABELS = ({"label": "fire", "hazard": "EMG-01", "min_score": 0.5, "zones": ["yard"]},)
CAMERA = PushCamera.model_validate(
    {"name": "gate", "token": "x" * 16, "labels": [{"label": "fire", "hazard": "EMG-01"}]}
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "names no neighbour"),
        ("[publish]", "need \\[mqtt\\]"),
        ("[push", "Expected"),
        ('[push]\nport=1\n[[push.cameras]]\nname="a"\ntoken="short"\nlabels=[]', "token"),
        ('[mqtt]\nhost="${NONE}"', "environment has no NONE"),
        ('[mqtt]\nhost="h"\n[frigate]\nlabels=[{label="x",hazard="ZZZ-99"}]', "ZZZ-99"),
        ('[mqtt]\nhost="h"\n[publish]\nprefix="a/#"', "prefix"),
    ],
)
def test_a_file_that_cannot_be_used_says_where(tmp_path: Path, text: str, reason: str) -> None:
    """Each mistake has its place and no secret in its message."""
    path = tmp_path / "n.toml"
    path.write_text(text)
    with pytest.raises(NeighboursInvalid, match=reason) as refused:
        read_neighbours(path, {})
    assert "short" not in str(refused.value)


def test_two_cameras_of_one_token_are_refused(tmp_path: Path) -> None:
    """A token names one camera."""
    camera = '[[push.cameras]]\nname="%s"\ntoken="aaaaaaaaaaaaaaaa"\nlabels=[{label="x",hazard="EMG-01"}]\n'
    path = tmp_path / "n.toml"
    path.write_text("[push]\nport=1\n" + camera % "a" + camera % "b")
    with pytest.raises(NeighboursInvalid, match="same token") as refused:
        read_neighbours(path, {})
    assert "aaaaaaaa" not in str(refused.value)


@given(st.binary(max_size=300), st.text("abcDEF0123-", min_size=1, max_size=20))
def test_a_picture_comes_out_of_a_multipart_as_it_went_in(noise: bytes, boundary: str) -> None:
    """Every byte of it, line ends and all, unless it holds the boundary itself."""
    picture = b"\xff\xd8\xff" + noise
    if f"\r\n--{boundary}".encode() in picture + b"\r\n":
        return
    line = f"--{boundary}".encode()
    body = b"\r\n".join(
        [line, b"Content-Type: application/json", b"", b'{"label": "fire"}',
         line, b'Content-Disposition: form-data; name="p"', b"Content-Type: image/jpeg", b"",
         picture, line + b"--", b""]
    )  # fmt: skip
    request = request_of(f'multipart/form-data; boundary="{boundary}"', body, {})
    assert (request.pictures, request.said) == ((picture,), {"label": "fire"})


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"label": "fire"}, "no picture"),
        ({"image": "x"}, "no label"),
        ({"label": "fire", "image": "%%"}, "base64"),
        ({"label": "fire", "image": "aaaa", "score": 400}, "percent"),
        ({"label": "fire", "image": "aaaa", "score": "much"}, "no number"),
        ({"label": "fire", "image": "aaaa", "boxes": [[0, 0, 2, 2]]}, "relative"),
        ({"label": "fire", "image": "aaaa", "boxes": [[1, 2]]}, "left, top"),
        ({"label": "fire", "image": "aaaa", "boxes": 3}, "no list"),
    ],
)
def test_a_telling_that_cannot_be_kept_says_why(said: dict[str, Any], reason: str) -> None:
    """A camera's maker reads what is wrong."""
    with pytest.raises(TellingRefused, match=reason):
        told_of(CAMERA, request_of("application/json", json.dumps(said).encode(), {}), NOW)


@pytest.mark.parametrize(
    ("content_type", "body", "reason"),
    [
        ("text/xml", b"<a/>", "neither"),
        ("multipart/form-data", b"", "boundary"),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\nx", "cut off"),
        ("multipart/form-data; boundary=b", b"\r\n--b" * 30, "parts"),
        ("application/json", b"[]", "object"),
        ("application/json", b"{", "read"),
    ],
)
def test_a_body_of_another_kind_is_refused(content_type: str, body: bytes, reason: str) -> None:
    """It says what is taken."""
    with pytest.raises(TellingRefused, match=reason):
        request_of(content_type, body, {})


@given(st.floats(1e6, 1e10).map(lambda at: datetime.fromtimestamp(at, UTC)))
def test_an_id_is_a_uuid7_and_the_same_each_time(at: datetime) -> None:
    """Its time can be read from it; another name gives another id."""
    made = id_of(at, "frigate", "a")
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert made == id_of(at, "frigate", "a") != id_of(at, "frigate", "b")
    assert abs((made.int >> 80) - at.timestamp() * 1000) <= 1


def test_a_clock_a_day_off_is_not_believed_and_a_retry_is_the_same_finding() -> None:
    """The moment of arrival counts then, and does not make a second finding."""
    for time in (None, "yesterday", 0, (NOW - timedelta(days=9)).isoformat()):
        body = json.dumps({"label": "fire", "image": "aaaa", "time": time}).encode()
        first = told_of(CAMERA, request_of("application/json", body, {}), NOW)
        again = told_of(CAMERA, request_of("application/json", body, {}), NOW + timedelta(hours=1))
        assert first.at == NOW
        assert (first.id, first.named_at) == (again.id, again.named_at)
    body = json.dumps({"label": "fire", "image": "aaaa", "time": "2026-11-25T15:00:00+08:00"})
    told = told_of(CAMERA, request_of("application/json", body.encode(), {}), NOW)
    assert told.at == NOW - timedelta(hours=1)


@pytest.fixture
def api() -> Iterator[ThreadingHTTPServer]:
    """Yield a Frigate's API that has a whole frame of one object."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_there = self.path.startswith("/api/events/1.5-a/snapshot.jpg")
            self.send_response(200 if is_there else 404)
            self.end_headers()
            self.wfile.write(jpeg(9, width=640, height=360) if is_there else b"")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_a_whole_frame_of_frigates_api_has_its_box(
    api: ThreadingHTTPServer, tmp_path: Path
) -> None:
    """The box is relative to the frame; an object that ended without a picture is said, not invented."""
    heard: list[tuple[str, FindingDraft | str]] = []
    frigate = Frigate.model_validate(
        {"url": f"http://127.0.0.1:{api.server_port}", "labels": LABELS}
    )
    findings = FrigateFindings(frigate, lambda what, news: heard.append((what, news)))
    assert findings.topics == ("frigate/events",)
    seen = {
        "id": "1.5-a", "camera": "c", "label": "fire", "start_time": 1764000000.5, "score": 0.8,
        "has_snapshot": True, "entered_zones": ["yard"], "box": [64, 36, 320, 180],
    }  # fmt: skip
    with NeighbourOutbox(tmp_path) as outbox:
        for kind, changes in (
            ("new", {"has_snapshot": False}), ("update", {"entered_zones": []}), ("update", {}),
            ("end", {}), ("end", {"id": "2-b"}), ("new", {"id": "3-c", "score": 0.4}),
        ):  # fmt: skip
            message = {"type": kind, "before": None, "after": seen | changes}
            findings.take("frigate/events", json.dumps(message).encode(), outbox)
        ((_, draft),) = outbox.after(0, 9)
    assert [(box.x1, box.y1, box.x2, box.y2) for box in draft.boxes] == [(0.1, 0.1, 0.5, 0.5)]
    assert [(what, news if isinstance(news, str) else news.id) for what, news in heard] == [
        ("told", draft.id), ("pictureless", "2-b"),
    ]  # fmt: skip


class Paper:
    """A broker that keeps what it was told, while it is there."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def publish(self, topic: str, payload: str, *, is_retained: bool) -> bool:
        """Take it."""
        assert is_retained
        self.told.append((topic, payload))
        return True


def test_cameras_are_told_when_they_change_and_emptied_when_they_go(tmp_path: Path) -> None:
    """Retained states follow what the watch says, without the camera's address."""
    import os

    camera = CameraState(
        name="a/b",
        source="rtsp://u@h/secret",
        sight=Sight.SEEING,
        since=utc_now(),
        trouble="rtsp://x",
    )
    state = BoxState(version="1", pid=os.getpid(), started_at=NOW, at=NOW, cameras=(camera,))
    paper = Paper()
    states: list[BoxState | None] = [None, state, state, state.model_copy(update={"cameras": ()})]
    now = iter(states)
    publisher = Publisher(paper, "anxun/box", lambda: next(now))
    with NeighbourOutbox(tmp_path) as outbox:
        publisher.begin(outbox)
        for _ in states:
            publisher.turn(outbox)
    topic = "anxun/box/cameras/a%2Fb"
    assert paper.told == [(topic, camera_payload(camera)), (topic, "")]
    assert "rtsp" not in paper.told[0][1]


@given(st.text(min_size=1))
def test_a_name_is_one_level_of_a_topic(name: str) -> None:
    """No wildcard, no separator, never empty."""
    assert level_of(name)
    assert not set(level_of(name)) & set("/+#\x00")


def test_edge_starts_without_the_clients_of_neighbours() -> None:
    """The command line loads neither paho-mqtt nor the listener."""
    code = "import edge.cli, sys; print([m for m in sys.modules if m.startswith('paho') or m in ('edge.push', 'edge.mqtt')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def push(desk: Desk, number: int, boxes: int = 1, camera: PushCamera = CAMERA) -> str:
    """Let a camera tell of a fire; return what it is answered."""
    told = {
        "label": "fire", "id": f"{number}", "image": b64encode(jpeg(number)).decode(),
        "boxes": [[0.1, 0.1, 0.2 + n / 10, 0.5] for n in range(boxes)],
    }  # fmt: skip
    status, said = desk.answer(camera, "application/json", json.dumps(told).encode(), {})
    assert status in (HTTPStatus.OK, HTTPStatus.CREATED), said
    return said["status"]


def test_repeated_tellings_of_a_neighbour_give_way_and_first_ones_do_not(tmp_path: Path) -> None:
    """The bounded disk holds for neighbours: what repeats a finding that waits is thinned out, or counted and not kept."""
    size = max(len(jpeg(number)) for number in range(12))
    heard: list[FindingDraft] = []
    other = CAMERA.model_copy(update={"name": "yard"})
    desk = Desk(Push(port=1, cameras=(CAMERA,)), tmp_path, heard.append, Room(4 * size))
    assert [push(desk, number) for number in range(4)] == ["kept"] * 4
    # Another camera, and more of it than ever at the first one: both are news, and find room.
    assert [push(desk, 4, camera=other), push(desk, 5, boxes=2)] == ["kept", "kept"]
    with NeighbourOutbox(tmp_path) as outbox:
        rows = outbox._rows("SELECT state, repeats IS NULL FROM draft ORDER BY seq")
        first, *_ = outbox.waiting(9)
        assert [(one.first_id, one.count) for one in outbox.left_out_untold(9)] == [(first.id, 2)]
        assert outbox.kept_bytes() <= 4 * size
    news, repeated = ("waiting", 1), ("thinned", 0)
    assert rows == [news, repeated, repeated, ("waiting", 0), news, news]
    # With nothing left to give way a repeated one is counted: once, however often it is told.
    assert [push(desk, n, camera=other.model_copy(update={"name": f"c{n}"})) for n in (6, 7)] == [
        "kept"
    ] * 2
    assert [push(desk, 8), push(desk, 8), push(desk, 4, camera=other)] == [
        "counted",
        "duplicate",
        "duplicate",
    ]
    with NeighbourOutbox(tmp_path) as outbox:
        assert outbox.counts().left_out == 4
        assert outbox.counts().waiting == 5


def test_what_was_delivered_may_have_been_closed_so_the_next_telling_is_news(
    tmp_path: Path,
) -> None:
    """Nobody tells a neighbour's camera that its item was closed."""
    desk = Desk(Push(port=1, cameras=(CAMERA,)), tmp_path, lambda _: None, Room(1 << 30))
    push(desk, 0)
    with NeighbourOutbox(tmp_path) as outbox:
        (first,) = outbox.waiting(9)
        outbox.settle([FindingReceipt(id=first.id, status=ReceiptStatus.RECORDED)])
    push(desk, 1)
    push(desk, 2)
    with NeighbourOutbox(tmp_path) as outbox:
        rows = outbox._rows("SELECT state, repeats FROM draft ORDER BY seq")
        second = outbox.waiting(1)[0].id
    assert rows == [("delivered", None), ("waiting", None), ("waiting", second)]
