"""The key file that seals the secrets of channels: made once, for its owner alone, and never guessed around."""

import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.sealing import KEY_BYTES, Seal, SealError
from inspection.tables import new_id

SEAL = Seal(b"k" * KEY_BYTES)
ROW = new_id()
secrets = st.dictionaries(st.text(max_size=9), st.text(max_size=99), max_size=3)


@given(secrets)
def test_what_was_sealed_opens_for_its_row_alone(secret: dict[str, str]) -> None:
    """The same secret, sealed twice, looks different; another row's, or another key's, does not open."""
    sealed = SEAL.seal(secret, ROW)
    assert SEAL.open(sealed, ROW) == secret
    assert SEAL.seal(secret, ROW) != sealed
    for seal, row_id in ((SEAL, new_id()), (Seal(b"x" * KEY_BYTES), ROW)):
        with pytest.raises(SealError):
            seal.open(sealed, row_id)


@given(secrets, st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_does_not_open(secret: dict[str, str], at: int, change: int) -> None:
    """Wherever it is; nor does what was cut off."""
    sealed = bytearray(SEAL.seal(secret, ROW))
    sealed[at % len(sealed)] ^= change
    with pytest.raises(SealError):
        SEAL.open(bytes(sealed), ROW)
    with pytest.raises(SealError):
        SEAL.open(b"", ROW)


def test_the_key_file_is_made_once_for_its_owner(tmp_path: Path) -> None:
    """By several servers that start at once, too: they have the same key."""
    path = tmp_path / "new" / "channel-key"
    made: list[Seal] = []
    starting = [threading.Thread(target=lambda: made.append(Seal.of_file(path))) for _ in range(8)]
    for thread in starting:
        thread.start()
    for thread in starting:
        thread.join()
    assert len(made) == 8
    sealed = made[0].seal({"a": "b"}, ROW)
    assert all(seal.open(sealed, ROW) == {"a": "b"} for seal in made)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["channel-key"]


@pytest.mark.parametrize("text", ["", "zz", "ab" * 31, "ab" * 33])
def test_a_key_file_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    """Rather than used as a weak key."""
    path = tmp_path / "channel-key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(SealError):
        Seal.of_file(path)


def test_a_key_file_that_others_read_is_refused(tmp_path: Path) -> None:
    """It says what to do."""
    path = tmp_path / "channel-key"
    path.write_text("ab" * KEY_BYTES)
    path.chmod(0o644)
    with pytest.raises(SealError, match="chmod 600"):
        Seal.of_file(path)
