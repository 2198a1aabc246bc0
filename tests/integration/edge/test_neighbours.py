"""`anxun-edge neighbours` as a process: a real broker, a Frigate's own messages, a camera's POST, a real server."""

import json
import os
import signal
import subprocess
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from edge.told import NeighbourOutbox
from tests.http_camera import jpeg
from tests.mqtt_broker import PASSWORD, USER, Broker, Listener
from tests.served import BIN, ServedEnterprise, free_port

TOKEN = "the-token-of-gate-ai"
OBJECT = {
    "id": "1607123955.475377-mxklsc", "camera": "front_door", "frame_time": 1607123961.837752,
    "label": "fire", "sub_label": None, "top_score": 0.958984375, "false_positive": False,
    "start_time": 1607123955.475377, "end_time": None, "score": 0.7890625,
    "box": [424, 50, 536, 112], "area": 23744, "ratio": 2.1, "region": [264, 45, 667, 153],
    "current_zones": ["yard"], "entered_zones": ["yard"], "has_clip": False,
    "has_snapshot": False, "stationary": False, "motionless_count": 0, "attributes": {},
}  # fmt: skip


def event(kind: str, **changes: object) -> str:
    """Return a message of frigate/events."""
    after = OBJECT | changes
    return json.dumps({"type": kind, "before": OBJECT, "after": after})


def write_file(folder: Path, broker: Broker | None, port: int) -> Path:
    """Write a file of neighbours; secrets come from the environment."""
    mqtt = ""
    if broker is not None:
        mqtt = f"""
[mqtt]
host = "127.0.0.1"
port = {broker.port}
username = "{USER}"
password = "${{MQTT_PASSWORD}}"
[frigate]
[[frigate.labels]]
label = "fire"
hazard = "EMG-01"
min_score = 0.5
[publish]
box = "gate box/1"
"""
    path = folder / "neighbours.toml"
    path.write_text(f"""{mqtt}
[push]
port = {port}
[[push.cameras]]
name = "gate-ai"
token = "${{GATE_TOKEN}}"
labels = [{{ label = "no_helmet", hazard = "PPE-01" }}]
""")
    return path


