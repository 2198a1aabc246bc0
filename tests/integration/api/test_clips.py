"""The clip of a finding: added once by its device, an entry of its own, shown to whoever sees the finding."""

from typing import Any

from edge.clip_file import mp4_of
from tests.builders import jpeg
from tests.sites import Site
from tests.unit.edge.test_clips import pictures


def found(site: Site) -> str:
    """Deliver a finding; return its id."""
    draft = site.draft(site.put_evidence("device", jpeg(5)))
    site.submit(draft)
    return str(draft["id"])


def add(site: Site, finding_id: str, sha256: str, who: str = "device") -> Any:
    """Add a clip."""
    return site.client.put(
        f"/v1/findings/{finding_id}/clip",
        json={"evidence_sha256": sha256},
        headers=site.headers(who),
    )


def test_a_clip_is_added_once_and_stands_in_the_ledger(site: Site) -> None:
    """Sent again it is the same; another one is refused; a person finds it at the finding."""
    finding_id = found(site)
    path = site.own(f"/findings/{finding_id}/clip")
    assert site.get("expert", path).json() == {"clip": None}
    clip = site.put_evidence("device", mp4_of(pictures(4)))
    first = add(site, finding_id, clip)
    assert first.status_code == 200, first.text
    assert add(site, finding_id, clip).json() == first.json()
    another = site.put_evidence("device", mp4_of(pictures(5)))
    assert (add(site, finding_id, another).status_code) == 409
    seen = site.get("officer", path).json()["clip"]
    assert seen["evidence_sha256"] == clip
    entry = site.get("officer", site.own(f"/ledger/entries/{seen['entry_index']}")).json()
    assert entry["kind"] == "finding.clip_added"
    assert clip in str(entry)
    kept = site.get("officer", site.own(f"/evidence/{clip}"))
    assert kept.headers["content-type"] == "video/mp4"


def test_what_is_no_clip_of_ones_own_is_refused(site: Site) -> None:
    """A picture, evidence that is not there, a finding of nobody or of another enterprise."""
    finding_id = found(site)
    clip = site.put_evidence("device", mp4_of(pictures(4)))
    picture = site.put_evidence("device", jpeg(6))
    no_video = add(site, finding_id, picture)
    assert no_video.status_code == 422
    assert "video/mp4" in no_video.json()["detail"]
    assert add(site, finding_id, "ab" * 32).status_code == 422
    assert add(site, "01920000-0000-7000-8000-000000000009", clip).status_code == 404
    assert add(site, finding_id, clip, "other_device").status_code == 404
    assert add(site, finding_id, clip, "expert").status_code == 401
