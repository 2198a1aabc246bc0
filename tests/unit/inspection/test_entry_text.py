"""The words of an entry, and the pieces that find them."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from inspection.entry_text import (
    EntrySummary,
    excerpt_of,
    fold,
    pieces_asked,
    pieces_of,
    terms_of,
    text_of,
)
from ledger.entry import Record, seal

AT = datetime(2026, 11, 24, tzinfo=UTC)


def a_record(**data: object) -> Record:
    """Return a record with this data."""
    return Record("section.recorded", "L11", AT, "user:1", data)  # type: ignore[arg-type]  # JSON


@given(st.text(max_size=40), st.data())
def test_every_part_of_a_text_is_found_by_its_pieces(text: str, data: st.DataObject) -> None:
    """Whatever is cut out of a folded text asks for no piece that the text does not have."""
    words = fold(text).split()
    if not words:
        return
    word = data.draw(st.sampled_from(words))
    start = data.draw(st.integers(0, len(word) - 1))
    end = data.draw(st.integers(start + 1, len(word)))
    assert pieces_asked(word[start:end]) <= pieces_of(fold(text))


@given(st.text())
def test_folding_keeps_every_character_in_its_place(text: str) -> None:
    """Marks of the folded text hold for the shown one, and folding twice is folding once."""
    assert fold(fold(text)) == fold(text)
    record = a_record(note=text)
    assert len(fold(text_of(record))) == len(text_of(record))


def test_ids_hashes_and_times_are_no_words() -> None:
    """They would fill the index and find nothing."""
    record = a_record(
        place="二车间",
        item_id="01920000-0000-7000-8000-000000000000",
        sha="ab" * 32,
        at="2026-11-24T08:00:00.000Z",
        by="user:01920000-0000-7000-8000-000000000000",
        people=[{"name": "王芳"}, {"name": "王芳"}],
        count=3,
    )
    assert text_of(record) == "二车间 · 王芳"


def test_excerpt_marks_every_hit_in_the_shown_case() -> None:
    """The reader sees the text as it was written, with overlapping hits as one mark."""
    record = a_record(place="Ｎｏ.2 车间", note="配电箱旁 Paint 桶")
    found = excerpt_of(record, terms_of("paint 配电 电箱"))
    assert found is not None
    assert found.text == "No.2 车间 · 配电箱旁 Paint 桶"
    assert [found.text[a:b] for a, b in found.marks] == ["配电箱", "Paint"]
    assert excerpt_of(record, ()) is None
    assert excerpt_of(None, ("a",)) is None


def test_an_erased_entry_keeps_only_what_its_header_says() -> None:
    """Section, kind and time are of the proof; the rest went with the content."""
    entry = seal("a", 0, a_record(hazard_code="FIR-01", level="major", note="x"))
    assert EntrySummary.from_entry(entry).hazard_code == "FIR-01"
    bare = type(entry)(entry.index, entry.leaf, entry.leaf_hash, None, None)
    assert EntrySummary.from_entry(bare) == EntrySummary(
        "L11", "section.recorded", AT, is_erased=True
    )
