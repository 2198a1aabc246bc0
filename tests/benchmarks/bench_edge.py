"""Many cameras on one small machine: what the watch costs beside bare decoding and the bare model of the same load.

    python tests/benchmarks/bench_edge.py [CAMERAS] [SECONDS] [FPS] [--way WAY] [--runtime NAME] [--precision P] [--shapes S] [--ledger]

Real RTSP streams of 1080p at 25 frames a second, a key frame a second, about 4 Mbit/s, from GStreamer's own server in a process of
its own (its share of the machine is printed). Every camera shows a hazard now and then: latency is from the moment at which
the server sends the first picture of it to the row in the outbox, and with `--ledger` to the row in the ledger of a real `anxun serve` beside it (the
time that the ledger gives it). A way that is not named is the one that `anxun-edge doctor` picks here. Streams, server and box share the machine:
all three shares are printed. Of the box's processor time what FFmpeg took to receive and decode and what the detector took is counted while it
watches (`Spent`); the rest is our own code, delivery included. Both bare costs are measured once more alone, for comparison.
"""

import argparse
import os
import resource
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import av
import cv2
import numpy as np

from edge.address import Way
from edge.camera import LiveCamera
from edge.cameras import CameraEntry
from edge.client import Client
from edge.deliver import Delivery
from edge.errors import DiskFull
from edge.identity import enrol
from edge.keep import Keep, RoomChange
from edge.look import Look
from edge.outbox import Outbox
from edge.settings import Settings
from edge.timed import picked, time_ways
from edge.video import AvVideo
from edge.watchroom import Watchroom
from inspection.wire import FindingDraft
from models.detector import Detector
from models.running import AUTO, FP32, Precision, Running, ShapePolicy
from tests.served import ServedEnterprise, free_port

ROOT = Path(__file__).resolve().parents[2]
CLEAR, HAZARD = ROOT / "var/media/photos/coffee.png", ROOT / "var/media/photos/two-people.jpg"
RATE, GOP, PART_FRAMES = 25, 25, 100
PERIOD_S = 20.0
# A way is chosen after the first window of the load.
WARM_S = 13.0
PYTHON = "/usr/bin/python3"


def encode(path: Path, photos: Sequence[Path] = (CLEAR, HAZARD)) -> None:
    """Write the access units of panned photos, each so many frames, with the noise of a sensor."""
    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = 1920, 1080, "yuv420p"
    codec.bit_rate, codec.framerate, codec.time_base = 4_000_000, RATE, Fraction(1, RATE)
    codec.options = {
        "preset": "veryfast",
        "tune": "zerolatency",
        "x264-params": f"keyint={GOP}:min-keyint={GOP}:scenecut=0:repeat-headers=1",
    }
    with path.open("wb") as file:
        for number, image in enumerate(chain.from_iterable(map(pan, photos))):
            frame = av.VideoFrame.from_ndarray(image, "bgr24")
            frame.pts = number
            for packet in codec.encode(frame):
                unit = bytes(packet)
                file.write(struct.pack(">I", len(unit)) + unit)


def pan(photo: Path) -> Iterator[np.ndarray]:
    """Yield a view that moves over a photo, 1920 × 1080."""
    picture = cv2.imread(str(photo))
    scale = max(1960 / picture.shape[1], 1120 / picture.shape[0])
    picture = cv2.resize(picture, None, fx=scale, fy=scale)
    noise = np.random.default_rng(0)
    for number in range(PART_FRAMES):
        x = int((picture.shape[1] - 1920) * (0.5 + 0.5 * np.sin(number / 30)))
        y = int((picture.shape[0] - 1080) * (0.5 + 0.5 * np.sin(number / 50)))
        view = picture[y : y + 1080, x : x + 1920].astype(np.int16)
        view += noise.integers(-4, 5, (1080, 1920, 1), dtype=np.int16)
        yield view.clip(0, 255).astype(np.uint8)


