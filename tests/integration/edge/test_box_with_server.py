"""A real `anxun-edge watch` against a real `anxun serve`: its cameras and its model come from there, and it says how it does."""

import io
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import httpx
import pytest

from tests.http_camera import HttpCamera, http_camera
from tests.served import BIN, ServedEnterprise
from tests.tiny_model import another_model

pytestmark = pytest.mark.timeout(240)
__all__ = ["http_camera"]


class Box:
    """A state folder, a watch on it, and the office's view of it."""

    def __init__(self, folder: Path, served: ServedEnterprise) -> None:
        self.folder, self.served = folder, served
        self.cameras = folder / "cameras.toml"
        self.environment = os.environ | {
            "ANXUN_EDGE_DATA_DIR": str(folder / "state"),
            "ANXUN_EDGE_LINK_EVERY_S": "0.3",
            "ANXUN_EDGE_DELIVER_EVERY_S": "0.3",
            "ANXUN_EDGE_CLIP_BEFORE_S": "2",
            "ANXUN_EDGE_CLIP_AFTER_S": "1",
            "ANXUN_EDGE_RUNTIME": "onnxruntime:cpu",
            "ANXUN_LANG": "en",
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.office = httpx.Client(
            base_url=f"{served.url}/v1/enterprises/{served.enterprise_id}",
            headers={"Authorization": f"Bearer {served.sign_in()}"},
            timeout=30,
        )
        code = served.enrolment_code()
        assert self.run("enrol", served.url, code, "--name", "box")[0] == 0
        self.device_id = self.status()["device"]["device_id"]

    def run(self, *arguments: object) -> tuple[int, str]:
        """Run a command."""
        done = subprocess.run(
            [BIN / "anxun-edge", *map(str, arguments)],
            env=self.environment, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def status(self) -> dict[str, Any]:
        """Return the status."""
        facts: dict[str, Any] = json.loads(self.run("status", "--json")[1])
        return facts

    def start(self) -> None:
        """Watch."""
        with (self.folder / "watch.log").open("ab") as log:
            self.process = subprocess.Popen(
                [BIN / "anxun-edge", "watch", "--cameras", self.cameras],
                env=self.environment, stdout=log, stderr=log,
            )  # fmt: skip

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            assert self.process.wait(30) == 143, self.log()
            self.process = None

    def log(self) -> str:
        """Return what it said."""
        return (self.folder / "watch.log").read_text("utf-8")

    def configure(self, text: str, based_on: int) -> None:
        """Change its cameras on the server."""
        path = f"/devices/{self.device_id}/configurations"
        answer = self.office.post(path, json={"text": text, "based_on": based_on})
        assert answer.status_code == 201, answer.text

    def choose(self, sha256: str | None) -> None:
        """Choose its model on the server."""
        path = f"/devices/{self.device_id}/model"
        assert (
            self.office.put(path, json={"sha256": sha256}, headers={"If-Match": "*"}).status_code
            == 204
        )

    def report_until(self, holds: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """Wait for a report of which something holds."""
        until_s = time.monotonic() + 60
        report: dict[str, Any] | None = None
        while time.monotonic() < until_s:
            seen = self.office.get(f"/devices/{self.device_id}/box").json()
            report = seen["report"]
            if report is not None and holds(report):
                return report
            assert self.process is None or self.process.poll() is None, self.log()
            time.sleep(0.1)
        raise AssertionError(f"{report}\n{self.log()}")

    def wait_until(self, holds: Callable[[], object]) -> None:
        """Wait until something holds."""
        until_s = time.monotonic() + 60
        while not holds():
            assert time.monotonic() < until_s, self.log()
            time.sleep(0.2)

    def clip_until_there(self, finding_id: str) -> dict[str, Any]:
        """Wait for the clip of a finding."""
        path = f"/findings/{finding_id}/clip"
        self.wait_until(lambda: self.office.get(path).json()["clip"])
        found: dict[str, Any] = self.office.get(path).json()["clip"]
        return found


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedEnterprise]:
    """Yield a running server with one enterprise."""
    served = ServedEnterprise(tmp_path_factory.mktemp("server"))
    served.found()
    served.start()
    yield served
    served.kill()


@pytest.fixture
def box(tmp_path: Path, served: ServedEnterprise) -> Iterator[Box]:
    """Yield a box that is enrolled."""
    box = Box(tmp_path, served)
    try:
        yield box
    finally:
        if box.process is not None:
            box.process.kill()
            box.process.wait(10)
        box.office.close()


def names(report: dict[str, Any]) -> set[str]:
    """Return which cameras a box watches."""
    return {camera["name"] for camera in report["cameras"]}


def see_clip(box: Box, finding: dict[str, Any]) -> None:
    """The clip follows its finding into the ledger, plays, and is gone from the box."""
    clip = box.clip_until_there(finding["id"])
    assert clip["entry_index"] > finding["entry_index"]
    evidence = box.office.get(f"/evidence/{clip['evidence_sha256']}")
    assert evidence.headers["Content-Type"] == "video/mp4"
    with av.open(io.BytesIO(evidence.content)) as played:
        assert len(list(played.decode(video=0))) >= 2
    box.wait_until(lambda: not list((box.folder / "state" / "clips").glob("*.json")))


def test_cameras_and_model_come_from_the_server(box: Box, http_camera: HttpCamera) -> None:
    """Taken, refused with the reason, switched, rolled back: each is seen at the office, and findings go on."""
    camera = f'source = "http://{http_camera.address}/snapshot"\nfps = 5\nk = 2\nn = 3\n'
    box.cameras.write_text(f'[[cameras]]\nname = "own"\n{camera}')
    box.start()
    first = box.report_until(lambda report: names(report) == {"own"})
    assert first["configuration_origin"] == "file"
    shipped = first["model_sha256"]

    box.configure(f'[[cameras]]\nname = "gate"\n{camera}', 0)
    taken = box.report_until(lambda report: report["configuration_version"] == 1)
    assert names(taken) == {"gate"}
    box.configure(f'[[cameras]]\nname = "gate"\n{camera}speed = 3\n', 1)
    refused = box.report_until(lambda report: report["refused_version"] == 2)
    assert "camera gate: speed" in refused["refused_reason"]
    assert refused["configuration_version"] == 1
    assert names(refused) == {"gate"}

    released = box.served.anxun("model", "release", str(another_model(box.folder / "m", "new")))
    new = released.split()[0]
    box.choose(new)
    switched = box.report_until(lambda report: report["model_sha256"] == new)
    assert switched["model_version"] == "new"
    burning = box.report_until(lambda report: report["cameras"][0]["found"])
    assert names(burning) == {"gate"}
    box.wait_until(lambda: list(box.served.pages("/findings")))
    (finding, *_) = box.served.pages("/findings")
    assert (finding["model_sha256"], finding["source"]["name"]) == (new, "gate")
    see_clip(box, finding)

    box.stop()
    box.start()
    again = box.report_until(lambda report: report["started_at"] != switched["started_at"])
    assert (again["model_sha256"], again["configuration_version"]) == (new, 1)
    code, output = box.run("model", "rollback")
    assert code == 0, output
    back = box.report_until(lambda report: report["model_sha256"] == shipped)
    assert back["configuration_version"] == 1
    trouble = box.report_until(lambda report: "rolled back by command" in report["model_trouble"])
    assert trouble["model_sha256"] == shipped
    box.stop()


def test_a_new_box_finds_its_cameras_on_the_server(box: Box, http_camera: HttpCamera) -> None:
    """Its own file is still the example with a password that is not set."""
    box.cameras.write_text('[[cameras]]\nname = "gate"\nsource = "rtsp://v:${GATE_PW}@192.0.2.1"\n')
    box.configure(
        f'[[cameras]]\nname = "yard"\nsource = "http://{http_camera.address}/snapshot"\n', 0
    )
    box.start()
    report = box.report_until(lambda report: report["configuration_version"] == 1)
    assert names(report) == {"yard"}
    box.stop()
