"""The commands: what they print, which exit code they end with, and that they leave nothing behind on an error."""

import json
import re
import string
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from edge import errors
from edge.cli import app
from edge.errors import EdgeError
from edge.lock import work_lock
from edge.messages import MESSAGES
from tests.tiny_model import write_model
from tests.unit.edge.conftest import picture


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the state folder that the commands use."""
    state = tmp_path / "state"
    monkeypatch.setenv("ANXUN_EDGE_DATA_DIR", str(state))
    return state


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a bright, a dark and a broken photo."""
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "bright.jpg").write_bytes(picture(255))
    (folder / "dark.jpg").write_bytes(picture(0))
    (folder / "broken.jpg").write_bytes(b"text")
    return folder


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Return the tiny model."""
    return write_model(tmp_path / "model")


def run(*arguments: object) -> tuple[int, str]:
    """Run a command in English; return its exit code and all it printed."""
    result = CliRunner().invoke(app, ["--lang", "en", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, re.sub(r"\s+", " ", result.output)


def test_an_offline_patrol_keeps_everything_and_says_so(
    state: Path, folder: Path, model: Path
) -> None:
    """It needs no server and no enrolment; running it again does nothing twice."""
    code, output = run("patrol", folder, "--model", model, "--offline")
    assert code == 0
    assert "3 photos: 1 with findings, 1 clear, 0 copies, 1 failed, 0 done before" in output
    assert "broken.jpg: NotAPicture" in output
    assert "1 findings are kept here" in output
    code, output = run("patrol", folder, "--model", model, "--offline")
    assert "3 done before. 0 new findings" in output


def test_status_is_a_table_and_json(state: Path, folder: Path, model: Path) -> None:
    """A technician reads the one, a program the other; the token is in neither."""
    run("patrol", folder, "--model", model, "--offline")
    code, output = run("status")
    assert code == 0
    assert "1 waiting · 0 delivered · 0 rejected" in output
    assert "broken.jpg" in output
    result = CliRunner().invoke(app, ["status", "--json"])
    facts = json.loads(result.output)
    assert facts["findings"] == {"waiting": 1, "delivered": 0, "rejected": 0, "thinned": 0}
    assert facts["photos"] == {"clear": 1, "found": 1, "copy": 0, "failed": 1}
    assert facts["device"] is None
    assert [photo["error"] for photo in facts["failed_photos"]] == ["NotAPicture"]


def test_chinese_is_the_default(state: Path, folder: Path, model: Path) -> None:
    """The people in the plants read Chinese."""
    result = CliRunner().invoke(app, ["patrol", str(folder), "--model", str(model), "--offline"])
    assert "共 3 张照片：有发现 1" in result.output


def test_a_command_without_enrolment_says_what_to_run(
    state: Path, folder: Path, model: Path
) -> None:
    """Exit code 4."""
    for arguments in [("patrol", folder, "--model", model), ("deliver",)]:
        code, output = run(*arguments)
        assert code == 4
        assert "anxun-edge enrol URL CODE" in output


def test_a_wrong_input_ends_with_code_3(
    state: Path, folder: Path, model: Path, tmp_path: Path
) -> None:
    """Nothing was started."""
    assert run("patrol", tmp_path / "nowhere", "--offline")[0] == 3
    assert run("patrol", folder, "--model", tmp_path / "no.json", "--offline")[0] == 3
    asked = ("patrol", folder, "--model", model, "--offline")
    assert run(*asked, "--hazard", "PPE-01")[0] == 3
    assert run(*asked, "--zones", tmp_path / "no.toml")[0] == 3
    text = tmp_path / "clip.mp4"
    text.write_text("no video")
    for source in (text, tmp_path / "none.mp4"):
        assert run("watch", source, "--camera", "c", "--model", model, "--offline")[0] == 3


def test_a_run_says_what_is_off_and_finds_nothing_of_it(
    state: Path, folder: Path, tmp_path: Path
) -> None:
    """An experimental label leads to no finding; the run, and `status` after it, name it."""
    model = write_model(tmp_path / "trial", experimental=["flame"])
    code, output = run("patrol", folder, "--model", model, "--offline")
    assert code == 0
    assert "bright looks for nothing." in output
    assert "Experimental, off: EMG-01 (flame). Switch on with --experimental LABEL" in output
    assert "0 with findings" in output
    assert "EMG-01 (flame)" in run("status")[1]
    facts = json.loads(CliRunner().invoke(app, ["status", "--json"]).output)
    assert (facts["last_looked_for"], facts["experimental_off"]) == (
        "bright: nothing",
        "EMG-01 (flame)",
    )


@pytest.mark.parametrize("way", ["flame", "all", "by the environment"])
def test_a_label_is_switched_on_by_option_or_environment(
    state: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Then it finds as any other, and the run says that it is on trial."""
    model = write_model(tmp_path / "trial", experimental=["flame"])
    asked = ["patrol", folder, "--model", model, "--offline"]
    if way == "by the environment":
        monkeypatch.setenv("ANXUN_EDGE_EXPERIMENTAL", "flame")
    else:
        asked += ["--experimental", way]
    code, output = run(*asked)
    assert code == 0
    assert "Experimental, switched on: EMG-01 (flame)" in output
    assert "1 with findings" in output


