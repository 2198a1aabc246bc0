"""A patrol over 200 photos, with the device or the server killed twenty times: nothing is lost, nothing is doubled.

The detector is `tests.tiny_model`: what is under test is the way from the photo to the ledger, so what will be found
has to be known beforehand. The photos are variations of the demonstration's real ones where `make` fetched them
(var/media), of drawn ones elsewhere; half of them are darkened, so that the detector finds nothing in them.
"""

import hashlib
import os
import random
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.served import BIN, ServedEnterprise
from tests.tiny_model import write_model

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
MEDIA = Path(__file__).parents[2] / "var" / "media" / "photos"
KILLS = 20


def make_photos(
    folder: Path, count: int, rng: random.Random, size_wh: tuple[int, int] = (480, 480)
) -> dict[str, bool]:
    """Write photos with distinct bytes; return for each sha256 whether something is found in it."""
    folder.mkdir(parents=True)
    bases = [cv2.imread(str(path)) for path in sorted(MEDIA.glob("*")) if MEDIA.is_dir()]
    if not bases:
        noise = np.random.default_rng(rng.randrange(1 << 30))
        drawn = noise.integers(120, 256, (480, 640, 3), np.uint8)
        bases = [cv2.GaussianBlur(drawn, (9, 9), 0)]
    expected: dict[str, bool] = {}
    for number in range(count):
        is_found = rng.random() < 0.5
        # The mean decides: 0.7 of full brightness is found, 0.1 is not (threshold 0.4; padding is 0.45 grey).
        image = cv2.resize(rng.choice(bases), size_wh)
        scaled = image * ((0.7 if is_found else 0.1) * 255 / max(float(image.mean()), 1.0))
        image = np.full_like(image, 255 if is_found else 0) // 2 + np.clip(
            scaled / 2, 0, 127
        ).astype(np.uint8)
        cv2.putText(image, f"{number:05d}", (20, 60), cv2.FONT_HERSHEY_SIMPLEX, 2, (0, 0, 255), 3)
        suffix = rng.choices([".jpg", ".png", ".webp"], [10, 1, 1])[0]
        done, data = cv2.imencode(suffix, image)
        assert done
        path = folder / f"walk-{number % 3}" / f"photo-{number:05d}{suffix}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data.tobytes())
        expected[hashlib.sha256(data.tobytes()).hexdigest()] = is_found
    assert len(expected) == count, "every photo has bytes of its own"
    return expected


