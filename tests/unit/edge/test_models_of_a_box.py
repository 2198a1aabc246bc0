"""A box's models: downloaded by hash, tried on a picture of its own, switched, proven, rolled back."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from typer.testing import CliRunner

from edge.board import Board, Sources
from edge.box_state import ConfigurationState
from edge.choice import Choice, read_choice, write_choice
from edge.cli import app
from edge.clip_store import ClipStore
from edge.commands import Asked, given_model, look_for
from edge.console import Voice
from edge.desk import Desk
from edge.errors import HazardInvalid, ModelUnusable, Refused, ServerAway
from edge.keep import Keep
from edge.link import Link, Present, ask_configuration, report_of
from edge.look import Look
from edge.machine import Machine
from edge.model_store import SHIPPED, ModelStore
from edge.model_switch import ModelSwitch
from edge.outbox import Outbox
from edge.settings import Settings
from edge.trial import running_of, try_model
from edge.watchroom import Watchroom
from inspection.box_wire import BoxWishes, ItemStanding
from inspection.wire import utc_now
from models.bundle import load_bundle
from models.errors import ModelHashMismatch
from models.running import FP32, SQUARE
from tests.tiny_model import another_model
from tests.unit.edge.test_box import box_state
from tests.unit.edge.test_watchroom import FakeCamera, entries


def clips_of(settings: Settings) -> ClipStore:
    """Return a box's clips."""
    return ClipStore(settings.clips_dir, settings.clip_budget_bytes)


GREY = np.full((48, 64, 3), 200, np.uint8)


def given(store: ModelStore, folder: Path, note: str) -> str:
    """Put a model into a store as a download does; return its hash."""
    bundle = another_model(folder / note, note)
    description = json.loads(bundle.read_text())
    sha256 = str(description["sha256"])
    store.part(sha256).write_bytes(bundle.with_suffix(".onnx").read_bytes())
    store.complete(sha256, description)
    return sha256


@pytest.fixture
def store(settings: Settings) -> ModelStore:
    """Return a box's store."""
    return ModelStore(settings.models_dir)


def test_a_model_is_run_proven_and_rolled_back(store: ModelStore, tmp_path: Path) -> None:
    """The one before it is kept until then, and nothing else is."""
    assert store.begin() is None
    first = given(store, tmp_path, "a")
    assert store.names() == [SHIPPED, first]
    store.use(first)
    store.prove()
    second = given(store, tmp_path, "b")
    store.use(second)
    store.use(second)
    assert store.current.previous == first
    # Switched on before it was proven: the last one that worked stays the way back.
    third = given(store, tmp_path, "c")
    store.use(third)
    assert store.current.previous == first
    assert store.names() == [SHIPPED, *sorted((first, third))]
    assert store.roll_back("it fails")
    assert store.current.sha256 == first
    assert store.current.refused == {third: "it fails"}
    assert not store.roll_back("again")
    given(store, tmp_path, "b")
    store.use(second)
    store.prove()
    store.prove()
    bundle = store.begin()
    assert bundle is not None
    assert load_bundle(bundle).sha256 == second
    store.refuse("ab" * 32, "never")
    assert store.names() == [SHIPPED, *sorted((first, second))]
    store.use(SHIPPED)
    assert store.begin() is None


def test_a_model_that_ends_the_program_twice_is_left(store: ModelStore, tmp_path: Path) -> None:
    """A start that never came far enough to say so must not repeat for ever."""
    good = given(store, tmp_path, "a")
    store.use(good)
    store.prove()
    bad = given(store, tmp_path, "b")
    store.use(bad)
    for _ in range(1):
        started = store.begin()
        assert started is not None
        assert started.stem == bad
    started = store.begin()
    assert started is not None
    assert started.stem == good
    assert "twice" in store.current.refused[bad]


def test_rubbish_in_its_place_is_the_shipped_model(store: ModelStore, tmp_path: Path) -> None:
    """A damaged file, and a model that was deleted."""
    sha256 = given(store, tmp_path, "a")
    store.use(sha256)
    store.prove()
    store.bundle(sha256).unlink()  # type: ignore[union-attr]
    assert store.begin() is None
    (store.folder / "current.json").write_text("{")
    assert store.begin() is None
    with pytest.raises(ModelUnusable, match="this box has no model"):
        store.use("ab" * 32)


def test_what_does_not_hash_to_its_name_is_never_kept(store: ModelStore, tmp_path: Path) -> None:
    """Its part goes, so that the next try begins anew."""
    sha256 = "ab" * 32
    store.part(sha256).write_bytes(b"something else")
    with pytest.raises(ModelUnusable, match="its bytes hash to"):
        store.complete(sha256, {})
    assert store.received(sha256) == 0
    assert store.names() == [SHIPPED]
    good = given(store, tmp_path, "a")
    (store.folder / f"{good}.onnx").write_bytes(b"changed later")
    with pytest.raises(ModelHashMismatch):
        load_bundle(store.bundle(good))


