"""How soon a box sees, and what one camera costs in memory beside the bare runtime.

    python tests/benchmarks/bench_start.py [ROUNDS]

A real RTSP stream of 1080p at 25 frames a second shows people without vests and is being sent already, as a camera's is: a reader that
joins waits for its next key frame, of which there is one a second. *Start to first analysed frame* is from the start of a fresh process
of `anxun-edge watch` (k = n = 1) until it says its first finding on its output, so the first look, the rules, the outbox and its fsync are in
it. *Memory* is that of the same process a while later, beside a process that does nothing but hold the same runtime and model and run
them on the same picture: resident, and proportional (PSS: shared pages shared out).
"""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

# Run by path: the repository is then not on the import path by itself.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from edge.address import Way
from edge.camera import LiveCamera
from edge.settings import Settings
from tests.benchmarks.bench_edge import HAZARD, Server, encode

TARGET_S = 3.0
SETTLED_S = 20.0
LOOKS_S = 2
EXECUTABLE = Path(sys.executable).with_name("anxun-edge")
BARE = """
import sys, time
from pathlib import Path
import numpy as np
name, model, rounds = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
blob = np.random.default_rng(0).random((1, 3, 640, 640), np.float32)
if name.startswith("openvino"):
    import openvino
    core = openvino.Core()
    options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    network = core.read_model(model.read_bytes())
    network.reshape([1, 3, 640, 640])
    request = core.compile_model(network, "CPU", options).create_infer_request()
    run = lambda: request.infer({0: blob}, share_inputs=True)
else:
    import onnxruntime
    session = onnxruntime.InferenceSession(model.read_bytes(), providers=["CPUExecutionProvider"])
    run = lambda: session.run(None, {session.get_inputs()[0].name: blob})
for _ in range(rounds):
    run()
print("READY", flush=True)
time.sleep(60)
"""


@dataclass(frozen=True, slots=True)
class Memory:
    """What a process holds, bytes."""

    resident: int
    proportional: int

    @classmethod
    def of(cls, pid: int) -> "Memory":
        """Return it."""
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
        found = {line.split()[0]: int(line.split()[1]) * 1024 for line in lines[1:]}
        return cls(found["Rss:"], found["Pss:"])


@dataclass(frozen=True, slots=True)
class Start:
    """A run of the watch: seconds to its first finding, processor seconds until then, its memory later, and what ran the model."""

    first_s: float
    cpu_s: float
    memory: Memory | None


def start(url: str, folder: Path, settled_s: float) -> Start:
    """Start the program on a stream and end it again; memory is read after `settled_s`, if that is not 0."""
    began_s = time.monotonic()
    watch = subprocess.Popen(
        [
            EXECUTABLE, "--lang", "en", "watch", url, "--camera", "gate", "--offline",
            "--experimental", "all", "--k", "1", "--n", "1", "--fps", str(LOOKS_S),
        ],
        env=_installed(folder.parent) | {"ANXUN_EDGE_DATA_DIR": str(folder), "ANXUN_EDGE_LOG": "json"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )  # fmt: skip
    try:
        assert watch.stdout is not None
        for line in watch.stdout:
            if json.loads(line)["event"] == "confirmed":
                break
        else:
            msg = "the watch ended without a finding"
            raise SystemExit(msg)
        first_s, cpu_s = time.monotonic() - began_s, _cpu_s(watch.pid)
        time.sleep(settled_s)
        return Start(first_s, cpu_s, Memory.of(watch.pid) if settled_s else None)
    finally:
        watch.kill()
        watch.wait(10)


def _installed(folder: Path) -> dict[str, str]:
    """Return an environment in which Python finds its sources compiled, as `pip install` leaves them; the first start does it."""
    environment = {
        name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
    }
    return environment | {"PYTHONPYCACHEPREFIX": str(folder / "compiled")}


def _cpu_s(pid: int) -> float:
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def bare_memory(runtime: str, model: Path) -> Memory:
    """Return what a process holds that has only the runtime and the model, after as many runs as the watch looked."""
    rounds = str(round(LOOKS_S * SETTLED_S))
    bare = subprocess.Popen(
        [sys.executable, "-c", BARE, runtime, model, rounds], stdout=subprocess.PIPE, text=True
    )
    try:
        assert bare.stdout is not None
        assert bare.stdout.readline() == "READY\n"
        return Memory.of(bare.pid)
    finally:
        bare.kill()
        bare.wait(10)


def bench_start(rounds: int = 5) -> list[str]:
    """Return the lines of both measurements."""
    from models.bundle import load_bundle

    detector = load_bundle()
    model = Path(__file__).resolve().parents[2] / "models" / "weights" / f"{detector.name}.onnx"
    with TemporaryDirectory() as folder:
        frames = Path(folder) / "frames"
        encode(frames, (HAZARD,))
        server = Server(frames, 1, 0.0)
        # Somebody watches already: the stream runs.
        other = LiveCamera(server.url(0), 0.1, Settings(data_dir=Path(folder)), way=Way.KEY)
        other.start()
        try:
            runs = [
                start(
                    server.url(0), Path(folder) / f"{number}", SETTLED_S if number == rounds else 0
                )
                for number in range(rounds + 1)
            ]
        finally:
            other.ask_to_stop()
            other.stop()
            server.stop()
    # The first one reads its files from the disk, and compiles Python's, for all of them.
    warm = [run.first_s for run in runs[1:]]
    memory, bare = runs[-1].memory, bare_memory(detector.runtime.name, model)
    assert memory is not None
    return [
        f"start to first analysed frame, {detector.runtime.name}: {median(warm):.2f} s, {min(warm):.2f} to {max(warm):.2f}"
        f" ({len(warm)} runs; the first one {runs[0].first_s:.2f} s; {median(run.cpu_s for run in runs):.2f} s of processor; target {TARGET_S:.0f} s)",
        f"memory of one camera after {SETTLED_S:.0f} s: {memory.resident / 1e6:.0f} MB resident ({memory.proportional / 1e6:.0f} MB proportional)"
        f" = {memory.resident / bare.resident:.2f} x the bare runtime's {bare.resident / 1e6:.0f} MB"
        f" ({memory.proportional / bare.proportional:.2f} x proportional)",
    ]


if __name__ == "__main__":
    for line in bench_start(*map(int, sys.argv[1:2])):
        print(line)  # noqa: T201
