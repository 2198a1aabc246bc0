"""A site whose ledger has something of everything that a report shows."""

from typing import Any

import cv2
import numpy as np

from inspection import section_records
from inspection.scopes import scope_of
from inspection.tables import new_id
from inspection.wire import RecordDraft, utc_now
from tests.builders import sha256_of
from tests.sites import Site

RARE_NAME = "𠮷田堃"
FORMULA = '=HYPERLINK("http://evil","x")'


def picture(text: str, *, shade: int = 120, size_wh: tuple[int, int] = (640, 480)) -> bytes:
    """Return a JPEG that is no flat area, with a text on it."""
    width, height = size_wh
    ramp = np.linspace(shade, 255, width, dtype=np.uint8)
    image = np.repeat(np.tile(ramp, (height, 1))[..., None], 3, axis=2)
    cv2.putText(image, text, (20, height // 2), cv2.FONT_HERSHEY_SIMPLEX, 2, (20, 60, 160), 4)
    return bytes(cv2.imencode(".jpg", image)[1])


def fill(site: Site) -> dict[str, str]:
    """Record a fixed hazard, one that is open, one that is only proposed, and records of two sections."""
    before, after = picture("before", shade=60), picture("after", shade=160)
    first = site.draft(site.put_evidence("device", before), zone="二号车间 㙍家工位")
    second = site.draft(site.put_evidence("device", picture("second")), zone="仓库")
    third = site.draft(site.put_evidence("device", picture("third", shade=90)), zone="大门")
    site.submit(first, second, third)
    ticket = _confirm(site, first)["ticket"]
    _confirm(site, second, level="major")
    officer, worker = "officer", "worker"
    steps = site.own(f"/tickets/{ticket['id']}")
    done = {"assignee_id": str(site.town.worker.id), "note": f"请{RARE_NAME}今天完成"}
    _ok(site.post(officer, f"{steps}/assignment", done))
    _ok(site.post(worker, f"{steps}/start", {"note": "开始整改"}))
    sha256 = site.put_evidence(worker, after)
    _ok(
        site.post(
            worker, f"{steps}/submission", {"note": "已配发安全帽", "evidence_sha256s": [sha256]}
        )
    )
    # Its entry comes when it comes; here it comes before the reinspection's.
    site.wait_for_fix_check(ticket["id"])
    _ok(site.post("expert", f"{steps}/reinspection", {"passed": True, "note": "复查合格"}))
    meeting = {
        "on": "2026-10-20", "place": "会议室", "topic": FORMULA, "host": ["林安全"], "attendees": ["周师傅", RARE_NAME],
        "resolution": "冲压线加装光栅，11月15日前完成。" * 12, "photos": [site.put_evidence(officer, picture("meeting", shade=10))],
    }  # fmt: skip
    record(site, "L04", meeting)
    record(
        site,
        "L05",
        {"on": "2026-11-02", "item": "灭火器", "category": "facilities", "amount": 1280.5},
    )
    return {"ticket": ticket["id"], "before": sha256_of(before), "after": sha256}


def record(site: Site, section: str, values: dict[str, Any]) -> None:
    """Write a record of a section, as the enterprise's officer."""
    with site.parts.write.begin() as session:
        scope = scope_of(session, site.town.officer.id)
        draft = RecordDraft(id=new_id(), values=values)
        section_records.record(session, scope, site.town.mine.id, section, draft, utc_now())


def _confirm(site: Site, draft: dict[str, Any], **said: Any) -> dict[str, Any]:
    answer: dict[str, Any] = _ok(
        site.post("expert", site.own(f"/findings/{draft['id']}/confirmation"), said)
    ).json()
    return answer


def _ok(answer: Any) -> Any:
    assert answer.is_success, answer.text
    return answer
