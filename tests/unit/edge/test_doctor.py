"""Doctor: it times what is here, picks only what is known to keep accuracy, and says what is wrong and what to do."""

import json
import re
import shutil
from collections import namedtuple
from datetime import UTC, datetime
from pathlib import Path

import httpx
import numpy as np
import pytest
from typer.testing import CliRunner

from edge import checks, choice, timed
from edge.checks import Check, check_device, check_model
from edge.choice import Choice, choice_for, read_choice, write_choice
from edge.cli import app
from edge.client import Client
from edge.doctor import PROBLEM
from edge.errors import ChoiceStale, ModelUnusable
from edge.fake import FakeServer
from edge.identity import Identity, enrol
from edge.machine import Machine
from edge.outbox import Outbox
from edge.settings import Settings
from edge.timed import Verdict, picked, time_ways
from models.bundle import describe_bundle
from models.running import Running
from models.ways import REFERENCE, points_of, ways_here
from tests.onnx_files import resized_dynamic_bytes, write_bundle
from tests.unit.edge.conftest import MakeDraft, picture

PICTURE = np.zeros((90, 160, 3), np.uint8)
Usage = namedtuple("Usage", "total used free")


def way_row(runtime: str, shapes: str, ap50: float, sha256: str) -> dict[str, object]:
    """Return a row of a model's description."""
    return {
        "runtime": runtime,
        "precision": "fp32",
        "shapes": shapes,
        "ap50": ap50,
        "reference_ap50": 0.8,
        "images": 100,
        "reference_sha256": sha256,
    }


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model of dynamic size: one way costs half a point, one more, one is not measured."""
    folder = tmp_path / "model"
    folder.mkdir()
    network = resized_dynamic_bytes(labels=("person", "helmet", "head"))
    path = write_bundle(folder, network, input_size_wh=[320, 320])
    sha256 = describe_bundle(path).sha256
    rows = [
        way_row("onnxruntime:cpu", "fitting", 0.795, sha256),
        way_row("openvino:cpu", "square", 0.794, sha256),
        way_row("openvino:cpu", "fitting", 0.9, "0" * 64),
    ]
    return write_bundle(folder, network, input_size_wh=[320, 320], accuracy=rows)


def test_what_a_way_costs_is_known_only_of_this_very_file(model: Path) -> None:
    """The reference costs nothing by definition; another file's figures say nothing."""
    assert points_of(model, REFERENCE) == 0
    assert points_of(model, Running("onnxruntime:cpu", "fp32", "fitting")) == -0.5
    assert points_of(model, Running("openvino:cpu", "fp32", "square")) == -0.6
    assert points_of(model, Running("openvino:cpu", "fp32", "fitting")) is None


def test_the_ways_begin_with_the_reference_and_know_the_twin(model: Path) -> None:
    """Without an int8 twin no way is int8; a quantised file alone runs as nothing else."""
    ways = list(ways_here(model))
    assert ways[0] == REFERENCE
    assert len(set(ways)) == len(ways)
    assert {way.precision for way in ways} == {"fp32", "bf16"}
    described = json.loads(model.read_text())
    twin = {**described, "precision": "int8", "quantised_from": described["sha256"]}
    (model.parent / "tiny-int8.json").write_text(json.dumps(twin))
    assert "int8" in {way.precision for way in ways_here(model)}
    assert {way.precision for way in ways_here(model.parent / "tiny-int8.json")} == {"int8"}


