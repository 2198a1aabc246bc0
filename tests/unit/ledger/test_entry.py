"""Records, leaves and their canonical bytes."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import entry as entries
from ledger.entry import Attachment, LedgerEntry, Record, canonical, parse_canonical, seal
from ledger.errors import EntryError, NotCanonical
from ledger.lines import entry_to_line, parse_line

AT = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
PHOTO = Attachment("ab" * 32, "image/jpeg", 1234, "photo")
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)


def a_record(**changes: Any) -> Record:
    """Return a record, changed as asked."""
    fields: dict[str, Any] = {
        "kind": "finding.recorded",
        "section": "L27",
        "at": AT,
        "by": "device:7",
        "data": {"level": 2},
        "attachments": (PHOTO,),
    }
    return Record(**fields | changes)


def test_the_leaf_is_canonical_json_that_commits_to_the_content() -> None:
    """The exact bytes of `docs/formats.md`, once, so that a change of format is noticed."""
    entry = seal("plant-1", 3, a_record(), salt=bytes(range(32)))
    assert entry.content == (
        b'{"attachments":[{"media_type":"image/jpeg","role":"photo","sha256":"'
        + b"ab" * 32
        + b'","size":1234}],"by":"device:7","data":{"level":2}}'
    )
    assert entry.leaf_hash == "22343ce1be9712b2e107b2425ff04ea16d3b3bdd7c7a88be8f635d597e705725"
    assert json.loads(entry.leaf) == {
        "at": "2026-11-24T08:30:00.000000Z",
        "commitment": "f7acf0918b97271b793fedfbf83393a4ead71bd2ddb13bd0f73bacbee294609c",
        "format": "anxun-ledger-entry/v1",
        "index": 3,
        "kind": "finding.recorded",
        "log": "plant-1",
        "section": "L27",
    }
    entry.check()
    assert entry.record == a_record()
    assert not entry.is_erased


def test_two_entries_of_one_record_share_no_commitment() -> None:
    """The salt is random, so that content can't be guessed from its commitment."""
    one, two = seal("x", 0, a_record()), seal("x", 0, a_record())
    assert one.salt != two.salt
    assert one.header.commitment != two.header.commitment


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), json_values, max_size=5))
def test_every_record_comes_back_from_its_bytes(data: dict[str, Any]) -> None:
    """From content, and from the line of an export; numbers keep their value."""
    entry = seal("plant-1", 9, a_record(data=data))
    assert entry.record == a_record(data=data)
    line = parse_line(entry_to_line(entry).removesuffix(b"\n"), 0)
    assert line.read() == (entry.header, entry.record)
    assert line.leaf_hash.hex() == entry.leaf_hash


@given(json_values)
def test_canonical_json_is_read_back_and_is_its_own_form(value: Any) -> None:
    """RFC 8785 both ways, also for whole floats beyond 2⁵³."""
    text = canonical(value)
    assert canonical(parse_canonical(text)) == text


def test_erased_entries_keep_header_and_leaf_hash() -> None:
    """And their line says null twice."""
    whole = seal("x", 0, a_record())
    erased = LedgerEntry(0, whole.leaf, whole.leaf_hash, None, None)
    erased.check()
    assert erased.is_erased
    assert erased.record is None
    assert b'"content":null' in entry_to_line(erased)
    assert parse_line(entry_to_line(erased)[:-1], 0).read() == (whole.header, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": ""},
        {"kind": "Finding Recorded"},
        {"kind": "a" * 200},
        {"kind": None},
        {"section": "L\n27"},
        {"section": ""},
        {"at": datetime(2026, 1, 1)},  # noqa: DTZ001  the fault
        {"by": ""},
        {"by": "x" * 201},
    ],
)
def test_records_that_no_leaf_can_hold_are_refused(changes: dict[str, Any]) -> None:
    """When they are made, not when they are read."""
    with pytest.raises(EntryError, match="bad"):
        a_record(**changes)


@pytest.mark.parametrize(
    "changes",
    [{"sha256": "AB" * 32}, {"media_type": "jpeg"}, {"size": -1}, {"size": True}, {"role": ""}],
)
def test_attachments_that_no_leaf_can_hold_are_refused(changes: dict[str, Any]) -> None:
    """Each named."""
    with pytest.raises(EntryError, match="bad attachment"):
        Attachment(**vars(PHOTO) | changes)


