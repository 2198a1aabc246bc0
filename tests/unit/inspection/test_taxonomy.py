"""The hazard catalogue as typed rows."""

import pytest

from inspection import taxonomy
from inspection.taxonomy import HazardType, UnknownHazard, hazard_catalogue, hazard_type

ROW = {
    "code": "FIR-99",
    "name_zh": "某隐患",
    "name_en": "some hazard",
    "category": "fire",
    "level": "major",
    "deadline_days": "3",
    "basis": "消防法第28条",
    "detectable_by_image": "yes",
    "basis_checked": "no",
}


def test_a_row_becomes_typed() -> None:
    """Numbers and yes/no are what they mean."""
    row = HazardType.from_row(ROW)
    assert (row.level, row.deadline_days) == ("major", 3)
    assert (row.detectable_by_image, row.basis_checked) == (True, False)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("level", "severe", "FIR-99: a level is one of general, major, not 'severe'"),
        ("deadline_days", "soon", "soon"),
        ("basis_checked", "", "FIR-99: basis_checked is yes or no, not ''"),
        ("detectable_by_image", "maybe", "detectable_by_image is yes or no"),
    ],
)
def test_a_row_that_says_something_else_is_refused(column: str, value: str, message: str) -> None:
    """An area that edits the file learns which row and column."""
    with pytest.raises(ValueError, match=message):
        HazardType.from_row({**ROW, column: value})


def test_the_catalogue_holds_the_codes_that_rules_claim() -> None:
    """Every code once, each under its own code, and a code that is unknown says how codes look."""
    catalogue = hazard_catalogue()
    assert all(code == row.code for code, row in catalogue.items())
    assert hazard_type("EMG-01").detectable_by_image
    with pytest.raises(UnknownHazard, match=r"'FIR-1'; its codes look like FIR-01") as refusal:
        hazard_type("FIR-1")
    assert refusal.value.code == "FIR-1"


def test_a_code_that_is_used_twice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second row would silently replace the first."""

    def twice(_lines: list[str]) -> list[dict[str, str]]:
        return [ROW, ROW]

    monkeypatch.setattr(taxonomy.csv, "DictReader", twice)
    with pytest.raises(ValueError, match="twice"):
        hazard_catalogue.__wrapped__()