def test_what_is_off_cannot_be_asked_for_by_its_code(
    state: Path, folder: Path, tmp_path: Path
) -> None:
    """The answer names the option that switches it on; so does one for a label that is not there."""
    model = write_model(tmp_path / "trial", experimental=["flame"])
    asked = ("patrol", folder, "--model", model, "--offline")
    code, output = run(*asked, "--hazard", "EMG-01")
    assert code == 3
    assert "add --experimental flame" in output
    code, output = run(*asked, "--experimental", "flames")
    assert code == 3
    assert "no label flames. It has: flame" in output
    assert run(*asked, "--hazard", "EMG-01", "--experimental", "flame")[0] == 0


def test_wrong_usage_ends_with_code_2(state: Path) -> None:
    """As every command line does."""
    assert run("watch", "0", "--camera", "c", "--k", "6", "--n", "5")[0] == 2
    assert CliRunner().invoke(app, ["--lang", "fr", "status"]).exit_code == 2


def test_a_second_patrol_on_one_state_folder_is_refused(
    state: Path, folder: Path, model: Path
) -> None:
    """Exit code 5, and it says which process."""
    with work_lock(state, "patrol"):
        code, output = run("patrol", folder, "--model", model, "--offline")
    assert code == 5
    assert "another process" in output
    assert run("patrol", folder, "--model", model, "--offline")[0] == 0


