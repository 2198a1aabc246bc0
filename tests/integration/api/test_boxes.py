"""Edge boxes from the server's side: cameras in versions, models by hash, what a box says, how its items stand."""

import hashlib
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli import app
from inspection import boxes
from inspection.scopes import SYSTEM
from inspection.wire import utc_now
from tests.builders import jpeg
from tests.sites import Site
from tests.tiny_model import write_model

TEXT = '[[cameras]]\nname = "gate"\nsource = "rtsp://viewer:${GATE}@10.0.0.7/1"\n'
REPORT: dict[str, Any] = {
    "program_version": "0.1.0",
    "started_at": "2026-11-25T08:00:00Z",
    "cameras": [{"name": "gate", "sight": "black", "since": "2026-11-25T08:00:05Z"}],
    "configuration_origin": "server",
    "configuration_version": 1,
    "refused_version": 2,
    "refused_reason": "camera gate: k of n needs k ≤ n",
}


def box(site: Site, rest: str = "") -> str:
    """Return an address of the town's device."""
    return site.own(f"/devices/{site.town.device.id}{rest}")


def configure(site: Site, text: str, based_on: int, who: str = "officer") -> Any:
    """Change the box's cameras."""
    return site.post(who, box(site, "/configurations"), {"text": text, "based_on": based_on})


def test_cameras_are_kept_in_versions_and_each_change_is_in_the_ledger(site: Site) -> None:
    """Who, when, why and the hash of the text; the text is the box's and its keepers'."""
    first = configure(site, TEXT, 0)
    assert first.status_code == 201, first.text
    second = site.post(
        "centre",
        box(site, "/configurations"),
        {"text": TEXT + "fps = 1\n", "based_on": 1, "note": "slower"},
    ).json()
    assert second["version"] == 2
    versions = site.get("expert", box(site, "/configurations")).json()["items"]
    assert [(one["version"], one["note"]) for one in versions] == [(2, "slower"), (1, "")]
    assert versions[0]["made_by"] == str(site.town.centre.id)
    kept = site.get("expert", box(site, "/configurations/1")).json()
    assert kept["text"] == TEXT
    assert kept["sha256"] == hashlib.sha256(TEXT.encode()).hexdigest()
    entry = site.get("officer", site.own(f"/ledger/entries/{second['entry_index']}")).json()
    assert entry["kind"] == "device.configured"
    data = entry["record"]["data"] if "record" in entry else entry["data"]
    assert data["cameras"] == ["gate"]
    assert data["note"] == "slower"
    assert "10.0.0.7" not in str(entry)
    assert site.get("device", "/v1/devices/self/configuration").json()["version"] == 2
    assert site.get("other_device", "/v1/devices/self/configuration").status_code == 404


def test_two_people_do_not_overwrite_each_other(site: Site) -> None:
    """The second one is told that the first was faster; the same text again is no version."""
    assert configure(site, TEXT, 0).status_code == 201
    late = configure(site, TEXT + "fps = 1\n", 0, "expert")
    assert (late.status_code, late.json()["code"]) == (412, "stale_version")
    assert "the configuration is at version 1" in late.json()["detail"]
    assert configure(site, TEXT, 1).status_code == 422


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("cameras = [", "no TOML"),
        ("[defaults]\nfps = 1", "[[cameras]]"),
        ("cameras = [1]", "table"),
        ('[[cameras]]\nsource = "0"', "camera 1 needs a name"),
        ('[[cameras]]\nname = "a"', "camera a needs a source"),
        (TEXT + TEXT, "twice"),
        (TEXT + 'hazards = ["XXX-99"]', "XXX-99"),
        (TEXT + 'hazards = "PPE-01"', "a list"),
        (TEXT + 'rules = "x"', "cameras.rules"),
        (TEXT + '[[cameras.rules]]\nhazards = ["XXX-98"]', "XXX-98"),
        (TEXT + '[[cameras.zones]]\nname = "z"\npolygon = [[0,0],[1,1]]', "three corners"),
        (TEXT + '[[cameras.zones]]\nname = "z"\npolygon = [[0,0],[1,7],[1,0]]', "relative"),
        (TEXT + "# " + "x" * 200_000, ""),
    ],
)
def test_what_can_be_no_file_of_cameras_is_refused_with_its_place(
    site: Site, text: str, why: str
) -> None:
    """Before any box sees it."""
    answer = configure(site, text, 0)
    assert answer.status_code == 422
    assert why in answer.json()["detail"]


