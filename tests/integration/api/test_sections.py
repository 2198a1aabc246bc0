"""The sections over HTTP: forms, records, what is due, reminders; each party as its role allows."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from inspection.plans import china_day
from inspection.reminders import remind_all
from inspection.tables import SectionReminder, new_id
from inspection.wire import utc_now
from tests.builders import jpeg
from tests.sites import Site
from tests.unit.inspection.test_section_values import MEETING


def send(site: Site, who: str = "officer", section: str = "L04", **values: Any) -> Any:
    """Write a record; return the answer."""
    body = {"id": str(new_id()), "values": MEETING | values}
    return site.post(who, site.own(f"/sections/{section}/records"), body)


def sections(site: Site, who: str = "officer") -> dict[str, Any]:
    """Return the sections of the enterprise by code."""
    rows = site.get(who, site.own("/sections")).json()["items"]
    return {row["code"]: row for row in rows}


def test_forms_follow_from_the_definitions(site: Site) -> None:
    """One edition of each hand-written section is in force, with labels in both languages and personal fields marked."""
    items = site.get("officer", "/v1/section-definitions").json()["items"]
    in_force = [row["section"] for row in items if row["is_in_force"]]
    assert len(in_force) == len(set(in_force)) == 25
    meeting = next(row for row in items if row["section"] == "L04")
    attendees = next(field for field in meeting["fields"] if field["name"] == "attendees")
    assert attendees["is_personal"]
    assert attendees["is_required"]
    assert (attendees["label_zh"], attendees["type"]) == ("参加人员", "people")


def test_a_record_is_written_once_and_read_back(site: Site) -> None:
    """Sent twice it is one; its photo is an attachment; its entry is in the ledger."""
    photo = site.put_evidence("officer", jpeg(5))
    body = {"id": str(new_id()), "version": "2025-01-01", "values": MEETING | {"photos": [photo]}}
    path = site.own("/sections/L04/records")
    first, second = site.post("officer", path, body), site.post("officer", path, body)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    (listed,) = site.get("insurer", path).json()["items"]
    assert listed == first.json()
    assert listed["attachments"][0]["role"] == "photos"
    assert listed["recorded_by"]["name"] == "Officer"
    entry = site.get("officer", site.own(f"/ledger/entries/{listed['entry_index']}")).json()
    assert (entry["kind"], entry["leaf_hash"]) == ("section.recorded", listed["leaf_hash"])


def test_every_wrong_field_is_named(site: Site) -> None:
    """The answer points at each field of the body, with a code that an app can translate."""
    answer = send(site, host="林", colour="red", topic=None)
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["code"] == "fields_refused"
    faults = {fault["location"][-1]: fault["code"] for fault in problem["errors"]}
    assert faults == {"host": "wrong_type", "colour": "unknown", "topic": "required"}
    assert sections(site)["L04"]["records"] == 0


@pytest.mark.parametrize(
    ("who", "section", "status"),
    [
        ("expert", "L04", 201),
        ("worker", "L04", 201),
        ("worker", "L02", 403),
        ("centre", "L04", 403),
        ("insurer", "L04", 403),
        ("government", "L04", 403),
        ("stranger", "L04", 404),
        ("officer", "L27", 403),
        ("officer", "L99", 404),
    ],
)
def test_who_may_write(site: Site, who: str, section: str, status: int) -> None:
    """Those who keep the section write; the others of the five parties read; nobody falsifies the product's own."""
    assert send(site, who, section).status_code == status
    if status != 404:
        assert site.get(who, site.own(f"/sections/{section}/records")).status_code == 200


def test_a_correction_shows_its_history(site: Site) -> None:
    """The list shows the newest, the record its chain with the reason; the earlier one can no longer be changed."""
    first = send(site).json()
    path = site.own(f"/records/{first['id']}")
    body = {"id": str(new_id()), "values": MEETING | {"place": "食堂"}, "reason": "地点写错"}
    second = site.post("expert", f"{path}/correction", body)
    assert second.status_code == 201
    assert site.post("expert", f"{path}/correction", body).json() == second.json()
    (listed,) = site.get("officer", site.own("/sections/L04/records")).json()["items"]
    assert (listed["id"], listed["revision"]) == (body["id"], 2)
    detail = site.get("government", path).json()
    assert detail["record"]["state"] == "superseded"
    assert [row["values"]["place"] for row in detail["history"]] == ["食堂", "会议室"]
    assert detail["history"][0]["reason"] == "地点写错"
    assert not detail["may_write"]
    again = site.post("officer", f"{path}/correction", body | {"id": str(new_id())})
    assert (again.status_code, again.json()["code"]) == (409, "not_standing")
    newest = site.own(f"/records/{body['id']}")
    withdrawn = site.post("officer", f"{newest}/withdrawal", {"reason": "重复"})
    assert withdrawn.json()["state"] == "withdrawn"
    assert site.get("officer", site.own("/sections/L04/records")).json()["items"] == []


