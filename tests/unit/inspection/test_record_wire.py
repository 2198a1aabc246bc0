"""The bytes that are signed: whatever people write, phone and server hash the same."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from inspection.record_wire import RecordContent, canonical_content, content_sha256
from tests.signatures import content

VECTOR = Path(__file__).resolve().parents[2] / "assets" / "inspection_record.json"
texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=60)


@given(place=texts, handling=texts, problem=texts.filter(bool))
def test_what_travels_as_json_hashes_the_same(place: str, handling: str, problem: str) -> None:
    """Writing and reading JSON, with keys in any order, changes nothing of the canonical bytes."""
    said = content(
        "甲厂", place=place, handling=handling, problems=[{"text": problem, "level": "major"}]
    )
    plain = json.loads(said.model_dump_json())
    turned = dict(reversed(list(plain.items())))
    again = RecordContent.model_validate_json(json.dumps(turned))
    assert canonical_content(again) == canonical_content(said)
    assert json.loads(canonical_content(said)) == plain


def test_the_phone_has_the_same_hash() -> None:
    """The vector that the app's tests hash too: with quotes, a line end, characters beyond the first plane."""
    vector = json.loads(VECTOR.read_text("utf-8"))
    assert content_sha256(RecordContent.model_validate(vector["content"])) == vector["sha256"]


@pytest.mark.parametrize("moment", ["2026-02-30T08:00:00.000Z", "2026-11-24T08:00:00Z", "now"])
def test_a_time_has_one_form(moment: str) -> None:
    """What is no day, or is written otherwise, is refused: two spellings would be two hashes."""
    with pytest.raises(ValidationError):
        content("甲厂", started_at=moment)
