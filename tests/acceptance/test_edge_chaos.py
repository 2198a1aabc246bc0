"""Whatever ends, breaks or fills up: each confirmed finding is in the ledger once, in order per camera, with its evidence.

A real box watches real RTSP streams and speaks to a real server. `ANXUN_TEST_SEED` repeats a run, `ANXUN_KILLS=200` kills as often.
"""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.chaos_box import ChaosBox, Told, check_exactly_once, told_by
from tests.lossy_line import LossyLine, why_not
from tests.moving_cameras import MovingCameras, write_frames
from tests.served import ServedEnterprise, free_port
from tests.settable_clock import SettableClock
from tests.settable_clock import why_not as why_no_clock
from tests.small_disk import MountRefused, SmallDisk
from tests.tiny_model import write_model

KILLS = int(os.environ.get("ANXUN_KILLS", "40"))
# A minute a kill is far more than any took: it ends what hangs.
pytestmark = [pytest.mark.slow, pytest.mark.rtsp, pytest.mark.timeout(max(1800, 60 * KILLS))]

# What a box that is started takes to tell its second finding on a machine with nothing else to do.
QUICK_START_S = 5.0
# Every time that the hazard comes it is told, though its item is open.
EACH_TIME = 'fps = 5\nk = 1\nn = 1\n[[cameras.rules]]\nhazards = ["EMG-01"]\nrepeat_after_s = 0\n'
ONCE = 'fps = 5\nk = 1\nn = 1\n[[cameras.rules]]\nhazards = ["EMG-01"]\nrepeat_after_s = 3600\n'


