"""A hazard that no model reported: recorded by a person on a photo, it is a finding, an item, a ticket, and a missed box."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session

from inspection.decisions import Decision
from inspection.disagreements import disagreements_of, live_disagreements
from inspection.errors import EvidenceMissing, IdReused, InvalidInput, NotAllowed, NotFound
from inspection.precision import PrecisionAsked, live_precision
from inspection.scopes import scope_of
from inspection.spotted import record_spotted
from inspection.spotted_wire import SpottedHazard
from inspection.tables import Inspection, InspectionPhoto, User, new_id
from inspection.taxonomy import UnknownHazard
from inspection.training_data import Taken, taught_pictures
from inspection.visits import add_photo, begin_inspection
from ledger.log import entries
from ledger.sql import SqlStore
from tests.builders import NOW, Town, jpeg, keep
from tests.integration.inspection.item_world import Plant

BOX = {"x1": 0.2, "y1": 0.1, "x2": 0.4, "y2": 0.3, "label": "head"}


@pytest.fixture
def visit(session: Session, town: Town) -> Inspection:
    """Return a visit of the expert at the press line."""
    scope = scope_of(session, town.expert.id)
    return begin_inspection(session, scope, town.mine.id, place="冲压线", note="", now=NOW)


@pytest.fixture
def photo(session: Session, town: Town, visit: Inspection) -> InspectionPhoto:
    """Return its photo."""
    sha256 = keep(session, town.mine, jpeg(77)).sha256
    scope = scope_of(session, town.expert.id)
    return add_photo(session, scope, visit, evidence_sha256=sha256, file_name="IMG_1.jpg", now=NOW)


def _spotted(photo: InspectionPhoto, **changes: Any) -> SpottedHazard:
    facts = {
        "id": new_id(),
        "evidence_sha256": photo.evidence_sha256,
        "hazard_code": "PPE-01",
        "boxes": [BOX],
    }
    return SpottedHazard.model_validate(facts | changes)


def _record(
    session: Session,
    town: Town,
    photo: InspectionPhoto,
    spotted: SpottedHazard,
    by: User | None = None,
) -> Decision:
    scope = scope_of(session, (by or town.expert).id)
    return record_spotted(session, scope, town.mine.id, photo.inspection_id, spotted, NOW)


def _records(session: Session, town: Town) -> list[Any]:
    found = entries(SqlStore(session), str(town.mine.id), 0, 99)
    return [entry.record for entry in found if entry.record]


def test_it_becomes_a_confirmed_finding_an_item_and_a_ticket(
    session: Session, town: Town, photo: InspectionPhoto
) -> None:
    """The ledger says that a person saw it, where the boxes are, and no word of a model."""
    decision = _record(session, town, photo, _spotted(photo, note="模型没有看到"))
    finding, item = decision.finding, decision.item
    assert (finding.state, finding.decided_by) == ("confirmed", town.expert.id)
    assert (finding.model_name, finding.model_sha256, finding.confidence) == (None, None, None)
    assert (finding.boxes, finding.decided_boxes) == ([], [BOX])
    assert (finding.photo_id, finding.source_name) == (photo.id, "IMG_1.jpg")
    assert (item.place, item.sightings, item.level) == ("冲压线", 1, "general")
    assert decision.ticket is not None
    spotted, confirmed, opened = _records(session, town)
    assert [each.kind for each in (spotted, confirmed, opened)] == [
        "finding.spotted",
        "finding.confirmed",
        "ticket.opened",
    ]
    assert spotted.by == confirmed.by == f"user:{town.expert.id}"
    assert spotted.data["boxes"] == confirmed.data["boxes"] == [BOX]
    assert confirmed.data["boxes_by"] == "person"
    assert "model" not in spotted.data
    assert [each.sha256 for each in spotted.attachments] == [photo.evidence_sha256]


def test_level_zone_and_time_are_the_persons(
    session: Session, town: Town, photo: InspectionPhoto
) -> None:
    """What was chosen stands; the place is the zone; a photo without a time of its own takes that of the mark."""
    at = NOW - timedelta(hours=5)
    decision = _record(
        session, town, photo, _spotted(photo, level="major", zone="3号门", spotted_at=at)
    )
    assert (decision.item.place, decision.item.level) == ("3号门", "major")
    assert decision.finding.captured_at == at
    photo.taken_at = NOW - timedelta(hours=7)
    by_photo = _record(session, town, photo, _spotted(photo, spotted_at=at))
    assert by_photo.finding.captured_at == photo.taken_at


def test_it_is_a_sighting_of_what_stands_there(
    session: Session, town: Town, photo: InspectionPhoto
) -> None:
    """The camera's zone already has such a hazard: one item, one ticket; where it was fixed, it is back."""
    plant = Plant(session, town)
    standing = plant.confirm(plant.see(zone="gate"))
    decision = _record(session, town, photo, _spotted(photo, zone="gate"))
    assert (decision.item.id, decision.item.sightings) == (standing.item.id, 2)
    assert decision.ticket == standing.ticket
    plant.fix(standing.ticket)
    photo.taken_at = plant.wait(minutes=1)
    scope = scope_of(session, town.expert.id)
    spotted = _spotted(photo, zone="gate")
    back = record_spotted(session, scope, town.mine.id, photo.inspection_id, spotted, plant.now)
    assert (back.item.id, back.item.recurrences) == (standing.item.id, 1)
    assert back.ticket is not None
    assert back.ticket.id != standing.ticket.id


