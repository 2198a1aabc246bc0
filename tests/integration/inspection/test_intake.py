"""The one write path: recorded, duplicate, or rejected with a reason; nothing in between."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import DataError
from sqlmodel import Session, select

from inspection import intake
from inspection.device_signatures import draft_sha256
from inspection.errors import NotFound
from inspection.intake import record_batch, record_finding
from inspection.scopes import Actor
from inspection.tables import Finding, HazardItem, Inspection, ItemState, new_id
from inspection.wire import FindingDraft, FindingReceipt, Source, SourceKind
from ledger.log import entries
from ledger.sql import SqlStore
from tests.builders import NOW, Town, jpeg, keep, make_draft


def _record(
    session: Session, town: Town, draft: FindingDraft, now: datetime = NOW
) -> FindingReceipt:
    return record_finding(
        session,
        enterprise_id=town.mine.id,
        actor=Actor.from_device(town.device.id),
        draft=draft,
        now=now,
    )


def _is_untouched(session: Session, town: Town) -> bool:
    store = SqlStore(session)
    return (
        session.exec(select(Finding)).first() is None
        and session.exec(select(HazardItem)).first() is None
        and not list(entries(store, str(town.mine.id), 0, 10))
    )


@pytest.fixture
def sha256(session: Session, town: Town) -> str:
    """Return evidence that the enterprise has."""
    return keep(session, town.mine, jpeg()).sha256


def test_a_draft_becomes_finding_item_and_ledger_entry(
    session: Session, town: Town, sha256: str
) -> None:
    """All three stand after the commit, and the receipt names the entry."""
    draft = make_draft(sha256)
    receipt = _record(session, town, draft)
    session.commit()
    finding = session.get_one(Finding, (town.mine.id, draft.id))
    item = session.get_one(HazardItem, (town.mine.id, finding.item_id))
    (entry,) = entries(SqlStore(session), str(town.mine.id), 0, 10)
    assert (receipt.status, receipt.index, receipt.leaf_hash) == ("recorded", 0, finding.leaf_hash)
    assert (finding.state, finding.device_id) == ("proposed", town.device.id)
    assert (item.hazard_code, item.place, item.sightings) == ("PPE-01", "gate-north", 1)
    assert item.state is ItemState.OPEN
    record = entry.record
    assert record is not None
    assert (record.kind, record.section) == ("finding.recorded", "L27")
    assert record.by == f"device:{town.device.id}"
    assert record.data["finding_id"] == str(draft.id)
    assert record.data["model"] == {"name": "anxun-nano", "sha256": draft.model_sha256}
    assert [(each.sha256, each.role) for each in record.attachments] == [(sha256, "photo")]
    assert finding.leaf_hash == entry.leaf_hash


def test_the_same_draft_gets_the_same_receipt(session: Session, town: Town, sha256: str) -> None:
    """At least once on the wire is exactly once in the ledger."""
    draft = make_draft(sha256)
    first = _record(session, town, draft)
    session.commit()
    again = _record(session, town, draft, NOW + timedelta(days=9))
    assert again.status == "duplicate"
    assert (again.index, again.leaf_hash) == (first.index, first.leaf_hash)
    assert len(list(entries(SqlStore(session), str(town.mine.id), 0, 10))) == 1
    assert session.exec(select(HazardItem)).one().sightings == 1


def test_the_same_id_with_another_content_is_refused(
    session: Session, town: Town, sha256: str
) -> None:
    """An id names one draft only."""
    draft = make_draft(sha256)
    _record(session, town, draft)
    receipt = _record(session, town, make_draft(sha256, id=draft.id, label="helmet"))
    assert (receipt.status, receipt.code) == ("rejected", "id_reused")


def test_sightings_of_one_hazard_at_one_place_join_one_item(
    session: Session, town: Town, sha256: str
) -> None:
    """Another hazard or another place is another item; late deliveries widen the span."""
    early, late = NOW - timedelta(days=2), NOW - timedelta(minutes=5)
    gate = {"captured_at": late}
    yard = Source(kind=SourceKind.CAMERA, name="yard")
    for changes in (gate, {"captured_at": early}, {"hazard_code": "EMG-01"}, {"source": yard}):
        assert _record(session, town, make_draft(sha256, **changes)).status == "recorded"
    items = {
        (item.hazard_code, item.place): item for item in session.exec(select(HazardItem)).all()
    }
    assert len(items) == 3
    joined = items["PPE-01", "gate-north"]
    assert (joined.sightings, joined.first_seen_at, joined.last_seen_at) == (2, early, late)


def test_a_zone_is_the_place_before_the_camera(session: Session, town: Town, sha256: str) -> None:
    """Two cameras that watch one zone see one problem."""
    for camera in ("a", "b"):
        source = Source(kind=SourceKind.CAMERA, name=camera)
        _record(session, town, make_draft(sha256, zone="打磨区", source=source))
    assert session.exec(select(HazardItem)).one().place == "打磨区"


def test_a_patrol_photo_of_an_inspection_is_at_its_place(
    session: Session, town: Town, sha256: str
) -> None:
    """Where the inspection names no place, the photo's name stands in."""
    places = []
    for place in ("二车间", ""):
        inspection = Inspection(
            enterprise_id=town.mine.id, inspector_id=town.expert.id, place=place
        )
        session.add(inspection)
        session.flush()
        source = Source(kind=SourceKind.PATROL, name="IMG_1.jpg", inspection_id=inspection.id)
        draft = make_draft(sha256, source=source)
        assert _record(session, town, draft).status == "recorded"
        finding = session.get_one(Finding, (town.mine.id, draft.id))
        item = session.get_one(HazardItem, (town.mine.id, finding.item_id))
        places.append(item.place)
    assert places == ["二车间", "IMG_1.jpg"]