@pytest.mark.parametrize(
    "command", [("watch", "gone.mp4", "--camera", "a"), ("patrol", "{folder}")]
)
def test_every_line_of_a_service_is_json_where_that_is_asked_for(
    command: tuple[str, ...], state: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also what is said before anything is watched, and the error that ends it."""
    monkeypatch.setenv("ANXUN_EDGE_LOG", "json")
    words = [word.format(folder=folder) for word in command]
    result = CliRunner().invoke(app, ["--lang", "en", *words, "--offline"])
    said = [json.loads(line) for line in result.output.splitlines()]
    assert "unguided" in [one["event"] for one in said]
    assert ("source_invalid" in [one["event"] for one in said]) == (command[0] == "watch")


def test_an_empty_folder_is_said(state: Path, tmp_path: Path) -> None:
    """It is no error: the card was empty."""
    code, output = run("patrol", tmp_path, "--offline")
    assert (code, "no photos" in output) == (0, True)


def test_a_server_that_is_not_there_refuses_no_enrolment(state: Path) -> None:
    """Exit code 8: try again later."""
    code, output = run("enrol", "http://127.0.0.1:9", "some-code-1", "--name", "box")
    assert code == 8
    assert "is away" in output


def video(path: Path, shades: list[int], rate: int = 10) -> Path:
    """Write a clip with one frame a shade."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), rate, (64, 48))
    assert writer.isOpened()
    for shade in shades:
        writer.write(np.full((48, 64, 3), shade, np.uint8))
    writer.release()
    return path


@pytest.fixture(params=["UTC", "Asia/Shanghai"])
def local_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run in a time zone, and put the process back into its own."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield request.param
    time.tzset()


def test_a_video_file_is_watched_on_its_own_timeline(
    state: Path, model: Path, tmp_path: Path, local_zone: str
) -> None:
    """Dark, then bright for 4 s: one finding, at the third bright frame of those sampled, in local time."""
    clip = video(tmp_path / "clip.mp4", [0] * 20 + [255] * 40)
    begin = "2026-11-24T08:00:00"
    code, output = run(
        "watch", clip, "--camera", "gate", "--model", model, "--offline", "--started-at", begin
    )
    assert code == 0
    assert "12 frames analysed, 1 findings confirmed" in output
    assert "08:00:03 EMG-01" in output


def test_a_file_of_cameras_is_watched_until_all_are_over(
    state: Path, model: Path, tmp_path: Path
) -> None:
    """Each with its own settings; afterwards a bad file is replaced by the last good one, and that is said."""
    video(tmp_path / "one.mp4", [255] * 40)
    video(tmp_path / "two.mp4", [0] * 40)
    cameras = tmp_path / "cameras.toml"
    text = "".join(
        f'[[cameras]]\nname = "{name}"\nsource = "{tmp_path / name}.mp4"\n'
        for name in ("one", "two")
    )
    cameras.write_text(f"[defaults]\nfps = 1\n{text}")
    arguments = ["watch", "--cameras", cameras, "--model", model, "--offline"]
    code, output = run(*arguments)
    assert code == 0
    assert "watching" in output
    assert "as two" in output
    assert "8 frames analysed, 1 findings confirmed" in output
    cameras.write_text(text + "fsp = 3")
    code, output = run(*arguments)
    assert code == 0
    assert "camera two: fsp" in output
    assert "goes on with the last file" in output
    assert "8 frames analysed" in output
    (state / "cameras.json").unlink()
    code, output = run(*arguments)
    assert code == 3
    assert "camera two: fsp" in output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rtsp://camera"], "--camera NAME"),
        (["--camera", "gate"], "--camera NAME"),
        (["0", "--camera", "gate", "--k", "4", "--n", "3"], "k of n"),
        (["0", "--cameras", "cameras.toml"], "--cameras"),
        (["--cameras", "cameras.toml", "--fps", "3"], "--cameras"),
    ],
)
def test_one_camera_or_a_file_of_them_is_asked_for_and_never_both(
    state: Path, arguments: list[str], said: str
) -> None:
    """Wrong usage says what to type."""
    code, output = run("watch", *arguments)
    assert code == 2
    assert said in re.sub(r"[│\s]+", " ", output)


def test_every_message_is_there_in_both_languages_with_the_same_facts() -> None:
    """A translation never forgets a fact."""
    for key, (chinese, english) in MESSAGES.items():
        facts = [
            {name for _, name, _, _ in string.Formatter().parse(text) if name}
            for text in (chinese, english)
        ]
        assert chinese, key
        assert facts[0] == facts[1], key


def test_every_error_has_its_message_and_exit_code() -> None:
    """The tree of the module's text is the tree of the code."""
    pending, seen = [EdgeError], []
    while pending:
        kind = pending.pop()
        seen.append(kind)
        pending += kind.__subclasses__()
    assert errors.__doc__ is not None
    for kind in seen:
        assert kind.__name__ in errors.__doc__
        assert kind.key in MESSAGES or kind is errors.SetupError
        assert kind.exit_code


def test_what_runs_the_model_is_said_and_a_runtime_that_is_not_here_is_refused(
    state: Path, folder: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the start and in `status`; nothing runs in place of what was asked for."""
    monkeypatch.setenv("ANXUN_EDGE_RUNTIME", "onnxruntime:cuda")
    code, output = run("patrol", folder, "--model", model, "--offline")
    assert code == 3
    assert "pip install onnxruntime-gpu" in output
    monkeypatch.setenv("ANXUN_EDGE_RUNTIME", "onnxruntime:cpu")
    code, output = run("patrol", folder, "--model", model, "--offline")
    assert code == 0
    assert "the model runs on onnxruntime:cpu in fp32" in output
    assert json.loads(run("status", "--json")[1])["last_ran_on"] == "onnxruntime:cpu fp32"
