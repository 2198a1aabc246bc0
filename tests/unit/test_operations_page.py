"""The operator's page names every setting."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from api.settings import Settings

PAGE = Path("docs/operations.md").read_text()


def test_every_setting_is_documented() -> None:
    """A setting that is not on the page does not exist for an operator."""
    for name in Settings.model_fields:
        assert f"`ANXUN_{name.upper()}`" in PAGE, name


def unit() -> str:
    """Return the systemd unit of the page."""
    found = re.search(r"```ini\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found[1]


def test_the_unit_gives_the_server_a_user_and_no_rights() -> None:
    """It owns its data and nothing else, and cannot gain rights."""
    lines = unit().splitlines()
    for line in (
        "User=anxun",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "CapabilityBoundingSet=",
        "SystemCallFilter=@system-service",
        "UMask=0077",
    ):
        assert line in lines, line


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_takes_the_unit_and_calls_it_low(tmp_path: Path) -> None:
    """`systemd-analyze verify` is silent, and the exposure is low."""
    file = tmp_path / "anxun.service"
    file.write_text(
        re.sub(r"^ExecStart=.*$", "ExecStart=/bin/true serve", unit(), flags=re.MULTILINE)
    )
    done = subprocess.run(
        ["systemd-analyze", "verify", file], capture_output=True, text=True, check=False, timeout=60
    )
    told = [line for line in done.stderr.splitlines() if "anxun.service" in line]
    assert told == []
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", file],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    exposure = re.search(r"Overall exposure level.*?(\d+\.\d)", rated.stdout)
    assert exposure, rated.stdout + rated.stderr
    assert float(exposure[1]) < 3