def test_a_clock_three_days_off_with_its_offset_stated_is_recorded_with_both_times(
    session: Session, town: Town, sha256: str
) -> None:
    """The finding stands at the true time, and what the device said stands beside it."""
    device_time = NOW + timedelta(days=3)
    draft = make_draft(sha256, captured_at=device_time, clock_offset_s=3 * 86400.0 + 60)
    assert _record(session, town, draft).status == "recorded"
    session.commit()
    session.expire_all()
    finding = session.get_one(Finding, (town.mine.id, draft.id))
    assert finding.captured_at == NOW - timedelta(seconds=60)
    assert finding.device_captured_at == device_time
    (entry,) = entries(SqlStore(session), str(town.mine.id), 0, 10)
    assert entry.record is not None
    assert entry.record.data["captured_at"] == "2026-11-24T07:59:00.000Z"
    assert entry.record.data["device_captured_at"] == "2026-11-27T08:00:00Z"


@pytest.mark.parametrize(
    ("captured_at", "offset"),
    [
        (NOW + timedelta(days=3), None),
        (NOW + timedelta(minutes=11), None),
        (NOW + timedelta(days=3), 60.0),
        (datetime(1970, 1, 1, 0, 5, tzinfo=UTC), None),
        (datetime(9999, 12, 31, tzinfo=UTC), -4e9),
    ],
)
def test_an_impossible_time_is_refused_and_says_what_to_do(
    session: Session, town: Town, sha256: str, captured_at: datetime, offset: float | None
) -> None:
    """The draft may come again with its offset, under the same id."""
    draft = make_draft(sha256, captured_at=captured_at, clock_offset_s=offset)
    receipt = _record(session, town, draft)
    assert (receipt.status, receipt.code) == ("rejected", "clock_implausible")
    assert "clock_offset_s" in (receipt.reason or "")
    assert _is_untouched(session, town)
    if captured_at.year < 9999:
        measured = (captured_at - NOW).total_seconds()
        healed = draft.model_copy(update={"clock_offset_s": measured})
        assert _record(session, town, healed).status == "recorded"


def test_a_clock_a_little_ahead_is_taken(session: Session, town: Town, sha256: str) -> None:
    """Ten minutes are no lie."""
    draft = make_draft(sha256, captured_at=NOW + timedelta(minutes=9))
    assert _record(session, town, draft).status == "recorded"


def test_an_unknown_hazard_code_is_refused(session: Session, town: Town, sha256: str) -> None:
    """The catalogue decides what a hazard is."""
    receipt = _record(session, town, make_draft(sha256, hazard_code="ZZZ-99"))
    assert receipt.code == "unknown_hazard"
    assert "ZZZ-99" in (receipt.reason or "")
    assert _is_untouched(session, town)