@dataclass
class Server:
    """The streams, in a process of their own; `events` holds when each camera last began to show a hazard."""

    frames: Path
    count: int
    period_s: float = PERIOD_S
    port: int = field(default_factory=free_port)
    events: dict[str, list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        script = ROOT / "tests" / "rtsp_streams.py"
        self.process = subprocess.Popen(
            [PYTHON, script, str(self.port), self.frames, str(self.count), str(self.period_s)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline().startswith("READY")
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            _, name, at = line.split()
            self.events.setdefault(name, []).append(float(at))

    def url(self, number: int) -> str:
        """Return where a camera streams."""
        return f"rtsp://127.0.0.1:{self.port}/camera{number}"

    def cpu_s(self) -> float:
        """Return the processor time that it used so far."""
        return cpu_of(self.process.pid)

    def stop(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait(10)


def cpu_of(pid: int) -> float:
    """Return the processor time that a process used so far, seconds."""
    return cpu_of_task(Path(f"/proc/{pid}"))


def own_cpu_s() -> float:
    """Return the processor time of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def resident_mb() -> float:
    """Return what this process holds in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


@dataclass
class Spent:
    """Processor time of this process by what it was spent on, seconds, counted in the threads that spend it.

    Threads that are not Python's are the runtime's: the decoders have none of their own.
    """

    decoding_s: float = 0.0
    model_s: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self) -> None:
        """Count from now on, for as long as the process lives."""
        read, decode, detect = AvVideo.grab_packet, AvVideo.decode_packet, Detector.detect
        AvVideo.grab_packet = self._counted("decoding_s", read)  # type: ignore[method-assign]
        AvVideo.decode_packet = self._counted("decoding_s", decode)  # type: ignore[method-assign]
        Detector.detect = self._counted("model_s", detect)  # type: ignore[method-assign]

    def _counted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*given: object) -> object:
            began_s = time.thread_time()
            try:
                return call(*given)
            finally:
                with self.lock:
                    setattr(self, name, getattr(self, name) + time.thread_time() - began_s)

        return counted

    def now(self) -> "tuple[float, float, float]":
        """Return what went so far into decoding, the model, and everything."""
        ours = {str(thread.native_id) for thread in threading.enumerate()}
        tasks = Path("/proc/self/task").iterdir()
        native_s = sum(cpu_of_task(task) for task in tasks if task.name not in ours)
        return self.decoding_s, self.model_s + native_s, own_cpu_s()


def cpu_of_task(folder: Path) -> float:
    """Return the processor time that a thread used so far, seconds; 0 if it just ended."""
    try:
        user, system = (folder / "stat").read_text().rpartition(")")[2].split()[11:13]
    except OSError:
        return 0.0
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def bare_decode(server: Server, settings: Settings, way: Way, seconds: float) -> float:
    """Return the cores that reading and decoding alone take, for all cameras in one way."""
    cameras = [LiveCamera(server.url(n), 1.0, settings, way=way) for n in range(server.count)]
    for camera in cameras:
        camera.start()
    while any(camera.seen_at_s is None for camera in cameras):
        time.sleep(0.1)
    began_s, cpu_s = time.monotonic(), own_cpu_s()
    time.sleep(seconds)
    cores = (own_cpu_s() - cpu_s) / (time.monotonic() - began_s)
    for camera in cameras:
        camera.ask_to_stop()
    for camera in cameras:
        camera.stop()
    return cores


def bare_model(look: Look, rounds: int = 20) -> float:
    """Return the processor seconds of one detection on a frame that is in memory."""
    image = next(pan(HAZARD))
    look.detect(image)
    cpu_s = own_cpu_s()
    for _ in range(rounds):
        look.detect(image)
    return (own_cpu_s() - cpu_s) / rounds


@dataclass
class Books:
    """When findings were told, by camera; and the server of the ledger, if there is one."""

    settings: Settings
    served: ServedEnterprise | None = None
    told: dict[str, list[float]] = field(default_factory=dict)
    delivery: Delivery | None = None

    def __enter__(self) -> "Books":
        if self.served is not None:
            with Client(self.served.url, None, self.settings) as client:
                identity = enrol(self.settings, client, self.served.enrolment_code(), "box")
            self.delivery = Delivery(self.settings, identity)
            self.delivery.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.delivery is not None:
            self.delivery.stop()

    def heard(self, news: FindingDraft | DiskFull | RoomChange | None) -> None:
        """Note a finding that is in the outbox."""
        assert isinstance(news, FindingDraft)
        self.told.setdefault(news.source.name, []).append(time.time())
        if self.delivery is not None:
            self.delivery.wake()

    def in_ledger(self) -> dict[str, list[float]]:
        """Return when findings came into the ledger, by camera."""
        assert self.served is not None
        found: dict[str, list[float]] = {}
        for entry in self.served.pages(f"/enterprises/{self.served.enterprise_id}/ledger/entries"):
            if entry["kind"] == "finding.recorded":
                at_s = datetime.fromisoformat(entry["at"]).timestamp()
                name = entry["record"]["data"]["source"]["name"]
                found.setdefault(name, []).append(at_s)
        return {name: sorted(times) for name, times in found.items()}


def watch(
    server: Server, look: Look, books: Books, entries: list[CameraEntry], seconds: float
) -> None:
    """Watch for so long and print what it took."""
    settings, marks, spent = books.settings, list[tuple[float, float]](), Spent()
    spent.begin()
    with Outbox(settings.outbox_dir) as outbox, books:
        keep = Keep(outbox, books.heard)
        with Watchroom(look, keep, settings, lambda news: say(f"  {news}")) as room:
            room.set_cameras(entries)
            warm_s = time.monotonic() + WARM_S
            room.run(lambda: time.monotonic() > warm_s)
            before = {name: one.watch.looked for name, one in room.watched.items()}
            began_at = time.time()
            began_s, spent_s, served_s = time.monotonic(), spent.now(), server.cpu_s()
            ledger_s = cpu_of(books.served.process.pid) if books.served else 0.0
            end_s = began_s + seconds

            def mark() -> None:
                marks.append((time.monotonic() - began_s, resident_mb()))

            room.run(lambda: time.monotonic() > end_s, mark)
            took_s = time.monotonic() - began_s
            decoding, model, cores = (
                (after - before) / took_s
                for after, before in zip(spent.now(), spent_s, strict=True)
            )
            served = (server.cpu_s() - served_s) / took_s
            ledger = (cpu_of(books.served.process.pid) - ledger_s) / took_s if books.served else 0.0
            rates = [
                (one.watch.looked - before[name]) / took_s for name, one in room.watched.items()
            ]
            ways = [one.camera.way.value for one in room.watched.values()]
    say(
        f"watch: {sum(rates):.1f} looks a second, {min(rates):.2f} to {max(rates):.2f} a camera; ways {sorted(set(ways))}"
    )
    say(
        f"watch: {cores:.2f} cores; the server of the streams {served:.2f}; of the ledger {ledger:.2f}"
    )
    say_latency(server, books.told, "outbox", began_at)
    if books.served is not None:
        say_latency(server, books.in_ledger(), "ledger", began_at)
    early = next(size for at_s, size in marks if at_s > took_s / 6)
    say(
        f"memory: {early:.0f} MB after {took_s / 6:.0f} s, {marks[-1][1]:.0f} MB after {took_s:.0f} s"
    )
    own = cores - decoding - model
    say(
        f"of these cores: receiving and decoding {decoding:.2f}, model {model:.2f}; our own code {own:.2f} = {100 * own / cores:.0f} % of the watch"
    )
    decode_alone = bare_decode(server, settings, Way(ways[0]), min(seconds, 20))
    model_alone = sum(rates) * bare_model(look)
    say(f"alone: reading and decoding {decode_alone:.2f} cores, model {model_alone:.2f}")


def say_latency(server: Server, seen: dict[str, list[float]], where: str, from_at: float) -> None:
    """Print how long it took from the first picture of a hazard to its row, for the first row after each event of the measured time."""
    waits = {}
    for name, times in seen.items():
        for at in times:
            before = [begun for begun in server.events.get(name, []) if begun <= at]
            if before and before[-1] >= from_at and at - before[-1] < PERIOD_S / 2:
                waits.setdefault((name, before[-1]), at - before[-1])
    if waits:
        p50, p95 = np.percentile(list(waits.values()), [50, 95])
        say(f"event to {where}: {len(waits)} events, median {p50:.2f} s, p95 {p95:.2f} s")


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def way_of(asked: argparse.Namespace) -> Running:
    """Return the way that was asked for, else the one that doctor picks here."""
    if asked.runtime != AUTO or asked.precision != FP32 or asked.shapes is not None:
        return Running(asked.runtime, asked.precision, asked.shapes)
    best = picked(time_ways(None, next(pan(HAZARD)), 5))
    return best.way if best else Running()


def main(asked: argparse.Namespace) -> None:
    """Run it."""
    with TemporaryDirectory() as folder, ExitStack() as stack:
        frames = Path(folder) / "frames"
        encode(frames)
        size = frames.stat().st_size * 8 / (2 * PART_FRAMES / RATE) / 1e6
        say(
            f"{asked.cameras} cameras, 1080p25, {size:.1f} Mbit/s each, a key frame a second; {asked.fps} looks a second; way {asked.way}"
        )
        settings = Settings(data_dir=Path(folder) / "edge", gone_after_s=8)
        look = Look.prepare(None, None, None, ["all"], running=way_of(asked))
        runtime = look.detector.runtime
        say(
            f"model {look.detector.name} on {runtime.name} {runtime.precision} {look.detector.shapes.of((1920, 1080))}"
        )
        served = None
        if asked.ledger:
            served = ServedEnterprise(Path(folder) / "served")
            served.found()
            served.start()
            stack.callback(served.kill)
        server = Server(frames, asked.cameras)
        stack.callback(server.stop)
        entries = [
            CameraEntry.model_validate(
                {
                    "name": f"camera{n}", "source": server.url(n), "fps": asked.fps, "way": asked.way,
                    "k": 2, "n": 3, "repeat_after_s": 0,
                }
            )
            for n in range(asked.cameras)
        ]  # fmt: skip
        watch(server, look, Books(settings, served), entries, asked.seconds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cameras", type=int, nargs="?", default=16)
    parser.add_argument("seconds", type=float, nargs="?", default=60)
    parser.add_argument("fps", type=float, nargs="?", default=1.0)
    parser.add_argument("--way", default="auto")
    parser.add_argument("--runtime", default=AUTO)
    parser.add_argument("--precision", default=FP32, choices=get_args(Precision))
    parser.add_argument("--shapes", choices=get_args(ShapePolicy))
    parser.add_argument("--ledger", action="store_true", help="deliver to a real server beside it")
    main(parser.parse_args())
