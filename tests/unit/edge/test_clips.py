"""Clips: the ring keeps the last seconds, the file plays, the budget never throws away what was not delivered."""

import io
import time
from collections.abc import Sequence
from uuid import UUID, uuid4

import av
import cv2
import httpx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import clip_store
from edge.address import Address, Way
from edge.camera import LiveCamera
from edge.clip_delivery import GIVEN_UP_AFTER_S, deliver_clips
from edge.clip_file import ClipUnmakeable, mp4_of
from edge.clip_ring import ClipRing, Codec, Piece
from edge.clip_store import ClipStore
from edge.clips import ClipMaker
from edge.desk import Desk
from edge.errors import Refused
from edge.pixels import JpegPixels, Pixels
from edge.settings import Settings
from inspection.evidence import sniff_media_type


def picture(number: int, width: int = 640, height: int = 360) -> bytes:
    """Return a JPEG whose shade tells its number."""
    image = np.full((height, width, 3), 20 + 6 * number, np.uint8)
    return cv2.imencode(".jpg", image)[1].tobytes()


def pictures(count: int, every_s: float = 0.5) -> list[Piece]:
    """Return pictures of a camera that sends JPEGs."""
    return [Piece(Codec.JPEG, picture(n), 100 + n * every_s) for n in range(count)]


