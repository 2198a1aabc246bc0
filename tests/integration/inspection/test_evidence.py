"""Evidence: what is refused, what is kept, and that bytes come before rows."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, select

from inspection.errors import (
    EvidenceEmpty,
    EvidenceHashMismatch,
    EvidenceTooLarge,
    EvidenceTypeRefused,
    PartOutOfOrder,
)
from inspection.evidence import (
    KeptBytes,
    Part,
    keep_part,
    part_key,
    receive_evidence,
    record_evidence,
)
from inspection.scopes import Actor
from inspection.stores import MemoryStore
from inspection.tables import Evidence, new_id
from tests.builders import NOW, Town, jpeg, sha256_of

DEVICE = Actor.from_device(new_id())


def _receive(
    session: Session, store: MemoryStore, town: Town, data: bytes, sha256: str | None = None
) -> Evidence:
    return receive_evidence(
        session,
        store,
        enterprise_id=town.mine.id,
        sha256=sha256 or sha256_of(data),
        source=io.BytesIO(data),
        actor=DEVICE,
        now=NOW,
        limit=10_000,
    )


def test_a_photo_is_kept_once_with_its_facts(session: Session, town: Town) -> None:
    """A second time it is the first row; another enterprise has a row of its own."""
    store, data = MemoryStore(), jpeg()
    row = _receive(session, store, town, data)
    session.commit()
    assert (row.media_type, row.size, row.received_from) == ("image/jpeg", len(data), DEVICE.name)
    assert _receive(session, store, town, data) is row
    with store.open(row.sha256) as source:
        assert source.read() == data
    assert session.get(Evidence, (town.other.id, row.sha256)) is None


@pytest.mark.parametrize(
    ("data", "sha256", "refusal"),
    [
        (b"", None, EvidenceEmpty),
        (b"this is no photo, whatever its name says", None, EvidenceTypeRefused),
        (jpeg(), "00" * 32, EvidenceHashMismatch),
        (jpeg() + bytes(10_000), None, EvidenceTooLarge),
    ],
)
def test_what_is_refused_leaves_nothing(
    session: Session,
    town: Town,
    data: bytes,
    sha256: str | None,
    refusal: type[Exception],
) -> None:
    """No bytes, no row."""
    store = MemoryStore()
    with pytest.raises(refusal):
        _receive(session, store, town, data, sha256)
    assert not store.has(sha256 or sha256_of(data))
    assert session.exec(select(Evidence)).first() is None


def test_a_row_that_came_from_elsewhere_meanwhile_stands(
    session: Session, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two uploads of the same bytes race; both succeed, one row is there."""
    store, data = MemoryStore(), jpeg()
    first = _receive(session, store, town, data)
    session.commit()
    session.expunge_all()
    get = Session.get
    # The other upload commits after this one has looked.
    monkeypatch.setattr(Session, "get", lambda *_: monkeypatch.setattr(Session, "get", get))
    assert _receive(session, store, town, data).received_at == first.received_at
    assert len(session.exec(select(Evidence)).all()) == 1


def test_parts_make_a_whole(town: Town) -> None:
    """Each enterprise's upload stands alone; the last part checks type and hash."""
    store, data = MemoryStore(), jpeg()
    sha256, half = sha256_of(data), len(data) // 2
    for enterprise in (town.mine, town.other):
        receipt, kept = keep_part(
            store, enterprise.id, sha256, Part(0, len(data), io.BytesIO(data[:half]))
        )
        assert (receipt.received, receipt.complete, kept) == (half, False, None)
    with pytest.raises(PartOutOfOrder) as refusal:
        keep_part(store, town.mine.id, sha256, Part(1, len(data), io.BytesIO(data[1:])))
    assert (refusal.value.expected, refusal.value.actual) == (half, 1)
    rest = Part(half, len(data), io.BytesIO(data[half:]))
    receipt, kept = keep_part(store, town.mine.id, sha256, rest)
    assert receipt.complete
    assert kept is not None
    assert (kept.size, kept.media_type) == (len(data), "image/jpeg")
    assert store.part_size(part_key(town.mine.id, sha256)) == 0
    assert store.part_size(part_key(town.other.id, sha256)) == half


def test_a_part_may_not_exceed_what_was_announced(town: Town) -> None:
    """Neither the limit, nor its own total."""
    store, sha256 = MemoryStore(), "ab" * 32
    with pytest.raises(EvidenceTooLarge):
        keep_part(store, town.mine.id, sha256, Part(0, 100, io.BytesIO(b"x")), limit=99)
    with pytest.raises(EvidenceTooLarge):
        keep_part(store, town.mine.id, sha256, Part(0, 3, io.BytesIO(b"xxxx")))


@pytest.mark.parametrize(
    ("data", "sha256", "refusal"),
    [(b"no photo at all", None, EvidenceTypeRefused), (jpeg(), "00" * 32, EvidenceHashMismatch)],
)
def test_a_wrong_whole_forgets_its_parts(
    town: Town, data: bytes, sha256: str | None, refusal: type[Exception]
) -> None:
    """The next try begins anew."""
    store, sha256 = MemoryStore(), sha256 or sha256_of(data)
    with pytest.raises(refusal):
        keep_part(store, town.mine.id, sha256, Part(0, len(data), io.BytesIO(data)))
    assert store.part_size(part_key(town.mine.id, sha256)) == 0
    assert not store.has(sha256)


def test_the_same_bytes_are_recorded_for_a_second_enterprise(session: Session, town: Town) -> None:
    """Bytes are shared, rows are not."""
    kept_from = _receive(session, MemoryStore(), town, jpeg())
    kept = KeptBytes(kept_from.sha256, kept_from.media_type, kept_from.size)
    later = datetime.now(UTC) + timedelta(days=1)
    row = record_evidence(session, enterprise_id=town.other.id, kept=kept, actor=DEVICE, now=later)
    assert (row.enterprise_id, row.received_at) == (town.other.id, later)