class Edge:
    """A device's state folder, and the `anxun-edge` process that works on it."""

    def __init__(self, data_dir: Path, photos: Path, model: Path) -> None:
        self.data_dir, self.photos, self.model = data_dir, photos, model
        self.log = data_dir.parent / "edge.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a command."""
        environment = os.environ | {
            "ANXUN_EDGE_DATA_DIR": str(self.data_dir),
            "ANXUN_LANG": "en",
            # Small parts and short waits: more places to be killed at.
            "ANXUN_EDGE_PART_BYTES": "65536",
            "ANXUN_EDGE_RETRY_FIRST_S": "0.1",
            "ANXUN_EDGE_RETRY_LONGEST_S": "1",
            "ANXUN_EDGE_DELIVER_EVERY_S": "0.2",
        }
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [BIN / "anxun-edge", *arguments], env=environment, stdout=log, stderr=log
            )
        return self.process

    def patrol(self, *more: str) -> subprocess.Popen[bytes]:
        """Start the patrol."""
        return self.start("patrol", str(self.photos), "--model", str(self.model), *more)

    def run(self, *arguments: str) -> int:
        """Run a command to its end."""
        return self.start(*arguments).wait(120)

    def stop(self) -> None:
        """End what is left of it."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(30)

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """Read from the outbox, beside the process."""
        path = self.data_dir / "outbox" / "outbox.sqlite"
        if not path.exists():
            return []
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10) as db:
            try:
                return db.execute(sql).fetchall()
            except sqlite3.OperationalError:  # killed before its tables were made
                return []
            finally:
                db.interrupt()

    def photo_count(self) -> int:
        """Return how many photos are accounted for."""
        rows = self.rows("SELECT count(*) FROM photo")
        return int(str(rows[0][0])) if rows else 0


@pytest.fixture
def rng() -> random.Random:
    """Return seeded randomness; the seed is printed and can be set as ANXUN_TEST_SEED."""
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
def edge(tmp_path: Path) -> Iterator[Edge]:
    """Yield a device."""
    model = write_model(tmp_path / "model", threshold=0.4)
    edge = Edge(tmp_path / "edge", tmp_path / "photos", model)
    yield edge
    edge.stop()


def wait_until_photos(edge: Edge, count: int, process: subprocess.Popen[bytes]) -> bool:
    """Wait until so many photos are accounted for; return False when the process ended before."""
    while edge.photo_count() < count:
        if process.poll() is not None:
            return False
        time.sleep(0.005)
    return True


def test_no_photo_is_lost_and_no_finding_doubled_by_twenty_kills(
    served: ServedEnterprise, edge: Edge, tmp_path: Path, rng: random.Random
) -> None:
    """After 20 SIGKILLs of device and server, each photo is accounted for and each finding is once in the ledger."""
    expected = make_photos(edge.photos, 200, rng, (1600, 1200))
    assert edge.run("enrol", served.url, served.enrolment_code(), "--name", "box") == 0
    victims: Counter[str] = Counter()
    process = edge.patrol()
    for _ in range(KILLS):
        wait_until_photos(edge, edge.photo_count() + rng.randint(0, 9), process)
        time.sleep(rng.uniform(0, 0.1))
        at = "on its way" if edge.photo_count() < len(expected) else "walked"
        victim = "server" if rng.random() < 0.3 else "edge"
        victims[f"{victim}, {at}"] += 1
        if victim == "server":
            served.kill()
            # The patrol goes on without a server, and meets one that is just starting.
            served.start(wait=False)
        else:
            edge.stop()
        if process.poll() is not None:
            process = edge.patrol()
    print(dict(victims))  # noqa: T201  with the seed: what this run was
    assert victims["edge, on its way"] + victims["server, on its way"] >= KILLS // 2
    served.wait()
    process.wait(120)
    assert edge.run("patrol", str(edge.photos), "--model", str(edge.model)) == 0
    assert edge.run("deliver", "--wait") == 0
    check_everything(served, edge, tmp_path, expected)


def test_a_thousand_photos_are_interrupted_and_resumed_without_a_duplicate(
    served: ServedEnterprise, edge: Edge, tmp_path: Path, rng: random.Random
) -> None:
    """1,000 photos, ended politely and brutally along the way, are each assessed and reported once."""
    expected = make_photos(edge.photos, 1000, rng)
    assert edge.run("enrol", served.url, served.enrolment_code(), "--name", "box") == 0
    for number in [signal.SIGINT, signal.SIGTERM, signal.SIGKILL, signal.SIGINT, signal.SIGKILL]:
        process = edge.patrol()
        if wait_until_photos(edge, edge.photo_count() + rng.randint(50, 150), process):
            process.send_signal(number)
            code = process.wait(60)
            assert code == (-number if number == signal.SIGKILL else 128 + number)
    began = time.monotonic()
    before = edge.photo_count()
    assert edge.patrol().wait(400) == 0
    took_s = time.monotonic() - began
    print(f"the last run did {1000 - before} photos in {took_s:.1f} s")  # noqa: T201  a measurement
    assert edge.run("deliver", "--wait") == 0
    check_everything(served, edge, tmp_path, expected)


def check_everything(
    served: ServedEnterprise, edge: Edge, tmp_path: Path, expected: dict[str, bool]
) -> None:
    """Check the outbox, the API, the ledger and its exported bundle against what is known to be in the photos."""
    photos = edge.rows("SELECT sha256, state, findings FROM photo")
    assert len(photos) == len(expected)
    assert {sha256: state == "found" for sha256, state, _ in photos} == expected
    assert edge.rows("SELECT DISTINCT state FROM draft") == [("delivered",)]
    assert not list((edge.data_dir / "outbox" / "evidence").glob("??/*")), "delivered evidence goes"

    found = sorted(sha256 for sha256, is_found in expected.items() if is_found)
    findings = list(served.pages("/findings"))
    assert sorted(finding["evidence_sha256"] for finding in findings) == found
    enterprise = f"/enterprises/{served.enterprise_id}"
    entries = [
        entry
        for entry in served.pages(f"{enterprise}/ledger/entries")
        if entry["kind"] == "finding.recorded"
    ]
    assert len(entries) == len(found)
    assert len({entry["record"]["data"]["finding_id"] for entry in entries}) == len(found)

    served.kill(signal.SIGTERM)
    bundle = tmp_path / "ledger.zip"
    served.anxun("export", served.enterprise_id, str(bundle))
    served.anxun("verify", str(bundle))
