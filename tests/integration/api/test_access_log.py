"""Who may read the access log, what stands in it, and that nothing of it can be changed."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, delete, select, update

from api.access import WINDOW, AccessNotes, Noted
from inspection.access_log import FLOOR, AccessKind, forget_past, kind_of
from inspection.tables import AccessLog, Membership
from inspection.wire import utc_now
from tests.builders import jpeg
from tests.integration.api.conftest import site_settings
from tests.sites import PASSWORD, Site, open_site


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """Serve a site on SQLite and on PostgreSQL."""
    settings = site_settings(tmp_path)
    if request.param == "postgresql":
        url = SecretStr(request.getfixturevalue("postgres_url"))
        settings = settings.model_copy(update={"database_url": url})
    with open_site(settings) as site:
        yield site


def rows(site: Site, who: str, path: str, **asked: Any) -> list[dict[str, Any]]:
    """Return a page of a log, as somebody."""
    answer = site.get(who, path, params=asked)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_officer_sees_who_looked_at_their_photos(anywhere: Site) -> None:
    """Who, from which organisation, when, from where, and how often within minutes: one row, though it was shown four times."""
    site = anywhere
    sha256 = site.put_evidence("device", jpeg(7))
    for width in (64, 160, 320, 640):
        path = site.own(f"/evidence/{sha256}/preview?width={width}")
        assert site.get("insurer", path).status_code == 200
    assert site.get("expert", site.own(f"/evidence/{sha256}")).status_code == 200
    site.parts.notes.flush(utc_now())
    original, preview = rows(site, "officer", site.own("/access-log"), kind="read")
    assert (original["action"], original["times"]) == ("evidence.read", 1)
    assert original["by"] == {
        "kind": "user",
        "id": str(site.town.expert.id),
        "name": "Expert",
        "organisation": "service_centre",
    }
    assert (preview["action"], preview["times"]) == ("evidence.preview.blurred", 4)
    assert preview["by"]["name"] == "Insurer"
    assert preview["detail"] == sha256
    assert preview["remote"] == "testclient"
    assert preview["at"] < preview["last_at"]
    assert preview["enterprise"]["id"] == str(site.town.mine.id)


def test_another_sign_in_of_the_same_person_is_another_row(site: Site) -> None:
    """What two sign-ins show is told apart: one of them may be a thief's."""
    sha256 = site.put_evidence("device", jpeg(7))
    token = site.client.post("/v1/sessions", json={"login": "expert", "password": PASSWORD}).json()
    for headers in (site.headers("expert"), {"Authorization": f"Bearer {token['token']}"}):
        site.client.get(site.own(f"/evidence/{sha256}"), headers=headers)
    assert len(rows(site, "officer", site.own("/access-log"), kind="read")) == 2


def test_refused_strangers_show_in_the_owners_log(anywhere: Site) -> None:
    """Whoever asks for what is not theirs is seen by those whose it is; the stranger learns nothing by it."""
    site = anywhere
    for _ in range(3):
        assert site.get("stranger", site.own("/devices")).status_code == 404
    assert site.get("stranger", site.own("/access-log")).status_code == 404
    site.parts.notes.flush(utc_now())
    found = rows(site, "officer", site.own("/access-log"), kind="refusal")
    assert [(row["by"]["name"], row["times"]) for row in found] == [
        ("Stranger", 1),
        ("Stranger", 3),
    ]
    mine = rows(site, "stranger", "/v1/me/access-log", kind="refusal")
    assert [row["enterprise"] for row in mine] == [None, None]
    assert mine[1]["detail"] == "not_found GET /v1/enterprises/…/devices"
    assert str(site.town.mine.id) in found[1]["detail"]
    assert rows(site, "stranger", f"/v1/enterprises/{site.town.other.id}/access-log") == []


def test_a_device_that_is_refused_is_noted_once_with_its_enterprise(site: Site) -> None:
    """A box that repeats itself all day is one row in some minutes, and no commit each time."""
    for _ in range(5):
        answer = site.client.head(f"/v1/evidence/{'ab' * 32}", headers=site.headers("device"))
        assert answer.status_code == 404
    site.parts.notes.flush(utc_now())
    (row,) = rows(site, "officer", site.own("/access-log"), kind="refusal")
    assert (row["times"], row["by"]["kind"], row["by"]["name"]) == (5, "device", "box")


