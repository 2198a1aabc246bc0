"""A real S3 server (SeaweedFS) of the dev requirements, for any test that asks for `s3_url`."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from minio import Minio

KEY, SECRET = "anxun-tests", "anxun-tests-secret"
# The wheel puts the program beside the interpreter.
WEED = Path(sys.executable).parent / "weed"
READY_S, END_S = 30.0, 15.0


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """Start the server; yield its host:port."""
    folder = Path(tempfile.mkdtemp(prefix="anxun-s3-"))
    ports = _free_ports(5)
    names = ("s3.port", "master.port", "volume.port", "filer.port", "webdav.port")
    command = [
        str(WEED),
        "-logtostderr=true",
        "mini",
        f"-dir={folder}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        *(f"-{name}={port}" for name, port in zip(names, ports, strict=True)),
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-admin.ui=false",
        "-webdav=false",
        "-metricsPort=0",
        "-master.telemetry=false",
    ]
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        _wait_until_ready(server, f"127.0.0.1:{ports[0]}", folder / "log")
        yield f"127.0.0.1:{ports[0]}"
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(END_S)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def s3_url(s3_server: str) -> str:
    """Return the evidence address of a bucket that is not there yet."""
    return f"s3://{KEY}:{SECRET}@{s3_server}/b{uuid4().hex[:20]}?secure=0"


def _wait_until_ready(server: subprocess.Popen[bytes], host: str, log: Path) -> None:
    client = Minio(host, access_key=KEY, secret_key=SECRET, secure=False)
    ends = time.monotonic() + READY_S
    while True:
        try:
            client.list_buckets()
        except Exception as error:
            if server.poll() is not None or time.monotonic() > ends:
                raise RuntimeError(log.read_text(errors="replace")[-3000:]) from error
            time.sleep(0.2)
        else:
            return


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
