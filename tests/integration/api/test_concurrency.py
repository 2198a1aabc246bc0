"""Many devices at once: one SQLite writer, no answer lost, no index twice."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.builders import jpeg
from tests.integration.api.conftest import site_settings
from tests.sites import Site, open_site

CALLERS, DRAFTS = 12, 5


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """Serve on either database."""
    is_sqlite = request.param == "sqlite"
    changes = {} if is_sqlite else {"database_url": request.getfixturevalue("postgres_url")}
    with open_site(site_settings(tmp_path, **changes)) as site:
        yield site


def test_batches_at_once_get_an_index_each(site: Site) -> None:
    """Batches of one enterprise that arrive together are sequenced one after the other; reading goes on."""
    sha256 = site.put_evidence("device", jpeg())
    batches = [[site.draft(sha256) for _ in range(DRAFTS)] for _ in range(CALLERS)]
    with ThreadPoolExecutor(CALLERS * 2) as pool:
        told = [pool.submit(site.submit, *batch) for batch in batches]
        read = [pool.submit(site.get, "expert", "/v1/findings") for _ in range(CALLERS)]
        receipts = [receipt for each in told for receipt in each.result()]
        assert {each.result().status_code for each in read} == {200}
    assert {receipt["status"] for receipt in receipts} == {"recorded"}
    assert sorted(receipt["index"] for receipt in receipts) == list(range(CALLERS * DRAFTS))


def test_one_batch_sent_many_times_at_once_is_recorded_once(site: Site) -> None:
    """A device that retries while its first try still runs gets the same receipts."""
    sha256 = site.put_evidence("device", jpeg())
    batch = [site.draft(sha256) for _ in range(DRAFTS)]
    with ThreadPoolExecutor(6) as pool:
        told = [pool.submit(site.submit, *batch) for _ in range(6)]
        answers = [[(r["id"], r["index"]) for r in each.result()] for each in told]
    assert all(answer == answers[0] for answer in answers)
    page = site.get("officer", site.own("/ledger/entries")).json()
    assert page["tree_size"] == DRAFTS


def test_one_code_sent_many_times_at_once_makes_one_device(site: Site) -> None:
    """Of several devices with the same code only one gets a token."""
    code = site.post("officer", site.own("/enrolment-codes")).json()["code"]
    body = {"code": code, "name": "box"}
    with ThreadPoolExecutor(4) as pool:
        tries = [pool.submit(site.client.post, "/v1/devices", json=body) for _ in range(4)]
        statuses = sorted(each.result().status_code for each in tries)
    assert statuses == [201, 401, 401, 401]
