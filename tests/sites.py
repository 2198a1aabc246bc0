"""A served application for tests: a town, tokens for everyone in it, and a detector that sees what it is told."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from fastapi.testclient import TestClient
from httpx2 import Response
from numpy.typing import NDArray

from api.app import create_app
from api.auth import hash_password, open_session
from api.database import upgrade_database
from api.parts import Parts
from api.settings import Settings
from api.tokens import new_token, sha256_of_token
from inspection.database import make_engine
from inspection.tables import Device, User
from inspection.wire import utc_now
from models.detections import Detections
from tests.builders import Town, make_draft, make_town, sha256_of

PASSWORD = "four words of text"
LOGINS = (
    "expert",
    "officer",
    "worker",
    "second_worker",
    "centre",
    "government",
    "insurer",
    "stranger",
)
WAIT_S = 20.0


class BareHeadDetector:
    """Sees one person with a bare head in every picture: what a model would say, without its half second."""

    name = "bare-head"
    version = "1"
    sha256 = "cd" * 32
    labels: Sequence[str] = ("person", "helmet", "head")
    experimental: frozenset[str] = frozenset()
    detail_px: int | None = None

    def detect(self, image_bgr: NDArray[np.uint8]) -> Detections:
        """Return a person in the middle, and the head on top."""
        height, width = image_bgr.shape[:2]
        boxes = np.array([[0.3, 0.1, 0.7, 0.95], [0.42, 0.12, 0.58, 0.3]], np.float32)
        return Detections(
            xyxy=boxes * np.array([width, height, width, height], np.float32),
            confidence=np.array([0.9, 0.8], np.float32),
            class_id=np.array([0, 2], np.int64),
            tracker_id=None,
        )


@dataclass(frozen=True)
class Site:
    """A served application."""

    client: TestClient
    parts: Parts
    town: Town
    tokens: dict[str, str]

    def headers(self, who: str) -> dict[str, str]:
        """Return the header of a person, of ``device`` or of ``other_device``."""
        return {"Authorization": f"Bearer {self.tokens[who]}"}

    def get(self, who: str, path: str, **options: Any) -> Response:
        """Get as somebody."""
        return self.client.get(path, headers=self.headers(who), **options)

    def post(self, who: str, path: str, json: Any = None, **headers: str) -> Response:
        """Post as somebody. A ticket's step is taken whatever its version is, where no `If-Match` is given."""
        either = {"If-Match": "*"} | headers
        return self.client.post(path, json=json, headers=self.headers(who) | either)

    def own(self, rest: str) -> str:
        """Return an address of the town's enterprise."""
        return f"/v1/enterprises/{self.town.mine.id}{rest}"

    def put_evidence(self, who: str, data: bytes) -> str:
        """Send evidence, as a person or a device; return its hash."""
        sha256 = sha256_of(data)
        path = f"/v1/evidence/{sha256}" if "device" in who else self.own(f"/evidence/{sha256}")
        answer = self.client.put(path, content=data, headers=self.headers(who))
        assert answer.status_code == 200, answer.text
        return sha256

    def draft(self, evidence_sha256: str, **changes: Any) -> dict[str, Any]:
        """Return a draft of a bare head, seen a minute ago."""
        facts = {"captured_at": utc_now() - timedelta(minutes=1)} | changes
        return make_draft(evidence_sha256, **facts).model_dump(mode="json", exclude_none=True)

    def submit(self, *drafts: dict[str, Any], who: str = "device") -> list[dict[str, Any]]:
        """Deliver drafts; return the receipts."""
        answer = self.post(who, "/v1/findings", {"drafts": list(drafts)})
        assert answer.status_code == 200, answer.text
        receipts: list[dict[str, Any]] = answer.json()["receipts"]
        return receipts

    def wait_for_photo(self, inspection_id: str, photo_id: str) -> dict[str, Any]:
        """Wait until the job has looked at a photo; return it."""
        ends = time.monotonic() + WAIT_S
        while True:
            detail = self.get("expert", self.own(f"/inspections/{inspection_id}")).json()
            photo: dict[str, Any] = next(row for row in detail["photos"] if row["id"] == photo_id)
            if photo["state"] != "waiting" or time.monotonic() > ends:
                return photo
            time.sleep(0.05)

    def wait_for_fix_check(self, ticket_id: str) -> dict[str, Any]:
        """Wait until the model has looked at a submission's photos; return what it says."""
        ends = time.monotonic() + WAIT_S
        while True:
            detail = self.get("expert", self.own(f"/tickets/{ticket_id}")).json()
            check: dict[str, Any] = detail["fix_check"]
            if check["state"] != "waiting" or time.monotonic() > ends:
                return check
            time.sleep(0.05)


@contextmanager
def open_site(settings: Settings, detector: BareHeadDetector | None = None) -> Iterator[Site]:
    """Serve an application with a town in it. An SQLite database that is not there yet has been migrated before."""
    file = settings.data_dir / "anxun.db"
    if not settings.database_url.get_secret_value() and not file.exists():
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_migrated_file())
    app = create_app(settings, detector or BareHeadDetector())
    with TestClient(app) as client:
        parts: Parts = app.state.parts
        with parts.write() as session:
            town = make_town(session)
        yield Site(client, parts, town, _sign_everyone_in(parts, town))


@cache
def _migrated_file() -> bytes:
    """Return the file of an SQLite database that all migrations ran on, once a test run."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "anxun.db")
        engine = make_engine(f"sqlite:///{file}")
        upgrade_database(engine)
        engine.dispose()
        return file.read_bytes()


@cache
def _password_hash() -> str:
    return hash_password(PASSWORD)


def _sign_everyone_in(parts: Parts, town: Town) -> dict[str, str]:
    tokens = {}
    password_hash = _password_hash()
    with parts.write.begin() as session:
        for login in LOGINS:
            user: User = session.merge(getattr(town, login))
            user.password_hash = password_hash
            tokens[login], _ = open_session(session, user, now=utc_now(), hours=1)
        for name in ("device", "other_device"):
            device: Device = session.merge(getattr(town, name))
            tokens[name] = new_token()
            device.token_sha256 = sha256_of_token(tokens[name])
    return tokens
