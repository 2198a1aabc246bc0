"""Speed of the ledger as ratios: does an append stay cheap as the log grows, what does verifying cost?

Run as `python tests/benchmarks/bench_ledger.py [--entries 100000]`, or call `bench_ledger()` from `make bench`.
Two million entries, in one large log and in ten thousand small ones, take some minutes to make and 3 GB of disk.
"""

import argparse
import hashlib
import io
import json
import random
import statistics
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import orjson
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.orm import Session

# Run by path: the repository is then not on the import path by itself.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from inspection.database import read_sessions, write_sessions
from ledger import log
from ledger.bundle import write_bundle
from ledger.checkpoint import Checkpoint
from ledger.entry import seal
from ledger.keys import SigningKey
from ledger.sql import SqlStore
from ledger.verify import verify_bundle
from tests.benchmarks.grown_logs import TABLES, Grown, a_record, entry_row, grow

ENTRIES = 100_000  # a million takes long to fill: ask for it by --entries
FEW = 1_000
# One large log and 10,000 small ones: of a hundred entries each, both databases hold as many.
IN_SMALL_LOG, LOGS_SHARE = 100, 100
ROUNDS, IN_A_ROW = 30, 10
KEY = SigningKey("log.example/bench", Ed25519PrivateKey.from_private_bytes(bytes(32)))
PICK = random.Random(1)  # noqa: S311  which log and which entry, not a secret


def p50s_us(contestants: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Return the median time of each in microseconds, measured in turns so that other load meets all alike."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(ROUNDS):
        for name, work in contestants.items():
            for _ in range(IN_A_ROW):
                start = time.perf_counter()
                work()
                times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) * 1e6 for name, values in times.items()}


def an_append(grown: Grown) -> Callable[[], object]:
    """Return what appends to one of the logs, in a transaction of its own with its commit."""
    sessions = write_sessions(grown.engine)

    def append() -> None:
        with sessions.begin() as session:
            log.append(SqlStore(session), PICK.choice(grown.logs), a_record(0))

    return append


def a_bare_insert(grown: Grown) -> Callable[[], object]:
    """Return what inserts a row like an entry's, in a transaction of its own."""
    numbers = iter(range(10**9))
    rows = (entry_row("bare", seal("bare", number, a_record(0))) for number in numbers)
    sessions = write_sessions(grown.engine)

    def insert(row: Iterator[dict[str, object]] = rows) -> None:
        with sessions.begin() as session:
            session.execute(sa.insert(TABLES[0]).values(next(row)))

    return insert


def a_proof(grown: Grown) -> Callable[[], object]:
    """Return what proves any entry of the first log under its size."""
    sessions = read_sessions(grown.engine)

    def prove() -> None:
        with sessions() as session:
            index = PICK.randrange(grown.size)
            log.prove_inclusion(SqlStore(session), grown.logs[0], index, grown.size)

    return prove


def publish(grown: Grown) -> Checkpoint:
    """Publish a checkpoint of the first log."""
    with write_sessions(grown.engine).begin() as session:
        return log.publish_checkpoint(SqlStore(session), grown.logs[0], KEY)


