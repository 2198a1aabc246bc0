"""How long each camera of a box saw and was blind: a day an entry in the ledger's AI patrol section, and a notice while one is blind for long."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from inspection.addressees import addressees
from inspection.box_wire import BoxReport, CameraReport, SightDay
from inspection.china import china_day
from inspection.database import lock_enterprise
from inspection.journal import Event, timestamp, write_event
from inspection.news import News
from inspection.notices import tell
from inspection.plans import parameter
from inspection.scopes import Actor
from inspection.sections import AI_PATROL
from inspection.sight import Sight
from inspection.tables import BoxStatus, CameraSightDay, Device, NoticeKind, Role

KIND = "camera.sight_day"


def take_days(
    session: Session, device: Device, told: Sequence[SightDay], actor: Actor, now: datetime
) -> list[date]:
    """Write down whole days of a box; return those that the ledger has now. A day that was told otherwise before is corrected by a later entry."""
    # A day that is not over in China cannot be whole, whatever a box's clock says.
    whole = [one for one in told if one.day < china_day(now)]
    if not whole:
        return []
    lock_enterprise(session, device.enterprise_id)
    for one in whole:
        _take_day(session, device, one, actor, now)
    session.flush()
    return [one.day for one in whole]


def _take_day(
    session: Session, device: Device, told: SightDay, actor: Actor, now: datetime
) -> None:
    cameras = [_camera(one.name, one.seconds) for one in told.cameras]
    row = session.get(CameraSightDay, (device.enterprise_id, device.id, told.day))
    if row is not None and row.cameras == cameras:
        return
    data = {
        "device_id": str(device.id),
        "device": device.name,
        "day": told.day.isoformat(),
        "cameras": cameras,
        "corrects": row and row.entry_index,
    }
    entry = write_event(session, device.enterprise_id, actor, Event(KIND, AI_PATROL, data), now)
    if row is None:
        row = CameraSightDay(
            enterprise_id=device.enterprise_id,
            device_id=device.id,
            day=told.day,
            cameras=cameras,
            at=now,
            entry_index=entry.index,
            leaf_hash=entry.leaf_hash,
        )
        session.add(row)
        return
    row.cameras, row.at = cameras, now
    row.entry_index, row.leaf_hash = entry.index, entry.leaf_hash


def _camera(name: str, seconds: Mapping[Sight, int]) -> dict[str, Any]:
    """Return whole minutes; what is left of the day was not watched: no power, or no program."""
    blind_s = {sight.value: s for sight, s in seconds.items() if sight is not Sight.SEEING and s}
    return {
        "name": name,
        "seen_min": round(seconds.get(Sight.SEEING, 0) / 60),
        "blind_min": round(sum(blind_s.values()) / 60),
        "blind_s": blind_s,
    }


def sight_days(session: Session, device: Device, limit: int = 31) -> Sequence[CameraSightDay]:
    """Return a box's last days, newest first."""
    return session.exec(
        select(CameraSightDay)
        .where(
            col(CameraSightDay.enterprise_id) == device.enterprise_id,
            col(CameraSightDay.device_id) == device.id,
        )
        .order_by(col(CameraSightDay.day).desc())
        .limit(limit)
    ).all()


def tell_of_blind(
    session: Session, device: Device, status: BoxStatus, report: BoxReport, now: datetime
) -> int:
    """Tell the enterprise's officers of cameras that are blind for long, once until they see again; return how many notices."""
    longest = timedelta(minutes=parameter("camera_blind_notice", china_day(now)).value)
    offset = timedelta(seconds=report.clock_offset_s or 0.0)
    told = dict(status.blind_told or {})
    blind = {one.name: one for one in report.cameras if one.sight is not Sight.SEEING}
    kept = {name: at for name, at in told.items() if name in blind}
    written = 0
    for name, camera in blind.items():
        since = camera.since - offset
        if name not in kept and now - since >= longest:
            kept[name] = timestamp(now)
            written += _tell(session, device, camera, since, now)
    if kept != told:
        status.blind_told = kept
        session.flush()
    return written


def _tell(
    session: Session, device: Device, camera: CameraReport, since: datetime, now: datetime
) -> int:
    lock_enterprise(session, device.enterprise_id)
    facts = {
        "camera": camera.name,
        "device": device.name,
        "sight": camera.sight.value,
        "since": timestamp(since),
        "blind_min": int((now - since).total_seconds() // 60),
    }
    news = News(
        NoticeKind.CAMERA_BLIND,
        device.enterprise_id,
        device.id,
        f"camera_blind:{device.id}:{camera.name}:{timestamp(now)}",
        facts,
    )
    people = addressees(session, device.enterprise_id)[Role.ENTERPRISE_OFFICER]
    return tell(session, news, set(people), now)
