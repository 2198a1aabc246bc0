"""Notices over HTTP: the bell's number, the list, and reading."""

from tests.builders import jpeg
from tests.sites import Site


def test_bell_counts_until_read(site: Site) -> None:
    """Confirmed findings ring the officer's bell, not the expert's own; reading silences it."""
    for photo in range(2):
        draft = site.draft(site.put_evidence("device", jpeg(photo)), zone=f"zone {photo}")
        site.submit(draft)
        site.post("expert", site.own(f"/findings/{draft['id']}/confirmation"), {})
    assert site.get("officer", "/v1/notices/unread").json() == {"unread": 2}
    assert site.get("expert", "/v1/notices/unread").json() == {"unread": 0}
    newest, oldest = site.get("officer", "/v1/notices").json()["items"]
    assert newest["kind"] == oldest["kind"] == "ticket_opened"
    assert newest["facts"]["number"] > oldest["facts"]["number"]
    read = site.post("officer", f"/v1/notices/{oldest['id']}/read", {}).json()
    assert read["read_at"] is not None
    answer = site.post("officer", f"/v1/notices/{newest['id']}/read-up-to", {}).json()
    assert answer == {"unread": 0}
    assert site.get("officer", "/v1/notices", params={"unread": True}).json()["items"] == []
