"""Many hazards that were photographed, confirmed, fixed with a photo of after, and closed: what makes a report long."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from sqlmodel import Session, SQLModel

from inspection.database import make_engine, write_sessions
from inspection.evidence import EvidenceStore, receive_evidence
from inspection.scopes import SYSTEM
from inspection.stores import FolderStore, MemoryStore
from inspection.wire import utc_now
from tests.builders import make_town, sha256_of
from tests.integration.inspection.item_world import Plant

PHOTO_WH = (1600, 1200)
_AT_ONCE = 50


@dataclass
class PhotographedPlant(Plant):
    """A plant whose photos have bytes, each another picture, none of them flat."""

    store: EvidenceStore = field(default_factory=MemoryStore)
    size_wh: tuple[int, int] = PHOTO_WH

    def photo(self) -> str:
        """Return a new photo that is kept."""
        self.shade += 1
        noise = np.random.default_rng(self.shade).integers(0, 255, (48, 64, 3), dtype=np.uint8)
        # A phone's photo in small: 12 megapixels would measure the decoder, which the models' bench does.
        image = cv2.resize(noise, self.size_wh, interpolation=cv2.INTER_CUBIC)
        data = bytes(cv2.imencode(".jpg", image)[1])
        sha256 = sha256_of(data)
        receive_evidence(
            self.session, self.store, enterprise_id=self.town.mine.id, sha256=sha256,
            source=io.BytesIO(data), actor=SYSTEM, now=self.now,
        )  # fmt: skip
        self.photos.append(sha256)
        return sha256


def fix_hazards(
    session: Session, store: EvidenceStore, items: int, size_wh: tuple[int, int] = PHOTO_WH
) -> Iterator[PhotographedPlant]:
    """Close so many hazards at so many places, two photos each; yield the plant after each, to be committed."""
    plant = PhotographedPlant(session, make_town(session), utc_now(), store=store, size_wh=size_wh)
    for number in range(items):
        finding = plant.see(zone=f"{number // 40 + 1}号车间{number % 40 + 1}工位")
        plant.fix(plant.confirm(finding).ticket)
        yield plant


def make_fixed_hazards(folder: Path, items: int, size_wh: tuple[int, int] = PHOTO_WH) -> list[str]:
    """Fill `anxun.db` and `evidence` in a folder; return the photos' SHA-256, before and after in turns."""
    engine = make_engine(f"sqlite:///{folder / 'anxun.db'}")
    SQLModel.metadata.create_all(engine)
    photos: list[str] = []
    with write_sessions(engine)() as session:
        for number, plant in enumerate(
            fix_hazards(session, FolderStore(folder / "evidence"), items, size_wh), start=1
        ):
            photos = plant.photos
            if number % _AT_ONCE == 0:
                session.commit()
        session.commit()
    engine.dispose()
    return photos