def test_evidence_must_be_the_enterprise_s_own(session: Session, town: Town) -> None:
    """Missing and foreign evidence are told apart by nobody."""
    foreign = keep(session, town.other, jpeg(9)).sha256
    for sha256 in (foreign, "cd" * 32):
        receipt = _record(session, town, make_draft(sha256))
        assert receipt.code == "evidence_missing"
        assert "upload" in (receipt.reason or "")
    assert _is_untouched(session, town)


def test_a_draft_made_for_another_enterprise_is_refused(
    session: Session, town: Town, sha256: str
) -> None:
    """A device that moved, or a stranger's inspection: neither writes into this ledger."""
    foreign = Inspection(enterprise_id=town.other.id, inspector_id=town.stranger.id)
    session.add(foreign)
    session.flush()
    strange = Source(kind=SourceKind.PATROL, name="1.jpg", inspection_id=foreign.id)
    for draft in (
        make_draft(sha256, enterprise_id=town.other.id),
        make_draft(sha256, source=strange),
        make_draft(sha256, source=strange.model_copy(update={"inspection_id": new_id()})),
    ):
        assert _record(session, town, draft).code == "foreign_enterprise"
    assert _is_untouched(session, town)
    assert _record(session, town, make_draft(sha256, enterprise_id=town.mine.id)).index == 0


def test_an_unknown_enterprise_is_not_found(session: Session, town: Town) -> None:
    """There is no ledger to write into."""
    with pytest.raises(NotFound):
        record_finding(
            session,
            enterprise_id=new_id(),
            actor=Actor.from_device(town.device.id),
            draft=make_draft("cd" * 32),
            now=NOW,
        )


def test_a_batch_judges_each_draft_alone(session: Session, town: Town, sha256: str) -> None:
    """One bad draft stops no other, and receipts keep the order."""
    good, later = make_draft(sha256), make_draft(sha256)
    bad = {"id": "1", "boxes": [{"x1": 0.5, "x2": 0.1}]}
    poison = good.model_dump(mode="json") | {"id": str(new_id()), "zone": "a\x00b"}
    half = good.model_dump(mode="json") | {"id": "\ud800", "odd\ud800": 1}
    drafts = [
        good.model_dump(mode="json"),
        bad,
        poison,
        half,
        later.model_dump(mode="json"),
        good.model_dump(mode="json"),
    ]
    receipts = record_batch(
        session,
        enterprise_id=town.mine.id,
        actor=Actor.from_device(town.device.id),
        drafts=drafts,
        now=NOW,
    )
    session.commit()
    assert [receipt.status.value for receipt in receipts] == [
        "recorded",
        "rejected",
        "rejected",
        "rejected",
        "recorded",
        "duplicate",
    ]
    assert {receipt.code for receipt in receipts if receipt.code} == {"malformed"}
    assert "captured_at" in (receipts[1].reason or "")
    assert [receipt.model_dump_json() for receipt in receipts]
    assert receipts[5].index == receipts[0].index
    assert session.exec(select(HazardItem)).one().sightings == 2


def test_the_hash_of_a_draft_ignores_how_it_was_written() -> None:
    """Absent and null are one; a changed fact is another draft."""
    draft = make_draft("cd" * 32)
    assert draft_sha256(draft) == draft_sha256(
        FindingDraft.model_validate_json(draft.model_dump_json(exclude_none=True))
    )
    assert draft_sha256(draft) != draft_sha256(draft.model_copy(update={"sightings": 2}))


def test_a_value_that_the_database_cannot_store_harms_no_other_draft(
    session: Session, town: Town, sha256: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the checks overlook: that draft is rolled back and refused, the rest is recorded."""
    join_item = intake.join_item

    def refuse_one_place(*facts: object) -> HazardItem:
        item = join_item(*facts)
        if item.place == "unstorable":
            raise DataError("INSERT", {}, ValueError("value out of range"))
        return item

    monkeypatch.setattr(intake, "join_item", refuse_one_place)
    drafts = [make_draft(sha256), make_draft(sha256, zone="unstorable"), make_draft(sha256)]
    receipts = record_batch(
        session,
        enterprise_id=town.mine.id,
        actor=Actor.from_device(town.device.id),
        drafts=[draft.model_dump(mode="json") for draft in drafts],
        now=NOW,
    )
    session.commit()
    assert [receipt.index for receipt in receipts] == [0, None, 1]
    assert (receipts[1].code, receipts[1].reason) == ("malformed", "value out of range")
    assert session.exec(select(HazardItem)).one().place == "gate-north"