@pytest.mark.parametrize(
    "data",
    [
        {"a": float("nan")},
        {"a": float("inf")},
        {"a": 2**53},
        {"a": "\ud800"},
        {"a": {1}},
        {1: "a"},
        {"a": datetime(2026, 1, 1, tzinfo=UTC)},
    ],
)
def test_data_that_is_not_canonical_json_is_refused(data: Any) -> None:
    """With a clear error, before anything is written."""
    with pytest.raises(EntryError, match="not canonical JSON data"):
        seal("x", 0, a_record(data=data))


def test_endless_nesting_is_refused() -> None:
    """No crash of the interpreter's stack."""
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(EntryError):
        canonical(deep)
    with pytest.raises(EntryError):
        parse_canonical(b"[" * 100_000)


@pytest.mark.parametrize(("log_id", "index"), [("", 0), ("a\nb", 0), ("x", -1), ("x", 2**53)])
def test_entries_without_a_place_are_refused(log_id: str, index: int) -> None:
    """A log has a name, an index is a count."""
    with pytest.raises(EntryError):
        seal(log_id, index, a_record())


def test_salts_have_32_bytes() -> None:
    """A shorter one could be guessed."""
    with pytest.raises(EntryError, match="32 bytes, not 3"):
        seal("x", 0, a_record(), salt=b"123")


@pytest.mark.parametrize(
    "text", [b'{"b":1,"a":2}', b'{"a": 1}', b'{"a":1,"a":1}', b'{"a":1.0}', b'"\\u0041"', b"1 "]
)
def test_json_in_another_form_is_refused(text: bytes) -> None:
    """Two texts of one value would be two leaves of one entry."""
    with pytest.raises(NotCanonical):
        parse_canonical(text)


@pytest.mark.parametrize(
    "text", [b"", b"{", b"\xff", b"NaN", b"9" * 5000, b"1" + b"0" * 400, b"-Infinity"]
)
def test_what_is_no_json_is_refused(text: bytes) -> None:
    """Whatever the parser thinks of it."""
    with pytest.raises(EntryError):
        parse_canonical(text)


def _leaf(**changes: Any) -> bytes:
    fields = json.loads(seal("x", 0, a_record()).leaf) | changes
    return canonical({name: value for name, value in fields.items() if value != "drop"})


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "anxun-ledger-entry/v2"},
        {"index": -1},
        {"index": 1.5},
        {"index": True},
        {"kind": 3},
        {"log": ""},
        {"section": None},
        {"commitment": "00"},
        {"at": "2026-11-24T08:30:00Z"},
        {"at": "2026-13-24T08:30:00.000000Z"},
        {"at": 5},
        {"at": "drop"},
        {"more": 1},
    ],
)
def test_leaves_of_another_format_are_refused(changes: dict[str, Any]) -> None:
    """Nothing missing, nothing more, nothing out of range."""
    with pytest.raises(EntryError):
        entries.parse_header(_leaf(**changes))


@pytest.mark.parametrize(
    "content",
    [
        [],
        {"by": "x", "data": {}},
        {"attachments": {}, "by": "x", "data": {}},
        {"attachments": [], "by": "x", "data": []},
        {"attachments": [], "by": 3, "data": {}},
        {"attachments": [{"sha256": "00"}], "by": "x", "data": {}},
        {"attachments": [vars(PHOTO) | {"size": "1"}], "by": "x", "data": {}},
    ],
)
def test_content_of_another_format_is_refused(content: Any) -> None:
    """As strictly as the header."""
    header = seal("x", 0, a_record()).header
    with pytest.raises(EntryError):
        entries.parse_content(header, canonical(content))


def test_times_are_utc_in_the_leaf() -> None:
    """Whatever zone the caller thinks in."""
    beijing = timezone(timedelta(hours=8))
    text = entries.format_time(datetime(2026, 11, 24, 16, 30, 0, 5, tzinfo=beijing))
    assert text == "2026-11-24T08:30:00.000005Z"
    assert entries.parse_time(text) == AT + timedelta(microseconds=5)


def test_an_entry_that_contradicts_itself_is_found() -> None:
    """Index, leaf hash, commitment, and half an erasure."""
    good = seal("x", 4, a_record())
    bad = {
        "index": LedgerEntry(5, good.leaf, good.leaf_hash, good.salt, good.content),
        "leaf hash": LedgerEntry(4, good.leaf, "00" * 32, good.salt, good.content),
        "commitment": LedgerEntry(4, good.leaf, good.leaf_hash, bytes(32), good.content),
        "together": LedgerEntry(4, good.leaf, good.leaf_hash, None, good.content),
    }
    for fault, entry in bad.items():
        with pytest.raises(EntryError, match=fault):
            entry.check()
