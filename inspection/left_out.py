"""Sightings that a box left out for want of room: counted by the first finding of their item, an entry of the ledger each time that there are more."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from inspection.box_wire import LeftOut
from inspection.database import lock_enterprise
from inspection.journal import Event, timestamp, write_event
from inspection.scopes import Actor
from inspection.sections import AI_PATROL
from inspection.tables import Device, Finding


def take_left_out(
    session: Session, device: Device, told: Sequence[LeftOut], actor: Actor, now: datetime
) -> dict[UUID, int]:
    """Write down what a box left out; return how many the ledger names now, by finding. Counts are totals: twice is once.

    A finding that is not there yet is left out of the answer, so that the box says it again.
    """
    if not told:
        return {}
    lock_enterprise(session, device.enterprise_id)
    known = {}
    for one in told:
        finding = session.get(Finding, (device.enterprise_id, one.finding_id))
        if finding is None:
            continue
        if one.count > finding.left_out:
            _write(session, device, finding, one, actor, now)
            finding.left_out = one.count
        known[one.finding_id] = finding.left_out
    session.flush()
    return known


def _write(
    session: Session,
    device: Device,
    finding: Finding,
    told: LeftOut,
    actor: Actor,
    now: datetime,
) -> None:
    data = {
        "finding_id": str(finding.id),
        "item_id": str(finding.item_id),
        "hazard_code": finding.hazard_code,
        "device_id": str(device.id),
        "device": device.name,
        "left_out": told.count,
        "more": told.count - finding.left_out,
        "since": timestamp(told.since),
        "until": timestamp(told.until),
        "received_at": timestamp(now),
    }
    write_event(
        session,
        device.enterprise_id,
        actor,
        Event("finding.sightings_left_out", AI_PATROL, data),
        now,
    )
