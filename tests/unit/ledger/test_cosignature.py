"""C2SP cosignatures: published examples, round trips, refusals."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import errors
from ledger.checkpoint import Checkpoint, sign_checkpoint, verify_checkpoint
from ledger.cosignature import (
    MAX_TIMESTAMP,
    WitnessKey,
    add_cosignatures,
    cosign,
    cosignatures,
    parse_lines,
    verify_cosignatures,
)
from ledger.keys import SigningKey
from ledger.note import parse_note
from tests.unit.ledger.test_note import LOG, SOFA, names, signing_key

WITNESS = signing_key("bureau", "witness.example/bureau")
OTHER = signing_key("insurer", "witness.example/insurer")
KEY, OTHER_KEY = WitnessKey.of(WITNESS), WitnessKey.of(OTHER)
SIGNED = sign_checkpoint(LOG.name, 5, b"\x07" * 32, LOG).text
# A witness's key and a cosignature of the tests of github.com/transparency-dev/formats.
REMORA = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
DATED = "ZGhGuQAAAABm/qTPeyKXD+R2rzyQsxPiP8mXum7qq/iF0u4vanlqJyocWODBt97w9uL+8qT7S5gxEHWWOworDcFiEBYJXORmnFBOBA=="
# The answer that c2sp.org/tlog-witness prints as an example.
ANSWER = (
    "— witness.example/w1 CMp+6LWBU0anHGH5aNDTJkH/gj79sG+T6+iP2ThYN5krrDJbR1HDnucjL39QsZTSvVjyQLrdk3DXDqI5G2HgLatVs0pWh6Up69HVOw==\n"
    "— witness.example/w1 I7rEps0pvK2UqkS2gSpVUDhrhVtQV9lgF6pRrWAvjJHjyWpW7VcE3SiOlVlbQNt64vWhO+DlkL0+UfzuOBMh9ChdMkP1vi/lCAsmlw==\n"
    "— witness.example/w2 AWui8Sk55XjYLOijihBjhqEH6nS1ndDymE0a+6idX7pLcnoB+dhnz0854aLZgrrKbYKA7nC3HNJhm/kWl7oJlqU3rXXvpysAdyP3wQ==\n"
)


def test_published_keys_and_lines_are_read() -> None:
    """A key of the reference implementation's tests, and the examples of the C2SP pages with their times."""
    assert WitnessKey.from_vkey(REMORA).to_vkey() == REMORA
    dated = parse_lines(f"— dated {DATED}\n")[0]
    assert int.from_bytes(dated.signature[:8], "big") == 1727964367
    sofa = parse_note(SOFA).signatures[1]
    assert (sofa.key_id.hex(), int.from_bytes(sofa.signature[:8], "big")) == (
        "8d66cf3f",
        1679315147,
    )
    assert [line.name for line in parse_lines(ANSWER)] == ["witness.example/w1"] * 2 + [
        "witness.example/w2"
    ]
    assert all(len(line.signature) == 72 for line in parse_lines(ANSWER))


def test_the_signed_message_is_the_one_of_the_specification() -> None:
    """Header line, time line, the whole body: written out here by hand."""
    line = cosign(SIGNED, WITNESS, 1679315147)
    blob = base64.b64decode(line.split(" ")[2])
    body = f"{LOG.name}\n5\n{base64.b64encode(bytes([7]) * 32).decode()}\n"
    message = f"cosignature/v1\ntime 1679315147\n{body}".encode()
    WITNESS.private_key.public_key().verify(blob[12:], message)
    assert blob[4:12] == (1679315147).to_bytes(8, "big")


@given(names, st.integers(0, MAX_TIMESTAMP), st.integers(0, 2**63 - 1))
def test_cosignatures_come_back(name: str, timestamp: int, size: int) -> None:
    """Signed, added to the checkpoint, read from it: the same key, the same second; the log's signature still holds."""
    witness = SigningKey(name, WITNESS.private_key)
    signed = sign_checkpoint(LOG.name, size, b"\x07" * 32, LOG).text
    whole = add_cosignatures(signed, cosign(signed, witness, timestamp))
    key = WitnessKey.from_vkey(WitnessKey.of(witness).to_vkey())
    (found,) = verify_cosignatures(whole, [key])
    assert (found.key, found.timestamp) == (key, timestamp)
    assert found.at == datetime.fromtimestamp(timestamp, UTC)
    assert add_cosignatures(signed, found.line) == whole
    assert verify_checkpoint(whole, [LOG.verifier])[0].size == size