def test_sent_again_it_is_the_same_and_with_another_content_it_is_refused(
    session: Session, town: Town, photo: InspectionPhoto
) -> None:
    """A phone whose answer was lost sends again."""
    spotted = _spotted(photo)
    first = _record(session, town, photo, spotted)
    again = _record(session, town, photo, spotted)
    assert (again.finding, again.item, again.ticket) == (first.finding, first.item, first.ticket)
    assert (len(_records(session, town)), first.item.sightings) == (3, 1)
    with pytest.raises(IdReused):
        _record(session, town, photo, spotted.model_copy(update={"note": "x"}))


def test_what_is_refused_writes_nothing(
    session: Session, town: Town, visit: Inspection, photo: InspectionPhoto
) -> None:
    """Another role, a stranger, a photo of no visit, an unknown hazard, a label that nobody knows."""
    for user in (town.officer, town.worker, town.government, town.insurer):
        with pytest.raises(NotAllowed):
            _record(session, town, photo, _spotted(photo), by=user)
    with pytest.raises(NotFound):
        _record(session, town, photo, _spotted(photo), by=town.stranger)
    loose = keep(session, town.mine, jpeg(78)).sha256
    for refusal, changes in (
        (EvidenceMissing, {"evidence_sha256": loose}),
        (UnknownHazard, {"hazard_code": "ZZZ-99"}),
        (InvalidInput, {"boxes": [BOX | {"label": "unicorn"}]}),
        (InvalidInput, {"complete_labels": ["unicorn"]}),
    ):
        with pytest.raises(refusal):
            _record(session, town, photo, _spotted(photo, **changes))
    scope = scope_of(session, town.expert.id)
    with pytest.raises(NotFound):
        record_spotted(session, scope, town.mine.id, new_id(), _spotted(photo), NOW)
    assert _records(session, town) == []


def test_training_gets_it_as_a_box_that_was_missed(
    session: Session, town: Town, photo: InspectionPhoto
) -> None:
    """Counted beside the precision and in no share of it; a hazard without a label of a model's keeps its box by its code."""
    _record(session, town, photo, _spotted(photo, complete_labels=["head"]))
    other = _record(
        session,
        town,
        photo,
        _spotted(photo, hazard_code="FIR-01", boxes=[BOX | {"label": "FIR-01"}], level="major"),
    )
    (picture,) = taught_pictures(session, {town.mine.id}, Taken())
    assert len(picture.boxes) == 1
    assert picture.foreign_labels == ("FIR-01",)
    assert [each.value for each in disagreements_of(other.finding)] == ["missed"]
    scope = scope_of(session, town.expert.id)
    asked = PrecisionAsked(by=frozenset({"hazard"}), taken=Taken())
    tallies = {key.hazard_code: tally for key, tally in live_precision(session, scope, asked)}
    assert {code: tally.spotted for code, tally in tallies.items()} == {"PPE-01": 1, "FIR-01": 1}
    assert all(tally.decided == 0 and tally.precision is None for tally in tallies.values())
    counts = live_disagreements(session, scope, asked)
    for code in tallies:
        said = next(row for key, row in counts.items() if key.hazard_code == code)
        assert {kind.value: n for kind, n in said.items() if n} == {"missed": 1}
