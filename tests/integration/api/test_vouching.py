"""Who vouches for a ledger: witnesses over HTTP and by file, and keys that are rotated or lost."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, delete, select
from typer.testing import CliRunner

from api.cli import app
from api.key_desk import open_key_desk
from api.settings import Settings
from api.witnesses import add_witness, witnesses_of
from inspection.journal import area_log_id_of, log_id_of
from inspection.tables import Witness
from ledger.area import verify_area
from ledger.checkpoint import parse_checkpoint, verify_checkpoint
from ledger.cosignature import WitnessKey
from ledger.errors import KeyChangeUnvouched
from ledger.keychain import verify_keys
from ledger.note import VerifierKey
from ledger.sql import LedgerCheckpoint
from ledger.verify import verify_bundle
from ledger.vouching import LedgerCosignature
from ledger.witness import WitnessRequest
from ledger.witness_memory import WitnessMemory
from ledger.witness_server import WitnessServer
from tests.builders import jpeg
from tests.integration.api.conftest import site_settings
from tests.sites import Site, open_site


def record(site: Site) -> None:
    """Let something happen in the town, and publish."""
    site.submit(site.draft(site.put_evidence("device", jpeg())))
    site.parts.publisher.publish_grown()


def area_vkey(site: Site) -> VerifierKey:
    """Return the key of the town's log."""
    with site.parts.read() as session:
        vkey = site.parts.signers.vkey(session, area_log_id_of(site.town.area.id))
    return VerifierKey.from_vkey(vkey)


def vouching(site: Site, who: str = "officer") -> dict[str, Any]:
    """Return what the page shows."""
    answer = site.get(who, site.own("/ledger/vouching"))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def of_area(site: Site, rest: str) -> str:
    """Return a path of the town's area."""
    return f"/v1/areas/{site.town.area.id}{rest}"


def register(site: Site, key: WitnessKey, url: str = "") -> str:
    """Let a witness cosign the town's log."""
    with site.parts.write.begin() as session:
        return str(add_witness(session, site.town.area.id, key.to_vkey(), url=url).id)


@contextmanager
def served(memory: WitnessMemory) -> Iterator[str]:
    """Serve a witness; yield its address."""
    with WitnessServer(("127.0.0.1", 0), memory) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_a_witness_over_http_vouches_for_the_town(site: Site, tmp_path: Path) -> None:
    """The server asks, stores what holds, shows it to everybody; the chain verifies with the witness's key alone."""
    record(site)
    memory = WitnessMemory.create(tmp_path / "w", "bureau.example/w")
    memory.follow(area_vkey(site))
    with served(memory) as url:
        register(site, memory.key, url)
        assert site.parts.witness_asker.ask_all() == 1
        assert site.parts.witness_asker.ask_all() == 0
        record(site)
        assert site.parts.witness_asker.ask_all() == 1
    shown = vouching(site)
    (witness,) = shown["area"]["witnesses"]
    assert (witness["name"], witness["size"], witness["refusal"]) == ("bureau.example/w", 3, "")
    assert witness["is_online"]
    assert witness["cosigned_at"]
    found = verify_area(
        shown["area_proof"],
        parse_checkpoint(shown["checkpoint"]),
        [area_vkey(site)],
        witnesses=[memory.key],
        quorum=1,
    )
    assert (found.area.size, found.covered.size) == (3, 2)
    assert site.get("officer", site.own("/ledger/area-proof")).text == shown["area_proof"]
    text = site.get("government", of_area(site, "/checkpoint")).text
    assert text == found.area.text
    bundle = tmp_path / "bundle.zip"
    bundle.write_bytes(site.get("officer", site.own("/ledger/bundle")).content)
    report = verify_bundle(bundle, witness_vkeys=[memory.key.to_vkey()], need=1)
    assert [(one.name, one.size) for one in report.witnesses] == [("bureau.example/w", 2)]
    assert report.area is not None
    assert report.area.origin == area_vkey(site).name


