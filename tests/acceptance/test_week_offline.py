"""A box that was offline for a week delivers all that it saw, up to 100,000 findings: each is in the ledger once, in order per camera, with its evidence.

Time is simulated: the findings are put into the real outbox with the times of a week, four of one picture as of one frame, and then
delivered by the real program to a real server. `ANXUN_OFFLINE_FINDINGS=100000` delivers them all, in about a quarter of an hour.
"""

import hashlib
import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from uuid_utils.compat import uuid7

from edge.instant import Instant
from edge.outbox import Outbox
from inspection.wire import Box, FindingDraft, Source, SourceKind
from tests.chaos_box import ChaosBox
from tests.served import ServedEnterprise

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

FINDINGS = int(os.environ.get("ANXUN_OFFLINE_FINDINGS", "2000"))
PER_PICTURE, CAMERAS = 4, 8
HAZARDS = ("PPE-01", "PPE-05", "EMG-01", "FIR-08")
WEEK = timedelta(days=7)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedEnterprise]:
    """Yield a running server with one enterprise."""
    served = ServedEnterprise(tmp_path / "server")
    served.found()
    served.start()
    yield served
    served.kill()


def last_week() -> Instant:
    """Return a moment of an earlier run of the machine: nothing of it is fresh."""
    return Instant("an earlier run", 0.0, time.time() - WEEK.total_seconds())


def picture(number: int) -> bytes:
    """Return a small JPEG that no other number has."""
    image = np.full((48, 64, 3), 90, np.uint8)
    cv2.putText(image, f"{number:05}", (4, 30), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255))
    is_encoded, data = cv2.imencode(".jpg", image)
    assert is_encoded
    # What follows the end of a JPEG is no part of the picture, and makes its hash its own.
    return bytes(data) + number.to_bytes(4, "big")


def fill(outbox: Outbox, findings: int) -> None:
    """Put a week of findings into the outbox, in the order in which they were seen."""
    began = datetime.now(UTC) - WEEK
    pictures = findings // PER_PICTURE
    box = Box(x1=0.1, y1=0.1, x2=0.5, y2=0.5, label="head", confidence=0.9)
    for number in range(pictures):
        data = picture(number)
        at = began + WEEK * number / pictures
        drafts = [
            FindingDraft(
                id=uuid7(),
                hazard_code=code,
                label="head",
                confidence=0.9,
                boxes=(box,),
                captured_at=at,
                clock_offset_s=0.0,
                source=Source(kind=SourceKind.CAMERA, name=f"camera{number % CAMERAS}"),
                model_name="simulated",
                model_sha256="0" * 64,
                evidence_sha256=hashlib.sha256(data).hexdigest(),
            )
            for code in HAZARDS
        ]
        outbox.record_drafts(drafts, data)


def test_a_week_offline(served: ServedEnterprise, tmp_path: Path) -> None:
    """The findings of a week arrive, though box and server are killed while they do."""
    box = ChaosBox(tmp_path / "box", settings={"REQUEST_TIMEOUT_S": "60"})
    try:
        box.run("enrol", served.url, served.enrolment_code(), "--name", "box")
        with Outbox(box.folder / "outbox", instant=last_week) as outbox:
            fill(outbox, FINDINGS)
        began_s = time.monotonic()
        pid = box.start("deliver", "--wait")
        wait_for_delivered(box, FINDINGS // 3)
        box.pid = pid
        box.kill()
        served.kill()
        served.start(wait=False)
        box.run("deliver", "--wait", within_s=3000)
        took_s = time.monotonic() - began_s
        print(f"{FINDINGS / took_s:.0f} findings a second")  # noqa: T201  a measurement
        assert box.rows("SELECT state, count(*) FROM draft GROUP BY 1") == [("delivered", FINDINGS)]
        assert not list((box.folder / "outbox" / "evidence").glob("??/*"))
        told = box.rows(
            "SELECT id, json_extract(body, '$.source.name'), evidence_sha256 FROM draft ORDER BY seq"
        )
    finally:
        box.close()
    served.kill(signal.SIGTERM)
    check_ledger(served, told)
    bundle = tmp_path / "ledger.zip"
    served.anxun("export", served.enterprise_id, str(bundle))
    served.anxun("verify", str(bundle))


def wait_for_delivered(box: ChaosBox, count: int) -> None:
    """Wait until so many findings are delivered."""
    until = time.monotonic() + 1800
    while box.rows("SELECT count(*) >= ? FROM draft WHERE state = 'delivered'", count) != [(1,)]:
        assert time.monotonic() < until, box.tail()
        time.sleep(0.2)


def check_ledger(served: ServedEnterprise, told: list[tuple[object, ...]]) -> None:
    """Check the server's own tables: each finding once, in order per camera, with its evidence."""
    database = database_of(served.folder)
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
        rows = db.execute(
            "SELECT id, source_name, evidence_sha256 FROM finding ORDER BY entry_index"
        ).fetchall()
    assert len(rows) == len(told) == FINDINGS
    found = [(str(row[0]).replace("-", ""), row[1], row[2]) for row in rows]
    expected = [(str(row[0]).replace("-", ""), row[1], row[2]) for row in told]
    for camera in {row[1] for row in expected}:
        of_camera = [row for row in expected if row[1] == camera]
        assert [row for row in found if row[1] == camera] == of_camera, f"order of {camera}"


def database_of(folder: Path) -> Path:
    """Return the server's database."""
    [file] = [each for each in folder.glob("*.db") if each.is_file()]
    return file
