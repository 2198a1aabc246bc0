"""Many devices write at once: nothing is lost, nothing is doubled."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import product

from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, select

from inspection.decisions import confirm_finding
from inspection.errors import AlreadyDecided
from inspection.intake import record_batch, record_finding
from inspection.reminders import remind_all
from inspection.scopes import Actor, scope_of
from inspection.tables import (
    Finding,
    HazardItem,
    NoticeDelivery,
    RemediationTicket,
    SectionReminder,
)
from inspection.wire import Confirmation, FindingDraft, ReceiptStatus
from ledger.log import entries
from ledger.sql import SqlStore
from tests.builders import NOW, Town, jpeg, keep, make_draft

DEVICES, DRAFTS = 6, 8


def test_many_devices_deliver_to_one_and_to_many_ledgers(
    sessions: sessionmaker[Session], town: Town
) -> None:
    """Every batch comes twice, at the same time; each draft has one row and one entry."""
    enterprises = (town.mine, town.other)
    with sessions.begin() as session:
        photos = {each.id: keep(session, each, jpeg()).sha256 for each in enterprises}
    batches = [
        (enterprise_id, [make_draft(sha256).model_dump(mode="json") for _ in range(DRAFTS)])
        for (enterprise_id, sha256), _ in product(photos.items(), range(DEVICES))
    ]

    def deliver(batch):
        enterprise_id, drafts = batch
        with sessions.begin() as session:
            actor = Actor("system")
            return record_batch(
                session, enterprise_id=enterprise_id, actor=actor, drafts=drafts, now=NOW
            )

    with ThreadPoolExecutor(2 * DEVICES) as pool:
        receipts = [each for batch in pool.map(deliver, batches * 2) for each in batch]
    total = len(batches) * DRAFTS
    assert Counter(receipt.status for receipt in receipts) == {
        ReceiptStatus.RECORDED: total,
        ReceiptStatus.DUPLICATE: total,
    }
    with sessions() as session:
        for enterprise_id in photos:
            found = entries(SqlStore(session), str(enterprise_id), 0, 1000)
            assert [entry.index for entry in found] == list(range(DEVICES * DRAFTS))
            leaves = {entry.index: entry.leaf_hash for entry in found}
            rows = session.exec(select(Finding).where(Finding.enterprise_id == enterprise_id)).all()
            assert {row.entry_index: row.leaf_hash for row in rows} == leaves
        items = session.exec(select(HazardItem)).all()
        assert [item.sightings for item in items] == [DEVICES * DRAFTS] * 2


def test_many_experts_confirm_at_once(sessions: sessionmaker[Session], town: Town) -> None:
    """One decision a finding, and one ticket for the item."""
    with sessions.begin() as session:
        sha256 = keep(session, town.mine, jpeg()).sha256
        drafts: list[FindingDraft] = [make_draft(sha256) for _ in range(4)]
        for draft in drafts:
            record_finding(
                session,
                enterprise_id=town.mine.id,
                actor=Actor("system"),
                draft=draft,
                now=NOW,
            )

    def confirm(draft: FindingDraft) -> bool:
        try:
            with sessions.begin() as session:
                scope = scope_of(session, town.expert.id)
                confirm_finding(session, scope, town.mine.id, draft.id, Confirmation(), NOW)
        except AlreadyDecided:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        decided = list(pool.map(confirm, drafts * 3))
    assert sum(decided) == len(drafts)
    with sessions() as session:
        assert session.exec(select(RemediationTicket)).one().number == "ZG-20261124-0001"
        kinds = Counter(
            entry.header.kind for entry in entries(SqlStore(session), str(town.mine.id), 0, 99)
        )
    assert kinds == {"finding.recorded": 4, "finding.confirmed": 4, "ticket.opened": 1}


def test_many_servers_remind_at_once(
    sessions: sessionmaker[Session], readers: sessionmaker[Session], town: Town
) -> None:
    """Each person has one reminder of a section's period, whoever wrote it; what they counted is what is there."""
    with ThreadPoolExecutor(DEVICES) as pool:
        begun = [pool.submit(remind_all, readers, sessions, NOW) for _ in range(DEVICES)]
        written = [each.result() for each in begun]
    with sessions() as session:
        rows = session.exec(select(SectionReminder)).all()
        told = session.exec(select(NoticeDelivery.thing_id)).all()
    assert sum(written) == len(rows) > 0
    assert len({(row.enterprise_id, row.user_id, row.section, row.period) for row in rows}) == len(
        rows
    )
    assert len(told) == len(set(told))
    assert remind_all(readers, sessions, NOW) == 0