def test_only_keepers_see_and_change_a_box(site: Site) -> None:
    """Its cameras' addresses are nobody else's business."""
    for who in ("worker", "insurer", "government"):
        assert site.get(who, box(site, "/box")).status_code == 403
        assert configure(site, TEXT, 0, who).status_code == 403
    assert site.get("stranger", box(site, "/box")).status_code == 404


def test_a_box_says_how_it_does_and_hears_what_to_run(site: Site) -> None:
    """Its page shows the version that it runs beside the newest, and why it refused one."""
    configure(site, TEXT, 0)
    headers = site.headers("device")
    wishes = site.client.put("/v1/devices/self/report", json=REPORT, headers=headers).json()
    assert wishes["configuration"]["version"] == 1
    assert wishes["model"] is None
    seen = site.get("officer", box(site, "/box")).json()
    assert seen["configuration"]["version"] == 1
    assert seen["report"]["refused_reason"] == REPORT["refused_reason"]
    assert seen["report"]["cameras"][0]["sight"] == "black"
    assert seen["reported_at"]
    site.client.put("/v1/devices/self/report", json=REPORT | {"waiting": 7}, headers=headers)
    assert site.get("officer", box(site, "/box")).json()["report"]["waiting"] == 7
    bad = site.client.put("/v1/devices/self/report", json={"waiting": -1}, headers=headers)
    assert bad.status_code == 422


def release(site: Site, data: bytes, name: str = "m") -> str:
    """Release a model; return its hash."""
    sha256 = hashlib.sha256(data).hexdigest()
    released = boxes.Released({"name": name, "version": "1", "sha256": sha256}, data)
    with site.parts.write.begin() as session:
        boxes.release_model(session, released, SYSTEM.name, utc_now())
    return sha256


def offer(site: Site, sha256: str | None, to: boxes.OfferTo) -> None:
    """Offer a model."""
    with site.parts.write.begin() as session:
        boxes.offer_model(session, to, sha256, SYSTEM, utc_now())


def wished(site: Site, who: str = "device") -> str | None:
    """Return which model a box is to run."""
    answer = site.client.put("/v1/devices/self/report", json=REPORT, headers=site.headers(who))
    model = answer.json()["model"]
    return None if model is None else str(model["sha256"])


def test_the_narrowest_offer_counts(site: Site) -> None:
    """All boxes, an enterprise's, one: and none of them gives way to the wider."""
    everywhere, here, one = (release(site, bytes([n]) * 100) for n in range(3))
    offer(site, everywhere, boxes.OfferTo())
    assert wished(site) == wished(site, "other_device") == everywhere
    offer(site, here, boxes.OfferTo(enterprise_id=site.town.mine.id))
    assert (wished(site), wished(site, "other_device")) == (here, everywhere)
    officer = site.headers("officer") | {"If-Match": "*"}
    chosen = site.client.put(box(site, "/model"), json={"sha256": one}, headers=officer)
    assert chosen.status_code == 204, chosen.text
    assert wished(site) == one
    view = site.get("officer", box(site, "/box")).json()
    assert (view["offered_model"], view["chosen_model"]) == (one, one)
    site.client.put(box(site, "/model"), json={"sha256": None}, headers=officer)
    assert wished(site) == here
    unknown = site.client.put(box(site, "/model"), json={"sha256": "ab" * 32}, headers=officer)
    assert unknown.status_code == 404
    listed = site.get("expert", "/v1/models").json()["items"]
    assert {row["sha256"] for row in listed} == {everywhere, here, one}


