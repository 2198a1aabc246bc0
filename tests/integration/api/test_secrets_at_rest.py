"""What a copy of the database tells of how people sign in: nothing that opens anything."""

import logging
import math
from pathlib import Path

import pyotp
import pytest
import sqlalchemy as sa
from alembic import command
from argon2 import PasswordHasher
from fastapi.testclient import TestClient
from sqlmodel import select, update

from api import auth
from api.app import create_app
from api.database import alembic_config, migrating, upgrade_database
from api.tokens import CODE_ALPHABET, salted_sha256_of_code, sha256_of_code
from inspection.database import make_engine
from inspection.sealing import Seal
from inspection.tables import RecoveryCode, SecondFactor, User
from tests.integration.api.conftest import site_settings
from tests.integration.api.test_account import next_code, set_up_second_factor, sign_in
from tests.row_of_every_table import fill_every_table
from tests.sites import BareHeadDetector, Site, open_site


def test_no_authenticator_lies_readable_in_the_database(site: Site) -> None:
    """Neither the row nor a byte of the file tells the secret; the codes of it count all the same."""
    totp, _ = set_up_second_factor(site)
    with site.parts.read() as session:
        row = session.exec(select(SecondFactor)).one()
    assert row.secret is None
    assert row.sealed
    file = Path(str(site.parts.engine.url.database))
    stored = file.read_bytes() + file.with_name(f"{file.name}-wal").read_bytes()
    assert row.sealed in stored
    assert totp.secret.encode() not in stored
    assert totp.byte_secret() not in stored
    assert sign_in(site, code=next_code(totp)).status_code == 201


def test_what_lay_readable_is_sealed_at_the_start(tmp_path: Path) -> None:
    """An older release stored secrets as they are: the next start seals them, and people's codes count on."""
    settings = site_settings(tmp_path)
    secret = pyotp.random_base32()
    with open_site(settings) as site:
        set_up_second_factor(site)
        with site.parts.write.begin() as session:
            session.exec(update(SecondFactor).values(secret=secret, sealed=None, last_counter=0))
    with TestClient(create_app(settings, BareHeadDetector())) as client:
        with client.app.state.parts.read() as session:  # type: ignore[attr-defined]
            row = session.exec(select(SecondFactor)).one()
        assert row.secret is None
        again = Site(client, client.app.state.parts, site.town, {})  # type: ignore[attr-defined]
        assert sign_in(again, code=next_code(pyotp.TOTP(secret))).status_code == 201


def test_without_its_key_file_a_recovery_code_still_opens(
    site: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A server whose key file was lost says so in its log, refuses every code of the app, and takes a recovery code."""
    totp, codes = set_up_second_factor(site)
    with site.parts.write.begin() as session:
        row = session.exec(select(SecondFactor)).one()
        row.sealed = Seal.of_file(tmp_path / "another").seal({"secret": totp.secret}, row.user_id)
    with caplog.at_level(logging.ERROR):
        refused = sign_in(site, code=next_code(totp))
    assert (refused.status_code, refused.json()["code"]) == (401, "wrong_credentials")
    assert "recovery code" in refused.json()["detail"]
    assert "does not open with this server's key file" in caplog.text
    assert sign_in(site, code=codes[0]).status_code == 201


def test_recovery_codes_are_long_and_salted(site: Site) -> None:
    """At least 112 bits, each with a salt of its own (ASVS 2.6.2); new ones take the place of the old."""
    _, codes = set_up_second_factor(site)
    letters = codes[0].replace("-", "")
    assert set("".join(codes)) <= {*CODE_ALPHABET, "-"}
    assert len(letters) * math.log2(len(CODE_ALPHABET)) >= 112
    with site.parts.read() as session:
        rows = session.exec(select(RecoveryCode)).all()
    assert len({row.salt for row in rows}) == 10
    assert all(len(row.salt) == 32 for row in rows)
    password = {"password": "four words of text"}
    wrong = site.post("expert", "/v1/me/second-factor/recovery-codes", {"password": "a guess"})
    assert wrong.status_code == 401
    made = site.post("expert", "/v1/me/second-factor/recovery-codes", password)
    assert made.status_code == 201
    assert sign_in(site, code=codes[0]).status_code == 401
    assert sign_in(site, code=made.json()["codes"][0]).status_code == 201
    without = site.post("officer", "/v1/me/second-factor/recovery-codes", password)
    assert without.status_code == 409


def test_a_recovery_code_of_the_older_release_counts_on(tmp_path: Path) -> None:
    """The migration salts the hashes that are there; what stands on people's paper opens as before."""
    engine = make_engine(f"sqlite:///{tmp_path / 'a.db'}")
    upgrade_database(engine)
    with engine.begin() as connection:
        fill_every_table(connection)
    with migrating(engine) as connection:
        command.downgrade(alembic_config(connection), "0015")
        connection.execute(
            sa.text("INSERT INTO recovery_code (code_sha256, user_id) VALUES (:code, :user)"),
            {"code": sha256_of_code("ABCD-EFGH-JKMN"), "user": "0" * 31 + "1"},
        )
    upgrade_database(engine)
    with engine.connect() as connection:
        code, salt = connection.execute(
            sa.text("SELECT code_sha256, salt FROM recovery_code")
        ).one()
    assert len(salt) == 32
    assert code == salted_sha256_of_code("abcd efgh jkmn", salt)
    engine.dispose()


def test_a_hash_of_another_cost_is_renewed_at_sign_in(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the cost is raised, the next sign-in hashes the password that it was just shown anew, and only then."""
    with site.parts.read() as session:
        before = session.get_one(User, site.town.expert.id).password_hash
    assert sign_in(site).status_code == 201
    with site.parts.read() as session:
        assert session.get_one(User, site.town.expert.id).password_hash == before
    raised = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    monkeypatch.setattr(auth, "_hasher", raised)
    assert sign_in(site, "a wrong password").status_code == 401
    with site.parts.read() as session:
        assert session.get_one(User, site.town.expert.id).password_hash == before
    assert sign_in(site).status_code == 201
    with site.parts.read() as session:
        after = session.get_one(User, site.town.expert.id).password_hash
    assert after != before
    assert "m=16,t=2,p=1" in after
    assert sign_in(site).status_code == 201
