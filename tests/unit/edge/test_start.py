"""How `anxun-edge` starts, and what it says where it cannot."""

import subprocess
import sys
from pathlib import Path

import pytest

from edge.__main__ import main

MAPS = Path("/proc/self/maps")
NOT_BESIDE = ("onnxruntime", "intel_gpu_plugin", "intel_npu_plugin")


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


def test_every_module_of_the_edge_loads_no_server_no_training_and_no_engine() -> None:
    """In a process of its own all of `edge` is imported, and nothing that a watch does without comes with it."""
    code = (
        "import importlib, pkgutil, sys, edge.__main__\n"
        "edge.__main__.lighten()\n"
        "names = [m.name for m in pkgutil.iter_modules(edge.__path__) if m.name != '__main__']\n"
        "for name in names: importlib.import_module(f'edge.{name}')\n"
        "print(len(names), *sorted({n.partition('.')[0] for n, m in sys.modules.items() if m}))\n"
    )
    count, *loaded = _printed(code)
    assert int(count) > 50
    assert "httpx" in loaded
    heavy = {"api", "fastapi", "sqlalchemy", "sqlmodel", "alembic", "minio", "psycopg", "uvicorn"}
    assert not set(loaded) & (heavy | {"fpdf", "xlsxwriter", "torch", "torchvision", "ultralytics"})
    # What runs the model is loaded with the model.
    assert not set(loaded) & {"onnxruntime", "openvino", "click", "pygments", "scipy"}


def test_a_watch_begins_with_few_modules() -> None:
    """Each takes its share of the three seconds until a box sees; 785 were counted when this was written."""
    code = (
        "import sys, edge.__main__\n"
        "edge.__main__.lighten()\n"
        "import edge.cli, edge.watching\n"
        "print(len(sys.modules))\n"
    )
    (count,) = _printed(code)
    assert int(count) < 850


@pytest.mark.skipif(not MAPS.exists(), reason="this system does not say what a process has loaded")
def test_one_engine_runs_the_model_and_no_other_is_loaded_beside_it() -> None:
    """Of OpenVINO only what runs on the processor: not its parts for cards, not its converter, which tells its maker of its use."""
    pytest.importorskip("openvino")
    code = (
        "import sys, edge.__main__\n"
        "edge.__main__.lighten()\n"
        "from edge.look import Look\n"
        "look = Look.prepare(None, None, None)\n"
        "look.warm_up()\n"
        "print(look.detector.runtime.name, len(look.detector.runtime._compiled))\n"
        f"print(*[name for name in {NOT_BESIDE} if name in open('{MAPS}').read()])\n"
        "print(*[name for name in sys.modules if name.startswith('openvino.tools.ovc')])\n"
    )
    assert _printed(code) == ["openvino:cpu", "1"]


def _printed(code: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()
