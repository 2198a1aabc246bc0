"""Signing key files."""

import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from ledger import keys
from ledger.errors import KeyFileError
from ledger.keys import KeyRing, create_key, load_key, load_or_create_key, protect_key


def test_a_key_file_is_the_owners_alone_and_comes_back(tmp_path: Path) -> None:
    """Whole, mode 0600, without leftovers; the same key signs under any log's name."""
    path = tmp_path / "keys" / "signing.pem"
    old_mask = os.umask(0)
    try:
        made = create_key(path, "log.example/1")
    finally:
        os.umask(old_mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]
    assert path.read_text().startswith("-----BEGIN PRIVATE KEY-----")
    loaded = load_key(path, "log.example/1")
    assert loaded.vkey == made.vkey
    made.verifier.verify("text\n", loaded.sign(b"text\n"))
    other = loaded.named("log.example/2")
    assert other.verifier.public_key == made.verifier.public_key
    assert other.verifier.key_id != made.verifier.key_id


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    """The file that is there stays, and no draft is left."""
    path = tmp_path / "signing.pem"
    first = create_key(path, "log")
    with pytest.raises(KeyFileError, match="never overwritten"):
        create_key(path, "log")
    assert load_or_create_key(path, "log").vkey == first.vkey
    assert list(tmp_path.iterdir()) == [path]


def test_the_first_start_makes_the_key(tmp_path: Path) -> None:
    """And the second one finds it."""
    path = tmp_path / "signing.pem"
    assert load_or_create_key(path, "log").vkey == load_or_create_key(path, "log").vkey


def test_of_two_first_starts_one_key_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slower process takes the faster one's key."""
    path = tmp_path / "signing.pem"
    faster = create_key(tmp_path / "faster.pem", "log")

    def overtaken(path: Path, name: str, passphrase: str) -> keys.SigningKey:
        (tmp_path / "faster.pem").rename(path)
        return create_key(path, name)

    monkeypatch.setattr(keys, "create_key", overtaken)
    assert load_or_create_key(path, "log").vkey == faster.vkey


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """With the command that mends it."""
    path = tmp_path / "signing.pem"
    create_key(path, "log")
    path.chmod(0o640)
    with pytest.raises(KeyFileError, match=f"chmod 600 {path}"):
        load_key(path, "log")


def test_what_is_no_ed25519_key_is_refused(tmp_path: Path) -> None:
    """No file, no PEM, a password, another algorithm."""
    path = tmp_path / "signing.pem"
    with pytest.raises(KeyFileError, match="No such file"):
        load_key(path, "log")
    encrypted = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    elliptic = generate_private_key(SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    for pem, fault in (
        (b"nonsense", "not a PEM"),
        (encrypted, "its passphrase is needed"),
        (elliptic, "not an Ed25519 key"),
    ):
        path.write_bytes(pem)
        path.chmod(0o600)
        with pytest.raises(KeyFileError, match=fault):
            load_key(path, "log")


def test_an_encrypted_key_opens_with_its_passphrase_only(tmp_path: Path) -> None:
    """And can be written again under another one, or none; it is never in clear meanwhile."""
    path = tmp_path / "signing.pem"
    made = create_key(path, "log", "first secret")
    assert "ENCRYPTED" in path.read_text()
    assert load_key(path, "log", "first secret").vkey == made.vkey
    with pytest.raises(KeyFileError, match="its passphrase is needed"):
        load_key(path, "log")
    with pytest.raises(KeyFileError, match="with this passphrase"):
        load_key(path, "log", "wrong")
    protect_key(path, "first secret", "second secret")
    assert load_key(path, "log", "second secret").vkey == made.vkey
    protect_key(path, "second secret", "")
    assert load_key(path, "log", "not needed").vkey == made.vkey
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_ring_finds_old_keys_and_signs_with_the_newest(tmp_path: Path) -> None:
    """Keys are numbered files beside the first; what is no number is none of them."""
    ring = KeyRing(tmp_path / "signing.pem")
    first = ring.newest()
    assert ring.newest().vkey == first.vkey
    second_path, second = ring.add()
    third_path, third = ring.add()
    (tmp_path / "signing-old.pem").write_text("not of the ring")
    assert [path.name for path in ring.paths()] == [
        "signing.pem",
        "signing-2.pem",
        "signing-3.pem",
    ]
    assert (second_path, third_path) == (ring.paths()[1], ring.paths()[2])
    assert ring.newest().vkey == third.vkey
    assert ring.oldest().vkey == first.vkey
    for key in (first, second, third):
        found = ring.find(key.verifier.public_key)
        assert found is not None
        assert found.vkey == key.vkey
    assert ring.find(b"\x00" * 32) is None


def test_a_ring_whose_first_key_was_lost_goes_on(tmp_path: Path) -> None:
    """The next key takes a number of its own."""
    ring = KeyRing(tmp_path / "signing.pem", "secret")
    path, key = ring.add()
    assert path.name == "signing-2.pem"
    assert KeyRing(tmp_path / "signing.pem", "secret").newest().vkey == key.vkey
