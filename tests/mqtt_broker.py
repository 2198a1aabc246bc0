"""A real MQTT broker as a fixture: mosquitto with a password, skipped with its reason where it is missing, a failure in CI."""

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.served import free_port

USER, PASSWORD = "anxun", "a broker's password"
SBIN = "/usr/sbin:/usr/local/sbin"


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{SBIN}")


@dataclass
class Broker:
    """A broker that can be stopped and started at the same address; it keeps sessions and retained messages."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def prepare(self) -> None:
        """Write its configuration and its password file."""
        self.folder.mkdir()
        passwords = self.folder / "passwords"
        making = _program("mosquitto_passwd")
        assert making is not None
        subprocess.run([making, "-b", "-c", passwords, USER, PASSWORD], check=True, timeout=30)
        passwords.chmod(0o600)
        (self.folder / "mosquitto.conf").write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous false\npassword_file {passwords}\n"
            f"persistence true\npersistence_location {self.folder}/\nuser root\n"
        )

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        program = _program("mosquitto")
        assert program is not None
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [program, "-c", self.folder / "mosquitto.conf"], stdout=log, stderr=log
            )
        Listener(self, "anxun-probe/#").close()

    def stop(self) -> None:
        """Stop it; what it is to keep it writes first."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
            self.process = None


class Listener:
    """A client of its own, that hears a tree of topics and may publish."""

    def __init__(self, broker: Broker, tree: str) -> None:
        self.heard: list[tuple[str, bytes, bool, int]] = []
        self._is_there = threading.Event()
        self.client = paho.Client(CallbackAPIVersion.VERSION2)
        self.client.username_pw_set(USER, PASSWORD)
        self.client.on_connect = lambda client, *_: client.subscribe(tree, 1)
        self.client.on_subscribe = lambda *_: self._is_there.set()
        self.client.on_message = self._hear
        self.client.reconnect_delay_set(1, 1)
        self.client.connect_async("127.0.0.1", broker.port)
        self.client.loop_start()
        assert self._is_there.wait(20), "the broker did not answer"

    def _hear(self, _client: object, _data: object, message: Any) -> None:
        self.heard.append((message.topic, message.payload, message.retain, message.qos))

    def publish(self, topic: str, payload: bytes | str, *, retain: bool = False) -> None:
        """Publish with QoS 1 and wait for the broker."""
        self.client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(10)

    def wait_for(self, in_topic: str, in_payload: bytes = b"", seconds: float = 20) -> bytes:
        """Wait until a message with these parts was heard, and return its payload."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for topic, payload, *_ in list(self.heard):
                if in_topic in topic and in_payload in payload:
                    return payload
            time.sleep(0.05)
        raise AssertionError(f"not among {[topic for topic, *_ in self.heard]}")

    def close(self) -> None:
        """Disconnect."""
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """Yield a running broker."""
    if _program("mosquitto") is None or _program("mosquitto_passwd") is None:
        reason = "no mosquitto; `make system` installs it on Debian and Ubuntu"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    made = Broker(tmp_path / "broker")
    made.prepare()
    made.start()
    yield made
    made.stop()
