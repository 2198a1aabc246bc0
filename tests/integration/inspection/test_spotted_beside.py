"""A hazard that no model reported, on the picture of another finding: a camera's frame or a patrol's photo, outside of any visit."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session

from inspection.disagreements import disagreements_of
from inspection.errors import EvidenceErased, IdReused, InvalidInput, NotAllowed, NotFound
from inspection.scopes import scope_of
from inspection.spotted import record_spotted_beside
from inspection.spotted_wire import SpottedHazard
from inspection.tables import Evidence, Finding, User, new_id
from inspection.training_data import Taken, taught_pictures
from inspection.wire import Source, SourceKind
from tests.builders import Town
from tests.integration.inspection.item_world import Plant

BOX = {"x1": 0.6, "y1": 0.5, "x2": 0.9, "y2": 0.8, "label": "FIR-01"}
PATROL = Source(kind=SourceKind.PATROL, name="round-7/IMG_3.jpg")


@pytest.fixture
def plant(session: Session, town: Town) -> Plant:
    """Return the plant of the town's enterprise."""
    return Plant(session, town)


def _spot(plant: Plant, beside: Finding, by: User | None = None, **changes: Any) -> Any:
    facts = {
        "id": new_id(),
        "evidence_sha256": beside.evidence_sha256,
        "hazard_code": "FIR-01",
        "boxes": [BOX],
    }
    spotted = SpottedHazard.model_validate(facts | changes)
    mine = plant.town.mine.id
    plant.wait(minutes=1)
    return record_spotted_beside(
        plant.session, plant.scope(by), mine, beside.id, spotted, plant.now
    )


def test_it_is_where_and_when_the_frame_was_taken(plant: Plant) -> None:
    """An item and a ticket of its own; the ledger says who saw it, on whose picture, and no word of a model."""
    frame = plant.see(zone="gate")
    decision = _spot(plant, frame, note="灭火器被挡")
    finding, item = decision.finding, decision.item
    assert (finding.state, finding.decided_by) == ("confirmed", plant.town.expert.id)
    assert (finding.model_name, finding.confidence, finding.device_id) == (None, None, None)
    assert (finding.boxes, finding.decided_boxes) == ([], [BOX])
    assert (finding.source_kind, finding.source_name) == (frame.source_kind, frame.source_name)
    assert (finding.captured_at, finding.evidence_sha256) == (
        frame.captured_at,
        frame.evidence_sha256,
    )
    assert (item.place, item.hazard_code, item.sightings) == ("gate", "FIR-01", 1)
    assert item.id != frame.item_id
    assert decision.ticket is not None
    assert frame.state == "proposed"
    assert plant.kinds()[1:] == ["finding.spotted", "finding.confirmed", "ticket.opened"]
    said = plant.records()[1]
    assert said.by == f"user:{plant.town.expert.id}"
    assert said.data["beside_finding_id"] == str(frame.id)
    assert said.data["boxes"] == [BOX]
    assert "model" not in said.data
    assert [each.sha256 for each in said.attachments] == [frame.evidence_sha256]


def test_the_zone_may_be_another_and_the_level_is_the_persons(plant: Plant) -> None:
    """What was chosen stands; nothing chosen and no zone: the camera's or the patrol photo's own name."""
    frame, photo = plant.see(), plant.see(source=PATROL)
    assert _spot(plant, frame, zone="3号门", level="major").item.place == "3号门"
    assert _spot(plant, frame).item.place == "gate-north"
    by_patrol = _spot(plant, photo)
    assert by_patrol.item.place == PATROL.name
    assert by_patrol.finding.source_kind is SourceKind.PATROL


def test_a_second_object_of_the_same_hazard_is_a_sighting_of_the_same_item(plant: Plant) -> None:
    """One problem at one place has one item and one ticket; after its fix a later frame makes it come back."""
    frame = plant.see(zone="gate")
    standing = plant.confirm(frame)
    head = BOX | {"label": "head"}
    again = _spot(plant, frame, hazard_code="PPE-01", boxes=[head])
    assert (again.item.id, again.item.sightings) == (standing.item.id, 2)
    assert again.ticket == standing.ticket
    plant.fix(standing.ticket)
    later = plant.see(zone="gate", hazard_code="PPE-02", label="no_vest")
    back = _spot(plant, later, hazard_code="PPE-01", boxes=[head])
    assert (back.item.id, back.item.recurrences) == (standing.item.id, 1)
    assert back.ticket not in (None, standing.ticket)


def test_sent_again_it_is_the_same_and_with_another_content_it_is_refused(plant: Plant) -> None:
    """Also once the one beside it was decided."""
    frame, name = plant.see(), new_id()
    first = _spot(plant, frame, id=name)
    plant.dismiss(frame)
    written = len(plant.records())
    again = _spot(plant, frame, id=name)
    assert (again.finding, again.item, again.ticket) == (first.finding, first.item, first.ticket)
    assert (len(plant.records()), first.item.sightings) == (written, 1)
    with pytest.raises(IdReused):
        _spot(plant, frame, id=name, note="x")


def test_what_is_refused_writes_nothing(plant: Plant) -> None:
    """Another role, a stranger, another picture, a finding that is none, a picture that was erased."""
    town, frame, other = plant.town, plant.see(), plant.see()
    for user in (town.officer, town.worker, town.government, town.insurer):
        with pytest.raises(NotAllowed):
            _spot(plant, frame, by=user)
    with pytest.raises(NotFound):
        _spot(plant, frame, by=town.stranger)
    with pytest.raises(InvalidInput, match="the picture of this finding is"):
        _spot(plant, frame, evidence_sha256=other.evidence_sha256)
    with pytest.raises(InvalidInput, match="unicorn"):
        _spot(plant, frame, boxes=[BOX | {"label": "unicorn"}])
    spotted = SpottedHazard.model_validate(
        {"id": new_id(), "evidence_sha256": frame.evidence_sha256}
        | {"hazard_code": "FIR-01", "boxes": [BOX]}
    )
    expert = scope_of(plant.session, town.expert.id)
    with pytest.raises(NotFound):
        record_spotted_beside(plant.session, expert, town.mine.id, new_id(), spotted, plant.now)
    kept = plant.session.get_one(Evidence, (town.mine.id, frame.evidence_sha256))
    kept.erased_at = plant.now
    plant.session.flush()
    with pytest.raises(EvidenceErased):
        _spot(plant, frame)
    assert plant.kinds() == ["finding.recorded"] * 2


@pytest.mark.parametrize("decided", ["waiting", "confirmed", "dismissed"])
def test_training_gets_it_as_a_box_that_was_missed(plant: Plant, decided: str) -> None:
    """Beside whatever was said of the model's own finding on that picture."""
    frame = plant.see()
    box = BOX | {"label": "helmet"}
    spotted = _spot(plant, frame, hazard_code="PPE-02", boxes=[box]).finding
    if decided == "confirmed":
        plant.confirm(frame)
    elif decided == "dismissed":
        plant.dismiss(frame)
    assert [kind.value for kind in disagreements_of(spotted)] == ["missed"]
    later = plant.now + timedelta(days=1)
    (picture,) = taught_pictures(plant.session, {plant.town.mine.id}, Taken(until=later))
    corners = {(each.x1, each.y1, each.x2, each.y2) for each in picture.boxes}
    assert (0.6, 0.5, 0.9, 0.8) in corners
    assert len(corners) == (2 if decided == "confirmed" else 1)
