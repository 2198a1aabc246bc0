"""How `anxun-edge` starts, and what it says where it cannot."""

import sys

import pytest

from edge.__main__ import main


def test_a_missing_extra_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the base install the sentence says what to type."""
    monkeypatch.delitem(sys.modules, "edge.cli", raising=False)
    monkeypatch.delitem(sys.modules, "edge.settings", raising=False)
    monkeypatch.setitem(sys.modules, "platformdirs", None)
    with pytest.raises(SystemExit, match=r"pip install 'anxun\[edge\]'"):
        main()


def test_the_program_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its packages there it is the command line."""
    monkeypatch.setattr(sys, "argv", ["anxun-edge", "--help"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert "patrol" in capsys.readouterr().out
