"""`anxun-edge` against a real `anxun serve`: enrol, patrol, deliver, be revoked."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.served import BIN, ServedEnterprise
from tests.tiny_model import write_model
from tests.unit.edge.conftest import picture

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedEnterprise]:
    """Yield a running server with one enterprise."""
    served = ServedEnterprise(tmp_path_factory.mktemp("server"))
    served.found()
    served.start()
    yield served
    served.kill()


class Device:
    """A state folder and the command line on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.photos = folder / "photos"
        self.photos.mkdir()
        self.model = write_model(folder / "model")

    def run(self, *arguments: object, **more: str) -> tuple[int, str]:
        """Run a command; return its exit code and all it printed."""
        environment = (
            os.environ
            | more
            | {
                "ANXUN_EDGE_DATA_DIR": str(self.folder / "state"),
                "ANXUN_EDGE_RETRY_FIRST_S": "0.1",
                "ANXUN_EDGE_PART_BYTES": "65536",
                "ANXUN_LANG": "en",
            }
        )
        command = [str(BIN / "anxun-edge"), *map(str, arguments)]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        return done.returncode, done.stdout + done.stderr

    def patrol(self) -> tuple[int, str]:
        """Walk the photos."""
        return self.run("patrol", self.photos, "--model", self.model)

    def status(self) -> dict[str, object]:
        """Return the status."""
        code, output = self.run("status", "--json")
        assert code == 0
        facts: dict[str, object] = json.loads(output)
        return facts


@pytest.fixture
def device(tmp_path: Path) -> Device:
    """Return a device that was never enrolled."""
    return Device(tmp_path)


def test_from_enrolment_to_the_ledger(served: ServedEnterprise, device: Device) -> None:
    """A code, a patrol, and the finding is in the ledger; a code works once; a large photo goes in parts."""
    code = served.enrolment_code()
    assert device.run("enrol", served.url, code, "--name", "box-1")[0] == 0
    assert device.run("enrol", served.url, code, "--name", "box-2")[0] == 7
    small, large = picture(255, 1), picture(255, 2) + os.urandom(300_000)
    (device.photos / "small.jpg").write_bytes(small)
    (device.photos / "large.jpg").write_bytes(large)
    returned, output = device.patrol()
    assert returned == 0, output
    assert "2 recorded" in output
    status = device.status()
    assert status["findings"] == {"waiting": 0, "delivered": 2, "rejected": 0, "thinned": 0}
    assert status["evidence_bytes"] == 0
    assert abs(float(str(status["clock_offset_s"]))) < 2
    names = {finding["source"]["name"] for finding in served.pages("/findings")}
    assert {"small.jpg", "large.jpg"} <= names


def test_a_revoked_device_keeps_what_it_has_and_says_so(
    served: ServedEnterprise, device: Device
) -> None:
    """Exit code 7; the finding waits until the device is enrolled again, and then it goes."""
    assert device.run("enrol", served.url, served.enrolment_code(), "--name", "lost-box")[0] == 0
    headers = {"Authorization": f"Bearer {served.sign_in()}"}
    own = f"{served.url}/v1/enterprises/{served.enterprise_id}/devices"
    listed = httpx.get(own, headers=headers).json()["items"]
    (lost,) = [each["id"] for each in listed if each["name"] == "lost-box"]
    assert httpx.delete(f"{own}/{lost}", headers=headers).status_code == 204
    (device.photos / "a.jpg").write_bytes(picture(255, 3))
    returned, output = device.patrol()
    assert returned == 7
    assert "no longer accepts this device's token" in output
    assert device.status()["findings"] == {
        "waiting": 1,
        "delivered": 0,
        "rejected": 0,
        "thinned": 0,
    }
    assert device.run("enrol", served.url, served.enrolment_code(), "--name", "found-box")[0] == 0
    returned, output = device.run("deliver", "--wait")
    assert (returned, "1 recorded" in output) == (0, True)


def test_a_server_that_is_away_costs_nothing_but_time(
    served: ServedEnterprise, device: Device
) -> None:
    """The patrol ends well, `deliver` says that something waits, and later it goes."""
    assert device.run("enrol", served.url, served.enrolment_code(), "--name", "box-3")[0] == 0
    (device.photos / "a.jpg").write_bytes(picture(255, 4))
    served.kill()
    returned, output = device.patrol()
    assert returned == 0
    assert "is away" in output
    assert "1 findings are kept here" in output
    assert device.run("deliver")[0] == 8
    served.start()
    returned, output = device.run("deliver")
    assert (returned, "1 recorded" in output) == (0, True)


def test_doctor_asks_the_real_server_and_a_healthy_box_ends_with_0(
    served: ServedEnterprise, device: Device
) -> None:
    """Enrolled, accepted, in time: nothing to do; the patrol after it runs as doctor chose."""
    assert device.run("enrol", served.url, served.enrolment_code(), "--name", "box-9")[0] == 0
    (device.photos / "a.jpg").write_bytes(picture(255, 9))
    asked = ("doctor", "--model", device.model, "--rounds", 3)
    code, output = device.run(*asked, COLUMNS="200")
    assert code == 0, output
    assert f"{served.url} accepts this device" in output
    assert "problem" not in output
    code, output = device.patrol()
    assert code == 0
    assert "as doctor chose at" in output


def test_an_enterprise_whose_room_is_used_up_loses_nothing(
    served: ServedEnterprise, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The box keeps it, and says in `status` what the server said; with more room it goes."""
    assert device.run("enrol", served.url, served.enrolment_code(), "--name", "box-507")[0] == 0
    (device.photos / "a.jpg").write_bytes(picture(255, 507))
    served.kill()
    with monkeypatch.context() as patch:
        patch.setenv("ANXUN_EVIDENCE_QUOTA_BYTES", "1")
        served.start()
        assert device.patrol()[0] == 0
        assert device.run("deliver")[0] == 8
        status = device.status()
        assert status["findings"] == {"waiting": 1, "delivered": 0, "rejected": 0, "thinned": 0}
        assert "507" in str(status["delivery_trouble"])
        _, shown = device.run("status", COLUMNS="400")
        assert "raise ANXUN_EVIDENCE_QUOTA_BYTES" in shown
        served.kill()
    served.start()
    returned, output = device.run("deliver")
    assert (returned, "1 recorded" in output) == (0, True)
    assert device.status()["delivery_trouble"] is None