def test_a_model_is_read_from_where_a_download_broke(site: Site) -> None:
    """Only the one on offer, from any byte on; what is no range is refused."""
    data = bytes(range(256)) * 40
    sha256 = release(site, data)
    path = f"/v1/devices/self/models/{sha256}"
    assert site.get("device", path).status_code == 404
    offer(site, sha256, boxes.OfferTo(enterprise_id=site.town.mine.id))
    assert site.get("device", path).content == data
    assert site.get("other_device", path).status_code == 404
    headers = site.headers("device")
    rest = site.client.get(path, headers=headers | {"Range": "bytes=1000-"})
    assert (rest.status_code, rest.content) == (206, data[1000:])
    assert rest.headers["Content-Range"] == f"bytes 1000-{len(data) - 1}/{len(data)}"
    for wrong in ("bytes=99999999-", "bytes=-5", "lines=1-"):
        refused = site.client.get(path, headers=headers | {"Range": wrong})
        assert refused.status_code == 400


def test_a_box_hears_how_its_items_stand(site: Site) -> None:
    """Open, dismissed, and nothing of what is not there or another's."""
    sha256 = site.put_evidence("device", jpeg(3))
    draft = site.draft(sha256)
    site.submit(draft)
    other = site.draft(sha256, zone="b")
    site.submit(other)
    site.post("expert", site.own(f"/findings/{other['id']}/dismissal"), {"reason": "none"})
    unknown = "01920000-0000-7000-8000-000000000009"
    body = {"finding_ids": [draft["id"], other["id"], unknown]}
    told = site.post("device", "/v1/devices/self/standing", body).json()["items"]
    assert told == {draft["id"]: "open", other["id"]: "dismissed"}
    assert site.post("other_device", "/v1/devices/self/standing", body).json()["items"] == {}


def test_the_operator_releases_and_offers_by_command(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what loads and hashes to its name; the same file again is the same release."""
    folder = site.parts.settings.data_dir
    monkeypatch.setenv("ANXUN_DATA_DIR", str(folder))
    bundle = write_model(folder / "model")
    runner = CliRunner()
    for _ in range(2):
        released = runner.invoke(app, ["model", "release", str(bundle)])
        assert released.exit_code == 0, released.output
    sha256 = released.output.split()[0]
    assert sha256 in runner.invoke(app, ["model", "list"]).output
    assert runner.invoke(app, ["model", "offer", sha256]).exit_code == 0
    assert wished(site) == sha256
    enterprise = ["--enterprise", str(site.town.mine.id)]
    assert runner.invoke(app, ["model", "offer", "own", *enterprise]).exit_code == 0
    assert runner.invoke(app, ["model", "offer", "ab" * 32]).exit_code == 2
    bundle.with_suffix(".onnx").write_bytes(b"another")
    assert runner.invoke(app, ["model", "release", str(bundle)]).exit_code == 2


def test_what_a_box_left_out_is_counted_at_the_item_and_stands_in_the_ledger(site: Site) -> None:
    """A total, so that twice is once; of a finding that is not there yet nothing is known."""
    draft = site.draft(site.put_evidence("device", jpeg(5)))
    headers = site.headers("device")

    def say(count: int) -> Any:
        told = {
            "finding_id": draft["id"],
            "count": count,
            "since": "2026-11-25T08:00:00Z",
            "until": "2026-11-25T09:00:00Z",
        }
        body = REPORT | {"left_out": [told], "full_since": "2026-11-25T08:00:00Z"}
        answer = site.client.put("/v1/devices/self/report", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()["left_out"]

    def entries() -> list[dict[str, Any]]:
        hits = site.get("officer", site.own("/entries?kind=finding.sightings_left_out")).json()
        return [hit["entry"]["record"]["data"] for hit in hits["items"]]

    assert say(3) == {}
    site.submit(draft)
    assert say(3) == say(3) == {draft["id"]: 3}
    assert say(5) == {draft["id"]: 5}
    assert say(2) == {draft["id"]: 5}
    path = site.own(f"/findings/{draft['id']}")
    assert site.get("expert", path).json()["left_out"] == 5
    assert site.get("officer", box(site, "/box")).json()["report"]["full_since"]
    assert sorted((one["left_out"], one["more"]) for one in entries()) == [(3, 3), (5, 2)]
    assert {one["device"] for one in entries()} == {site.town.device.name}