def test_pages_neither_skip_nor_repeat(site: Site) -> None:
    """Records of the same and of other days, read three at a time while one more is written, come once each."""
    days = ["2026-10-01", "2026-10-02", "2026-10-02", "2026-10-02", "2026-10-03", "2026-09-30"]
    sent = [send(site, on=day).json()["id"] for day in days]
    path, seen, cursor = site.own("/sections/L04/records"), [], None
    while True:
        asked = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = site.get("officer", path, params=asked).json()
        seen += [(row["on_day"], row["id"]) for row in page["items"]]
        send(site, on="2026-10-04")
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert {row[1] for row in seen} == set(sent)
    assert len(seen) == len(sent)
    assert seen == sorted(seen, reverse=True)
    for wrong in ("x", "AAAAAAAA", "!!!!"):
        assert (
            site.get("officer", path, params={"cursor": wrong}).json()["code"] == "invalid_cursor"
        )


def test_the_missing_meeting_is_told_to_everyone_who_looks(site: Site) -> None:
    """October's is missing until it is recorded, and the service centre sees it by enterprise."""
    today = china_day(utc_now())
    last_month = today.replace(day=1) - timedelta(days=1)
    period = f"{last_month:%Y-%m}"
    path = site.own("/duties")

    def states(who: str) -> dict[str, str]:
        rows = site.get(who, path, params={"section": "L04"}).json()["items"]
        return {row["period"]: row["state"] for row in rows}

    for who in ("officer", "centre", "insurer", "government"):
        assert states(who)[period] == "missing"
    before = site.get("centre", "/v1/duties").json()["items"]
    mine = next(row for row in before if row["enterprise"]["id"] == str(site.town.mine.id))
    assert mine["missing"] > 0
    ends = [row["last"] for row in mine["items"]]
    assert len(set(ends)) > 1
    assert ends == sorted(ends)
    assert sections(site)["L04"]["missing"] > 0
    assert send(site, on=str(last_month)).status_code == 201
    assert states("officer")[period] == "done"
    after = site.get("centre", "/v1/duties").json()["items"]
    assert mine["missing"] - 1 == next(
        row["missing"] for row in after if row["enterprise"]["id"] == str(site.town.mine.id)
    )
    wanted = {"state": "missing", "section": "L04"}
    left = site.get("officer", path, params=wanted).json()["items"]
    assert period not in {row["period"] for row in left}


def test_a_section_that_does_not_apply_is_not_asked_for(site: Site) -> None:
    """With a reason, by the officer; it is an entry; some sections apply to everyone."""
    path = site.own("/sections/L14/applicability")
    assert sections(site)["L14"]["may_be_absent"]
    mark = {"applies": False, "reason": "厂内没有有限空间", "since": "2026-01-01"}

    def put(who: str, address: str = path) -> Any:
        return site.client.put(address, json=mark, headers=site.headers(who) | {"If-Match": "*"})

    assert put("insurer").status_code == 403
    view = put("officer").json()
    assert view["absence"]["reason"] == mark["reason"]
    assert (view["missing"], view["due"]) == (0, 0)
    refused = put("officer", site.own("/sections/L04/applicability"))
    assert (refused.status_code, refused.json()["code"]) == (422, "always_applies")


def test_reminders_are_put_out_once(site: Site) -> None:
    """However often it runs: officer and expert are told of the meetings, the centre of its own sections, a worker of none."""
    # The keeper of this server does the same at its start, and may have been first: who wrote a row is chance, that it is there is not.
    remind_all(site.parts.read, site.parts.write, utc_now())
    with site.parts.read() as session:
        rows = session.exec(select(SectionReminder)).all()
    assert rows
    assert len({(row.user_id, row.section, row.period) for row in rows}) == len(rows)
    assert remind_all(site.parts.read, site.parts.write, utc_now()) == 0

    def told(who: str, **query: str) -> list[dict[str, Any]]:
        answer = site.get(who, "/v1/reminders", params={"limit": "200", **query})
        rows: list[dict[str, Any]] = answer.json()["items"]
        return rows

    assert {row["section"] for row in told("officer")} >= {"L04", "L05", "L17"}
    assert {row["section"] for row in told("expert")} == {row["section"] for row in told("officer")}
    assert {row["section"] for row in told("centre")} >= {"L24", "L26"}
    assert "L04" not in {row["section"] for row in told("centre")}
    assert told("worker") == told("insurer") == []
    first = told("officer", limit="1")[0]
    read = site.post("officer", f"/v1/reminders/{first['id']}/read").json()
    assert read["read_at"] is not None
    assert site.post("officer", f"/v1/reminders/{first['id']}/read").json() == read
    assert first["id"] not in {row["id"] for row in told("officer", unread="true")}
    assert site.post("expert", f"/v1/reminders/{first['id']}/read").status_code == 404
    page = site.get("officer", "/v1/reminders", params={"limit": "1"}).json()
    cursor = {"limit": "1", "cursor": page["next_cursor"]}
    assert site.get("officer", "/v1/reminders", params=cursor).json()["items"] != page["items"]
    assert site.get("officer", "/v1/reminders", params={"cursor": "x"}).status_code == 422
