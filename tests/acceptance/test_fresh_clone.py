"""A newcomer's first five minutes: a fresh clone in an empty folder, and the README's first command."""

import os
import re
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def _run(*command: str, cwd: Path) -> str:
    # The environment of this run (its virtual environment, its settings) must not help the newcomer.
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ANXUN_", "VIRTUAL_ENV", "MAKE", "MFLAGS", "COVERAGE", "COV_"))
    }
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=840, check=False
    )
    assert done.returncode == 0, (
        f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    )
    return done.stdout


def test_demo_runs_once_from_a_fresh_clone(tmp_path: Path) -> None:
    """`make demo ONCE=1` needs nothing but the clone, and ends with a verified ledger and a closed ticket."""
    _run("git", "clone", "--quiet", "--no-hardlinks", str(REPOSITORY), "anxun", cwd=tmp_path)
    printed = _run("make", "demo", "ONCE=1", cwd=tmp_path / "anxun")
    assert re.search(r"PPE-01", printed), printed
    assert re.search(r"closed", printed), printed
    assert re.search(r"verified", printed), printed
    left = _run("git", "status", "--porcelain", cwd=tmp_path / "anxun")
    assert left == "", f"the demo left files that git does not ignore:\n{left}"
