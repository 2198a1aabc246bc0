"""The bound on an enterprise's evidence: what does not fit is refused and lost nowhere, also when many send at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from httpx2 import Response
from sqlalchemy import event
from sqlmodel import col, func, select

from inspection.evidence_usage import used_bytes
from inspection.removals import remove_orphans
from inspection.scopes import SYSTEM
from inspection.tables import Evidence
from inspection.wire import utc_now
from tests.builders import sha256_of
from tests.integration.api.conftest import site_settings
from tests.sites import Site, open_site

QUOTA = 200_000


def noise(seed: int, side: int = 128) -> bytes:
    """Return a JPEG of about 30 kB that nothing makes smaller; another seed is another file."""
    image = np.random.default_rng(seed).integers(0, 255, (side, side, 3), np.uint8)
    return bytes(cv2.imencode(".jpg", image)[1])


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """Serve a site on either database, with room for some photos an enterprise."""
    is_sqlite = request.param == "sqlite"
    changes = {} if is_sqlite else {"database_url": request.getfixturevalue("postgres_url")}
    with open_site(site_settings(tmp_path, evidence_quota_bytes=QUOTA, **changes)) as site:
        yield site


def put(site: Site, data: bytes, who: str = "device", **headers: str) -> Response:
    """Send evidence as a device."""
    path = f"/v1/evidence/{sha256_of(data)}"
    return site.client.put(path, content=data, headers=site.headers(who) | headers)


def counted(site: Site) -> tuple[int, int]:
    """Return what the counter says that the enterprise keeps, and what its rows add up to."""
    mine = site.town.mine.id
    with site.parts.read() as session:
        rows = select(func.sum(Evidence.size)).where(
            col(Evidence.enterprise_id) == mine, col(Evidence.erased_at).is_(None)
        )
        return used_bytes(session, mine), int(session.exec(rows).one() or 0)


def test_what_does_not_fit_is_refused_whole_and_in_parts(site: Site) -> None:
    """507 that says what to do; nothing is kept; what is there is there, what fits is taken, and another enterprise has its own room."""
    photos = []
    while sum(map(len, photos)) + len(noise(0)) <= QUOTA:
        photos.append(noise(len(photos)))
        assert put(site, photos[-1]).status_code == 200
    assert counted(site)[0] == counted(site)[1] == sum(map(len, photos))
    more = noise(99)
    refused = put(site, more)
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (507, "evidence_quota_reached")
    assert "ANXUN_EVIDENCE_QUOTA_BYTES" in problem["detail"]
    assert "retry-after" not in refused.headers
    begun = put(site, more[:1000], **{"Content-Range": f"bytes 0-999/{len(more)}"})
    assert begun.status_code == 507
    assert not site.parts.evidence.has(sha256_of(more))
    assert (
        site.client.head(
            f"/v1/evidence/{sha256_of(more)}", headers=site.headers("device")
        ).status_code
        == 404
    )
    assert put(site, photos[0]).status_code == 200
    assert put(site, noise(7, 16)).status_code == 200
    assert put(site, more, "other_device").status_code == 200
    with site.parts.write.begin() as session:
        later = utc_now() + timedelta(days=4000)
        gone = remove_orphans(session, site.town.mine.id, SYSTEM, later)
    assert len(gone) == len(photos) + 1
    assert counted(site) == (0, 0)
    assert put(site, more).status_code == 200


def test_of_many_at_once_as_many_are_taken_as_fit(site: Site) -> None:
    """To the byte; and what came for nothing goes."""
    photos = [noise(seed) for seed in range(16)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda data: put(site, data), photos))
    taken = [
        data for data, answer in zip(photos, answers, strict=True) if answer.status_code == 200
    ]
    assert {answer.status_code for answer in answers} == {200, 507}
    assert counted(site) == (sum(map(len, taken)), sum(map(len, taken)))
    assert QUOTA - max(map(len, photos)) < counted(site)[0] <= QUOTA
    site.parts.keeper.run_once()
    kept = [data for data in photos if site.parts.evidence.has(sha256_of(data))]
    assert kept == taken


def test_an_upload_adds_nothing_up(site: Site) -> None:
    """The count is a row: whatever is kept already, no upload reads it all."""
    asked: list[str] = []

    def heard(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement.lower())

    event.listen(site.parts.engine, "before_cursor_execute", heard)
    assert put(site, noise(1)).status_code == 200
    event.remove(site.parts.engine, "before_cursor_execute", heard)
    assert any("evidence_usage" in statement for statement in asked)
    assert not [each for each in asked if "sum(" in each or "count(" in each]
