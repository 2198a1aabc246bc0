"""Findings are signed by their device: the key is registered once, what is not signed with it is refused, and an export proves who said it."""

import base64
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from api.cli import app
from api.export_desk import export_to_file
from inspection.device_signatures import (
    DeviceCheck,
    SignatureWrong,
    draft_sha256,
    sign,
)
from inspection.journal import log_id_of
from inspection.wire import FindingDraft, utc_now
from ledger.entry import Record
from ledger.sql import SqlStore
from tests.builders import jpeg
from tests.sites import Site

RUN = CliRunner()
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))


def public(key: Ed25519PrivateKey) -> str:
    """Return a key's public half in base64."""
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def register(site: Site, key: Ed25519PrivateKey = KEY, who: str = "device") -> Any:
    """Register a key."""
    body = {"public_key": public(key)}
    return site.client.put("/v1/devices/self/key", json=body, headers=site.headers(who))


def signed(
    site: Site, number: int, key: Ed25519PrivateKey = KEY, **changes: object
) -> dict[str, Any]:
    """Return a signed draft with its evidence there."""
    draft = FindingDraft.model_validate(site.draft(site.put_evidence("device", jpeg(number))))
    made = sign(key, site.town.device.id, draft.model_copy(update={"sequence": number}))
    return made.model_copy(update=changes).model_dump(mode="json", exclude_none=True)


def records(site: Site) -> list[tuple[int, Record | None]]:
    """Return the entries of the ledger."""
    with site.parts.read() as session:
        store, log_id = SqlStore(session), log_id_of(site.town.mine.id)
        size = store.head(log_id).size
        return [(one.index, one.record) for one in store.entries_at(log_id, range(size))]


def test_a_key_is_registered_once(site: Site) -> None:
    """Again is the same; another one is refused, also to whoever holds the token; it is an entry of the ledger."""
    assert register(site).status_code == 204
    assert register(site).status_code == 204
    refused = register(site, OTHER)
    assert (refused.status_code, refused.json()["code"]) == (409, "device_key_fixed")
    assert register(site, who="expert").status_code == 401
    bad = site.client.put(
        "/v1/devices/self/key", json={"public_key": "short"}, headers=site.headers("device")
    )
    assert bad.status_code == 422
    said = [one for _, one in records(site) if one and one.kind == "device.key_registered"]
    assert [one.data["public_key"] for one in said] == [public(KEY)]
    devices = site.get("officer", site.own("/devices")).json()["items"]
    assert [one["public_key"] for one in devices if one["public_key"]] == [public(KEY)]


def test_a_key_is_told_at_enrolment(site: Site) -> None:
    """Nothing of such a device is ever taken unsigned."""
    code = site.post("officer", site.own("/enrolment-codes"), {}).json()["code"]
    body = {"code": code, "name": "new box", "public_key": public(OTHER)}
    device = site.client.post("/v1/devices", json=body).json()
    draft = site.draft(site.put_evidence("device", jpeg(1)))
    answer = site.client.post(
        "/v1/findings",
        json={"drafts": [draft]},
        headers={"Authorization": f"Bearer {device['token']}"},
    )
    assert answer.json()["receipts"][0]["code"] == "signature_missing"


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"signature": None}, "signature_missing"),
        ({"confidence": 0.11}, "signature_invalid"),
        ({"sequence": 99}, "signature_invalid"),
        ({"signature": "A" * 86 + "=="}, "signature_invalid"),
    ],
)
def test_what_is_not_signed_with_the_key_is_refused_by_name(
    site: Site, how: dict[str, object], code: str
) -> None:
    """And one such draft stops no other."""
    register(site)
    bad, good = signed(site, 1, **how), signed(site, 2)
    first, second = site.submit(bad, good)
    assert (first["status"], first["code"]) == ("rejected", code)
    assert second["status"] == "recorded"
    assert site.submit(signed(site, 3, OTHER))[0]["code"] == "signature_invalid"


def test_a_device_without_a_key_is_heard_as_before(site: Site) -> None:
    """A signature that nobody can check is not kept."""
    (receipt,) = site.submit(signed(site, 1))
    assert receipt["status"] == "recorded"
    entry = site.get("officer", site.own(f"/ledger/entries/{receipt['index']}")).json()
    assert entry["record"]["data"]["signature"] is None
    check = DeviceCheck()
    check.walk(records(site))
    assert (check.signed, check.unsigned) == ({}, 1)


