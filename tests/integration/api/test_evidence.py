"""Evidence: whole, in parts over a broken line, refused, shown."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from httpx2 import Response
from sqlmodel import select

from inspection.tables import AccessLog
from tests.builders import jpeg, sha256_of
from tests.integration.api.conftest import site_settings
from tests.sites import Site, open_site

HEIC = Path("tests/assets/phone.heic")


def noise(size: int) -> bytes:
    """Return a JPEG of some size that compresses badly."""
    image = np.random.default_rng(1).integers(0, 255, (size, size, 3), np.uint8)
    return bytes(cv2.imencode(".jpg", image)[1])


def put(site: Site, data: bytes, sha256: str, content_range: str | None = None) -> Response:
    """Send bytes as the device."""
    headers = site.headers("device")
    if content_range:
        headers["Content-Range"] = content_range
    return site.client.put(f"/v1/evidence/{sha256}", content=data, headers=headers)


def head(site: Site, sha256: str) -> tuple[int, str | None]:
    """Ask how much has arrived."""
    answer = site.client.head(f"/v1/evidence/{sha256}", headers=site.headers("device"))
    return answer.status_code, answer.headers.get("upload-offset")


def test_parts_survive_a_broken_line(site: Site) -> None:
    """A photo comes in parts; after a break the device asks where to go on, and loses one part."""
    data = noise(200)
    sha256, total, half = sha256_of(data), len(data), len(data) // 2
    assert head(site, sha256) == (404, None)
    first = put(site, data[:half], sha256, f"bytes 0-{half - 1}/{total}")
    assert first.status_code == 202
    assert first.headers["upload-offset"] == str(half)
    assert first.json() == {"sha256": sha256, "received": half, "size": total, "complete": False}
    assert head(site, sha256) == (202, str(half))
    again = put(site, data[:half], sha256, f"bytes 0-{half - 1}/{total}")
    assert again.status_code == 409
    assert again.headers["upload-offset"] == str(half)
    last = put(site, data[half:], sha256, f"bytes {half}-{total - 1}/{total}")
    assert last.status_code == 200
    assert last.json()["complete"] is True
    assert head(site, sha256) == (200, str(total))
    path = site.own(f"/evidence/{sha256}")
    assert site.get("officer", path).content == data
    shown = site.client.head(path, headers=site.headers("expert"))
    assert shown.headers["upload-offset"] == str(total)


def test_wrong_hash_is_dropped(site: Site) -> None:
    """Bytes that are not what their name says are refused, in one piece or in parts, and nothing stays."""
    data = jpeg(3)
    other = "12" * 32
    refused = put(site, data, other)
    assert refused.status_code == 422
    assert refused.json()["code"] == "evidence_hash_mismatch"
    put(site, data[:10], other, f"bytes 0-9/{len(data)}")
    refused = put(site, data[10:], other, f"bytes 10-{len(data) - 1}/{len(data)}")
    assert refused.json()["code"] == "evidence_hash_mismatch"
    assert head(site, other) == (404, None)


@pytest.mark.parametrize(
    ("data", "code"), [(b"", "evidence_empty"), (b"just text, named .jpg", "evidence_type_refused")]
)
def test_no_picture_is_refused(site: Site, data: bytes, code: str) -> None:
    """An empty file and a text file are named as what they are."""
    refused = put(site, data, sha256_of(data))
    assert (refused.status_code, refused.json()["code"]) == (422, code)


@pytest.mark.parametrize(
    "content_range", ["bytes 0-1", "bytes 5-1/9", "bytes 0-9/9", "bytes 0-5/9", "0-3/9"]
)
def test_content_range_must_fit(site: Site, content_range: str) -> None:
    """A range that cannot be read, or that does not fit the bytes, is refused before anything is kept."""
    data = jpeg()[:4]
    refused = put(site, data, sha256_of(data), content_range)
    assert (refused.status_code, refused.json()["code"]) == (400, "malformed_header")


def test_body_over_the_limit_is_413(tmp_path: Path) -> None:
    """A length over the limit is refused before the bytes come, and so is a stream that says no length."""
    with open_site(site_settings(tmp_path, max_evidence_bytes=2048, max_json_bytes=1024)) as site:
        data = noise(100)
        sha256 = sha256_of(data)
        assert put(site, data, sha256).json()["code"] == "body_too_large"
        chunked = site.client.put(
            f"/v1/evidence/{sha256}",
            content=iter([data[:2000], data[2000:]]),
            headers=site.headers("device"),
        )
        assert chunked.status_code == 413
        assert chunked.headers["content-type"] == "application/problem+json"
        part = put(site, data[:100], sha256, f"bytes 0-99/{len(data)}")
        assert (part.status_code, part.json()["code"]) == (413, "evidence_too_large")
        long = site.post("expert", site.own("/inspections"), {"note": "x" * 2000})
        assert long.status_code == 413


def test_original_is_kept_for_good_in_the_browser(site: Site) -> None:
    """A hash never names other bytes: the browser asks once, and each showing is in the access log."""
    data = jpeg(9)
    path = site.own(f"/evidence/{site.put_evidence('worker', data)}")
    shown = site.get("officer", path)
    assert shown.headers["content-type"] == "image/jpeg"
    assert "immutable" in shown.headers["cache-control"]
    cached = site.client.get(
        path, headers=site.headers("officer") | {"If-None-Match": shown.headers["etag"]}
    )
    assert (cached.status_code, cached.content) == (304, b"")
    with site.parts.read() as session:
        lines = session.exec(select(AccessLog).where(AccessLog.action == "evidence.read")).all()
    assert [(line.actor, line.detail) for line in lines] == [
        (f"user:{site.town.officer.id}", sha256_of(data))
    ]


def test_preview_shows_heic_as_jpeg(site: Site) -> None:
    """A phone's HEIC shows in every browser, small, and from the cache the second time."""
    sha256 = site.put_evidence("expert", HEIC.read_bytes())
    path = site.own(f"/evidence/{sha256}/preview")
    for _ in range(2):
        shown = site.get("expert", path, params={"width": 200})
        assert shown.headers["content-type"] == "image/jpeg"
        image = cv2.imdecode(np.frombuffer(shown.content, np.uint8), cv2.IMREAD_COLOR)
        assert image is not None
        assert image.shape == (120, 160, 3)
    cached = site.client.get(
        path,
        params={"width": 200},
        headers=site.headers("expert") | {"If-None-Match": shown.headers["etag"]},
    )
    assert cached.status_code == 304
    large = site.get("expert", path)
    assert cv2.imdecode(np.frombuffer(large.content, np.uint8), 1).shape[:2] == (240, 320)  # type: ignore[union-attr]


def test_preview_of_a_broken_picture_is_409(site: Site) -> None:
    """Bytes that begin like a JPEG and end too early are kept as sent, but cannot be shown."""
    sha256 = site.put_evidence("expert", noise(100)[:500])
    refused = site.get("expert", site.own(f"/evidence/{sha256}/preview"))
    assert (refused.status_code, refused.json()["code"]) == (409, "not_a_picture")
    assert site.get("expert", site.own(f"/evidence/{sha256}")).status_code == 200