class Served:
    """A server that hands out one model, byte by byte if it must."""

    def __init__(self, bundle: Path, cut_at: int | None = None) -> None:
        self.description = json.loads(bundle.read_text())
        self.data = bundle.with_suffix(".onnx").read_bytes()
        self.sha256 = str(self.description["sha256"])
        self.cut_at = cut_at
        self.ranges: list[str | None] = []
        self.reports: list[dict[str, object]] = []
        self.configuration: dict[str, object] | None = None
        self.standing: dict[str, str] = {}
        self.status = 200

    def desk(self, settings: Settings) -> Desk:
        """Return a line to it."""
        transport = httpx.MockTransport(self.answer)
        return Desk("http://server", "token", settings, transport=transport)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer as the server does."""
        if self.status != 200:
            return httpx.Response(self.status, json={"code": "x", "detail": "y"})
        path = request.url.path.removeprefix("/v1/devices/self")
        if path == "/report":
            self.reports.append(json.loads(request.content))
            wishes = {
                "model": {
                    "sha256": self.sha256, "size": len(self.data), "description": self.description,
                },
                "configuration": self.configuration
                and {key: self.configuration[key] for key in ("version", "sha256")},
            }  # fmt: skip
            return httpx.Response(
                200, json=BoxWishes.model_validate(wishes).model_dump(mode="json")
            )
        if path == "/configuration":
            if self.configuration is None:
                return httpx.Response(404, json={"code": "not_found", "detail": "none"})
            return httpx.Response(200, json=self.configuration)
        if path == "/standing":
            return httpx.Response(200, json={"items": self.standing})
        return self._model(request)

    def _model(self, request: httpx.Request) -> httpx.Response:
        asked = request.headers.get("Range")
        self.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        data = self.data[start:]
        if self.cut_at is not None:
            cut, self.cut_at = self.cut_at, None
            return httpx.Response(200, stream=_Cut(data[:cut]))
        return httpx.Response(206 if asked else 200, content=data)


class _Cut(httpx.SyncByteStream):
    def __init__(self, data: bytes) -> None:
        self._data = data

    def __iter__(self) -> Iterator[bytes]:
        yield self._data
        raise httpx.ReadError("the line broke")


MakePresent = Callable[..., Present]


@pytest.fixture
def present(look: Look) -> MakePresent:
    """Return what the loop shows."""

    def make(**changes: object) -> Present:
        facts: dict[str, object] = {"state": box_state(), "look": look, "image": GREY}
        return Present(**(facts | changes))  # type: ignore[arg-type]

    return make


def test_a_broken_download_goes_on_and_the_model_is_tried(
    settings: Settings, store: ModelStore, tmp_path: Path, present: MakePresent
) -> None:
    """From the byte where it broke; what passed lies in the mail, once."""
    served = Served(another_model(tmp_path, "new"), cut_at=300)
    link = Link(settings, lambda: served.desk(settings), store, clips_of(settings))
    with pytest.raises(ServerAway), served.desk(settings) as desk:
        link.turn(desk, present())
    assert store.received(served.sha256) == 300
    with served.desk(settings) as desk:
        link.turn(desk, present())
        mail = link.take()
        assert mail.model is not None
        sha256, tried = mail.model
        assert (sha256, tried.look.detector.sha256) == (served.sha256, served.sha256)
        assert served.ranges == [None, "bytes=300-"]
        # What runs already is not brought again.
        link.turn(desk, present(look=tried.look))
        assert link.take().model is None
    assert link.trouble == ""


@pytest.mark.parametrize("fault", ["hash", "rubbish", "hazard", "slow"])
def test_what_fails_its_trial_is_refused_with_the_reason(
    settings: Settings, store: ModelStore, tmp_path: Path, present: MakePresent,
    monkeypatch: pytest.MonkeyPatch, fault: str,
) -> None:  # fmt: skip
    """Named to the server, and not tried again until somebody says so."""
    served = Served(another_model(tmp_path, "new"))
    shown = present()
    if fault == "hash":
        served.data = served.data[:-1] + b"!"
    elif fault == "rubbish":
        served.data = b"no network"
        served.sha256 = hashlib.sha256(served.data).hexdigest()
        served.description["sha256"] = served.sha256
    elif fault == "hazard":
        shown = present(entries=entries("gate", hazards=["PPE-01"]))
    else:
        monkeypatch.setattr("edge.trial.MAX_SLOWER", 0.0)
        monkeypatch.setattr("edge.trial.FAST_MS", 0.0)
    link = Link(settings, lambda: served.desk(settings), store, clips_of(settings))
    with served.desk(settings) as desk:
        link.turn(desk, shown)
        assert link.take().model is None
        assert served.sha256 in store.current.refused
        asked = len(served.ranges)
        link.turn(desk, shown)
        assert len(served.ranges) == asked
    words = {"hash": "hash to", "rubbish": "", "hazard": "PPE-01", "slow": "a picture takes"}
    assert words[fault] in link.trouble
    assert link.trouble.startswith(served.sha256[:12])


def test_the_line_brings_cameras_and_what_is_open(
    settings: Settings, store: ModelStore, tmp_path: Path, present: MakePresent, look: Look
) -> None:
    """A version once, states each time; and it says how the box does."""
    served = Served(another_model(tmp_path, "new"))
    finding_id = "01920000-0000-7000-8000-000000000001"
    served.configuration = {"version": 3, "sha256": "ab" * 32, "text": "x"}
    served.standing = {finding_id: "closed"}
    link = Link(settings, lambda: served.desk(settings), store, clips_of(settings))
    shown = present(knows=lambda version: version == 2, finding_ids=[finding_id], look=None)
    with served.desk(settings) as desk:
        link.turn(desk, shown)
        mail = link.take()
        link.turn(desk, present(knows=lambda version: version == 3, look=None))
    assert mail.configuration is not None
    assert mail.configuration.version == 3
    assert list(mail.states.values()) == [ItemStanding.CLOSED]
    assert link.take().configuration is None
    cameras = served.reports[0]["cameras"]
    assert isinstance(cameras, list)
    assert [camera["sight"] for camera in cameras] == ["seeing", "absent"]
    assert served.reports[0]["waiting"] == 5
    refused = ConfigurationState(origin="file", refused_version=4, refused="x" * 9000)
    assert len(report_of(box_state(configuration=refused)).refused_reason) == 2000


def test_remote_off_takes_nothing_and_still_reports(
    settings: Settings, store: ModelStore, tmp_path: Path, present: MakePresent
) -> None:
    """A technician may keep a box to its own file and model."""
    served = Served(another_model(tmp_path, "new"))
    served.configuration = {"version": 3, "sha256": "ab" * 32, "text": "x"}
    own = settings.model_copy(update={"remote": False})
    link = Link(own, lambda: served.desk(own), store, clips_of(own))
    with served.desk(own) as desk:
        link.turn(desk, present(knows=lambda _: False))
    mail = link.take()
    assert mail.configuration is None
    assert mail.model is None
    assert len(served.reports) == 1


def test_the_thread_outlives_a_server_that_is_away(
    settings: Settings, store: ModelStore, tmp_path: Path, present: MakePresent
) -> None:
    """It asks again, and says nothing to the loop meanwhile."""
    served = Served(another_model(tmp_path, "new"))
    served.status = 503
    quick = settings.model_copy(update={"link_every_s": 0.05})
    with Link(quick, lambda: served.desk(quick), store, clips_of(quick)) as link:
        link.present = present(look=None)
        time.sleep(0.3)
        assert served.reports == []
        served.status = 200
        until_s = time.monotonic() + 5
        while not served.reports and time.monotonic() < until_s:
            time.sleep(0.02)
    assert served.reports


def test_answers_that_are_none_have_names(settings: Settings, tmp_path: Path) -> None:
    """Away, refused, and a server that ignores where a download goes on."""
    served = Served(another_model(tmp_path, "new"))
    assert ask_configuration(lambda: served.desk(settings)) is None
    with served.desk(settings) as desk:
        served.status = 503
        with pytest.raises(ServerAway), desk.model(served.sha256, 0):
            pass
        served.status = 404
        with pytest.raises(Refused), desk.model(served.sha256, 0):
            pass

    def whole(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=b"all of it")

    transport = httpx.MockTransport(whole)
    with (
        Desk("http://server", "token", settings, transport=transport) as desk,
        pytest.raises(ServerAway),
        desk.model(served.sha256, 5),
    ):
        pass


@pytest.fixture
def room(look: Look, settings: Settings) -> Iterator[Watchroom]:
    """Return a room with a bright camera."""
    keep = Keep(Outbox(settings.outbox_dir), lambda _: None)
    made = Watchroom(look, keep, settings, lambda _: None, make=lambda entry, _: FakeCamera(entry))
    with made:
        made.set_cameras(entries("bright"))
        yield made


def looked(room: Watchroom, switch: ModelSwitch, seconds: float) -> None:
    """Let it watch."""
    until_s = time.monotonic() + seconds
    room.run(lambda: time.monotonic() > until_s, switch.follow)


def test_a_room_switches_proves_and_follows_a_command(
    room: Watchroom, store: ModelStore, settings: Settings, tmp_path: Path, look: Look,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Between two looks; then `anxun-edge model` brings the old one back while it runs."""
    monkeypatch.setattr("edge.model_switch.FOLLOWED_EVERY_S", 0.1)
    monkeypatch.setattr("edge.model_switch.PROVEN_LOOKS", 2)
    monkeypatch.setenv("ANXUN_EDGE_DATA_DIR", str(settings.data_dir))
    old = given(store, tmp_path, "old")
    store.use(old)
    store.prove()
    new = given(store, tmp_path, "new")
    switch = ModelSwitch(room, store, settings, Voice.of("en"), proven_after_s=0.2)
    switch.switch(new, try_model(settings, store.bundle(new), look, (), GREY))
    assert room.look.detector.sha256 == new
    assert not store.current.is_proven
    looked(room, switch, 1.5)
    assert store.current.is_proven
    assert room.watched["bright"].watch.look.detector.sha256 == new
    runner = CliRunner()
    listed = runner.invoke(app, ["--lang", "en", "model", "list"]).output
    assert f"{new}  in use" in listed.replace("\n", "")
    assert f"{old}  the one before" in listed.replace("\n", "")
    assert runner.invoke(app, ["--lang", "en", "model", "rollback"]).exit_code == 0
    looked(room, switch, 1.5)
    assert room.look.detector.sha256 == old
    assert runner.invoke(app, ["--lang", "en", "model", "rollback"]).exit_code == 3
    assert "rolled back by command" in runner.invoke(app, ["--lang", "en", "model", "list"]).output
    assert runner.invoke(app, ["model", "use", new]).exit_code == 0
    assert runner.invoke(app, ["model", "use", "ab" * 32]).exit_code == 3
    looked(room, switch, 1.5)
    assert room.look.detector.sha256 == new
    assert given_model(settings) == store.bundle(new)
    assert look_for(settings, Asked()).detector.sha256 == new