def test_a_witness_that_has_seen_more_or_another_history_is_shown(
    site: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A lost answer is caught up with; a database that was set back is named, and so is a server that is away."""
    record(site)
    memory = WitnessMemory.create(tmp_path / "w", "bureau.example/w")
    memory.follow(area_vkey(site))
    with served(memory) as url:
        register(site, memory.key, url)
        site.parts.witness_asker.ask_all()
        with site.parts.write.begin() as session:
            session.exec(delete(LedgerCosignature))
        record(site)
        assert site.parts.witness_asker.ask_all() == 1
        record(site)
        site.parts.witness_asker.ask_all()
        newest = col(LedgerCheckpoint.size) == 4
        with site.parts.write.begin() as session:
            session.exec(delete(LedgerCosignature))
            session.exec(delete(LedgerCheckpoint).where(newest))
        assert site.parts.witness_asker.ask_all() == 0
    assert "was rolled back" in vouching(site)["area"]["witnesses"][0]["refusal"]
    assert site.parts.witness_asker.ask_all() == 0
    assert "does not answer" in vouching(site)["area"]["witnesses"][0]["refusal"]
    assert "did not cosign" in caplog.text


def test_a_file_goes_to_the_witness_and_back_in_the_browser(site: Site, tmp_path: Path) -> None:
    """Down, cosigned offline, up; wrong files are refused by name, and an enterprise may do neither."""
    record(site)
    memory = WitnessMemory.create(tmp_path / "w", "bureau.example/w")
    memory.follow(area_vkey(site))
    witness = register(site, memory.key)
    path = of_area(site, f"/witnesses/{witness}/request")
    assert site.get("officer", path).status_code == 404
    asked = site.get("government", path)
    assert "attachment" in asked.headers["Content-Disposition"]
    request = WitnessRequest.from_text(asked.text)
    assert request.old_size == 0
    line = memory.cosign(request)
    answer, up = request.checkpoint.text + line, of_area(site, "/cosignatures")
    for text, said in (
        (asked.text, "this file is the request"),
        (request.checkpoint.text, "no witness of this area cosigned"),
        ("a photo", "no cosigned checkpoint"),
        (vouching(site)["checkpoint"], "has published none like it"),
    ):
        refused = site.post("government", up, {"text": text})
        assert refused.status_code == 422
        assert said in refused.json()["detail"]
    broken = answer.replace(line[-12:-6], "AAAAAA")
    assert site.post("government", up, {"text": broken}).status_code == 422
    assert site.post("officer", up, {"text": answer}).status_code == 404
    taken = site.post("government", up, {"text": answer})
    assert [one["name"] for one in taken.json()] == ["bureau.example/w"]
    assert vouching(site)["area"]["witnesses"][0]["size"] == 2
    record(site)
    again = WitnessRequest.from_text(site.get("government", path).text)
    assert (again.old_size, again.checkpoint.size) == (2, 3)
    memory.cosign(again)
    beyond = site.get("government", path, params={"from": 9})
    assert beyond.status_code == 409
    assert "rolled back" in beyond.json()["detail"]


def test_areas_are_shown_to_their_parties_only(site: Site) -> None:
    """Bureau, service centre and insurer see the town; the enterprise sees its own proof; strangers nothing of it."""
    assert site.get("officer", site.own("/ledger/vouching")).status_code == 409
    record(site)
    for who in ("government", "centre", "insurer"):
        assert [row["area"]["name"] for row in site.get(who, "/v1/areas").json()["items"]] == [
            "柳市"
        ]
        assert site.get(who, of_area(site, "/checkpoint")).status_code == 200
    for who in ("officer", "expert", "stranger"):
        assert site.get(who, "/v1/areas").json()["items"] == []
        assert site.get(who, of_area(site, "/checkpoint")).status_code == 404
    assert vouching(site)["area"]["may_import"] is False
    assert vouching(site, "government")["area"]["may_import"] is True
    assert site.get("stranger", site.own("/ledger/vouching")).status_code == 404
    far = f"/v1/areas/{site.town.far.area_id}/checkpoint"
    assert site.get("government", far).status_code == 404


def test_a_rotated_key_is_followed_from_the_old_one(site: Site) -> None:
    """The running server signs with the new key, and a verifier that trusts the old one comes to trust it; exports hold."""
    record(site)
    old = VerifierKey.from_vkey(site.get("officer", site.own("/ledger/key")).text)
    old_area = area_vkey(site)
    with open_key_desk(site.parts.settings) as desk:
        told: list[tuple[int, int]] = []
        path = desk.rotate(lambda done, total: told.append((done, total)))
        assert told[-1][0] == told[-1][1] == 3
        assert any(f"{path}: " in line and "signs 3 logs" in line for line in desk.lines())
    at_once = vouching(site)
    verify_checkpoint(at_once["checkpoint"], [VerifierKey.from_vkey(at_once["keys"][-1]["vkey"])])
    record(site)
    new = VerifierKey.from_vkey(site.get("officer", site.own("/ledger/key")).text)
    assert new != old
    shown = vouching(site)
    checkpoint = verify_checkpoint(shown["checkpoint"], [new])[0]
    assert [key["kind"] for key in shown["keys"]] == ["first", "key.rotated"]
    statements = [key["statement"] for key in shown["keys"] if key["statement"]]
    assert verify_keys(statements, [old], checkpoint)[0] == (new,)
    exported = site.get("officer", site.own("/ledger/bundle"))
    (target := Path(path).with_name("bundle.zip")).write_bytes(exported.content)
    assert verify_bundle(target, trusted_vkeys=[new.to_vkey()]).is_trusted
    led = verify_bundle(target, trusted_vkeys=[old.to_vkey(), old_area.to_vkey()])
    assert led.signed_by == (new.to_vkey(),)
    changes = [(one.old, one.new) for one in led.key_changes]
    assert changes == [
        (old.to_vkey(), new.to_vkey()),
        (old_area.to_vkey(), area_vkey(site).to_vkey()),
    ]


def test_a_lost_key_is_replaced_under_a_witness(tmp_path: Path) -> None:
    """Nothing is signed by another key unannounced; after the command, the witness carries the trust over."""
    settings = site_settings(tmp_path)
    memory = WitnessMemory.create(tmp_path / "w", "bureau.example/w")
    with open_site(settings) as site:
        record(site)
        old_area = area_vkey(site)
        old = VerifierKey.from_vkey(site.get("officer", site.own("/ledger/key")).text)
        memory.follow(old_area)
    settings.signing_key_path.unlink()
    with open_site_again(settings, site) as site:
        site.submit(site.draft(site.put_evidence("device", jpeg())))
        assert site.parts.publisher.publish_grown() == 0
        with open_key_desk(settings) as desk:
            assert any(line.startswith("MISSING") for line in desk.lines())
            told: list[int] = []
            _, count = desk.replace("the disk broke", lambda done, total: told.append(total - done))
        assert (count, told) == (3, [2, 1, 0])
        record(site)
        new_area = area_vkey(site)
        memory.follow(new_area, is_replacing=True)
        with served(memory) as url:
            register(site, memory.key, url)
            assert site.parts.witness_asker.ask_all() == 1
        shown = vouching(site)
        checkpoint = parse_checkpoint(shown["checkpoint"])
        vouch = verify_area(
            shown["area_proof"],
            checkpoint,
            [old_area],
            witnesses=[memory.key],
            is_key_lost=True,
        )
        statements = [key["statement"] for key in shown["keys"] if key["statement"]]
        (new,), _ = verify_keys(statements, [old], checkpoint, vouch)
        verify_checkpoint(checkpoint.text, [new])
        (bundle := tmp_path / "bundle.zip").write_bytes(
            site.get("officer", site.own("/ledger/bundle")).content
        )
    known = [old.to_vkey(), old_area.to_vkey()]
    report = verify_bundle(
        bundle, trusted_vkeys=known, witness_vkeys=[memory.key.to_vkey()], need=1
    )
    assert [one.kind for one in report.key_changes] == ["key.replaced", "key.replaced"]
    with pytest.raises(KeyChangeUnvouched):
        verify_bundle(bundle, trusted_vkeys=known)


@contextmanager
def open_site_again(settings: Settings, before: Site) -> Iterator[Site]:
    """Serve the same data again."""
    from fastapi.testclient import TestClient

    from api.app import create_app
    from tests.sites import BareHeadDetector

    app_again = create_app(settings, BareHeadDetector())
    with TestClient(app_again, raise_server_exceptions=False) as client:
        yield Site(client, app_again.state.parts, before.town, before.tokens)


def run(settings: Settings, *arguments: str, code: int = 0) -> str:
    """Run `anxun …` on the site's data."""
    environment = {"ANXUN_DATA_DIR": str(settings.data_dir)}
    result = CliRunner().invoke(app, arguments, env=environment)
    assert result.exit_code == code, result.output
    return result.output


def test_the_operators_commands(tmp_path: Path) -> None:
    """Keys and witnesses from the command line, from the first key to the file that comes back."""
    settings = site_settings(tmp_path)
    vkey = run(settings, "key", "create").strip()
    assert vkey.startswith("anxun.local+")
    assert "there already" in run(settings, "key", "create", code=2)
    with open_site(settings) as site:
        record(site)
        area = str(site.town.area.id)
    assert vkey in run(settings, "key", "list")
    memory = WitnessMemory.create(tmp_path / "w", "bureau.example/w")
    witness = run(settings, "witness", "add", area, memory.key.to_vkey()).strip()
    add = ("witness", "add", area, memory.key.to_vkey())
    assert "there" in run(settings, *add, code=2)
    other = WitnessMemory.create(tmp_path / "w2", "insurer.example/w").key.to_vkey()
    assert "no address" in run(settings, "witness", "add", area, other, "--url", "ftp://x", code=2)
    assert "type 0x04" in run(settings, "witness", "add", area, vkey, code=2)
    listed = run(settings, "witness", "list", area)
    assert "by file: cosigned nothing yet" in listed
    memory.follow(VerifierKey.from_vkey(listed.rsplit("'", 2)[1]))
    request = tmp_path / "town.request"
    run(settings, "witness", "request", area, witness, str(request))
    assert "there already" in run(
        settings, "witness", "request", area, witness, str(request), code=2
    )
    assert "is the request" in run(settings, "witness", "import", area, str(request), code=2)
    signed = run(settings, "witness", "cosign", str(request), "--dir", str(tmp_path / "w"))
    assert "carry back" in signed
    imported = run(settings, "witness", "import", area, f"{request}.cosigned")
    assert "bureau.example/w cosigned at" in imported
    assert "cosigned size 2" in run(settings, "witness", "list", area)
    assert "checkpoint-key-2.pem" in run(settings, "key", "rotate")
    assert "no key is lost" in run(settings, "key", "replace", "--reason", "x", code=2)
    run(settings, "witness", "remove", area, witness)
    assert witness not in run(settings, "witness", "list", area)


def test_key_files_are_encrypted_by_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a new passphrase from a variable; without the right one nothing is opened."""
    settings = site_settings(tmp_path)
    run(settings, "key", "create")
    assert "set ANXUN_NEW_KEY_PASSPHRASE" in run(settings, "key", "protect", code=2)
    monkeypatch.setenv("ANXUN_NEW_KEY_PASSPHRASE", "secret words")
    run(settings, "key", "protect")
    assert "ENCRYPTED" in settings.signing_key_path.read_text()
    assert "passphrase is needed" in run(settings, "key", "list", code=2)
    monkeypatch.setenv("ANXUN_KEY_PASSPHRASE", "secret words")
    assert "encrypted" in run(settings, "key", "list")


def test_a_lost_first_key_from_before_keys_were_noted_is_named(site: Site) -> None:
    """A checkpoint that none of the keys here signed is not continued by another key."""
    from ledger.vouching import LedgerKey

    record(site)
    with site.parts.write.begin() as session:
        session.exec(delete(LedgerKey))
    record(site)
    with site.parts.write.begin() as session:
        assert len(session.exec(select(LedgerKey)).all()) == 2
        session.exec(delete(LedgerKey))
        for row in session.exec(select(LedgerCheckpoint)):
            row.text = row.text.replace("— ", "— x/")
    site.submit(site.draft(site.put_evidence("device", jpeg())))
    assert site.parts.publisher.publish_grown() == 0
    assert log_id_of(site.town.mine.id)


def test_removed_witnesses_are_asked_no_more(site: Site, tmp_path: Path) -> None:
    """Their row stays, with what they cosigned."""
    memory = WitnessMemory.create(tmp_path / "w", "bureau.example/w")
    register(site, memory.key, "http://127.0.0.1:9")
    with site.parts.write.begin() as session:
        session.exec(select(Witness)).one().is_active = False
    assert site.parts.witness_asker.ask_all() == 0
    with site.parts.read() as session:
        assert witnesses_of(session, site.town.area.id) == []
        assert len(witnesses_of(session, site.town.area.id, is_active=None)) == 1
