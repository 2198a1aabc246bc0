"""Speed of the ledger as ratios: does an append stay cheap as the log grows, what does verifying cost?

Run as `python tests/benchmarks/bench_ledger.py`, or call `bench_ledger()` from `make bench`.
"""

import hashlib
import io
import json
import secrets
import statistics
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.orm import Session
from sqlmodel import SQLModel

from ledger import log
from ledger.bundle import write_bundle
from ledger.entry import Record, seal
from ledger.keys import SigningKey
from ledger.merkle import append_leaf
from ledger.sql import SqlStore
from ledger.verify import verify_bundle

SMALL, LARGE = 1_000, 100_000
SAMPLES = 300
EXPORTED = 5_000
KEY = SigningKey("log.example/bench", Ed25519PrivateKey.from_private_bytes(bytes(32)))
TABLES = {
    name: SQLModel.metadata.tables[f"ledger_{name}"]
    for name in ("head", "entry", "subtree", "checkpoint")
}
PAYLOAD: dict[str, Any] = {
    "code": "PPE-01",
    "label": "head",
    "confidence": 0.8125,
    "boxes": [{"xyxy": [0.1, 0.2, 0.3, 0.4]}],
    "place": "一号车间",
}


def a_record(number: int) -> Record:
    """Return a record of the size of a finding."""
    data = PAYLOAD | {"number": number}
    return Record("finding.recorded", "L27", datetime(2026, 1, 1, tzinfo=UTC), "device:1", data)


def fill(session: Session, log_id: str, size: int) -> None:
    """Write a log of `size` entries in bulk: the same rows as `size` appends, in a fraction of the time."""
    edge: tuple[bytes, ...] = ()
    rows: dict[str, list[dict[str, Any]]] = {"entry": [], "subtree": []}
    for index in range(size):
        entry = seal(log_id, index, a_record(index))
        edge, completed = append_leaf(index, edge, bytes.fromhex(entry.leaf_hash))
        rows["entry"].append(
            {
                "log_id": log_id,
                "index": index,
                "section": "L27",
                "header": entry.leaf.decode(),
                "leaf_hash": bytes.fromhex(entry.leaf_hash),
                "salt": entry.salt,
                "content": (entry.content or b"").decode(),
            }
        )
        rows["subtree"] += [
            {"log_id": log_id, "level": node.level, "position": node.position, "hash": root}
            for node, root in completed
        ]
    for name, values in rows.items():
        session.execute(sa.insert(TABLES[name]), values)
    head = {"log_id": log_id, "size": size, "edge": b"".join(edge)}
    session.execute(sa.insert(TABLES["head"]), head)
    session.commit()


def p50_us(work: Callable[[int], object], session: Session) -> float:
    """Return the median time of `work` with its commit, in microseconds."""
    times = []
    for number in range(SAMPLES):
        start = time.perf_counter()
        work(number)
        session.commit()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e6


def bench_appends(folder: Path) -> list[str]:
    """Compare appends to a small and a large log with a bare insert of the same row, and time proofs."""
    engine = sa.create_engine(f"sqlite:///{folder / 'bench.db'}")
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    SQLModel.metadata.create_all(engine, list(TABLES.values()))
    with Session(engine) as session:
        store = SqlStore(session)
        fill(session, "small", SMALL)
        fill(session, "large", LARGE)
        small = p50_us(lambda n: log.append(store, "small", a_record(n)), session)
        large = p50_us(lambda n: log.append(store, "large", a_record(n)), session)

        def insert(number: int) -> None:
            content = json.dumps(PAYLOAD)
            row = {
                "log_id": "bare",
                "index": number,
                "section": "L27",
                "header": content,
                "leaf_hash": secrets.token_bytes(32),
                "salt": secrets.token_bytes(32),
                "content": content,
            }
            session.execute(sa.insert(TABLES["entry"]).values(row))

        bare = p50_us(insert, session)
        proof = p50_us(lambda n: log.prove_inclusion(store, "large", n * 331, LARGE), session)
        publish = p50_us(lambda _: log.publish_checkpoint(store, "large", KEY), session)
    engine.dispose()
    return [
        f"append p50 at {SMALL:,} entries        {small:8.0f} us",
        f"append p50 at {LARGE:,} entries      {large:8.0f} us   {large / small:.2f} x the small log",
        f"bare insert of such a row, p50      {bare:8.0f} us   an append costs {large / bare:.1f} x",
        f"inclusion proof at {LARGE:,}, p50    {proof:8.0f} us",
        f"checkpoint (nothing new), p50       {publish:8.0f} us",
    ]


def bench_verify(folder: Path) -> list[str]:
    """Compare a full verification with the bare reading and hashing that nobody can save."""
    engine = sa.create_engine("sqlite://")
    SQLModel.metadata.create_all(engine, list(TABLES.values()))
    path = folder / "export.zip"
    with Session(engine) as session:
        fill(session, "exported", EXPORTED)
        store = SqlStore(session)
        checkpoint = log.publish_checkpoint(store, "exported", KEY)
        start = time.perf_counter()
        write_bundle(path, store, "exported", checkpoint, lambda _: io.BytesIO(), KEY.vkey)
        write_s = time.perf_counter() - start
    engine.dispose()
    start = time.perf_counter()
    verify_bundle(path, trusted_vkeys=[KEY.vkey])
    verify_s = time.perf_counter() - start
    start = time.perf_counter()
    with zipfile.ZipFile(path) as archive, archive.open("entries.jsonl") as lines:
        for line in lines:
            json.loads(line)
            for _ in range(3):
                hashlib.sha256(line).digest()
    bare_s = time.perf_counter() - start
    return [
        f"export of {EXPORTED:,} entries              {write_s:8.2f} s    {write_s / EXPORTED * 1e6:.0f} us an entry",
        f"full verification of it             {verify_s:8.2f} s    {verify_s / EXPORTED * 1e6:.0f} us an entry",
        f"bare unzip, JSON and 3 SHA-256      {bare_s:8.2f} s    verifying costs {verify_s / bare_s:.1f} x",
    ]


def bench_ledger() -> None:
    """Print the ledger's lines."""
    with tempfile.TemporaryDirectory() as folder:
        lines = bench_appends(Path(folder)) + bench_verify(Path(folder))
    sys.stdout.write("ledger (SQLite, WAL, one thread)\n")
    sys.stdout.writelines(f"  {line}\n" for line in lines)


if __name__ == "__main__":
    bench_ledger()
