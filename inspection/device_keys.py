"""The key that a device signs with: registered once, an entry of the ledger, never changed. A device that lost it is enrolled anew."""

from datetime import datetime

from sqlmodel import Session

from inspection.database import lock_enterprise
from inspection.device_signatures import KEY_REGISTERED
from inspection.errors import DeviceKeyFixed
from inspection.journal import Event, write_event
from inspection.scopes import Actor
from inspection.sections import AI_PATROL
from inspection.tables import Device


def register_key(
    session: Session, device: Device, public_key: str, actor: Actor, now: datetime
) -> None:
    """Say which key a device signs with from now on; the same one again changes nothing.

    Raises:
        DeviceKeyFixed: it has another one. Whoever stole a token must not be able to put their own key in its place.
    """
    lock_enterprise(session, device.enterprise_id)
    session.flush()
    session.refresh(device)
    if device.public_key == public_key:
        return
    if device.public_key is not None:
        raise DeviceKeyFixed(device.id)
    device.public_key, device.key_since = public_key, now
    data = {"device_id": str(device.id), "device": device.name, "public_key": public_key}
    write_event(session, device.enterprise_id, actor, Event(KEY_REGISTERED, AI_PATROL, data), now)
    session.flush()
