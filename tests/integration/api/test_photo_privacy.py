"""Derived pictures hide heads from those whose role does not need them; the evidence is never touched."""

from datetime import date
from pathlib import Path

import cv2
import numpy as np
import pytest
from sqlmodel import select

from inspection.photo_privacy import HeadBlur, shows_heads
from inspection.tables import AccessLog, Role
from models.bundle import load_bundle
from models.errors import ModelUnreadable
from models.privacy import PRIVACY_THRESHOLD
from tests.sites import BareHeadDetector, Site


def photo() -> bytes:
    """Return a picture whose every part has detail."""
    rows, columns = np.indices((240, 320))
    grey = ((rows // 2 + columns // 2) % 2 * 255).astype(np.uint8)
    return bytes(cv2.imencode(".png", np.dstack([grey] * 3))[1])


def detail_of_head(jpeg: bytes) -> float:
    """Return how much detail the head of `BareHeadDetector`'s person has."""
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert image is not None
    part = image[int(0.15 * 240) : int(0.28 * 240), int(0.44 * 320) : int(0.56 * 320)]
    return float(np.abs(np.diff(part.astype(int), axis=1)).mean())


def test_who_is_shown_heads_is_dated_data() -> None:
    """By role; any role that shows heads is enough, and before the first row nobody is shown any."""
    today = date(2026, 11, 25)
    assert shows_heads([Role.EXPERT], today)
    assert shows_heads([Role.INSURER, Role.ENTERPRISE_OFFICER], today)
    assert not shows_heads([Role.INSURER], today)
    assert not shows_heads([Role.GOVERNMENT], today)
    assert not shows_heads([], today)
    assert not shows_heads([Role.EXPERT], date(2024, 1, 1))


def test_insurer_and_government_see_heads_blurred_unless_they_ask(site: Site) -> None:
    """The default follows the role, an explicit wish prevails, and the access log tells the two apart."""
    sha256 = site.put_evidence("expert", photo())
    path = site.own(f"/evidence/{sha256}/preview")
    for who, blurred in (("expert", False), ("officer", False), ("centre", False),
                         ("insurer", True), ("government", True)):  # fmt: skip
        shown = site.get(who, path)
        assert shown.headers["x-anxun-heads"] == ("blurred" if blurred else "original"), who
        assert (detail_of_head(shown.content) < 10) is blurred, who
        assert "no-cache" in shown.headers["cache-control"]
    asked = site.get("insurer", path, params={"blur": "false"})
    assert detail_of_head(asked.content) > 50
    assert "immutable" in asked.headers["cache-control"]
    assert detail_of_head(site.get("expert", path, params={"blur": "true"}).content) < 10
    original = site.get("insurer", site.own(f"/evidence/{sha256}"))
    assert original.content == photo()
    with site.parts.read() as session:
        lines = session.exec(select(AccessLog.actor, AccessLog.action)).all()
    insurer = f"user:{site.town.insurer.id}"
    assert [action for actor, action in lines if actor == insurer] == [
        "evidence.preview.blurred", "evidence.preview", "evidence.read",
    ]  # fmt: skip


def test_one_browser_never_shows_one_person_what_another_was_shown(site: Site) -> None:
    """The tag of the original is not good for the blurred one at the same address."""
    path = site.own(f"/evidence/{site.put_evidence('expert', photo())}/preview")
    tag = site.get("expert", path).headers["etag"]
    again = site.client.get(path, headers=site.headers("expert") | {"If-None-Match": tag})
    assert again.status_code == 304
    other = site.client.get(path, headers=site.headers("insurer") | {"If-None-Match": tag})
    assert other.status_code == 200
    assert detail_of_head(other.content) < 10


def test_kept_pictures_are_told_apart_by_model_and_variant(site: Site, tmp_path: Path) -> None:
    """A better model blurs anew; the second answer of one model comes from the folder."""
    sha256 = site.put_evidence("expert", photo())
    path = site.own(f"/evidence/{sha256}/preview")
    for _ in range(2):
        site.get("insurer", path)
    site.get("expert", path)
    kept = sorted(file.name for file in (tmp_path / "data" / "previews").rglob("*.jpg"))
    assert len(kept) == 2
    assert sum(BareHeadDetector.sha256 in name for name in kept) == 1


class FailingDetector(BareHeadDetector):
    """A model that fails on every picture."""

    def detect(self, image_bgr: np.ndarray) -> None:  # type: ignore[override]
        """Fail."""
        raise ModelUnreadable(f"out of memory for {image_bgr.shape}")


class FlameDetector(BareHeadDetector):
    """A model that knows nothing of people."""

    labels = ("flame",)


@pytest.mark.parametrize(
    ("detector", "code"),
    [(FailingDetector(), "model_failed"), (FlameDetector(), "heads_not_detectable")],
)
def test_a_model_that_cannot_blur_gives_an_error_and_no_picture(
    site: Site, detector: BareHeadDetector, code: str
) -> None:
    """Never an unblurred answer to a wish for a blurred one; who is shown heads still sees the picture."""
    site.parts.previews._heads = HeadBlur.from_detector(detector)
    path = site.own(f"/evidence/{site.put_evidence('expert', photo())}/preview")
    refused = site.get("insurer", path)
    assert (refused.status_code, refused.json()["code"]) == (503, code)
    assert refused.headers["content-type"] == "application/problem+json"
    assert site.get("expert", path).status_code == 200


def test_the_shipped_model_looks_for_people_with_less_certainty() -> None:
    """Blurring needs every head; claims need sure ones. The two share one network."""
    shipped = load_bundle()
    heads = HeadBlur.from_detector(shipped)
    looking = getattr(heads.detect, "__self__")  # noqa: B009  a bound method's detector
    assert looking.thresholds["person"] == PRIVACY_THRESHOLD < shipped.thresholds["person"]
    assert looking.runtime is shipped.runtime
    assert heads.variant.endswith(shipped.sha256)
