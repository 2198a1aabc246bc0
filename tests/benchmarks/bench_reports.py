"""How long a report takes and how much memory, beside its size.

Run by path with the numbers of entries and photos, or with `hazards` and two numbers of hazards with photos before and after.
"""

import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

# Run by path: the repository is then not on the import path by itself.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import cv2
import numpy as np
from sqlmodel import Session, SQLModel, select

from inspection.database import make_engine, read_sessions, write_sessions
from inspection.evidence import receive_evidence
from inspection.journal import Event, attach, write_event
from inspection.reports.asked import Period, ReportRequest
from inspection.reports.making import ReportMaker
from inspection.reports.queue import new_report
from inspection.scopes import SYSTEM, Actor
from inspection.stores import FolderStore
from inspection.tables import Enterprise, ReportFormat
from inspection.wire import utc_now
from ledger.keys import create_key
from tests.builders import make_town, sha256_of
from tests.fixed_hazards import make_fixed_hazards

TALK = "检查冲压线光栅、急停与防护罩，班组长逐项确认后签字；发现问题当场整改，不能当场整改的开出整改单。"


@dataclass(frozen=True)
class Made:
    """How making a report went: seconds, bytes of the file, and MiB resident before and at most."""

    took_s: float
    size: int
    before_mib: int
    peak_mib: int

    def __str__(self) -> str:
        grew = self.peak_mib - self.before_mib
        return f"{self.took_s:.1f} s, {self.size / 1e6:.1f} MB, peak {self.peak_mib} MiB resident, {grew} more than before it began"


def bench_reports(entries: int = 1000, photos: int = 100) -> Iterator[str]:
    """Yield a line a format; each is made in a process of its own, so that its peak of memory is its own."""
    with tempfile.TemporaryDirectory() as folder:
        _fill(Path(folder), entries, photos)
        for kind in ReportFormat:
            yield f"{kind.value:5} {entries} entries, {photos} photos: {_made(Path(folder), kind)}"


def bench_fixed_hazards(few: int = 100, many: int = 1000) -> Iterator[str]:
    """Yield how a PDF of closed hazards, a photo before and one after each, grows with their number: time and memory as ratios."""
    made: list[Made] = []
    for items in (few, many):
        with tempfile.TemporaryDirectory() as folder:
            make_fixed_hazards(Path(folder), items)
            made.append(_made(Path(folder), ReportFormat.PDF))
        yield f"pdf   {items} hazards, {2 * items} photos before and after: {made[-1]}"
    small, large = made
    yield (
        f"      {many / few:.1f} x the hazards: {large.took_s / small.took_s:.2f} x the time, "
        f"{large.peak_mib / small.peak_mib:.2f} x the peak of memory, {large.size / small.size:.2f} x the file"
    )


def _made(folder: Path, kind: ReportFormat) -> Made:
    done = subprocess.run(
        [sys.executable, __file__, str(folder), kind.value],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return Made(**json.loads(done.stdout))


def _fill(folder: Path, entries: int, photos: int) -> None:
    engine = make_engine(f"sqlite:///{folder / 'anxun.db'}")
    SQLModel.metadata.create_all(engine)
    with write_sessions(engine)() as session:
        town = make_town(session)
        store, actor = FolderStore(folder / "evidence"), Actor.from_user(town.officer.id)
        for number in range(entries):
            attached = ()
            if number % max(1, entries // max(1, photos)) == 0:
                attached = attach([_photo(session, store, town.mine, number)], "photo")
            data = {"topic": f"第{number}次班前会", "note": TALK, "place": "二号车间"}
            # A section whose entries are shown with their photos, and one that shows text alone.
            event = Event("bench.noted", "L04" if attached else "L11", data, attached)
            write_event(session, town.mine.id, actor, event, utc_now())
            if number % 500 == 499:
                session.commit()
        session.commit()
    engine.dispose()


def _photo(session: Session, store: FolderStore, enterprise: Enterprise, number: int):
    # A phone's photo in small: 12 megapixels would measure the decoder, which the models' bench does.
    noise = np.random.default_rng(number).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    image = cv2.resize(noise, (1600, 1200), interpolation=cv2.INTER_CUBIC)
    data = bytes(cv2.imencode(".jpg", image)[1])
    return receive_evidence(
        session, store, enterprise_id=enterprise.id, sha256=sha256_of(data), source=io.BytesIO(data),
        actor=SYSTEM, now=utc_now(),
    )  # fmt: skip


def _make(folder: Path, kind: ReportFormat) -> None:
    engine = make_engine(f"sqlite:///{folder / 'anxun.db'}")
    key = create_key(folder / f"{kind.value}.pem", "bench")
    maker = ReportMaker(
        read=read_sessions(engine), write=write_sessions(engine), evidence=FolderStore(folder / "evidence"),
        folder=folder / "reports", public_url="https://anxun.example", signer_of=lambda _session, log: key.named(log),
        blur=lambda image: image,
    )  # fmt: skip
    with maker.read() as session:
        enterprise = session.exec(select(Enterprise).order_by(Enterprise.credit_code)).first()
    asked = ReportRequest(Period(date(2020, 1, 1), date(2099, 12, 31)), kind)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    began = time.perf_counter()
    made = maker.make(
        new_report(enterprise.id, asked, "operator", utc_now()), utc_now(), lambda _: None
    )
    took = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    sys.stdout.write(json.dumps(asdict(Made(took, made.size, before, peak))))


if __name__ == "__main__":
    if len(sys.argv) == 3 and Path(sys.argv[1]).is_dir():
        _make(Path(sys.argv[1]), ReportFormat(sys.argv[2]))
    elif sys.argv[1:2] == ["hazards"]:
        for line in bench_fixed_hazards(*map(int, sys.argv[2:])):
            sys.stdout.write(f"{line}\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in bench_reports(*map(int, sys.argv[1:])))
