"""Importing enterprises, people and cameras: looked through first, written whole or not at all, and the same file twice is once."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlmodel import col, func, select

from api.settings import Settings
from inspection.tables import AccessLog, BoxConfiguration, Enterprise, Invitation, ServicePlan
from ledger.log import entries
from ledger.sql import SqlStore
from tests.integration.api.conftest import site_settings
from tests.sheets import CAMERAS, CODE, ENTERPRISES, PEOPLE, workbook
from tests.sites import Site


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgres, pytest.mark.slow])]
)
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Return settings of a server on either database; PostgreSQL holds every import to its row policies."""
    settings = site_settings(tmp_path)
    if request.param == "sqlite":
        return settings
    url = SecretStr(request.getfixturevalue("postgres_url"))
    return settings.model_copy(update={"database_url": url})


ROWS = (
    (CODE, "新厂一", "柳市", "工业路1号", "是", "FA-1", "2026-01-01", "2026/12/31"),
    ("91330382MA2CB0002X", "新厂二", "", "", "否", None, None, None),
)


def send(site: Site, kind: str, data: bytes, who: str = "centre", *, dry_run: bool) -> Any:
    """Send a workbook; return the answer."""
    return site.client.post(
        f"/v1/imports/{kind}",
        params={"dry_run": dry_run},
        content=data,
        headers=site.headers(who),
    )


def run(site: Site, kind: str, data: bytes, who: str = "centre", *, dry_run: bool = False) -> dict[str, Any]:  # fmt: skip
    """Send a workbook; return the report."""
    answer = send(site, kind, data, who, dry_run=dry_run)
    assert answer.status_code == 200, answer.text
    report: dict[str, Any] = answer.json()
    return report


def count(site: Site, table: type) -> int:
    """Return how many rows a table has."""
    with site.parts.read() as session:
        return session.exec(select(func.count()).select_from(table)).one()


def kinds_of(site: Site, enterprise: Enterprise) -> list[str]:
    """Return the kinds of the entries of an enterprise's ledger."""
    with site.parts.read() as session:
        found = entries(SqlStore(session), str(enterprise.id), 0, 50)
        return [entry.header.kind for entry in found]


def test_a_dry_run_writes_nothing_and_the_run_writes_all(site: Site) -> None:
    """Two enterprises, one with its plan; again nothing is new; a changed address is an entry of the ledger."""
    data = workbook(ENTERPRISES, *ROWS)
    before = count(site, Enterprise)
    looked = run(site, "enterprises", data, dry_run=True)
    assert (looked["created"], looked["is_applied"], looked["faults"]) == (2, False, [])
    assert count(site, Enterprise) == before
    done = run(site, "enterprises", data)
    assert (done["created"], done["is_applied"]) == (2, True)
    assert count(site, Enterprise) == before + 2
    again = run(site, "enterprises", data)
    assert (again["created"], again["changed"], again["same"]) == (0, 0, 2)
    moved = workbook(ENTERPRISES, (CODE, "新厂一", "", "工业路2号"))
    assert run(site, "enterprises", moved)["changed"] == 1
    with site.parts.read() as session:
        row = session.exec(select(Enterprise).where(col(Enterprise.credit_code) == CODE)).one()
        plan = session.exec(
            select(ServicePlan).where(col(ServicePlan.enterprise_id) == row.id)
        ).one()
        logged = session.exec(select(AccessLog.action)).all()
    assert (row.address, row.is_high_risk, row.area_id) == ("工业路2号", True, site.town.area.id)
    assert (plan.number, str(plan.starts_on), str(plan.ends_on)) == ("FA-1", "2026-01-01", "2026-12-31")  # fmt: skip
    assert kinds_of(site, row) == ["enterprise.registered", "enterprise.plan_added", "enterprise.changed"]  # fmt: skip
    assert logged.count("import.enterprises") == 4
    # The centre sees what it brought in.
    assert site.get("centre", f"/v1/enterprises/{row.id}").status_code == 200


def test_one_bad_row_stops_all(site: Site) -> None:
    """Each is listed with row, column, code, what is wrong and what to do; the good ones are not written either."""
    far = site.town.far.credit_code
    data = workbook(
        ENTERPRISES,
        ROWS[0],
        (CODE, "重复"),
        ("12", "短码"),
        (far, "别人的"),
        ("91330382MA2CB0003X", "外区", "北白象"),
        ("91330382MA2CB0004X", "缺日期", "", "", "", "FA-2", "2026-01-01", None),
        ("91330382MA2CB0005X", "倒置", "", "", "", "FA-3", "2026-12-31", "2026-01-01"),
        ("91330382MA2CB0006X", "=HYPERLINK(1)"),
    )
    before = count(site, Enterprise)
    report = run(site, "enterprises", data)
    assert not report["is_applied"]
    assert [(fault["row"], fault["code"]) for fault in report["faults"]] == [
        (3, "twice"), (4, "credit_code"), (5, "not_yours"), (6, "area"), (7, "plan"), (8, "plan"), (9, "formula")
    ]  # fmt: skip
    assert all(fault["message"] and fault["advice"] for fault in report["faults"])
    assert count(site, Enterprise) == before
    assert site.town.far.name not in str(report)