def test_a_later_cosignature_takes_the_place_of_an_older_one() -> None:
    """Of the same key; another witness's stays, and the order of the lines too."""
    first = add_cosignatures(SIGNED, cosign(SIGNED, WITNESS, 100) + cosign(SIGNED, OTHER, 150))
    again = add_cosignatures(first, cosign(SIGNED, WITNESS, 200))
    found = cosignatures(again, [KEY, OTHER_KEY])
    assert [(one.key, one.timestamp) for one in found] == [(KEY, 200), (OTHER_KEY, 150)]


def test_unknown_witnesses_are_ignored_and_a_quorum_is_counted_in_keys() -> None:
    """One witness twice is one witness."""
    whole = add_cosignatures(SIGNED, cosign(SIGNED, WITNESS, 100))
    assert cosignatures(whole, [OTHER_KEY]) == ()
    with pytest.raises(errors.UnknownSigner, match=r"cosigned by 0 .*\(none\), wanted are 1"):
        verify_cosignatures(whole, [OTHER_KEY])
    twice = whole + cosign(SIGNED, WITNESS, 101)
    assert len(cosignatures(twice, [KEY])) == 2
    with pytest.raises(errors.UnknownSigner, match=r"witness\.example/bureau.*wanted are 2"):
        verify_cosignatures(twice, [KEY, OTHER_KEY], quorum=2)
    both = add_cosignatures(whole, cosign(SIGNED, OTHER, 102))
    assert len(verify_cosignatures(both, [KEY, OTHER_KEY], quorum=2)) == 2


def test_a_cosignature_of_another_checkpoint_or_time_is_refused() -> None:
    """The line moved to another size, and the timestamp set back."""
    line = cosign(SIGNED, WITNESS, 100)
    larger = sign_checkpoint(LOG.name, 6, b"\x07" * 32, LOG).text
    with pytest.raises(errors.InvalidSignature, match=r"witness\.example/bureau"):
        cosignatures(larger + line, [KEY])
    blob = bytearray(base64.b64decode(line.split(" ")[2]))
    blob[11] ^= 1
    moved = f"— {KEY.name} {base64.b64encode(blob).decode()}\n"
    with pytest.raises(errors.InvalidSignature):
        cosignatures(SIGNED + moved, [KEY])


@pytest.mark.parametrize("signature", [b"", b"\x00" * 64, b"\x00" * 73, b"\xff" * 72])
def test_a_cosignature_without_form_or_time_is_refused(signature: bytes) -> None:
    """Too short, a plain Ed25519 signature, too long, a time beyond all calendars."""
    with pytest.raises(errors.InvalidSignature, match="no form or no time"):
        KEY.verify("body\n", signature)


@pytest.mark.parametrize("timestamp", [-1, MAX_TIMESTAMP + 1])
def test_an_impossible_time_is_not_cosigned(timestamp: int) -> None:
    """Before 1970, after the year 9999."""
    with pytest.raises(errors.InvalidSignature, match="no time"):
        cosign(SIGNED, WITNESS, timestamp)


def test_keys_of_the_two_types_are_not_taken_for_each_other() -> None:
    """A log's key is no witness's key; the message says what is wanted."""
    with pytest.raises(errors.MalformedKey, match=r"a witness's key \(type 0x04\), this is .*0x01"):
        WitnessKey.from_vkey(LOG.vkey)
    with pytest.raises(errors.MalformedKey, match=r"an Ed25519 key \(type 0x01\), this is .*0x04"):
        LOG.verifier.from_vkey(KEY.to_vkey())
    with pytest.raises(errors.MalformedKey):
        WitnessKey("a b", b"\x00" * 32)
    with pytest.raises(errors.MalformedKey, match="32 bytes, not 31"):
        WitnessKey("a", b"\x00" * 31)


@pytest.mark.parametrize("text", ["", "\n", "— a\n", ANSWER[:-1], ANSWER + "\n"])
def test_a_malformed_answer_is_refused(text: str) -> None:
    """No line, an empty one, one cut off."""
    with pytest.raises(errors.MalformedNote):
        parse_lines(text)


def test_only_checkpoints_are_cosigned() -> None:
    """A note that is none is refused."""
    assert Checkpoint("o", 0, b"\x00" * 32).to_body()
    with pytest.raises(errors.MalformedCheckpoint):
        cosign(f"text\n\n— a {base64.b64encode(bytes(68)).decode()}\n", WITNESS, 1)