def test_the_fastest_that_keeps_accuracy_is_picked(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Faster ones that cost too much, or that nobody measured, are shown and never picked."""
    real = timed.interleaved_ms

    def fixed(steps: dict[str, object], rounds: int) -> dict[str, list[float]]:
        measured = real(steps, rounds)  # type: ignore[arg-type]
        assert {len(times) for times in measured.values()} == {rounds}
        assert all(time_ms > 0 for times in measured.values() for time_ms in times)
        return {name: [100.0 - float(name)] for name in measured}

    monkeypatch.setattr(timed, "interleaved_ms", fixed)
    rows = {(row.way.runtime, row.way.precision, row.way.shapes): row for row in time_ways(model, PICTURE, 3)}  # fmt: skip
    verdicts = {key: row.verdict for key, row in rows.items() if key[1] == "fp32"}
    assert verdicts == {
        ("openvino:cpu", "fp32", "square"): Verdict.COSTS,
        ("openvino:cpu", "fp32", "fitting"): Verdict.UNMEASURED,
        ("onnxruntime:cpu", "fp32", "fitting"): Verdict.PICKED,
        ("onnxruntime:cpu", "fp32", "square"): Verdict.SLOWER,
    }
    best = picked(list(rows.values()))
    assert best is not None
    assert best.points == -0.5
    medians = [row.median_ms for row in rows.values() if row.median_ms is not None]
    assert medians == sorted(medians)
    refused = [row for row in rows.values() if row.verdict is Verdict.REFUSED]
    assert all("does not compute in bf16" in row.reason for row in refused)


def test_small_inputs_are_ways_only_where_somebody_asks(model: Path) -> None:
    """Faster they are, and half a point may hide what far helmets lose."""
    assert {row.way.shapes for row in time_ways(model, PICTURE, 3)} == {"square", "fitting"}
    asked = time_ways(model, PICTURE, 3, compact=True)
    assert {row.way.shapes for row in asked} == {"square", "fitting", "compact"}


def a_choice(model: Path, **changes: object) -> Choice:
    """Return a choice of this model on this machine."""
    description = describe_bundle(model)
    facts: dict[str, object] = {
        "model_name": description.name,
        "model_sha256": description.sha256,
        "machine": Machine.here(),
        "runtime": "onnxruntime:cpu",
        "precision": "fp32",
        "shapes": "fitting",
        "median_ms": 12.5,
        "points": -0.1,
        "chosen_at": datetime(2026, 11, 25, tzinfo=UTC),
    }
    return Choice.model_validate(facts | changes)


def test_a_choice_is_followed_until_model_machine_or_engine_is_another(
    settings: Settings, model: Path
) -> None:
    """Then it is refused with what changed; it is neither followed nor forgotten."""
    assert choice_for(settings, model) is None
    kept = a_choice(model)
    write_choice(settings, kept)
    assert read_choice(settings) == kept
    assert choice_for(settings, model) == kept
    assert kept.running == Running("onnxruntime:cpu", "fp32", "fitting")

    write_choice(settings, a_choice(model, model_sha256="0" * 64))
    with pytest.raises(ChoiceStale, match=r"model: 000000000000 -> .*Run anxun-edge doctor again"):
        choice_for(settings, model)
    here = Machine.here()
    other = here.model_copy(update={"cpu": "Old", "cores": 1, "engines": {"openvino": "2020.1"}})
    write_choice(settings, a_choice(model, machine=other))
    with pytest.raises(ChoiceStale) as refusal:
        choice_for(settings, model)
    for said in (f"cpu: Old -> {here.cpu}", "cores: 1 -> ", "openvino: 2020.1 -> ", "onnxruntime: - -> "):  # fmt: skip
        assert said in str(refusal.value)
    assert "ANXUN_EDGE_RUNTIME=auto" in str(refusal.value)


def test_a_damaged_choice_and_a_missing_model_are_named(settings: Settings, model: Path) -> None:
    """Neither runs anything else in silence."""
    write_choice(settings, a_choice(model))
    with pytest.raises(ModelUnusable):
        choice_for(settings, model.with_name("none.json"))
    settings.choice_path.write_text('{"runtime": "auto"')
    with pytest.raises(ChoiceStale, match=r"running\.json"):
        choice_for(settings, model)


@pytest.mark.parametrize("setting", [{"runtime": "auto"}, {"precision": "fp32"}])
def test_what_the_technician_names_goes_before_doctors_choice(
    settings: Settings, model: Path, setting: dict[str, str]
) -> None:
    """`auto` too, when it is said: then a stale choice is in nobody's way."""
    write_choice(settings, a_choice(model, model_sha256="0" * 64))
    named = Settings(data_dir=settings.data_dir, **setting)  # type: ignore[arg-type]
    assert choice_for(named, model) is None
    assert choice.running_for(named, model) == named.running


def test_a_machine_without_cpuinfo_has_a_name_all_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As on macOS."""
    monkeypatch.setattr("edge.machine.CPU_INFO", tmp_path / "none")
    assert Machine.here().cpu
    assert Machine.here().cores >= 1


@pytest.fixture
def server() -> FakeServer:
    """A server in memory."""
    return FakeServer()


def found(settings: Settings, server: FakeServer | None = None) -> dict[str, Check]:
    """Return the checks of a device by name."""

    def connect(identity: Identity) -> Client:
        transport = httpx.MockTransport(server or FakeServer())
        return Client("http://fake", identity.token, settings, transport=transport)

    return {check.name: check for check in check_device(settings, connect)}


@pytest.fixture
def enrolled(settings: Settings, server: FakeServer) -> Settings:
    """Settings of an enrolled device."""
    with Client("http://fake", None, settings, transport=httpx.MockTransport(server)) as client:
        enrol(settings, client, "one-time-code", "box")
    return settings


def test_a_healthy_device_is_said_to_be_one(enrolled: Settings, server: FakeServer) -> None:
    """Enrolled, known to the server, in time, with room, nothing rejected."""
    rows = found(enrolled, server)
    assert {name: check.is_ok for name, check in rows.items()} == dict.fromkeys(
        ("enrolment", "server", "clock", "disk", "outbox"), True
    )


def test_before_enrolment_the_server_is_unknown_and_the_sentence_says_what_to_run(
    settings: Settings,
) -> None:
    """Nothing is asked of a server that nobody named."""
    rows = found(settings)
    assert (rows["enrolment"].is_ok, rows["enrolment"].key) == (False, "not_enrolled")
    assert rows["server"].is_ok is None
    assert rows["clock"].is_ok is None


@pytest.mark.parametrize(
    ("fault", "key"),
    [(httpx.ConnectError("no route"), "server_away"), (503, "server_away")],
    ids=["away", "busy"],
)
def test_a_server_that_is_away_is_a_problem_and_the_clock_is_unknown(
    enrolled: Settings, server: FakeServer, fault: int | Exception, key: str
) -> None:
    """What was last measured is said."""
    with Outbox(enrolled.outbox_dir) as outbox:
        outbox.put_facts(clock_offset_s="1.500")
    server.faults = [fault]
    rows = found(enrolled, server)
    assert (rows["server"].is_ok, rows["server"].key) == (False, key)
    assert (rows["clock"].is_ok, rows["clock"].facts["offset"]) == (None, "+1.5 s")


def test_a_revoked_device_is_told_from_a_server_that_is_away(
    enrolled: Settings, server: FakeServer
) -> None:
    """The clock can be compared all the same."""
    server.tokens.clear()
    rows = found(enrolled, server)
    assert (rows["server"].is_ok, rows["server"].key) == (False, "device_revoked")
    assert rows["clock"].is_ok is True


def test_a_clock_that_is_off_or_has_lost_its_battery_is_a_problem(
    enrolled: Settings, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Evidence without a right time proves little."""
    monkeypatch.setattr(checks, "MAX_CLOCK_OFFSET_S", -1.0)
    assert found(enrolled, server)["clock"].key == "clock_off"
    monkeypatch.setattr(checks, "utc_now", lambda: datetime(2000, 1, 1, tzinfo=UTC))
    assert found(enrolled, server)["clock"].key == "clock_old"


def test_a_full_or_readonly_disk_is_a_problem(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With what to do."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**10, 10**10 - 10**8, 10**8))
    assert found(settings)["disk"].key == "disk_low"
    file = tmp_path / "a-file"
    file.write_text("")
    rows = found(Settings(data_dir=file / "state"))
    assert (rows["disk"].key, rows["disk"].is_ok) == ("disk_unwritable", False)
    assert rows["outbox"].is_ok is False


def test_rejected_findings_are_a_problem(settings: Settings, make_draft: MakeDraft) -> None:
    """The server will never take them: a person must look."""
    with Outbox(settings.outbox_dir) as outbox:
        data = picture(255)
        sha256 = outbox.files.put(data)
        draft = make_draft(sha256)
        outbox.record_drafts([draft], data)
        outbox.reject([str(draft.id)], "unknown_hazard", "unknown")
    row = found(settings)["outbox"]
    assert (row.key, row.is_ok, row.facts["rejected"]) == ("outbox_rejected", False, 1)


def test_a_changed_model_file_is_a_problem(model: Path) -> None:
    """Its hash is not the described one."""
    assert check_model(model).is_ok is True
    model.with_name("tiny.onnx").write_bytes(b"other")
    check = check_model(model)
    assert check.is_ok is False
    assert "changed or damaged" in str(check.facts["reason"])


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state folder that the commands use."""
    state = tmp_path / "state"
    monkeypatch.setenv("ANXUN_EDGE_DATA_DIR", str(state))
    monkeypatch.setenv("COLUMNS", "200")
    return state


def run(*arguments: object) -> tuple[int, str]:
    """Run a command in English; return its exit code and all it printed."""
    result = CliRunner().invoke(app, ["--lang", "en", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, re.sub(r"\s+", " ", result.output)


def test_a_run_follows_what_doctor_kept_and_refuses_it_for_another_model(
    state: Path, model: Path, tmp_path: Path
) -> None:
    """The whole way: a table, a kept choice, a patrol that says what runs, and a refusal after an update."""
    photo = tmp_path / "photos" / "a.jpg"
    photo.parent.mkdir()
    photo.write_bytes(picture(255))
    code, output = run("doctor", "--model", model, "--picture", photo, "--rounds", 3)
    assert code == PROBLEM  # it is not enrolled
    assert "photo a.jpg, 64 × 48" in output
    assert "costs too much accuracy: never picked" in output
    assert "accuracy not measured: never picked" in output
    assert "not installed: onnxruntime:cuda" in output
    kept = json.loads((state / "running.json").read_text())
    assert kept["runtime"] == "onnxruntime:cpu"

    patrol = ("patrol", photo.parent, "--offline", "--experimental", "all", "--model")
    code, output = run(*patrol, model)
    assert code == 0
    assert "as doctor chose at" in output
    assert f"onnxruntime:cpu fp32 {kept['shapes']}, about" in output

    described = json.loads(model.read_text())
    network = resized_dynamic_bytes(labels=("person", "helmet", "vest"))
    newer = write_bundle(
        model.parent, network, labels=["person", "helmet", "vest"], experimental=[], input_size_wh=[320, 320]
    )  # fmt: skip
    assert describe_bundle(newer).sha256 != described["sha256"]
    code, output = run(*patrol, newer)
    assert code == 3
    assert "Run anxun-edge doctor again" in output


def test_a_service_times_only_where_the_kept_choice_no_longer_holds(
    state: Path, model: Path
) -> None:
    """Each start would cost a minute otherwise; after an update it is made anew without anybody's hand."""
    asked = ("doctor", "--model", model, "--rounds", 3, "--if-stale")
    assert "picked" in run(*asked)[1]
    kept = (state / "running.json").read_bytes()
    output = run(*asked)[1]
    assert "picked" not in output
    assert "ms a picture" in output
    assert (state / "running.json").read_bytes() == kept
    stale = a_choice(model, model_sha256="0" * 64)
    write_choice(Settings(data_dir=state), stale)
    assert "picked" in run(*asked)[1]
    assert choice_for(Settings(data_dir=state), model) is not None


def test_where_the_technician_says_what_runs_no_start_waits_for_a_timing(
    state: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody would follow the choice, and nothing else is asked: not the server, which may be away."""
    monkeypatch.setenv("ANXUN_EDGE_RUNTIME", "onnxruntime:cpu")
    code, output = run("doctor", "--model", model, "--rounds", 3, "--if-stale")
    assert code == 0
    assert "onnxruntime:cpu" in output
    assert "enrol" not in output
    assert not (state / "running.json").exists()


def test_a_dry_run_keeps_nothing_and_json_says_everything(state: Path, model: Path) -> None:
    """A program reads the same: ways with their verdicts, checks, what is not installed."""
    result = CliRunner().invoke(
        app, ["--lang", "en", "doctor", "--model", str(model), "--rounds", "3", "--dry-run", "--json"]
    )  # fmt: skip
    report = json.loads(result.stdout)
    assert result.exit_code == PROBLEM
    assert not (state / "running.json").exists()
    assert report["ok"] is False
    assert "drawn" in report["picture"]
    assert {way["verdict"] for way in report["ways"]} >= {"picked", "unmeasured", "costs"}
    assert "onnxruntime:cuda" in report["not_here"]
    assert report["machine"]["engines"]["onnxruntime"]
    by_name = {check["check"]: check for check in report["checks"]}
    assert by_name["model"]["ok"] is True
    assert by_name["enrolment"]["ok"] is False
    assert "--dry-run" in by_name["choice"]["found"]


def test_without_a_usable_model_the_checks_are_shown_and_nothing_is_timed(
    state: Path, tmp_path: Path
) -> None:
    """The technician sees everything that is wrong at once."""
    code, output = run("doctor", "--model", tmp_path / "none.json")
    assert code == PROBLEM
    assert "there is no model file" in output
    assert "not enrolled" in output
    assert "GB free" in output


def test_a_named_picture_that_cannot_be_read_ends_with_code_3(state: Path, model: Path) -> None:
    """Nothing is timed on something else in its place."""
    code, output = run("doctor", "--model", model, "--picture", model)
    assert code == 3
    assert "cannot watch" in output


def test_the_newest_evidence_is_timed_where_no_picture_is_named(
    state: Path, model: Path, settings: Settings, make_draft: MakeDraft
) -> None:
    """A box that has seen something is measured on what it sees."""
    with Outbox(state / "outbox") as outbox:
        data = picture(255)
        outbox.record_drafts([make_draft(outbox.files.put(data))], data)
    output = run("doctor", "--model", model, "--rounds", 3, "--dry-run")[1]
    assert "this box's newest evidence, 64 × 48" in output


def test_a_runtime_named_by_hand_is_said_to_go_before_the_choice(
    state: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or the technician would wonder why nothing changed."""
    monkeypatch.setenv("ANXUN_EDGE_RUNTIME", "onnxruntime:cpu")
    output = run("doctor", "--model", model, "--rounds", 3)[1]
    assert "doctor's choice is not followed" in output
