"""Live precision counts what people decided, on both databases."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session

from inspection.decisions import confirm_finding, dismiss_finding
from inspection.disagreements import live_disagreements
from inspection.errors import NotFound
from inspection.intake import record_finding
from inspection.precision import PrecisionAsked, live_precision
from inspection.scopes import Actor, scope_of
from inspection.training_data import Taken
from inspection.wire import Confirmation, Dismissal, DrawnBox, Source, SourceKind
from tests.builders import NOW, Town, jpeg, keep, make_draft

ALL = frozenset({"hazard", "source", "model"})


def see(
    session: Session, town: Town, said: Confirmation | Dismissal | None, **changes: Any
) -> None:
    """Record a finding, and decide it unless nothing is said."""
    draft = make_draft(keep(session, town.mine, jpeg()).sha256, **changes)
    actor = Actor.from_device(town.device.id)
    record_finding(session, enterprise_id=town.mine.id, actor=actor, draft=draft, now=NOW)
    scope = scope_of(session, town.expert.id)
    if isinstance(said, Confirmation):
        confirm_finding(session, scope, town.mine.id, draft.id, said, NOW)
    elif said is not None:
        dismiss_finding(session, scope, town.mine.id, draft.id, said, NOW)


@pytest.fixture
def decided(session: Session, town: Town) -> None:
    """See heads at two cameras and in a patrol, with two models."""
    other = Source(kind=SourceKind.CAMERA, name="gate-south")
    for said in (Confirmation(), Confirmation(), Confirmation(hazard_code="PPE-05"), None,
                 Dismissal(code="reflection"), Dismissal(code="duplicate"), Dismissal(reason="x")):  # fmt: skip
        see(session, town, said)
    see(session, town, Confirmation(), source=other)
    see(session, town, Dismissal(code="test"), source=other, model_sha256="cd" * 32)
    for number in range(2):
        photo = Source(kind=SourceKind.PATROL, name=f"IMG_{number}.jpg")
        see(session, town, Confirmation(), source=photo, captured_at=NOW - timedelta(days=40))


@pytest.mark.usefixtures("decided")
def test_rows_by_hazard_camera_and_model(session: Session, town: Town) -> None:
    """A correction counts against what the model said, a duplicate against nobody, what waits in no share."""
    rows = live_precision(session, scope_of(session, town.centre.id), PrecisionAsked(ALL))
    found = {
        (key.source_kind, key.camera, key.hazard_code, str(key.model_sha256)[:2]): (
            tally.confirmed, tally.renamed, tally.dismissed, tally.set_aside, tally.waiting,
        )
        for key, tally in rows
    }  # fmt: skip
    assert found == {
        ("camera", "gate-north", "PPE-01", "ab"): (2, 1, 2, 1, 1),
        ("camera", "gate-south", "PPE-01", "ab"): (1, 0, 0, 0, 0),
        ("camera", "gate-south", "PPE-01", "cd"): (0, 0, 0, 1, 0),
        ("patrol", "", "PPE-01", "ab"): (2, 0, 0, 0, 0),
    }
    first_key, first = rows[0]
    assert first_key.enterprise_id == town.mine.id
    assert first.precision == pytest.approx(0.4)
    assert first.interval == pytest.approx((0.1176, 0.7693), abs=1e-3)


@pytest.mark.usefixtures("decided")
def test_rows_fold_and_a_period_cuts(session: Session, town: Town) -> None:
    """By nothing there is one row of everything; a period asks when the pictures were taken."""
    scope = scope_of(session, town.centre.id)
    ((key, everything),) = live_precision(session, scope, PrecisionAsked(frozenset()))
    assert key.camera is None
    assert (everything.decided, everything.confirmed) == (8, 5)
    recent = Taken(since=NOW - timedelta(days=1))
    ((_, tally),) = live_precision(session, scope, PrecisionAsked(frozenset(), recent))
    assert tally.confirmed == 3
    before = Taken(until=NOW - timedelta(days=1))
    ((key, tally),) = live_precision(session, scope, PrecisionAsked(frozenset({"model"}), before))
    assert (key.model_name, tally.confirmed) == ("anxun-nano", 2)


@pytest.mark.usefixtures("decided")
def test_where_people_said_otherwise_is_counted_in_the_same_rows(
    session: Session, town: Town
) -> None:
    """Each kind apart; what does not count against the model, and what nobody decided, in none; a finding may have several."""
    head = make_draft("0" * 64).boxes[0].model_dump(exclude={"confidence"})
    beside = head | {"x1": 0.6, "x2": 0.7}
    see(session, town, Confirmation(boxes=(DrawnBox(**head), DrawnBox(**beside)), level="major"))
    see(session, town, Dismissal(code="nothing_there", boxes=()))
    see(session, town, Confirmation(boxes=(DrawnBox(**head),)), zone="another place")
    scope = scope_of(session, town.centre.id)
    found = {
        (key.camera, str(key.model_sha256)[:2]): {kind.value: n for kind, n in counts.items() if n}
        for key, counts in live_disagreements(session, scope, PrecisionAsked(ALL)).items()
    }
    assert found[("gate-north", "ab")] == {
        "dismissed": 3, "renamed": 1, "relevelled": 1, "missed": 1, "false_box": 1,
    }  # fmt: skip
    assert not any(counts for key, counts in found.items() if key != ("gate-north", "ab"))
    everything = live_disagreements(session, scope, PrecisionAsked(frozenset()))
    assert [counts["dismissed"] for counts in everything.values()] == [3]
    before = Taken(until=NOW - timedelta(days=1))
    old = live_disagreements(session, scope, PrecisionAsked(frozenset(), before))
    assert not any(any(counts.values()) for counts in old.values())
    stranger = scope_of(session, town.stranger.id)
    assert live_disagreements(session, stranger, PrecisionAsked(ALL)) == {}


@pytest.mark.usefixtures("decided")
def test_nobody_sees_figures_of_a_foreign_enterprise(session: Session, town: Town) -> None:
    """The officer sees their own, a stranger nothing, and a foreign filter is not found."""
    mine = live_precision(session, scope_of(session, town.officer.id), PrecisionAsked(ALL))
    assert len(mine) == 4
    stranger = scope_of(session, town.stranger.id)
    assert live_precision(session, stranger, PrecisionAsked(ALL)) == []
    with pytest.raises(NotFound):
        live_precision(session, stranger, PrecisionAsked(ALL, enterprise_id=town.mine.id))