def test_only_owners_read(site: Site) -> None:
    """Experts, workers, the centre, the insurer and the government read no enterprise's log; each reads their own."""
    for who in ("expert", "worker", "centre", "insurer", "government"):
        assert site.get(who, site.own("/access-log")).status_code == 403
        assert site.get(who, "/v1/me/access-log").status_code == 200
    token = site.post(
        "expert", "/v1/me/tokens", {"name": "t", "scopes": ["read"], "days": 1}
    ).json()
    headers = {"Authorization": f"Bearer {token['token']}"}
    assert site.client.get("/v1/me/access-log", headers=headers).status_code == 403


def test_a_person_reads_what_was_tried_with_their_login(site: Site) -> None:
    """Sign-in, failures, the throttle, tokens and the sign-out are theirs to see, and nobody else's."""
    for password in ("wrong", PASSWORD):
        site.client.post("/v1/sessions", json={"login": "expert", "password": password})
    site.client.cookies.clear()
    made = site.post("expert", "/v1/me/tokens", {"name": "t", "scopes": ["read"], "days": 1}).json()
    site.client.delete(f"/v1/me/tokens/{made['id']}", headers=site.headers("expert"))
    found = rows(site, "expert", "/v1/me/access-log")
    assert [(row["kind"], row["action"]) for row in found] == [
        ("account", "token.revoke"),
        ("account", "token.create"),
        ("sign_in", "sign_in"),
        ("sign_in", "sign_in.refused"),
    ]
    assert found[-1]["by"] == {"kind": "login", "id": None, "name": "expert", "organisation": ""}
    assert rows(site, "officer", "/v1/me/access-log") == []


def test_the_throttle_is_noted(tmp_path: Path) -> None:
    """A login that is guessed shows its owner that it was; an address that tries many names is one row without them."""
    limits = {"sign_in_attempts": 2, "sign_in_attempts_address": 4}
    with open_site(site_settings(tmp_path, **limits)) as site:
        tries = ["expert"] * 4 + ["a", "b", "c", "d", "e"]
        for login in tries:
            site.client.post("/v1/sessions", json={"login": login, "password": "wrong"})
        site.parts.notes.flush(utc_now())
        (mine,) = rows(site, "expert", "/v1/me/access-log")[:1]
        assert (mine["action"], mine["times"]) == ("sign_in.throttled", 2)
        with site.parts.read() as session:
            throttled = col(AccessLog.action) == "sign_in.throttled"
            actors = session.exec(select(AccessLog.actor, AccessLog.times).where(throttled)).all()
        assert sorted(actors) == [("anonymous", 3), ("login:expert", 2)]


def test_administrator_reads_what_members_did(anywhere: Site) -> None:
    """Of enterprises that the administrator sees, and refusals anywhere; not what a member did for somebody else."""
    site = anywhere
    with site.parts.write.begin() as session:
        held = select(Membership).where(col(Membership.user_id) == site.town.centre.id)
        membership = session.exec(held).one()
        membership.is_administrator = True
        # The expert belongs elsewhere too.
        session.add(
            AccessLog(
                actor=f"user:{site.town.expert.id}", action="x", enterprise_id=site.town.far.id
            )
        )
    log = f"/v1/organisations/{membership.organisation_id}/access-log"
    assert site.get("expert", log).status_code == 403
    assert site.get("officer", log).status_code == 404
    sha256 = site.put_evidence("device", jpeg(7))
    site.get("expert", site.own(f"/evidence/{sha256}"))
    site.get("officer", site.own(f"/evidence/{sha256}"))
    assert site.get("expert", f"/v1/enterprises/{site.town.far.id}/devices").status_code == 404
    found = rows(site, "centre", log, user_id=str(site.town.expert.id))
    assert [row["action"] for row in found] == ["refused", "evidence.read", "refused"]
    assert found[0]["enterprise"] is None
    assert rows(site, "centre", log, user_id=str(site.town.officer.id)) == []


def test_a_change_that_describes_nothing_is_noted_all_the_same(site: Site) -> None:
    """A route that forgot its line has one by its name; one that has its line has no second."""
    site.post("expert", site.own("/inspections"), {"place": "gate"})
    site.post("officer", site.own("/enrolment-codes"))
    found = rows(site, "officer", site.own("/access-log"))
    assert [row["action"] for row in found] == ["enrolment_code.create", "change.startInspection"]
    assert {row["kind"] for row in found} == {"people", "change"}


