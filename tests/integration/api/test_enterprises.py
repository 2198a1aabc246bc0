"""Enterprises with plan, insurance and people; the catalogue; the clock."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from inspection.switches import LabelUnknown
from tests.builders import jpeg
from tests.integration.api.conftest import site_settings
from tests.sites import BareHeadDetector, Site, open_site


def test_enterprise_has_plan_and_insurance(site: Site) -> None:
    """Whoever may see it sees the plan and the policy in force, and the names behind the ids."""
    shown = site.get("officer", site.own("")).json()
    assert shown["area"]["name"] == "柳市"
    assert shown["plan"]["name"] == "基础方案"
    assert shown["insurance_policy"]["insurer"]["name"] == "insurer"
    other = site.get("stranger", f"/v1/enterprises/{site.town.other.id}").json()
    assert other["plan"] is None
    assert other["insurance_policy"] is None


def test_list_holds_the_scope(site: Site) -> None:
    """The centre sees its area, the enterprise itself, and pages lead through."""
    own = site.get("officer", "/v1/enterprises").json()["items"]
    assert [row["id"] for row in own] == [str(site.town.mine.id)]
    first = site.get("centre", "/v1/enterprises", params={"limit": 1}).json()
    second = site.get(
        "centre", "/v1/enterprises", params={"limit": 1, "cursor": first["next_cursor"]}
    ).json()
    ids = {first["items"][0]["id"], second["items"][0]["id"]}
    assert ids == {str(site.town.mine.id), str(site.town.other.id)}
    assert second["next_cursor"] is None


def test_enterprises_are_found_by_words(site: Site) -> None:
    """In name and credit code, whatever the case; out of scope nothing is found."""

    def found(**asked: str) -> set[str]:
        rows = site.get("centre", "/v1/enterprises", params=asked).json()["items"]
        return {row["id"] for row in rows}

    mine, other = site.town.mine, site.town.other
    assert found(q=f"企业 {mine.credit_code.lower()}") == {str(mine.id)}
    assert found(q="企业") == {str(mine.id), str(other.id)}
    assert found(q=site.town.far.credit_code) == found(q="%") == set()


def test_people_of_an_enterprise(site: Site) -> None:
    """A ticket is assigned to someone of this list."""
    rows = site.get("expert", site.own("/people")).json()["items"]
    roles = {row["login"]: row["roles"] for row in rows}
    assert roles["worker"] == ["enterprise_worker"]
    assert roles["expert"] == ["expert"]
    assert "stranger" not in roles


def test_catalogue(site: Site) -> None:
    """Hazard types and ledger sections come from the norms' data."""
    hazards = {row["code"]: row for row in site.get("device", "/v1/hazard-types").json()["items"]}
    assert hazards["FIR-01"]["level"] == "general"
    sections = site.get("worker", "/v1/ledger-sections").json()["items"]
    assert len(sections) == 28
    assert sections[0]["key_fields"]


def test_time_and_health(site: Site) -> None:
    """Both are open: a device measures its clock, an operator's watch asks whether the server is well."""
    now = datetime.fromisoformat(site.client.get("/v1/time").json()["now"])
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)
    health = site.client.get("/v1/health").json()
    assert health["status"] == "ok"
    assert health["model_name"] == "bare-head"
    assert health["hazards_on"] == ["PPE-01"]
    assert health["hazards_on_trial"] == health["hazards_off"] == []


@pytest.mark.parametrize(
    ("switched_on", "detection", "found"), [("", "off", 0), ("head", "on_trial", 1)]
)
def test_an_experimental_label_is_off_until_the_operator_switches_it_on(
    tmp_path: Path, switched_on: str, detection: str, found: int
) -> None:
    """Photos are looked at without it; health and catalogue say so, and say so differently once it is on."""
    detector = BareHeadDetector()
    detector.experimental = frozenset({"head"})
    with open_site(site_settings(tmp_path, experimental=switched_on), detector) as site:
        sha256 = site.put_evidence("expert", jpeg())
        base = site.own("/inspections")
        inspection = site.post("expert", base, {"place": "gate", "note": ""}).json()["id"]
        photo = site.post(
            "expert", f"{base}/{inspection}/photos", {"evidence_sha256": sha256, "file_name": "a"}
        ).json()
        assert site.wait_for_photo(inspection, photo["id"])["finding_count"] == found
        rows = {row["code"]: row for row in site.get("expert", "/v1/hazard-types").json()["items"]}
        assert rows["PPE-01"]["detection"] == detection
        assert rows["FIR-01"]["detection"] == "none"
        health = site.client.get("/v1/health").json()
        assert health[f"hazards_{detection}"] == [{"hazard_code": "PPE-01", "label": "head"}]


def test_a_label_that_the_model_has_not_stops_the_start(tmp_path: Path) -> None:
    """A misspelt setting is named, not ignored."""
    settings = site_settings(tmp_path, experimental="heads, all")
    with pytest.raises(LabelUnknown, match="'heads'"), open_site(settings):
        pass