def test_a_model_that_fails_while_it_looks_gives_way(
    room: Watchroom, store: ModelStore, settings: Settings, tmp_path: Path, look: Look
) -> None:
    """The one before it looks on; a model that was proven is no excuse."""
    old = given(store, tmp_path, "old")
    store.use(old)
    store.prove()
    new = given(store, tmp_path, "new")
    switch = ModelSwitch(room, store, settings, Voice.of("en"))
    switch.switch(new, try_model(settings, store.bundle(new), look, (), GREY))
    assert switch.roll_back(ModelUnusable("out of memory"))
    assert room.look.detector.sha256 == old
    assert store.current.refused == {new: "out of memory"}
    assert not switch.roll_back(ModelUnusable("out of memory"))


def test_a_model_that_the_cameras_outgrew_is_refused(
    room: Watchroom, store: ModelStore, settings: Settings, tmp_path: Path, look: Look,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Between trial and switch somebody asked for another hazard: nothing changes."""
    new = given(store, tmp_path, "new")
    tried = try_model(settings, store.bundle(new), look, (), GREY)

    def only(*_: object) -> Look:
        raise HazardInvalid("PPE-01", "EMG-01")

    monkeypatch.setattr(Look, "only", only)
    ModelSwitch(room, store, settings, Voice.of("en")).switch(new, tried)
    assert room.look is look
    assert new in store.current.refused


def test_doctors_choice_goes_over_to_the_new_model(
    room: Watchroom, store: ModelStore, settings: Settings, tmp_path: Path, look: Look
) -> None:
    """Or a restart would refuse to run it: same engine, full precision, timed in the trial."""
    chosen = Choice(
        model_name="bright", model_sha256=look.detector.sha256, machine=Machine.here(),
        runtime=look.detector.runtime.name, precision=FP32, shapes=SQUARE, median_ms=5, points=0,
        chosen_at=utc_now(),
    )  # fmt: skip
    write_choice(settings, chosen)
    new = given(store, tmp_path, "new")
    bundle = store.bundle(new)
    assert running_of(settings, bundle, look).precision == FP32
    ModelSwitch(room, store, settings, Voice.of("en")).switch(
        new, try_model(settings, bundle, look, (), GREY)
    )
    carried = read_choice(settings)
    assert carried is not None
    assert carried.model_sha256 == new
    assert running_of(settings, bundle, look) == carried.running
    named = settings.model_copy(update={"runtime": "onnxruntime:cpu"})
    assert running_of(named, bundle, look).runtime == "onnxruntime:cpu"


def test_the_board_says_why_another_model_is_not_used(room: Watchroom, settings: Settings) -> None:
    """So that status, page and server show it."""
    keep = Keep(Outbox(settings.outbox_dir), lambda _: None)
    board = Board(room, keep, settings, Sources(model_trouble=lambda: "abc: too slow"))
    assert board.state.model is not None
    assert board.state.model.trouble == "abc: too slow"
