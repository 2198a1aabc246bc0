"""How `anxun-edge` starts, and what it says where it cannot."""

import subprocess
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


def test_every_module_of_the_edge_loads_no_server_and_no_training() -> None:
    """In a process of its own all of `edge` is imported, and nothing of the server or of training comes with it."""
    code = (
        "import importlib, pkgutil, sys, edge\n"
        "names = [m.name for m in pkgutil.iter_modules(edge.__path__) if m.name != '__main__']\n"
        "for name in names: importlib.import_module(f'edge.{name}')\n"
        "print(len(names), *sorted({name.partition('.')[0] for name in sys.modules}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    count, *loaded = done.stdout.split()
    assert int(count) > 50
    assert "onnxruntime" in loaded
    heavy = {"api", "fastapi", "sqlalchemy", "sqlmodel", "alembic", "minio", "psycopg", "uvicorn"}
    assert not set(loaded) & (heavy | {"fpdf", "xlsxwriter", "torch", "torchvision", "ultralytics"})
