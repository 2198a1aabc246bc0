"""How long each camera saw: a day an entry, corrected by a later one; a camera that is blind for long is a notice to the enterprise."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from inspection.box_wire import BoxReport, CameraReport
from inspection.sight import Sight
from inspection.sight_days import tell_of_blind
from inspection.tables import BoxStatus, Device
from inspection.wire import utc_now
from tests.sites import Site

NOW = utc_now()
HOUR = 3600


def report(site: Site, **changes: Any) -> dict[str, Any]:
    """Let the box say how it does; return the answer."""
    body = {"program_version": "1", "started_at": "2026-11-25T08:00:00Z"} | changes
    answer = site.client.put("/v1/devices/self/report", json=body, headers=site.headers("device"))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def day(on: str, seen_s: int, **blind: int) -> dict[str, Any]:
    """Return a day of one camera."""
    return {"day": on, "cameras": [{"name": "gate", "seconds": {"seeing": seen_s} | blind}]}


def entries(site: Site) -> list[dict[str, Any]]:
    """Return the entries of days, oldest first."""
    path = site.own("/entries?kind=camera.sight_day&oldest_first=true")
    return [hit["entry"] for hit in site.get("officer", path).json()["items"]]


def test_a_day_is_an_entry_of_the_ai_patrol_section_and_twice_is_once(site: Site) -> None:
    """Minutes seen and blind, and why; a box that was offline tells several days at once."""
    days = [day("2026-10-01", 23 * HOUR, black=1800, moved=600), day("2026-10-02", 24 * HOUR)]
    assert report(site, days=days)["days"] == ["2026-10-01", "2026-10-02"]
    assert report(site, days=days)["days"] == ["2026-10-01", "2026-10-02"]
    first, _second = entries(site)
    assert first["section"] == "L27"
    assert first["record"]["by"] == f"device:{site.town.device.id}"
    assert first["record"]["data"]["cameras"] == [
        {
            "name": "gate",
            "seen_min": 1380,
            "blind_min": 40,
            "blind_s": {"black": 1800, "moved": 600},
        }
    ]
    shown = site.get("expert", site.own(f"/devices/{site.town.device.id}/box")).json()["days"]
    assert [(one["day"], one["cameras"][0]["blind_min"]) for one in shown] == [
        ("2026-10-02", 0),
        ("2026-10-01", 40),
    ]
    assert shown[1]["entry_index"] == first["index"]


def test_a_day_that_was_told_otherwise_is_corrected_by_a_later_entry(site: Site) -> None:
    """The earlier one stays, and the later one names it."""
    report(site, days=[day("2026-10-01", HOUR)])
    report(site, days=[day("2026-10-01", 2 * HOUR, frozen=60)])
    first, second = entries(site)
    assert first["record"]["data"]["corrects"] is None
    assert second["record"]["data"]["corrects"] == first["index"]
    shown = site.get("expert", site.own(f"/devices/{site.town.device.id}/box")).json()["days"]
    assert [(one["cameras"][0]["seen_min"], one["entry_index"]) for one in shown] == [
        (120, second["index"])
    ]


def test_a_day_that_is_not_over_is_not_taken(site: Site) -> None:
    """Whatever the box's clock says."""
    tomorrow = (NOW + timedelta(days=1)).date().isoformat()
    assert report(site, days=[day(tomorrow, 60)])["days"] == []
    assert entries(site) == []


def camera(blind_for: timedelta, sight: Sight = Sight.BLACK, name: str = "gate") -> CameraReport:
    """Return a camera that has been so for a while."""
    return CameraReport(name=name, sight=sight, since=NOW - blind_for)


def notices(site: Site, who: str) -> list[dict[str, Any]]:
    """Return what somebody was told of blind cameras."""
    found = site.get(who, "/v1/notices").json()["items"]
    return [one for one in found if one["kind"] == "camera_blind"]


def said(site: Site, at: datetime, *cameras: CameraReport, offset_s: float = 0.0) -> int:
    """Let the box say what its cameras see; return how many notices that made."""
    report = BoxReport(
        program_version="1", started_at=NOW, cameras=cameras, clock_offset_s=offset_s
    )
    with site.parts.write.begin() as session:
        device = session.get_one(Device, site.town.device.id)
        key = (device.enterprise_id, device.id)
        status = session.get(BoxStatus, key)
        if status is None:
            status = BoxStatus(enterprise_id=key[0], device_id=key[1], at=at, report={})
            session.add(status)
            session.flush()
        return tell_of_blind(session, device, status, report, at)


def test_a_camera_that_is_blind_for_long_is_a_notice_once_until_it_sees_again(site: Site) -> None:
    """After half an hour; again when it sees and goes blind anew. The officer is told, with what and since when."""
    assert said(site, NOW, camera(timedelta(minutes=29))) == 0
    assert said(site, NOW, camera(timedelta(minutes=31))) == 1
    assert said(site, NOW + timedelta(minutes=1), camera(timedelta(minutes=31))) == 0
    assert said(site, NOW, camera(timedelta(0), Sight.SEEING)) == 0
    assert said(site, NOW + timedelta(hours=2), camera(timedelta(minutes=1))) == 1
    (newest, _) = notices(site, "officer")
    assert newest["thing_id"] == str(site.town.device.id)
    assert newest["facts"]["camera"] == "gate"
    assert newest["facts"]["sight"] == "black"
    assert notices(site, "worker") == notices(site, "stranger") == []


@pytest.mark.parametrize(("offset_s", "count"), [(3600.0, 1), (-3600.0, 0)])
def test_the_boxs_clock_does_not_make_a_camera_blind_for_longer(
    site: Site, offset_s: float, count: int
) -> None:
    """`since` is the device's time: its offset is taken off."""
    assert said(site, NOW, camera(timedelta(minutes=-20)), offset_s=offset_s) == count