def test_pages_neither_skip_nor_repeat(site: Site) -> None:
    """The cursor goes on where the page ended, also when a row comes in between; times limit it."""
    for number in range(5):
        site.post("expert", site.own("/inspections"), {"place": f"gate {number}"})
    log = site.own("/access-log")
    first = site.get("officer", log, params={"limit": 2}).json()
    site.post("expert", site.own("/inspections"), {"place": "later"})
    seen = [row["id"] for row in first["items"]]
    cursor = first["next_cursor"]
    while cursor:
        page = site.get("officer", log, params={"limit": 2, "cursor": cursor}).json()
        seen += [row["id"] for row in page["items"]]
        cursor = page["next_cursor"]
    assert len(seen) == len(set(seen)) == 5
    oldest = site.get("officer", log, params={"limit": 200}).json()["items"][-1]["at"]
    assert len(rows(site, "officer", log, since=oldest)) == 6
    assert rows(site, "officer", log, until=oldest) == []


def change_everything(session: Session, **values: object) -> None:
    """Try to change every row."""
    session.exec(update(AccessLog).values(**values))


@pytest.mark.parametrize(
    "values",
    [{"actor": "nobody"}, {"remote": ""}, {"kind": "change"}, {"at": utc_now()}, {"times": 0}],
)
def test_nothing_is_changed(anywhere: Site, values: dict[str, object]) -> None:
    """The database refuses to change who, what, when and from where; and that a count goes down."""
    assert anywhere.get("stranger", anywhere.own("/devices")).status_code == 404
    with anywhere.parts.write() as session, pytest.raises(DBAPIError, match="not changed"):
        change_everything(session, **values)


def test_young_rows_are_not_deleted(anywhere: Site) -> None:
    """Half a year is kept whatever anybody asks; what is past the retention goes, and nothing else."""
    now = utc_now()
    old, middle = now - timedelta(days=366), now - FLOOR - timedelta(days=2)
    with anywhere.parts.write.begin() as session:
        session.exec(delete(AccessLog).where(col(AccessLog.at) < now - FLOOR))
        session.add_all(AccessLog(actor="system", action=f"t{n}", at=old) for n in range(3))
        session.add_all(AccessLog(actor="system", action="t", at=at) for at in (middle, now))
    with anywhere.parts.write() as session, pytest.raises(DBAPIError, match="183 days"):
        session.exec(delete(AccessLog))
    assert forget_past(anywhere.parts.write, now) == 3
    with anywhere.parts.read() as session:
        left = session.exec(select(AccessLog.at).where(col(AccessLog.actor) == "system")).all()
    assert sorted(left) == [middle, now]


def test_repetitions_make_a_new_row_when_the_window_is_over(site: Site) -> None:
    """Counts are written before the row is left; each window has its own."""
    notes, now = AccessNotes(site.parts.write), utc_now()
    noted = Noted("system", "evidence.read", site.town.mine.id, "ab" * 32)
    for seconds in (0, 1, 2, WINDOW.total_seconds(), WINDOW.total_seconds() + 1):
        notes.note(noted, now + timedelta(seconds=seconds))
    assert notes.flush(now + 3 * WINDOW) == 1
    assert notes.flush(now + 3 * WINDOW) == 0
    with site.parts.read() as session:
        rows = session.exec(select(AccessLog).order_by(col(AccessLog.id))).all()
    assert [(row.times, row.last_at) for row in rows] == [
        (3, now + timedelta(seconds=2)),
        (2, now + WINDOW + timedelta(seconds=1)),
    ]


def test_the_keeper_writes_counts(site: Site) -> None:
    """Nobody asks for it: within seconds the count is there."""
    sha256 = site.put_evidence("device", jpeg(7))
    for _ in range(2):
        site.get("expert", site.own(f"/evidence/{sha256}"))
    site.parts.keeper.wake()
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if rows(site, "officer", site.own("/access-log"), kind="read")[0]["times"] == 2:
            return
        time.sleep(0.05)
    pytest.fail("the count was not written")


def test_each_action_has_its_kind() -> None:
    """What is read by kind: a sign-in's refusal is of signing in, an unknown action is a change."""
    kinds = {
        action: kind_of(action)
        for action in (
            "sign_in.refused",
            "evidence.preview",
            "ledger.export",
            "ticket.close",
            "new",
        )
    }
    assert kinds == {
        "sign_in.refused": AccessKind.SIGN_IN,
        "evidence.preview": AccessKind.READ,
        "ledger.export": AccessKind.EXPORT,
        "ticket.close": AccessKind.DECISION,
        "new": AccessKind.CHANGE,
    }
