"""A ticket's clock over HTTP: what the page shows, and that each request goes its whole way."""

from datetime import timedelta
from typing import Any

import pytest

from inspection.wire import utc_now
from tests.builders import jpeg
from tests.sites import Site


@pytest.fixture
def ticket(site: Site) -> str:
    """Return the address of an open ticket of a hazard that is fixed within three days."""
    draft = site.draft(site.put_evidence("device", jpeg(7)), hazard_code="FIR-03")
    site.submit(draft)
    decision = site.post("expert", site.own(f"/findings/{draft['id']}/confirmation"), {}).json()
    return site.own(f"/tickets/{decision['ticket']['id']}")


def ask(site: Site, path: str, body: dict[str, Any], who: str = "officer") -> dict[str, Any]:
    """Post, and return the ticket as it is then."""
    answer = site.post(who, path, body)
    assert answer.status_code == 200, answer.text
    detail: dict[str, Any] = answer.json()
    return detail


def test_the_clock_says_how_much_is_left_and_why(site: Site, ticket: str) -> None:
    """Running, then stopped by a pause that another person granted, then running again."""
    clock = site.get("insurer", ticket).json()["clock"]
    assert (clock["unit"], clock["budget_s"], clock["stopped_by"]) == ("calendar", 259_200, None)
    assert clock["budget_s"] - clock["elapsed_s"] == clock["remaining_s"]
    assert not clock["is_unit_basis_checked"]
    until = (utc_now() + timedelta(days=4)).isoformat()
    asked = ask(site, f"{ticket}/pauses", {"reason_code": "waiting_parts", "until": until})
    hold = asked["holds"][0]
    assert (hold["state"], hold["may_withdraw"], hold["may_decide"]) == ("requested", True, False)
    seen = site.get("expert", ticket).json()["holds"][0]
    assert (seen["may_withdraw"], seen["may_decide"]) == (False, True)
    path = f"{ticket}/holds/{hold['id']}"
    granted = ask(site, f"{path}/decision", {"approved": True, "note": "同意"}, "expert")
    assert granted["clock"]["stopped_by"] == "pause"
    assert granted["holds"][0]["is_pausing"]
    assert granted["clock"]["due_at"] == granted["ticket"]["deadline"]
    again = site.post("expert", f"{path}/decision", {"approved": False, "note": "x"})
    assert (again.status_code, again.json()["code"]) == (409, "hold_decided")
    ended = ask(site, f"{path}/end", {})
    assert (ended["clock"]["stopped_by"], ended["holds"][0]["may_end"]) == (None, False)
    assert ended["ticket"]["version"] == 4


def test_an_extension_is_asked_for_refused_asked_again_and_withdrawn(
    site: Site, ticket: str
) -> None:
    """Only a granted one is in the budget."""
    more = {"reason_code": "larger_than_planned", "days": 3}
    hold = ask(site, f"{ticket}/extensions", more)["holds"][0]
    twice = site.post("officer", f"{ticket}/extensions", more)
    assert (twice.status_code, twice.json()["code"]) == (409, "hold_pending")
    refusal = {"approved": False, "note": "三天足够"}
    refused = ask(site, f"{ticket}/holds/{hold['id']}/decision", refusal, "centre")
    assert (refused["clock"]["granted_days"], refused["holds"][0]["state"]) == (0, "refused")
    hold = ask(site, f"{ticket}/extensions", more)["holds"][1]
    withdrawn = ask(site, f"{ticket}/holds/{hold['id']}/withdrawal", {})
    assert withdrawn["holds"][1]["state"] == "withdrawn"
    hold = ask(site, f"{ticket}/extensions", more)["holds"][2]
    granted = ask(site, f"{ticket}/holds/{hold['id']}/decision", {"approved": True}, "expert")
    assert (granted["clock"]["granted_days"], granted["clock"]["budget_s"]) == (3, 6 * 86_400)


def test_reasons_are_offered(site: Site) -> None:
    """In both languages, with the limits."""
    reasons = site.get("worker", "/v1/hold-reasons").json()
    assert reasons["items"][0]["code"] == "waiting_parts"
    assert reasons["items"][0]["kinds"] == ["extension", "pause"]
    assert (reasons["pause_max_days"], reasons["extension_max_days"]) == (60, 60)
