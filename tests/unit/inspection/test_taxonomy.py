"""The hazard catalogue is data, typed and complete."""

import subprocess
import sys

import pytest

from inspection import taxonomy
from inspection.taxonomy import HazardType, UnknownHazard, hazard_catalogue, hazard_type

ROW = {
    "code": "FIR-01",
    "name_zh": "名",
    "name_en": "name",
    "category": "fire",
    "level": "general",
    "deadline_days": "0",
    "basis": "安全生产法",
    "detectable_by_image": "yes",
    "basis_checked": "no",
}


def test_every_row_is_complete() -> None:
    """Each row has its names, a basis, a deadline that is no past, and is found by its code."""
    catalogue = hazard_catalogue()
    assert len(catalogue) == 45
    for code, row in catalogue.items():
        assert code == row.code
        assert "" not in {row.name_zh, row.name_en, row.category, row.basis}
        assert row.deadline_days >= 0


def test_a_row_is_typed() -> None:
    """A helmet's row as it stands in the file."""
    helmet = hazard_type("PPE-01")
    assert (helmet.category, helmet.level, helmet.deadline_days) == ("ppe", "general", 0)
    assert helmet.detectable_by_image is True
    assert helmet.basis_checked is True


def test_an_unknown_code_is_named() -> None:
    """An unknown code is an error that carries it."""
    with pytest.raises(UnknownHazard, match="XYZ-99") as caught:
        hazard_type("XYZ-99")
    assert caught.value.code == "XYZ-99"


def test_the_catalogue_cannot_be_changed() -> None:
    """Everyone shares one mapping, so nobody may write into it."""
    with pytest.raises(TypeError):
        hazard_catalogue()["NEW-01"] = hazard_type("PPE-01")  # type: ignore[index]


@pytest.mark.parametrize(
    ("column", "value"),
    [("level", "huge"), ("detectable_by_image", "maybe"), ("deadline_days", "soon")],
)
def test_a_broken_row_is_refused(column: str, value: str) -> None:
    """A level, an answer or a number that is none stops the start and not a ticket later."""
    with pytest.raises(ValueError, match=value):
        HazardType.from_row(ROW | {column: value})


def test_taxonomy_and_wire_need_only_the_base_install() -> None:
    """Whoever verifies has neither OpenCV, nor onnxruntime, nor a database."""
    check = (
        "import sys, inspection.taxonomy as t, inspection.wire; t.hazard_catalogue();"
        "sys.exit(', '.join({'cv2', 'onnxruntime', 'sqlmodel', 'PIL', 'uuid_utils'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_code_that_is_used_twice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second row would silently replace the first."""
    monkeypatch.setattr(taxonomy.csv, "DictReader", lambda _: [ROW, ROW])
    with pytest.raises(ValueError, match="twice"):
        hazard_catalogue.__wrapped__()
