"""What a run is asked for is checked before anything is started."""

import json
import shutil
from pathlib import Path

import pytest

from edge.errors import HazardInvalid, ModelUnusable, ZonesInvalid
from edge.look import Look
from edge.zones import read_zones
from tests.tiny_model import write_model

GOOD = """
[[zones]]
name = "hall"
polygon = [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0]]
hazards = ["EMG-01"]
"""


def test_zones_are_read_from_toml_and_json(tmp_path: Path) -> None:
    """Both say the same."""
    toml, as_json = tmp_path / "zones.toml", tmp_path / "zones.json"
    toml.write_text(GOOD)
    zone = {"name": "hall", "polygon": [[0, 0], [0.5, 0], [0.5, 1]], "hazards": ["EMG-01"]}
    as_json.write_text(json.dumps({"zones": [zone]}))
    assert read_zones(toml) == read_zones(as_json)
    assert read_zones(toml)[0].hazards == frozenset({"EMG-01"})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[[zones", "Expected"),
        ("zones = []", "at least 1"),
        (GOOD + GOOD, "stands there twice"),
        (GOOD.replace("EMG-01", "EMG-99"), "EMG-99"),
        (GOOD.replace("0.5", "1.5"), "less than or equal to 1"),
        (GOOD.replace("[0.5, 1.0]", "[0.2, 0.0]"), "area"),
        (GOOD.replace("polygon", "poligon"), "poligon|required"),
    ],
)
def test_a_wrong_zones_file_is_named_with_its_reason(
    tmp_path: Path, text: str, reason: str
) -> None:
    """The technician reads what to mend."""
    path = tmp_path / "zones.toml"
    path.write_text(text)
    with pytest.raises(ZonesInvalid, match=reason):
        read_zones(path)
    with pytest.raises(ZonesInvalid, match="No such file"):
        read_zones(tmp_path / "none.toml")


def test_a_model_with_a_flipped_byte_is_refused(tmp_path: Path) -> None:
    """Before the runtime sees it."""
    model = write_model(tmp_path)
    data = bytearray((tmp_path / "bright.onnx").read_bytes())
    data[100] ^= 1
    (tmp_path / "bright.onnx").write_bytes(data)
    with pytest.raises(ModelUnusable, match="sha256"):
        Look.prepare(model, None, None)
    shutil.rmtree(tmp_path)
    with pytest.raises(ModelUnusable, match="no model file"):
        Look.prepare(model, None, None)


def test_only_what_the_model_sees_can_be_asked_for(tmp_path: Path) -> None:
    """A code that no rule can claim with this model is refused, with those that can."""
    model = write_model(tmp_path)
    assert Look.prepare(model, None, ["EMG-01"]).hazards == frozenset({"EMG-01"})
    for code in ("PPE-01", "XXX-99"):
        with pytest.raises(HazardInvalid, match="EMG-01"):
            Look.prepare(model, None, [code])