@contextmanager
def running(file: Path, data_dir: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    """Run the command, and end it by SIGTERM."""
    environment = os.environ | {
        "ANXUN_EDGE_DATA_DIR": str(data_dir),
        "ANXUN_LANG": "en",
        "MQTT_PASSWORD": PASSWORD,
        "GATE_TOKEN": TOKEN,
        "PYTHONUNBUFFERED": "1",
    }
    log = data_dir.parent / "log"
    with log.open("a") as output:
        process = subprocess.Popen(
            [BIN / "anxun-edge", "neighbours", file, *more],
            env=environment, stdout=output, stderr=output, text=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 143, log.read_text()
        said = log.read_text()
        assert TOKEN not in said
        assert PASSWORD not in said


def until_it_listens(port: int) -> None:
    """Wait for the listener."""
    for _ in range(400):
        try:
            httpx.post(f"http://127.0.0.1:{port}/push", timeout=2)
        except httpx.HTTPError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("it does not listen")


def test_a_fire_of_frigate_is_kept_once_with_its_snapshot_and_told_over_mqtt(
    broker: Broker, tmp_path: Path
) -> None:
    """The object's first picture becomes its evidence; a repeated event adds nothing; what is told holds no secret."""
    port = free_port()
    file, data_dir = write_file(tmp_path, broker, port), tmp_path / "edge"
    ears = Listener(broker, "anxun/#")
    frigate = Listener(broker, "frigate/#")
    picture = jpeg(120)
    with running(file, data_dir, "--offline"):
        ears.wait_for("/status", b"online")
        frigate.publish("frigate/events", event("new", label="person"))
        frigate.publish("frigate/events", "no JSON")
        frigate.publish("frigate/events", event("new", false_positive=True))
        frigate.publish("frigate/events", event("new"))
        frigate.publish("frigate/front_door/person/snapshot", jpeg(10))
        frigate.publish("frigate/front_door/fire/snapshot", picture)
        told = json.loads(ears.wait_for("/findings/"))
        frigate.publish("frigate/events", event("update"))
        frigate.publish("frigate/front_door/fire/snapshot", jpeg(130))
        frigate.publish("frigate/events", event("end", id="1607123956.1-zzz", top_score=0.97))
        frigate.publish("frigate/front_door/fire/snapshot", jpeg(140))
        ears.wait_for("/findings/", b"0.97")
    ears.wait_for("/status", b"offline")
    with NeighbourOutbox(data_dir / "outbox") as outbox:
        drafts = [draft for _, draft in outbox.after(0, 10)]
        assert outbox.files.path(drafts[0].evidence_sha256).read_bytes() == picture
    assert [draft.source.name for draft in drafts] == ["frigate/front_door"] * 2
    assert (drafts[0].hazard_code, drafts[0].model_name) == ("EMG-01", "frigate")
    assert (drafts[0].confidence, drafts[0].zone, drafts[0].boxes) == (0.958984375, "yard", ())
    topics = {topic for topic, *_ in ears.heard}
    assert topics == {
        "anxun/gate box%2F1/status",
        "anxun/gate box%2F1/findings/frigate%2Ffront_door",
    }
    assert told["evidence_sha256"] == drafts[0].evidence_sha256
    assert all(qos == 1 for *_, qos in ears.heard)
    ears.close()
    frigate.close()


def test_findings_wait_for_a_broker_that_is_away_and_are_told_in_order(
    broker: Broker, tmp_path: Path
) -> None:
    """What is kept while the broker is down is told once it is back, none left out."""
    port = free_port()
    file, data_dir = write_file(tmp_path, broker, port), tmp_path / "edge"
    with running(file, data_dir, "--offline"):
        until_it_listens(port)
        ears = Listener(broker, "anxun/#")
        ears.wait_for("/status", b"online")
        broker.stop()
        ids = [
            httpx.post(
                f"http://127.0.0.1:{port}/push",
                params={"label": "no_helmet", "id": str(number)},
                headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": "image/jpeg"},
                content=jpeg(100 + number),
            ).json()["id"]
            for number in range(5)
        ]
        broker.start()
        ears.wait_for("/findings/", ids[-1].encode(), 60)
        told = [
            json.loads(payload)["id"] for topic, payload, *_ in ears.heard if "/findings/" in topic
        ]
        assert list(dict.fromkeys(told)) == ids
        ears.close()


def test_what_an_ai_camera_sends_is_in_the_ledger_with_its_picture(tmp_path: Path) -> None:
    """Multipart, JSON with base64 and a bare picture go the way of our own findings, each once."""
    served = ServedEnterprise(tmp_path / "server")
    served.found()
    served.start()
    port, data_dir = free_port(), tmp_path / "edge"
    environment = os.environ | {"ANXUN_EDGE_DATA_DIR": str(data_dir)}
    subprocess.run(
        [BIN / "anxun-edge", "enrol", served.url, served.enrolment_code(), "--name", "box"],
        env=environment, check=True, timeout=60, capture_output=True,
    )  # fmt: skip
    try:
        with running(write_file(tmp_path, None, port), data_dir):
            until_it_listens(port)
            url, bearer = f"http://127.0.0.1:{port}/push", {"Authorization": f"Bearer {TOKEN}"}
            said = {"eventType": "no_helmet", "confidence": 87, "id": "a-1"}
            parts = {
                "alarm": (None, json.dumps(said), "application/json"),
                "pic": ("1.jpg", jpeg(60), "image/jpeg"),
            }
            assert httpx.post(url, files=parts, headers=bearer).status_code == 201
            assert httpx.post(url, files=parts, headers=bearer).json() == {"status": "duplicate"}
            embedded = {"label": "no_helmet", "id": 2, "image": b64encode(jpeg(70)).decode()}
            assert httpx.post(url, json=embedded, auth=("camera", TOKEN)).status_code == 201
            bare = {"label": "no_helmet", "id": "3", "token": TOKEN}
            kept = httpx.post(
                url, params=bare, content=jpeg(80), headers={"Content-Type": "image/jpeg"}
            )
            assert kept.status_code == 201
            until = time.monotonic() + 30
            while len(found := list(served.pages("/findings"))) < 3 and time.monotonic() < until:
                time.sleep(0.3)
        assert {one["source"]["name"] for one in found} == {"push/gate-ai"}
        assert {one["hazard_code"] for one in found} == {"PPE-01"}
        assert sorted(one["confidence"] for one in found) == pytest.approx([0.87, 1.0, 1.0])
    finally:
        served.kill(signal.SIGTERM)


def test_whoever_shows_no_token_or_sends_no_picture_is_refused_with_the_reason(
    tmp_path: Path,
) -> None:
    """Each refusal says what is wrong, and keeps nothing."""
    port, data_dir = free_port(), tmp_path / "edge"
    with running(write_file(tmp_path, None, port), data_dir, "--offline"):
        until_it_listens(port)
        url, bearer = f"http://127.0.0.1:{port}/push", {"Authorization": f"Bearer {TOKEN}"}
        assert httpx.post(url, json={}).status_code == 401
        assert httpx.post(url, json={}, params={"token": "the-token-of-gate-aj"}).status_code == 401
        assert httpx.post(f"{url}er", json={}, headers=bearer).status_code == 404
        assert "no label" in httpx.post(url, json={"a": 1}, headers=bearer).json()["error"]
        answer = httpx.post(url, json={"label": "no_helmet"}, headers=bearer)
        assert (answer.status_code, "no picture" in answer.text) == (400, True)
        answer = httpx.post(
            url,
            params={"label": "cat"},
            content=jpeg(1),
            headers=bearer | {"Content-Type": "image/jpeg"},
        )
        assert answer.json() == {"status": "ignored"}
        answer = httpx.post(url, content=b"x" * (17 << 20), headers=bearer)
        assert answer.status_code == 413
    with NeighbourOutbox(data_dir / "outbox") as outbox:
        assert outbox.last_seq() == 0
