"""The quick paths accept exactly what the strict ones accept, and give the same; refusals are the strict ones'."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.canonical import canonical, parse_canonical, parse_canonical_strictly
from ledger.entry import CONTENT_DOMAIN, LedgerEntry, leaf_hash, seal
from ledger.errors import LedgerError
from ledger.lines import entry_to_line, parse_line, read_line
from ledger.verify import verify_bundle
from tests.assets.make_bundles import LOG_ID, record

NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(1 - 2**53, 2**53 - 1)
TEXTS = st.text(max_size=8) | st.sampled_from(
    ["\U0001f600", "\ufb01", "e1", ":1e5,", "[1.0]", "\x7f"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(TEXTS, children, max_size=4),
    max_leaves=8,
)
# Pieces that JSON may be written of, and that RFC 8785 never writes so.
PIECES = st.sampled_from([" ", "\n", "\t", "\ufeff"]) | st.sampled_from(
    [
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        '"a"',
        '"b"',
        '"\\u0061"',
        '"\\ud800"',
        '"\\/"',
        '"\\u001F"',
        "0",
        "-0",
        "1",
        "1.0",
        "1e5",
        "1E5",
        "0.00001",
        "1e-7",
        "9007199254740993",
        "1.50",
        "100000000000000000000",
        "true",
        "null",
        "NaN",
        "Infinity",
        "-0.0",
        "01",
        '"😀"',
        '"ﬁ"',
    ]
)


def outcome(read: Callable[[bytes], Any], text: bytes) -> Any:
    """Return what reading gives, or the refusal."""
    try:
        return read(text)
    except LedgerError as error:
        return type(error), str(error)


def same(text: bytes) -> None:
    """Both paths agree on a text, down to the type of each number."""
    quick, strict = outcome(parse_canonical, text), outcome(parse_canonical_strictly, text)
    assert repr(quick) == repr(strict), text


@given(st.dictionaries(TEXTS, VALUES, max_size=4))
@example({"\U0001f600": 1, "\ufb01": 2})
@example({"a": 1e16, "b": 1e21, "c": 1e-7, "d": 5e-324, "e": 123456789012345680.0, "f": -0.0})
def test_canonical_text_is_read_alike(value: dict[str, Any]) -> None:
    """Whatever RFC 8785 can write, and what two other encoders make of the same value."""
    same(canonical(value))
    same(json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode())
    same(orjson.dumps(value, None, orjson.OPT_SORT_KEYS))
    same(json.dumps(value).encode())


@given(st.lists(PIECES, max_size=7))
@example(['"a"', ":", "1", ",", '"a"', ":", "2"])
@example(['"b"', ":", "1", ",", '"a"', ":", "2"])
@example(['"a"', ":", "9007199254740993"])
@example(['"a"', ":", "1.0"])
@example(['"a"', ":", "-0"])
@example(['"a"', ":", "NaN"])
@example(['"a"', ":", '"\\ud800"'])
@example(['"\U0001f600"', ":", "1", ",", '"\ufb01"', ":", "1"])
@example(['"\ufb01"', ":", "1", ",", '"\U0001f600"', ":", "1"])
def test_text_of_any_form_is_read_alike(pieces: list[str]) -> None:
    """Blanks, order, repeats, number forms, escapes: refused by both, or read by both."""
    inner = "".join(pieces)
    for text in ("{" + inner + "}", inner, '{"a":[' + inner + "]}"):
        same(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        b"1.0",
        b"{",
        b'{"a":"\xff"}',
        b'{"a":' * 2000 + b"1" + b"}" * 2000,
        b'{"a":1}\n',
        b"null",
        b"",
    ],
)
def test_odd_texts_are_read_alike(text: bytes) -> None:
    """No object, no UTF-8, too deep, a blank more."""
    same(text)


def test_every_sign_is_escaped_alike() -> None:
    """Both encoders write each sign of the basic plane the same way."""
    signs = [chr(code) for code in range(0x10000) if not 0xD800 <= code < 0xE000]
    assert all(orjson.dumps(sign) == rfc8785.dumps(sign) for sign in signs)


def lines() -> list[bytes]:
    """Return good lines of every shape."""
    entries = [seal(LOG_ID, index, record(index), salt=bytes(32)) for index in (0, 2)]
    erased = [LedgerEntry(e.index, e.leaf, e.leaf_hash, None, None) for e in entries]
    odd = [seal("日志", 3, record(3), salt=bytes(32)), seal('a"b', 3, record(3), salt=bytes(32))]
    return [entry_to_line(entry)[:-1] for entry in (*entries, *erased, *odd)]


def same_line(text: bytes) -> None:
    """Both paths agree on a line."""
    quick = outcome(lambda given: read_line(given, 4), text)
    assert quick == outcome(lambda given: parse_line(given, 4), text)


@pytest.mark.parametrize("text", lines())
def test_every_flip_of_a_line_is_judged_alike(text: bytes) -> None:
    """Good lines are read alike; each single changed bit is refused, with the same words."""
    same_line(text)
    for at in range(len(text)):
        for bit in range(8):
            data = bytearray(text)
            data[at] ^= 1 << bit
            same_line(bytes(data))
            assert isinstance(outcome(lambda given: read_line(given, 4), bytes(data)), tuple)


def test_content_without_a_salt_is_refused_even_where_the_hash_fits() -> None:
    """A leaf may commit to content with no salt at all; no such line is of this format."""
    entry = seal(LOG_ID, 0, record(0), salt=bytes(32))
    content = entry.content or b""

    digest = hashlib.sha256(CONTENT_DOMAIN + content).hexdigest()
    leaf = entry.leaf.replace(entry.header.commitment.hex().encode(), digest.encode())
    forged = LedgerEntry(0, leaf, leaf_hash(leaf).hex(), None, content)
    same_line(entry_to_line(forged)[:-1])
    assert isinstance(outcome(lambda given: read_line(given, 0), entry_to_line(forged)[:-1]), tuple)


@pytest.mark.parametrize("at", ["2026-13-01T00:00:00.000000Z", "2026-02-30T00:00:00.000000Z"])
def test_a_day_that_does_not_exist_is_refused(at: str) -> None:
    """Even where every hash fits."""
    entry = seal(LOG_ID, 0, record(0), salt=bytes(32))
    leaf = entry.leaf.replace(b"2026-11-24T08:00:00.000000Z", at.encode())
    forged = LedgerEntry(0, leaf, leaf_hash(leaf).hex(), entry.salt, entry.content)
    same_line(entry_to_line(forged)[:-1])
    assert isinstance(outcome(lambda given: read_line(given, 0), entry_to_line(forged)[:-1]), tuple)


@pytest.mark.parametrize("change", [{"by": ""}, {"data": []}, {"attachments": {}}, {"more": 1}])
def test_content_of_another_shape_is_refused_where_the_hash_fits(change: dict[str, Any]) -> None:
    """Both paths name the same fault."""

    entry = seal(LOG_ID, 0, record(0), salt=bytes(32))
    content = canonical(json.loads(entry.content or b"") | change)
    digest = hashlib.sha256(CONTENT_DOMAIN + bytes(32) + content).hexdigest()
    leaf = entry.leaf.replace(entry.header.commitment.hex().encode(), digest.encode())
    forged = LedgerEntry(0, leaf, leaf_hash(leaf).hex(), bytes(32), content)
    same_line(entry_to_line(forged)[:-1])
    assert isinstance(outcome(lambda given: read_line(given, 0), entry_to_line(forged)[:-1]), tuple)


def test_leaves_are_hashed_in_batches_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger longer than a batch gives the same root: the bundle verifies in batches of three."""
    monkeypatch.setattr("ledger.contents._BATCH", 3)
    folder = Path(__file__).parents[2] / "assets" / "bundles"

    report = verify_bundle(folder / "good-full.zip")

    assert report.entries == report.tree_size > 3