@pytest.fixture
def rng() -> random.Random:
    """Return seeded randomness; the seed is printed."""
    seed = int(os.environ.get("ANXUN_TEST_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"ANXUN_TEST_SEED={seed}")  # noqa: T201  to run it again
    return random.Random(seed)  # noqa: S311  reproducible, not secret


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedEnterprise]:
    """Yield a running server with one enterprise."""
    served = ServedEnterprise(tmp_path / "server")
    served.found()
    served.start()
    yield served
    served.kill()


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Return a model that sees a flame in what is bright."""
    return write_model(tmp_path / "model")


def cameras_of(tmp_path: Path, part_s: float, period_s: float) -> MovingCameras:
    """Return two cameras, switched off."""
    frames = tmp_path / "frames.h264"
    write_frames(frames, part_s)
    return MovingCameras(frames, 2, period_s)


@pytest.fixture
def cameras(rtsp_packages: None, tmp_path: Path) -> Iterator[MovingCameras]:
    """Yield two cameras that show the hazard for a second in every two."""
    cameras = cameras_of(tmp_path, 1.0, 2.0)
    cameras.start()
    yield cameras
    cameras.kill()


def ready(
    box: ChaosBox, served: ServedEnterprise, cameras: MovingCameras, rules: str, model: Path
) -> tuple[str, ...]:
    """Enrol the box; return what its watch is started with."""
    box.run("enrol", served.url, served.enrolment_code(), "--name", "box")
    file = box.folder / "cameras.toml"
    file.write_text(cameras.cameras_file(rules), "utf-8")
    return "--cameras", str(file), "--model", str(model)


def wait_for(box: ChaosBox, findings: int, within_s: float = 120) -> None:
    """Wait until the box has told so many findings in all."""
    until = time.monotonic() + within_s
    while len(told_by(box)) < findings:
        assert box.is_watching, box.tail()
        assert time.monotonic() < until, f"{len(told_by(box))} findings; {box.tail()}"
        time.sleep(0.1)


def test_random_kills(
    served: ServedEnterprise,
    cameras: MovingCameras,
    model: Path,
    tmp_path: Path,
    rng: random.Random,
) -> None:
    """SIGKILL ends box, server and cameras at random moments; nothing is lost and nothing doubled."""
    box = ChaosBox(tmp_path / "box", settings={"GONE_AFTER_S": "0.5"})
    victims: Counter[str] = Counter()
    try:
        watch = ready(box, served, cameras, EACH_TIME, model)
        started = time.monotonic()
        box.watch(*watch)
        wait_for(box, 2)
        # A machine that is slow today gets more time between the kills, else nothing would happen between them.
        pace = max(1.0, (time.monotonic() - started) / QUICK_START_S)
        for _ in range(KILLS):
            time.sleep(rng.uniform(0.05, 2.5) * pace)
            (victim,) = rng.choices(["box", "server", "cameras"], [70, 18, 12])
            victims[victim] += 1
            assert victim == "server" or box.is_watching, box.tail()
            if victim == "box":
                box.kill()
                box.watch(*watch)
            elif victim == "server":
                served.kill()
                served.start(wait=False)
            else:
                cameras.kill()
                cameras.start()
        before = len(told_by(box))
        wait_for(box, before + 2)
        served.wait()
        box.kill(signal.SIGTERM)
        box.run("deliver", "--wait")
        told = check_exactly_once(served, box, tmp_path / "ledger.zip")
    finally:
        box.close()
    print(dict(victims), len(told), "findings")  # noqa: T201  with the seed: what this run was
    assert len(told) > KILLS // 4, "too little was found between the kills to tell anything"
    assert {one.camera for one in told} == {"camera0", "camera1"}


def test_a_standing_hazard_is_told_once_however_often_the_box_is_killed(
    served: ServedEnterprise,
    cameras: MovingCameras,
    model: Path,
    tmp_path: Path,
    rng: random.Random,
) -> None:
    """While its item is open a hazard is one finding a camera, also for a box that was killed right after it told it."""
    box = ChaosBox(tmp_path / "box", settings={"GONE_AFTER_S": "0.5"})
    try:
        watch = ready(box, served, cameras, ONCE, model)
        for _ in range(max(8, KILLS // 8)):
            box.watch(*watch)
            # In most rounds the first finding falls into the last moments.
            until = time.monotonic() + rng.uniform(0.3, 4)
            before = len(told_by(box))
            while time.monotonic() < until and len(told_by(box)) == before:
                time.sleep(0.005)
            box.kill()
        box.watch(*watch)
        wait_for(box, 2)
        time.sleep(4)
        box.kill(signal.SIGTERM)
        box.run("deliver", "--wait")
        told = check_exactly_once(served, box, tmp_path / "ledger.zip")
    finally:
        box.close()
    assert Counter(one.camera for one in told) == {"camera0": 1, "camera1": 1}


@pytest.fixture
def line(rng: random.Random) -> Iterator[LossyLine]:
    """Yield a line between the box's own network and this machine."""
    if reason := why_not():
        pytest.skip(reason)
    with LossyLine(rng) as line:
        yield line


def test_a_bad_line(
    line: LossyLine, rtsp_packages: None, model: Path, tmp_path: Path, rng: random.Random
) -> None:
    """Packets are lost, the line is cut in mid-connection, or carries one way only: each hazard that came is told once."""
    served = ServedEnterprise(tmp_path / "server", host=line.near)
    served.found()
    served.start()
    cameras = cameras_of(tmp_path, 2.0, 5.0)
    cameras.prefix = line.prefix
    cameras.start()
    box = ChaosBox(tmp_path / "box", line.prefix, {"GONE_AFTER_S": "1", "PART_BYTES": "65536"})
    phases: list[str] = []
    try:
        watch = ready(box, served, cameras, EACH_TIME, model)
        box.watch(*watch)
        wait_for(box, 2)
        for _ in range(max(2, KILLS // 25)):
            line.mend()
            line.loss, line.delay_s = rng.uniform(0.05, 0.3), rng.uniform(0, 0.15)
            phases.append(f"loss {line.loss:.0%}")
            time.sleep(rng.uniform(2, 6))
            line.mend()
            trouble = rng.choice(["cut", "nothing comes in", "nothing goes out", "server restart"])
            phases.append(trouble)
            if trouble == "server restart":
                served.kill()
                served.start(wait=False)
            line.goes_out = trouble in ("nothing comes in", "server restart")
            line.comes_in = trouble in ("nothing goes out", "server restart")
            time.sleep(rng.uniform(2, 8))
        line.mend()
        served.wait()
        wait_for_events(box, cameras, 6)
        box.kill(signal.SIGTERM)
        ended_at_s = time.time()
        box.run("deliver", "--wait")
        told = check_exactly_once(served, box, tmp_path / "ledger.zip")
        print(phases, f"{line.lost} of {line.lost + line.carried} packets lost")  # noqa: T201
        check_each_event_once(cameras, told, ended_at_s)
    finally:
        box.close()
        cameras.kill()
        served.kill()


def wait_for_events(box: ChaosBox, cameras: MovingCameras, events: int) -> None:
    """Wait until two more were told, and each camera showed so many since the box told its first of that camera."""
    wait_for(box, len(told_by(box)) + 2)
    first_s: dict[str, float] = {}
    for one in told_by(box):
        at_s = datetime.fromisoformat(one.captured_at).timestamp()
        first_s[one.camera] = min(at_s, first_s.get(one.camera, at_s))
    time.sleep(max(0.0, max(first_s.values()) + events * cameras.period_s - time.time()))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """Yield a small disk that the box has for itself."""
    try:
        with SmallDisk(tmp_path / "box", 224 << 20) as disk:
            yield disk
    except MountRefused as refused:
        pytest.skip(str(refused))


def wait_until(box: ChaosBox, what: str, holds: Callable[[], bool], within_s: float = 120) -> None:
    """Wait until something holds of the box, which goes on watching."""
    until = time.monotonic() + within_s
    while not holds():
        assert box.is_watching, box.tail()
        assert time.monotonic() < until, f"not within {within_s:.0f} s: {what}; {box.tail()}"
        time.sleep(0.2)


def test_a_full_disk(
    served: ServedEnterprise, rtsp_packages: None, disk: SmallDisk, model: Path, tmp_path: Path
) -> None:
    """Nothing more can be written: first findings are held until it can be, the page says so, and each is told once."""
    cameras = cameras_of(tmp_path, 1.0, 2.0)
    cameras.count = 3
    cameras.start()
    box = ChaosBox(disk.folder, settings={"GONE_AFTER_S": "0.5", "PAGE_PORT": str(free_port())})
    file = tmp_path / "cameras.toml"
    described = cameras.cameras_file(EACH_TIME)
    third = described.index('[[cameras]]\nname = "camera2"')
    file.write_text(described[:third], "utf-8")
    try:
        box.run("enrol", served.url, served.enrolment_code(), "--name", "box")
        box.watch("--cameras", str(file), "--model", str(model))
        wait_for(box, 3)
        assert box.page()["disk_full_at"] is None
        served.kill()
        disk.fill()
        full_s = time.time()
        # A camera that is new shows a hazard that nobody told yet.
        file.write_text(described, "utf-8")
        wait_until(box, "held", lambda: box.page()["outbox"]["held"] > 0)
        wait_until(
            box,
            "seen",
            lambda: any(c["found"] for c in box.page()["cameras"] if c["name"] == "camera2"),
        )
        time.sleep(3)
        told_while_full = len(told_by(box))
        freed_s = time.time()
        disk.empty()
        served.start()
        wait_until(box, "kept again", lambda: not box.page()["outbox"]["held"])
        wait_for(box, told_while_full + 6)
        page = box.page()
        box.kill(signal.SIGTERM)
        box.run("deliver", "--wait")
        # The budget of a disk that is full is what is there already: what repeats a finding gives way, no first one does.
        told = check_exactly_once(served, box, tmp_path / "ledger.zip", may_thin=True)
    finally:
        box.close()
        cameras.kill()
    assert page["disk_full_at"] is not None
    firsts = [one for one in told if one.camera == "camera2"]
    assert full_s < firsts[0].true_s < freed_s
    assert "the disk is full; findings are held" in box.log.read_text("utf-8")


def test_a_clock_that_jumps(
    served: ServedEnterprise, cameras: MovingCameras, model: Path, tmp_path: Path
) -> None:
    """Two days ahead, an hour back without a line, and right again: each event is told once, in order, with its true time."""
    if reason := why_no_clock():
        pytest.skip(reason)
    clock = SettableClock(tmp_path / "clock")
    settings = {"GONE_AFTER_S": "0.5", "PAGE_PORT": str(free_port())}
    box = ChaosBox(tmp_path / "box", clock.prefix, settings)
    try:
        watch = ready(box, served, cameras, EACH_TIME, model)
        began_s = time.time()
        box.watch(*watch)
        wait_for(box, 3)
        clock.shift(2 * 86_400)
        wait_for(box, len(told_by(box)) + 4)
        assert box.page()["clock_jumped_s"] == pytest.approx(2 * 86_400, abs=2)
        served.kill()
        clock.shift(-3600)
        wait_for(box, len(told_by(box)) + 4)
        wait_until(box, "the second jump", lambda: box.page()["clock_jumps"] == 2)
        box.kill()
        clock.shift(-1800)
        box.watch(*watch)
        wait_for(box, len(told_by(box)) + 4)
        clock.shift(0)
        served.start()
        wait_for(box, len(told_by(box)) + 4)
        wait_until(box, "the jump of this run", lambda: box.page()["clock_jumps"] == 1)
        ended_at_s = time.time()
        box.kill(signal.SIGTERM)
        box.run("deliver", "--wait")
        told = check_exactly_once(served, box, tmp_path / "ledger.zip")
    finally:
        box.close()
    true = [one.true_s for one in told]
    assert began_s < min(true) < max(true) < ended_at_s + 2
    assert {
        round((datetime.fromisoformat(one.captured_at).timestamp() - one.true_s) / 1800)
        for one in told
    } == {0, 96, -2, -1}
    assert "clock jumped by +172800" in box.log.read_text("utf-8")


def check_each_event_once(cameras: MovingCameras, told: list[Told], ended_at_s: float) -> None:
    """Check what the box told against what the cameras say that they showed."""
    for camera, events in cameras.events.items():
        times = [one.true_s for one in told if one.camera == camera]
        began_s = min(times)
        # One that began before the box saw its first, or just before its end, may be untold.
        counted = [at for at in events if began_s - 1 < at < ended_at_s - 3]
        for at in counted:
            found = [each for each in times if at - 0.5 <= each < at + cameras.period_s - 1]
            assert len(found) == 1, f"{camera} at {at}: told {len(found)} times"
        assert len(counted) >= 4
