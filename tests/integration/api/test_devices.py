"""Devices: enrolled by a one-time code, seen, revoked."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import update

from inspection.tables import EnrolmentCode
from inspection.wire import utc_now
from tests.integration.api.conftest import site_settings
from tests.sites import Site, open_site


def new_code(site: Site) -> str:
    """Return an enrolment code of the town's enterprise."""
    answer = site.post("officer", site.own("/enrolment-codes"))
    assert answer.status_code == 201
    return str(answer.json()["code"])


def enrol(site: Site, code: str) -> tuple[int, dict[str, str]]:
    """Enrol a device; return status and answer."""
    answer = site.client.post("/v1/devices", json={"code": code, "name": "box"})
    return answer.status_code, answer.json()


def test_code_becomes_a_device_once(site: Site) -> None:
    """A code is typed with or without dashes, works once, and binds to the enterprise."""
    code = new_code(site)
    status, device = enrol(site, code.replace("-", " ").lower())
    assert status == 201
    assert device["enterprise_id"] == str(site.town.mine.id)
    headers = {"Authorization": f"Bearer {device['token']}"}
    own = site.client.get("/v1/devices/self", headers=headers).json()
    assert own["id"] == device["device_id"]
    status, problem = enrol(site, code)
    assert (status, problem["code"]) == (401, "enrolment_code_refused")


def test_expired_code_is_refused(site: Site) -> None:
    """A code that was left lying about is worth nothing."""
    code = new_code(site)
    with site.parts.write.begin() as session:
        session.exec(update(EnrolmentCode).values(expires_at=utc_now() - timedelta(seconds=1)))
    assert enrol(site, code)[0] == 401


def test_guessing_codes_is_throttled(tmp_path: Path) -> None:
    """An address that guesses codes must wait."""
    with open_site(site_settings(tmp_path, sign_in_attempts_address=2)) as site:
        assert [enrol(site, "AAAA-BBBB-CCCC")[0] for _ in range(3)] == [401, 401, 429]


def test_revoked_device_is_out_at_once(site: Site) -> None:
    """A stolen box is revoked; it stays in the list."""
    path = site.own(f"/devices/{site.town.device.id}")
    assert site.client.delete(path, headers=site.headers("officer")).status_code == 204
    assert site.client.delete(path, headers=site.headers("officer")).status_code == 204
    assert site.get("device", "/v1/devices/self").status_code == 401
    (row,) = site.get("officer", site.own("/devices")).json()["items"]
    assert row["revoked_at"]
    assert "token_sha256" not in row


def test_device_is_seen(site: Site) -> None:
    """A box that calls is seen, with at most one write a minute."""
    site.get("device", "/v1/devices/self")
    first = site.get("device", "/v1/devices/self").json()["last_seen_at"]
    assert first
    assert site.get("device", "/v1/devices/self").json()["last_seen_at"] == first


@pytest.mark.parametrize("who", ["worker", "insurer"])
def test_not_everyone_keeps_devices(site: Site, who: str) -> None:
    """A worker and an insurer see devices, but neither enrol nor revoke them."""
    assert site.post(who, site.own("/enrolment-codes")).status_code == 403
    path = site.own(f"/devices/{site.town.device.id}")
    assert site.client.delete(path, headers=site.headers(who)).status_code == 403
    assert site.get(who, site.own("/devices")).status_code == 200