def packets(count: int, gop: int = 10) -> list[Piece]:
    """Return packets of a camera that sends H.264 at 10 frames a second."""
    target = io.BytesIO()
    with av.open(target, "w", format="h264") as output:
        options = {"preset": "ultrafast", "tune": "zerolatency"}
        video = output.add_stream("libx264", rate=10, options=options)
        video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
        video.codec_context.gop_size = gop
        for number in range(count):
            image = np.full((180, 320, 3), 20 + number, np.uint8)
            output.mux(video.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        output.mux(video.encode(None))
    with av.open(io.BytesIO(target.getvalue()), "r", format="h264") as source:
        found = [packet for packet in source.demux(source.streams.video[0]) if packet.size]
        return [
            Piece(Codec.H264, bytes(packet), 50 + number * 0.1, is_key=packet.is_keyframe)
            for number, packet in enumerate(found)
        ]


def shown(data: bytes) -> list[tuple[float, float]]:
    """Return when each frame of a clip is shown, and its mean shade."""
    with av.open(io.BytesIO(data)) as clip:
        return [
            (float(frame.time or 0), float(frame.to_ndarray(format="gray").mean()))
            for frame in clip.decode(video=0)
        ]


@given(
    steps=st.lists(
        st.tuples(st.floats(0, 3), st.integers(1, 50), st.booleans()), min_size=1, max_size=60
    ),
    seconds=st.floats(1, 10),
    max_bytes=st.integers(60, 400),
)
def test_a_ring_holds_its_seconds_within_its_bytes(
    steps: list[tuple[float, int, bool]], seconds: float, max_bytes: int
) -> None:
    """Whatever comes, it never holds more, and what it gives begins with a key piece."""
    ring, at_s = ClipRing(seconds, max_bytes), 0.0
    for wait_s, size, is_key in steps:
        at_s += wait_s
        ring.add(Piece(Codec.H264, bytes(size), at_s, is_key))
        held = list(ring)
        assert sum(len(piece.data) for piece in held) <= max_bytes
        assert held[-1].at_s - held[0].at_s <= seconds
        given_out = ring.between(at_s - 2, at_s)
        assert not given_out or given_out[0].is_key
        assert all(piece in held for piece in given_out)


def test_a_span_begins_at_the_key_piece_before_it() -> None:
    """A player needs it; without one before, the first in the span has to do."""
    pieces = packets(30)
    ring = ClipRing(60, 1 << 20)
    for piece in pieces:
        ring.add(piece)
    given_out = ring.between(51.45, 52.0)
    assert given_out[0].at_s == pytest.approx(51.0)
    assert given_out[-1].at_s == pytest.approx(52.0)
    ring.add(Piece(Codec.JPEG, b"x", 53.0))
    assert [piece.codec for piece in ring] == [Codec.JPEG]
    ring.clear()
    assert ring.between(0, 100) == []


def test_packets_are_copied_into_a_clip_that_plays_at_the_right_times() -> None:
    """Thirty frames at ten a second, none decoded on the way; the server takes it for a video."""
    data = mp4_of(packets(30))
    frames = shown(data)
    assert len(frames) == 30
    with av.open(io.BytesIO(data)) as clip:
        assert (clip.duration or 0) / av.time_base == pytest.approx(3.0, abs=0.05)
    assert frames[-1][0] == pytest.approx(2.9, abs=0.01)
    assert frames[29][1] > frames[0][1] + 15
    assert sniff_media_type(data[:32]) == "video/mp4"


def test_pictures_become_a_clip_that_plays_at_the_right_times() -> None:
    """Two a second; large ones are made smaller, odd sides even."""
    wide = [Piece(Codec.JPEG, picture(n, 1281, 721), 100 + n) for n in range(3)]
    with av.open(io.BytesIO(mp4_of(wide))) as clip:
        video = clip.streams.video[0]
        assert (video.codec_context.name, video.width, video.height) == ("h264", 960, 540)
    frames = shown(mp4_of(pictures(6)))
    assert [round(at_s, 2) for at_s, _ in frames] == [0, 0.5, 1, 1.5, 2, 2.5]
    assert [shade for _, shade in frames] == sorted(shade for _, shade in frames)


@pytest.mark.parametrize(
    "pieces",
    [[], [Piece(Codec.JPEG, b"no picture", 0)], [Piece(Codec.H264, b"\0\0\0\1no packet", 0)]],
    ids=["none", "no jpeg", "no packet"],
)
def test_what_is_no_clip_is_said(pieces: Sequence[Piece]) -> None:
    """One named error, whatever the library thinks of it."""
    with pytest.raises(ClipUnmakeable):
        mp4_of(pieces)


@pytest.fixture
def store(settings: Settings) -> ClipStore:
    """Return a store for two small clips."""
    return ClipStore(settings.clips_dir, 2500)


def test_a_full_budget_leaves_new_clips_out_and_throws_none_away(store: ClipStore) -> None:
    """What was not delivered stays; delivered, there is room again."""
    first, second, third = uuid4(), uuid4(), uuid4()
    assert store.put(b"a" * 1000, [first])
    assert store.put(b"b" * 1000, [second, third])
    assert not store.put(b"c" * 1000, [uuid4()])
    assert store.left_out == 1
    oldest, newest = sorted(store.waiting(), key=lambda clip: len(clip.finding_ids))
    assert (oldest.finding_ids, newest.finding_ids) == ((first,), (second, third))
    store.settle(newest, [second])
    assert store.total_bytes() == 2000
    store.settle(store.waiting()[1], [third])
    assert store.total_bytes() == 1000
    assert store.put(b"c" * 1000, [uuid4()])


def test_a_disk_that_is_nearly_full_is_left_to_findings(
    store: ClipStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And one that refuses a write costs a clip, nothing else."""
    monkeypatch.setattr(clip_store, "RESERVED_BYTES", 1 << 60)
    assert not store.put(b"a", [uuid4()])
    monkeypatch.undo()
    store.folder.parent.mkdir(parents=True, exist_ok=True)
    store.folder.write_text("in the way")
    assert not store.put(b"a", [uuid4()])
    assert store.left_out == 2


def test_what_a_power_cut_left_is_swept(store: ClipStore) -> None:
    """A list without its clip names nothing."""
    assert store.put(b"a" * 10, [uuid4()])
    (clip,) = store.waiting()
    (store.folder / "files" / clip.sha256[:2] / clip.sha256).unlink()
    assert store.waiting() == []
    assert list(store.folder.glob("*.json")) == []


def test_a_clip_is_made_when_its_last_seconds_have_come(store: ClipStore) -> None:
    """Before and after; at the end of the watch of what there is."""
    store = ClipStore(store.folder, 1 << 20)
    ring, began_s = ClipRing(60, 1 << 20), time.monotonic()
    for number in range(8):
        ring.add(Piece(Codec.JPEG, picture(number), began_s - 2 + number * 0.25))
    finding_id = uuid4()
    with ClipMaker(store, before_s=1.0, after_s=0.3) as maker:
        maker.want([finding_id], ring, began_s)
        assert store.waiting() == []
        ring.add(Piece(Codec.JPEG, picture(20), began_s + 0.2))
        until_s = time.monotonic() + 5
        while not store.waiting() and time.monotonic() < until_s:
            time.sleep(0.02)
        (clip,) = store.waiting()
        assert clip.finding_ids == (finding_id,)
        frames = shown(store.read(clip.sha256))
        assert len(frames) == 5
        maker.want([uuid4()], ClipRing(1, 10), began_s)
        maker.want([uuid4()], ring, time.monotonic() + 60)
    assert maker.unmakeable == 1
    assert len(store.waiting()) == 2


class Server:
    """A server that has some findings and takes clips."""

    def __init__(self, *findings: UUID) -> None:
        self.findings = {str(one) for one in findings}
        self.evidence: set[str] = set()
        self.clips: dict[str, str] = {}
        self.refuses = 0

    def desk(self, settings: Settings) -> Desk:
        """Return a line to it."""
        transport = httpx.MockTransport(self.answer)
        return Desk("http://server", "token", settings, transport=transport)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer as the server does."""
        if self.refuses:
            return httpx.Response(self.refuses, json={"code": "x", "detail": "y"})
        if request.url.path.endswith("/standing"):
            return httpx.Response(200, json={"items": dict.fromkeys(self.findings, "open")})
        if request.method == "HEAD":
            return httpx.Response(404)
        if "/evidence/" in request.url.path:
            self.evidence.add(request.url.path.rsplit("/", 1)[1])
            return httpx.Response(
                200, json={"sha256": "ab" * 32, "received": 1, "size": 1, "complete": True}
            )
        self.clips[request.url.path.split("/")[-2]] = request.content.decode()
        return httpx.Response(200, json={})


def deliver(server: Server, store: ClipStore, settings: Settings) -> None:
    """Deliver once."""
    with server.desk(settings) as desk:
        deliver_clips(desk, store, lambda: False)


def test_a_clip_follows_its_finding_and_then_goes(settings: Settings, store: ClipStore) -> None:
    """One whose finding still waits waits as well; one clip may belong to two findings."""
    one, two, later = uuid4(), uuid4(), uuid4()
    store.put(b"a" * 100, [one, two])
    store.put(b"b" * 100, [later])
    server = Server(one)
    deliver(server, store, settings)
    assert set(server.clips) == {str(one)}
    assert {clip.finding_ids for clip in store.waiting()} == {(two,), (later,)}
    server.findings |= {str(two), str(later)}
    deliver(server, store, settings)
    assert set(server.clips) == {str(one), str(two), str(later)}
    assert store.waiting() == []
    assert store.total_bytes() == 0
    deliver(server, store, settings)


def test_what_is_refused_for_good_or_damaged_is_given_up(
    settings: Settings, store: ClipStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A revoked device keeps its clips; a clip that the server will never take, or of a finding that never came, goes."""
    one, lost = uuid4(), uuid4()
    store.put(b"a" * 100, [one])
    server = Server(one)
    server.refuses = 401
    with pytest.raises(Refused):
        deliver(server, store, settings)
    assert len(store.waiting()) == 1
    server.refuses = 0
    (clip,) = store.waiting()
    (store.folder / "files" / clip.sha256[:2] / clip.sha256).write_bytes(b"damaged")
    deliver(server, store, settings)
    assert store.waiting() == []
    store.put(b"b" * 100, [lost])
    deliver(server, store, settings)
    assert len(store.waiting()) == 1
    now_s = time.time()
    monkeypatch.setattr("edge.clip_delivery.time.time", lambda: now_s + GIVEN_UP_AFTER_S + 60)
    deliver(server, store, settings)
    assert store.waiting() == []


def test_a_camera_fills_its_ring_with_what_it_sends(settings: Settings) -> None:
    """Packets as they came; pictures at most twice a second; nothing where no clips are wanted."""

    class Sends:
        trouble, key_every_s = "", 0.0
        piece: Piece | None = None

        def grab(self, way: Way, due_in_s: float) -> bool:  # noqa: ARG002  as every video
            time.sleep(0.01)
            return True

        def retrieve(self) -> Pixels | None:
            return JpegPixels(picture(3))

        def release(self) -> None:
            """Close."""

    camera = LiveCamera(Address("0"), 50.0, settings, open_video=lambda *_: Sends())
    camera.start()
    time.sleep(1.3)
    camera.stop()
    assert camera.ring is not None
    assert 2 <= len(list(camera.ring)) <= 4
    without = settings.model_copy(update={"clip_before_s": 0.0, "clip_after_s": 0.0})
    assert LiveCamera(Address("0"), 1.0, without).ring is None
