"""The clip of a finding plays on its page, in a real browser."""

from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser

from edge.clip_file import mp4_of
from inspection.wire import Source, SourceKind, utc_now
from tests.browser.conftest import Site
from tests.browser.test_boxes import enrol
from tests.browser.test_screens import PHONE, person_at
from tests.builders import jpeg, make_draft, sha256_of
from tests.unit.edge.test_clips import packets

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def deliver(site: Site) -> str:
    """Deliver a camera's finding with its clip; return its id."""
    _, headers = enrol(site)
    still, clip = jpeg(90, (640, 480)), mp4_of(packets(30))
    with httpx2.Client(base_url=site.address, headers=headers) as client:
        for data in (still, clip):
            put = client.put(f"/v1/evidence/{sha256_of(data)}", content=data)
            assert put.status_code == 200, put.text
        draft = make_draft(
            sha256_of(still),
            source=Source(kind=SourceKind.CAMERA, name="东门"),
            captured_at=utc_now() - timedelta(minutes=1),
            clock_offset_s=0.0,
        )
        client.post(
            "/v1/findings", json={"drafts": [draft.model_dump(mode="json", exclude_none=True)]}
        )
        added = client.put(
            f"/v1/findings/{draft.id}/clip", json={"evidence_sha256": sha256_of(clip)}
        )
        assert added.status_code == 200, added.text
    return str(draft.id)


def test_a_clip_plays_on_the_findings_page(browser: Browser, site: Site, screenshots: Path) -> None:
    """Three seconds of H.264, on a phone."""
    finding_id = deliver(site)
    with person_at(browser, site, PHONE, screenshots, "clip-phone") as expert:
        expert.sign_in("expert")
        expert.page.goto(f"/enterprises/{site.enterprise_id}/findings/{finding_id}")
        clip = expert.page.locator('video[data-test="clip"]')
        clip.wait_for()
        clip.scroll_into_view_if_needed()
        clip.evaluate("video => video.play()")
        expert.page.wait_for_function(
            "() => document.querySelector('video').currentTime > 0.3", timeout=15_000
        )
        assert clip.evaluate("video => video.duration") == pytest.approx(3.0, abs=0.2)
        assert clip.evaluate("video => [video.videoWidth, video.videoHeight]") == [320, 180]
        expert.see("clip")