def test_the_ledger_alone_proves_which_device_said_what(site: Site) -> None:
    """From the entries: the key, the draft put together again, its hash, the signature."""
    site.submit(site.draft(site.put_evidence("device", jpeg(9))))
    register(site)
    for number in (1, 2):
        site.submit(signed(site, number))
    entries = records(site)
    check = DeviceCheck()
    check.walk(entries)
    assert check.signed == {str(site.town.device.id): 2}
    assert check.unsigned == 1
    index, record = next((i, one) for i, one in entries if one and one.data.get("signature"))
    for name, value in (
        ("confidence", 0.1),
        ("zone", "elsewhere"),
        ("device_captured_at", "2026-01-01T00:00:00Z"),
        ("signature", None),
        ("hazard_code", 7),
    ):
        tampered = Record(
            record.kind, record.section, record.at, record.by, dict(record.data) | {name: value}
        )
        with pytest.raises(SignatureWrong, match=f"entry {index}: "):
            DeviceCheck(keys=dict(check.keys)).walk([(index, tampered)])
    with pytest.raises(SignatureWrong, match="no entry before it"):
        DeviceCheck().walk([(index, record)])
    with pytest.raises(SignatureWrong, match="did not sign"):
        DeviceCheck(keys={str(site.town.device.id): public(OTHER)}).walk([(index, record)])


def test_a_draft_is_put_together_again_whatever_it_holds(site: Site) -> None:
    """Microseconds, a zone, no offset, its enterprise: the hash is the same."""
    register(site)
    draft = FindingDraft.model_validate(site.draft(site.put_evidence("device", jpeg(4))))
    for number, changes in enumerate(
        (
            {"zone": "冲压区", "clock_offset_s": 1.25, "sightings": 4},
            {"clock_offset_s": None, "enterprise_id": site.town.mine.id},
            {"captured_at": draft.captured_at.replace(microsecond=123456)},
            {"captured_at": draft.captured_at.replace(microsecond=0), "boxes": ()},
        )
    ):
        fresh = draft.model_copy(
            update={"id": UUID(int=draft.id.int + number + 1), "sequence": number + 1} | changes
        )
        one = sign(KEY, site.town.device.id, fresh)
        (receipt,) = site.submit(one.model_dump(mode="json", exclude_none=True))
        assert receipt["status"] == "recorded", receipt
        entry = site.get("officer", site.own(f"/ledger/entries/{receipt['index']}")).json()
        assert entry["record"]["data"]["draft_sha256"] == draft_sha256(one)
    check = DeviceCheck()
    check.walk(records(site))
    assert sum(check.signed.values()) == 4


def test_an_export_proves_it_to_whoever_has_no_server(site: Site, tmp_path: Path) -> None:
    """`anxun verify-devices`: with the keys of the ledger, with one got elsewhere, and not with a wrong one."""
    register(site)
    site.submit(signed(site, 1))
    export_to_file(site.parts.settings, site.town.mine.id, whole := tmp_path / "whole.zip")
    device_id = str(site.town.device.id)
    good = RUN.invoke(app, ["verify-devices", str(whole), "--json"])
    assert (good.exit_code, json.loads(good.output)["signed"]) == (0, {device_id: 1})
    assert f"{device_id}: 1" in RUN.invoke(app, ["verify-devices", str(whole)]).output
    for key, code in ((public(KEY), 0), (public(OTHER), 1)):
        run = RUN.invoke(app, ["verify-devices", str(whole), "--key", f"{device_id}={key}"])
        assert run.exit_code == code, run.output
    cut = tmp_path / "cut.zip"
    cut.write_bytes(whole.read_bytes()[:-100])
    assert RUN.invoke(app, ["verify-devices", str(cut)]).exit_code == 1


def test_two_keys_of_one_device_do_not_hold() -> None:
    """The server lets nobody write that; whoever wrote a ledger by hand is found out."""
    data = {"device_id": "one", "public_key": public(KEY)}
    first = Record("device.key_registered", "L27", utc_now(), "system", data)
    second = Record(
        "device.key_registered", "L27", utc_now(), "system", data | {"public_key": public(OTHER)}
    )
    check = DeviceCheck()
    check.walk([(0, first), (1, first), (2, None)])
    assert check.erased == 1
    with pytest.raises(SignatureWrong, match=r"entry 3: .* has an earlier entry"):
        check.walk([(3, second)])
