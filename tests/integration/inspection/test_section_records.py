"""Writing into the sections: one transaction, nothing edited, nothing falsified; on both databases."""

from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session, col, select

from inspection.errors import (
    AlwaysApplies,
    EvidenceMissing,
    FieldsRefused,
    IdReused,
    InvalidInput,
    NotAllowed,
    NotByHand,
    NotFound,
    NotStanding,
    VersionNotInForce,
)
from inspection.journal import log_id_of, records_at
from inspection.scopes import Scope, scope_of
from inspection.section_fields import definition_on
from inspection.section_records import record, set_applicability, supersede, withdraw
from inspection.tables import SectionAbsence, SectionRecord, User, new_id
from inspection.wire import Applicability, RecordCorrection, RecordDraft, Withdrawal
from ledger import log
from ledger.sql import SqlStore
from tests.builders import NOW, Town, jpeg, keep
from tests.unit.inspection.test_section_values import MEETING, PERMIT


def draft(values: dict[str, Any] = MEETING, **changes: Any) -> RecordDraft:
    """Return a draft with an id of its own."""
    return RecordDraft.model_validate({"id": new_id(), "values": values} | changes)


def scope(session: Session, user: User) -> Scope:
    """Return what a person may do."""
    return scope_of(session, user.id)


def entries(session: Session, enterprise_id: UUID) -> list[Any]:
    """Return every entry of a ledger."""
    return log.entries(SqlStore(session), log_id_of(enterprise_id), 0, 100)


def test_a_record_is_an_entry_of_its_section(session: Session, town: Town) -> None:
    """The entry holds the values, cites the definition, and names the photo that the evidence store keeps."""
    photo = keep(session, town.mine, jpeg(3))
    sent = draft(MEETING | {"photos": [photo.sha256]})
    row = record(session, scope(session, town.officer), town.mine.id, "L04", sent, NOW)
    (entry,) = entries(session, town.mine.id)
    assert (entry.header.kind, entry.header.section) == ("section.recorded", "L04")
    assert entry.record.data["values"] == sent.values
    definition = definition_on("L04", NOW.date())
    assert entry.record.data["definition"] == {
        "version": definition.version,
        "sha256": definition.sha256,
    }
    assert [(a.sha256, a.role) for a in entry.record.attachments] == [(photo.sha256, "photos")]
    assert (row.entry_index, row.leaf_hash, row.on_day.isoformat()) == (
        0,
        entry.leaf_hash,
        "2026-10-20",
    )


def test_sent_again_it_is_the_same_record(session: Session, town: Town) -> None:
    """A phone that heard no answer sends again; another content under the same id is refused."""
    officer, sent = scope(session, town.officer), draft()
    first = record(session, officer, town.mine.id, "L04", sent, NOW)
    assert record(session, officer, town.mine.id, "L04", sent, NOW) is first
    assert len(entries(session, town.mine.id)) == 1
    other = draft(MEETING | {"place": "别处"}, id=sent.id)
    with pytest.raises(IdReused):
        record(session, officer, town.mine.id, "L04", other, NOW)


def test_an_erased_record_can_be_sent_again(session: Session, town: Town) -> None:
    """No trace of the content is left to compare with, and nothing is written twice."""
    officer, sent = scope(session, town.officer), draft()
    first = record(session, officer, town.mine.id, "L04", sent, NOW)
    SqlStore(session).erase(log_id_of(town.mine.id), first.entry_index)
    assert record(session, officer, town.mine.id, "L04", sent, NOW) is first
    assert records_at(session, town.mine.id, [0]) == {0: None}


def test_a_correction_supersedes(session: Session, town: Town) -> None:
    """The earlier entry stays, the chain is numbered, and only the newest can be corrected."""
    officer = scope(session, town.officer)
    first = record(session, officer, town.mine.id, "L04", draft(), NOW)
    values = MEETING | {"attendees": ["林安全", "周师傅", "吴师傅"]}
    correction = RecordCorrection(id=new_id(), values=values, reason="漏记一人")
    second = supersede(session, officer, town.mine.id, first.id, correction, NOW)
    assert (first.state, second.state, second.revision) == ("superseded", "standing", 2)
    assert second.series_id == first.id
    data = entries(session, town.mine.id)[1].record.data
    assert data["supersedes"] == {"record_id": str(first.id), "entry_index": 0}
    assert data["reason"] == "漏记一人"
    assert supersede(session, officer, town.mine.id, first.id, correction, NOW) is second
    late = RecordCorrection(id=new_id(), values=MEETING, reason="再改")
    with pytest.raises(NotStanding):
        supersede(session, officer, town.mine.id, first.id, late, NOW)


