"""Installing the service: files where systemd looks for them, nothing of a technician's written over."""

import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge import service
from edge.cameras import read_cameras
from edge.cli import app


def test_files_are_installed_and_a_technicians_are_kept(tmp_path: Path) -> None:
    """The unit is renewed by an update; settings and cameras stay."""
    runner = CliRunner()
    first = runner.invoke(app, ["--lang", "en", "install-service", "--root", str(tmp_path)])
    assert first.exit_code == 0, first.output
    assert "systemctl enable --now anxun-edge" in first.output
    cameras = tmp_path / "etc/anxun-edge/cameras.toml"
    assert tomllib.loads(cameras.read_text())["cameras"]
    assert read_cameras(cameras, {"GATE_PASSWORD": "x"})[0].name == "gate"
    cameras.write_text("mine")
    unit = tmp_path / "etc/systemd/system/anxun-edge.service"
    unit.write_text("old")
    assert runner.invoke(app, ["install-service", "--root", str(tmp_path)]).exit_code == 0
    assert cameras.read_text() == "mine"
    assert unit.read_text() == service.unit()
    assert (tmp_path / "etc/anxun-edge/environment").stat().st_mode & 0o777 == 0o640


def test_the_unit_watches_with_a_watchdog_and_comes_back() -> None:
    """What the documentation promises stands in the unit, and it can be printed alone."""
    printed = CliRunner().invoke(app, ["install-service", "--print"]).output
    lines = printed.splitlines()
    for line in ("Type=notify", "Restart=always", "WatchdogSec=60", "NoNewPrivileges=yes"):
        assert line in lines
    assert f"ExecStart={service.program()} watch --cameras /etc/anxun-edge/cameras.toml" in lines
    assert "@PROGRAM@" not in printed


@pytest.mark.parametrize("folder", ["/opt/anxun/bin", "/home/technician/venv/bin"])
def test_a_program_in_a_home_is_said(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service cannot see it there, and systemd would only say 203/EXEC."""
    monkeypatch.setattr(service, "program", lambda: f"{folder}/anxun-edge")
    monkeypatch.setattr(service.sys, "prefix", str(Path(folder).parent))
    result = CliRunner().invoke(app, ["--lang", "en", "install-service", "--root", str(tmp_path)])
    assert result.exit_code == 0
    assert ("cannot see" in result.output) == folder.startswith("/home")


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """With what to do."""
    (tmp_path / "etc").write_text("")
    result = CliRunner().invoke(app, ["--lang", "en", "install-service", "--root", str(tmp_path)])
    assert result.exit_code == 3
    assert "Run as root" in result.output.replace("\n", " ")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    """`systemd-analyze verify` is silent, and it calls the exposure low."""
    path = tmp_path / "anxun-edge.service"
    path.write_text(service.unit())
    checked = subprocess.run(
        ["systemd-analyze", "verify", path], capture_output=True, text=True, check=False, timeout=60
    )
    assert "anxun-edge" not in checked.stderr, checked.stderr
    assert checked.returncode == 0