def test_people_are_invited_once(site: Site) -> None:
    """Each row gives a link, shown once, that works; the same person is not invited again, in whatever way it is written."""
    mine = site.town.mine.credit_code
    rows = [
        (mine, "王建国", "安全管理员", "+86 138 0000 0000"),
        (mine, "李工", "员工", "LI@example.com"),
    ]
    report = run(site, "people", workbook(PEOPLE, *rows), "officer")
    assert report["created"] == 2
    links = [row["link"] for row in report["rows"]]
    token = links[0].rpartition("#")[2]
    seen = site.client.post("/v1/invitations/view", json={"token": token}).json()
    assert (seen["name"], seen["role"]) == ("王建国", "enterprise_officer")
    again = workbook(PEOPLE, (mine, "王建国", "安全管理员", "13800000000"), rows[1])
    report = run(site, "people", again, "officer")
    assert (report["same"], [row["link"] for row in report["rows"]]) == (2, [None, None])
    assert count(site, Invitation) == 2
    wrong = workbook(
        PEOPLE,
        (site.town.far.credit_code, "赵", "员工", "13900000000"),
        (mine, "钱", "老板", "13900000001"),
        (mine, "孙", "员工", "12"),
        (mine, "周", "员工", "a@b.cn"),
        (mine, "周", "员工", "A@b.cn"),
    )
    report = run(site, "people", wrong, "officer")
    assert [fault["code"] for fault in report["faults"]] == [
        "not_found",
        "role",
        "contact",
        "twice",
    ]
    assert count(site, Invitation) == 2


def test_cameras_join_what_a_box_has(site: Site) -> None:
    """They are one new version with one entry; what stood there stays as it was written; the same again is nothing."""
    mine, device = site.town.mine.credit_code, site.town.device
    text = "# 大门\n[[cameras]]\nname = '大门'\nsource = 'rtsp://10.0.0.1/1'\n"
    path = site.own(f"/devices/{device.id}/configurations")
    assert site.post("officer", path, {"text": text, "based_on": 0}).status_code == 201
    rows = [
        (mine, device.name, "大门", "rtsp://10.0.0.1/1"),
        (mine, device.name, '东"门', "rtsp://user:${PASSWORD}@10.0.0.2/1"),
        (mine, device.name, "西门", "rtsp://10.0.0.3/1"),
    ]
    report = run(site, "cameras", workbook(CAMERAS, *rows), "expert")
    assert (report["created"], report["same"]) == (2, 1)
    with site.parts.read() as session:
        newest = session.exec(
            select(BoxConfiguration).order_by(col(BoxConfiguration.version).desc())
        ).first()
    assert newest is not None
    assert (newest.version, newest.text.startswith(text)) == (2, True)
    assert kinds_of(site, site.town.mine).count("device.configured") == 2
    assert run(site, "cameras", workbook(CAMERAS, *rows), "expert")["same"] == 3
    wrong = workbook(
        CAMERAS,
        (mine, device.name, "大门", "rtsp://10.0.0.9/1"),
        (mine, "没有的盒子", "南门", "rtsp://10.0.0.4/1"),
        (mine, device.name, "北门", "C:\\video"),
        (mine, device.name, "后门", "rtsp://a:secret@10.0.0.5/1"),
    )
    report = run(site, "cameras", wrong, "expert")
    assert [fault["code"] for fault in report["faults"]] == ["other_source", "device", "source", "password"]  # fmt: skip
    assert "secret" not in str(report["faults"][3])


@pytest.mark.parametrize(
    ("kind", "who"),
    [("enterprises", "officer"), ("enterprises", "expert"), ("people", "worker"), ("people", "insurer"), ("cameras", "government")],
)  # fmt: skip
def test_whoever_may_not_is_told_so(site: Site, kind: str, who: str) -> None:
    """403 before anything of the file is read."""
    answer = send(site, kind, b"", who, dry_run=True)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


def test_a_file_that_is_none_is_refused(site: Site) -> None:
    """What is no workbook, and an empty one."""
    answer = send(site, "enterprises", b"name;code\n", dry_run=True)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    report = run(site, "enterprises", workbook(ENTERPRISES), dry_run=True)
    assert [fault["code"] for fault in report["faults"]] == ["empty"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_template_can_be_sent_back(site: Site, language: str) -> None:
    """What is downloaded, with its example, passes the dry run."""
    query = {"language": language}
    form = site.get("centre", "/v1/imports/enterprises/template", params=query)
    assert form.status_code == 200
    assert "attachment" in form.headers["content-disposition"]
    assert run(site, "enterprises", form.content, dry_run=True)["created"] == 1
