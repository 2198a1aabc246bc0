"""What the edge's tests share: settings of a folder of their own, drafts, a look with the tiny detector."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest
from uuid_utils.compat import uuid7

from edge.look import Look
from edge.settings import Settings
from inspection.wire import FindingDraft, Source, SourceKind
from tests.tiny_model import write_model

MakeDraft = Callable[..., FindingDraft]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings with short waits."""
    return Settings(
        data_dir=tmp_path / "state",
        lang="en",
        part_bytes=1 << 16,
        retry_first_s=0.01,
        retry_longest_s=0.05,
        deliver_every_s=0.05,
    )


@pytest.fixture
def make_draft() -> MakeDraft:
    """Return a maker of drafts."""

    def make(evidence_sha256: str, **changes: object) -> FindingDraft:
        facts: dict[str, object] = {
            "id": uuid7(),
            "hazard_code": "EMG-01",
            "label": "flame",
            "confidence": 0.9,
            "boxes": (),
            "captured_at": datetime(2026, 11, 24, tzinfo=UTC),
            "source": Source(kind=SourceKind.PATROL, name="a.jpg"),
            "model_name": "bright",
            "model_sha256": "ab" * 32,
            "evidence_sha256": evidence_sha256,
        }
        return FindingDraft.model_validate(facts | changes)

    return make


@pytest.fixture(scope="session")
def look(tmp_path_factory: pytest.TempPathFactory) -> Look:
    """Return a look through the tiny detector: bright pictures burn."""
    return Look.prepare(write_model(tmp_path_factory.mktemp("model")), None, None)


def picture(brightness: int, number: int = 0, suffix: str = ".jpg") -> bytes:
    """Return a picture file of one shade; `number` makes its bytes differ."""
    image = np.full((48, 64, 3), brightness, np.uint8)
    cv2.putText(image, str(number), (2, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (128, 128, 128), 1)
    done, data = cv2.imencode(suffix, image)
    assert done
    return bytes(data.tobytes())