def bench_growth(folder: Path, large: Grown, in_small_log: int) -> Iterator[str]:
    """Compare appends to few and to many entries: in one log, and spread over small ones. Then proofs."""
    few = grow(folder / "few.db", ["log"], FEW)
    few_small = grow(folder / "few-small.db", _names(FEW // in_small_log), in_small_log)
    small = grow(folder / "small.db", _names(large.size // LOGS_SHARE), in_small_log)
    times = p50s_us(
        {
            "few": an_append(few),
            "large": an_append(large),
            "few small": an_append(few_small),
            "small": an_append(small),
            "bare": a_bare_insert(few),
            "proof of few": a_proof(few),
            "proof": a_proof(large),
            "checkpoint": lambda: publish(large),
        }
    )

    def line(name: str, what: str, base: str = "") -> str:
        ratio = f"   {times[name] / times[base]:.2f} x" if base else ""
        return f"{what:<52}{times[name]:8.0f} us{ratio}"

    logs, few_logs = len(small.logs), len(few_small.logs)
    yield line("bare", "bare insert of an entry's row, p50")
    yield line("few", f"append p50, one log, {FEW:,} entries", "bare")
    yield line("large", f"append p50, one log, {large.entries:,} entries", "few") + " (bound 1.3)"
    yield line("few small", f"append p50, {few_logs} logs, {few_small.entries:,} entries", "bare")
    what = f"append p50, {logs:,} logs, {small.entries:,} entries"
    yield line("small", what, "few small") + " (bound 1.3)"
    yield line("proof of few", f"inclusion proof p50, {FEW:,} entries")
    yield line("proof", f"inclusion proof p50, {large.entries:,} entries", "proof of few") + (
        " (bound 5,000 us)"
    )
    yield line("checkpoint", f"checkpoint p50, {large.entries:,} entries")
    for grown in (few, few_small, small):
        grown.engine.dispose()


def bench_verify(folder: Path, large: Grown) -> Iterator[str]:
    """Compare a full verification with reading, parsing and hashing the same lines, which nobody can save.

    In seconds of this process's CPU, so that other load on the machine is not in the ratio.
    """
    path = folder / "export.zip"
    with read_sessions(large.engine)() as session:
        write_s = _cpu_s(lambda: _export(path, session, large))
    loads: dict[str, Callable[[bytes], object]] = {"json": json.loads, "orjson": orjson.loads}
    bare_s = {name: [_cpu_s(lambda load=load: _bare(path, load))] for name, load in loads.items()}
    verify_s = _cpu_s(lambda: verify_bundle(path, trusted_vkeys=[KEY.vkey]))
    for name, load in loads.items():
        bare_s[name].append(_cpu_s(lambda load=load: _bare(path, load)))
    yield f"{f'export of {large.size:,} entries':<52}{write_s:8.1f} s CPU"
    yield f"{'full verification of it':<52}{verify_s:8.1f} s CPU"
    for name, seconds in bare_s.items():
        mean, bound = statistics.mean(seconds), " (bound 2)" if name == "json" else ""
        what = f"bare unzip, {name}.loads and SHA-256 of the lines"
        yield f"{what:<52}{mean:8.1f} s CPU; verifying costs {verify_s / mean:.2f} x{bound}"


def _export(path: Path, session: Session, large: Grown) -> None:
    store, log_id = SqlStore(session), large.logs[0]
    checkpoint = log.latest_checkpoint(store, log_id)
    if checkpoint is None:
        msg = "no checkpoint was published"
        raise RuntimeError(msg)
    write_bundle(path, store, log_id, checkpoint, lambda _: io.BytesIO(), KEY.vkey)


def _bare(path: Path, load: Callable[[bytes], object]) -> None:
    with zipfile.ZipFile(path) as archive, archive.open("entries.jsonl") as lines:
        for line in lines:
            load(line)
            hashlib.sha256(line).digest()


def _cpu_s(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _names(count: int) -> list[str]:
    return [f"log-{number}" for number in range(count)]


def bench_ledger(entries: int = ENTRIES, in_small_log: int = IN_SMALL_LOG) -> None:
    """Print the ledger's lines, each as soon as it is known."""
    sys.stdout.write("ledger (SQLite as the server sets it up, one thread)\n")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        large = grow(folder / "large.db", ["log"], entries)
        publish(large)
        for bench in (bench_verify(folder, large), bench_growth(folder, large, in_small_log)):
            for line in bench:
                sys.stdout.write(f"  {line}\n")
                sys.stdout.flush()
        large.engine.dispose()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=ENTRIES, help="of the large log")
    parser.add_argument("--in-small-log", type=int, default=IN_SMALL_LOG, help="entries of each")
    chosen = parser.parse_args()
    bench_ledger(chosen.entries, chosen.in_small_log)
