"""Findings a second through real HTTP, beside bare inserts of the same rows into the same database."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import insert
from sqlmodel import Session

from api.database import upgrade_database
from api.tokens import new_token, sha256_of_token
from inspection.database import make_engine, write_sessions
from inspection.tables import Device, Finding, HazardItem, new_id
from inspection.wire import utc_now
from tests.builders import Town, jpeg, make_draft, make_town, sha256_of

BATCH = 100
BATCHES = 20
WARM_BATCHES = 2


@dataclass(frozen=True)
class Throughput:
    """Findings a second, of `count` findings each."""

    count: int
    http_per_s: float
    bare_per_s: float

    @property
    def ratio(self) -> float:
        """How many times faster bare inserts are."""
        return self.bare_per_s / self.http_per_s

    def __str__(self) -> str:
        """Return the line that `make bench` prints."""
        return (
            f"findings through HTTP: {self.http_per_s:.0f}/s in batches of {BATCH} (validated, joined to items, "
            f"appended to the ledger); bare inserts into the same database: {self.bare_per_s:.0f}/s; "
            f"ratio {self.ratio:.1f}"
        )


def bench_findings(batches: int = BATCHES) -> Throughput:
    """Measure both on one SQLite file with its durable settings, a server in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="anxun-bench-") as folder:
        data_dir = Path(folder)
        engine = make_engine(f"sqlite:///{data_dir / 'anxun.db'}")
        upgrade_database(engine)
        sessions = write_sessions(engine)
        with sessions() as session:
            town = make_town(session)
        token = new_token()
        with sessions.begin() as session:
            session.get_one(Device, town.device.id).token_sha256 = sha256_of_token(token)
        with _server(data_dir) as address:
            headers = {"Authorization": f"Bearer {token}"}
            with httpx.Client(base_url=address, headers=headers, timeout=60) as client:
                http_per_s = _deliver(client, batches)
        with sessions() as session:
            bare_per_s = _insert(session, town, batches)
        engine.dispose()
    return Throughput(batches * BATCH, http_per_s, bare_per_s)


def _deliver(client: httpx.Client, batches: int) -> float:
    data = jpeg()
    sha256 = sha256_of(data)
    client.put(f"/v1/evidence/{sha256}", content=data).raise_for_status()
    bodies = [_bodies(sha256) for _ in range(WARM_BATCHES + batches)]
    for body in bodies[:WARM_BATCHES]:
        _post(client, body)
    begin = time.perf_counter()
    for body in bodies[WARM_BATCHES:]:
        _post(client, body)
    return batches * BATCH / (time.perf_counter() - begin)


def _bodies(sha256: str) -> dict[str, Any]:
    seen_at = utc_now() - timedelta(minutes=1)
    drafts = [make_draft(sha256, captured_at=seen_at) for _ in range(BATCH)]
    return {"drafts": [draft.model_dump(mode="json", exclude_none=True) for draft in drafts]}


def _post(client: httpx.Client, body: dict[str, Any]) -> None:
    answer = client.post("/v1/findings", json=body)
    answer.raise_for_status()
    statuses = {receipt["status"] for receipt in answer.json()["receipts"]}
    if statuses != {"recorded"}:
        msg = f"the benchmark's findings were not recorded: {statuses}"
        raise RuntimeError(msg)


def _insert(session: Session, town: Town, batches: int) -> float:
    """Insert as many finding rows, a transaction a batch, and nothing else."""
    sha256 = sha256_of(jpeg())
    item_id = new_id()
    now = utc_now()
    item = HazardItem(enterprise_id=town.mine.id, id=item_id, hazard_code="PPE-01", place="bare")
    session.add(item)
    session.commit()
    rows = [
        [_row(town.mine.id, item_id, sha256, now) for _ in range(BATCH)] for _ in range(batches)
    ]
    begin = time.perf_counter()
    for batch in rows:
        session.execute(insert(Finding), batch)
        session.commit()
    return batches * BATCH / (time.perf_counter() - begin)


def _row(enterprise_id: UUID, item_id: UUID, sha256: str, now: Any) -> dict[str, Any]:
    draft = make_draft(sha256)
    return {
        "enterprise_id": enterprise_id,
        "id": draft.id,
        "draft_sha256": "0" * 64,
        "hazard_code": draft.hazard_code,
        "label": draft.label,
        "confidence": draft.confidence,
        "boxes": [box.model_dump(mode="json") for box in draft.boxes],
        "captured_at": now,
        "device_captured_at": now,
        "received_at": now,
        "source_kind": draft.source.kind,
        "source_name": draft.source.name,
        "model_name": draft.model_name,
        "model_sha256": draft.model_sha256,
        "evidence_sha256": sha256,
        "sightings": 1,
        "state": "proposed",
        "item_id": item_id,
        "entry_index": 0,
        "leaf_hash": "0" * 64,
    }


@contextmanager
def _server(data_dir: Path) -> Iterator[str]:
    """Run `anxun serve` in a process; yield its address."""
    environment = {**os.environ, "ANXUN_DATA_DIR": str(data_dir)}
    command = [sys.executable, "-m", "api.cli", "serve", "--port", "0"]
    log = (data_dir / "server.log").open("w")
    server = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment
    )
    try:
        line = server.stdout.readline() if server.stdout else ""
        address = re.search(r"http://\S+", line)
        if address is None:
            msg = f"the server did not start: {(data_dir / 'server.log').read_text()}"
            raise RuntimeError(msg)
        yield address[0]
    finally:
        server.terminate()
        server.wait()
        log.close()


if __name__ == "__main__":
    print(bench_findings())  # noqa: T201  the measurement's answer