def test_a_mistake_is_withdrawn(session: Session, town: Town) -> None:
    """It no longer stands, its entry stays, and it is withdrawn once."""
    officer = scope(session, town.officer)
    row = record(session, officer, town.mine.id, "L04", draft(), NOW)
    mistake = Withdrawal(reason="写错台账")
    assert withdraw(session, officer, town.mine.id, row.id, mistake, NOW).state == "withdrawn"
    assert [entry.header.kind for entry in entries(session, town.mine.id)] == [
        "section.recorded",
        "section.withdrawn",
    ]
    with pytest.raises(NotStanding):
        withdraw(session, officer, town.mine.id, row.id, mistake, NOW)


def test_nothing_half_is_written(session: Session, town: Town) -> None:
    """Missing photos, foreign references and wrong fields leave ledger and table as they were."""
    officer = scope(session, town.officer)
    with pytest.raises(EvidenceMissing):
        record(session, officer, town.mine.id, "L04", draft(MEETING | {"photos": ["ab" * 32]}), NOW)
    space = {
        "on": "2026-10-20", "space": "污水池", "place": "院内", "danger": "硫化氢", "sign": True,
        "responsible": ["林安全"], "permit": str(new_id()),
    }  # fmt: skip
    with pytest.raises(FieldsRefused) as refused:
        record(session, officer, town.mine.id, "L14", draft(space), NOW)
    assert [(fault.field, fault.code) for fault in refused.value.faults] == [
        ("permit", "not_found")
    ]
    with pytest.raises(FieldsRefused):
        record(session, officer, town.mine.id, "L04", draft({}), NOW)
    assert entries(session, town.mine.id) == []
    assert session.exec(select(SectionRecord)).all() == []
    permit = record(session, officer, town.mine.id, "L13", draft(PERMIT), NOW)
    row = record(
        session, officer, town.mine.id, "L14", draft(space | {"permit": str(permit.id)}), NOW
    )
    assert row.section == "L14"


def test_who_writes_what(session: Session, town: Town) -> None:
    """The enterprise and its expert write; others read; nobody writes what the product writes."""
    for who in (town.officer, town.worker, town.expert):
        assert record(session, scope(session, who), town.mine.id, "L04", draft(), NOW)
    for who in (town.centre, town.insurer, town.government):
        with pytest.raises(NotAllowed):
            record(session, scope(session, who), town.mine.id, "L04", draft(), NOW)
    with pytest.raises(NotAllowed):
        record(session, scope(session, town.worker), town.mine.id, "L02", draft(), NOW)
    with pytest.raises(NotFound):
        record(session, scope(session, town.stranger), town.mine.id, "L04", draft(), NOW)
    for section in ("L11", "L12", "L27"):
        with pytest.raises(NotByHand):
            record(session, scope(session, town.officer), town.mine.id, section, draft(), NOW)
    with pytest.raises(NotFound):
        record(session, scope(session, town.officer), town.mine.id, "L29", draft(), NOW)


def test_a_form_of_an_edition_that_does_not_hold_is_refused(session: Session, town: Town) -> None:
    """The edition of today is taken by its name; one that never was is refused with the one that is."""
    officer = scope(session, town.officer)
    assert record(session, officer, town.mine.id, "L04", draft(version="2025-01-01"), NOW)
    for version in ("2024-01-01", "x"):
        with pytest.raises(VersionNotInForce, match="2025-01-01"):
            record(session, officer, town.mine.id, "L04", draft(version=version), NOW)


def test_a_section_may_not_apply(session: Session, town: Town) -> None:
    """The mark and its end are entries with their reasons; saying the same twice changes nothing."""
    officer = scope(session, town.officer)

    def say(applies: bool, section: str = "L14", **more: Any) -> None:
        wanted = Applicability(applies=applies, reason="厂内没有", **more)
        set_applicability(session, officer, town.mine.id, section, wanted, NOW)

    say(True)
    say(False, since="2026-01-01")
    say(False)
    row = session.exec(select(SectionAbsence)).one()
    assert (row.since.isoformat(), row.until) == ("2026-01-01", None)
    say(True)
    assert row.until is not None
    assert [entry.header.kind for entry in entries(session, town.mine.id)] == [
        "section.not_applicable",
        "section.applicable",
    ]
    with pytest.raises(AlwaysApplies):
        say(False, "L04")
    with pytest.raises(InvalidInput):
        say(False, "L16", since="2027-01-01")
    wanted = Applicability(applies=False, reason="没有")
    for who in (town.worker, town.government):
        with pytest.raises(NotAllowed):
            set_applicability(session, scope(session, who), town.mine.id, "L16", wanted, NOW)
    marks = session.exec(select(SectionAbsence).where(col(SectionAbsence.section) == "L16"))
    assert marks.all() == []
