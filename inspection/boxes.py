"""Edge boxes from the server's side: what each is to run, what it says of itself, how its findings' items stand.

A change of what a box runs is an entry of its enterprise's ledger: who, when, which version, and the hash of the text. The text
itself stays outside, because it may name addresses of a plant's network.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import defer
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from inspection.box_configuration import camera_names
from inspection.box_wire import BoxReport, BoxWishes, ConfigurationWish, ItemStanding, ModelWish
from inspection.database import lock_enterprise
from inspection.errors import InvalidInput, NotFound, VersionConflict
from inspection.journal import Event, write_event
from inspection.scopes import Actor, Scope
from inspection.sections import AI_PATROL
from inspection.tables import (
    BoxConfiguration,
    BoxStatus,
    Device,
    Finding,
    HazardItem,
    ModelOffer,
    ModelRelease,
)

MAX_MODEL_BYTES = 256 << 20


@dataclass(frozen=True)
class Change:
    """A new text for a box, made on the version `based_on` (0: there was none)."""

    text: str
    based_on: int
    note: str = ""


def configure(
    session: Session, scope: Scope, device: Device, change: Change, now: datetime
) -> BoxConfiguration:
    """Keep a new version of a box's cameras and write it into the ledger. The caller has checked the role.

    Raises:
        VersionConflict: somebody else was faster.
        InvalidInput: the text cannot be a file of cameras, or says what the last version says.
    """
    cameras = camera_names(change.text)
    lock_enterprise(session, device.enterprise_id)
    before = newest_configuration(session, device)
    actual = before.version if before else 0
    if actual != change.based_on:
        raise VersionConflict(change.based_on, actual, "the configuration")
    sha256 = hashlib.sha256(change.text.encode()).hexdigest()
    if before is not None and before.sha256 == sha256:
        raise InvalidInput(f"the text is that of version {actual}; nothing changes")
    data = {
        "device_id": str(device.id),
        "device": device.name,
        "version": actual + 1,
        "sha256": sha256,
        "cameras": list(cameras),
        "note": change.note,
    }
    event = Event("device.configured", AI_PATROL, data)
    entry = write_event(session, device.enterprise_id, scope.actor, event, now)
    made = BoxConfiguration(
        enterprise_id=device.enterprise_id,
        device_id=device.id,
        version=actual + 1,
        text=change.text,
        sha256=sha256,
        note=change.note,
        made_at=now,
        made_by=scope.user_id,
        entry_index=entry.index,
        leaf_hash=entry.leaf_hash,
    )
    session.add(made)
    session.flush()
    return made


def configurations(session: Session, device: Device) -> Sequence[BoxConfiguration]:
    """Return every version of a box's cameras, newest first."""
    return session.exec(_of(device).order_by(col(BoxConfiguration.version).desc())).all()


def configuration(session: Session, device: Device, version: int) -> BoxConfiguration:
    """Return a version. Raises `NotFound`."""
    found = session.get(BoxConfiguration, (device.enterprise_id, device.id, version))
    if found is None:
        raise NotFound("configuration", version)
    return found


def newest_configuration(session: Session, device: Device) -> BoxConfiguration | None:
    """Return the version that a box is to run; None where nobody ever made one."""
    newest = _of(device).order_by(col(BoxConfiguration.version).desc()).limit(1)
    return session.exec(newest).first()


def take_report(session: Session, device: Device, report: BoxReport, now: datetime) -> BoxStatus:
    """Keep what a box says of itself, in the place of what it said before."""
    row = session.get(BoxStatus, (device.enterprise_id, device.id))
    if row is None:
        row = BoxStatus(enterprise_id=device.enterprise_id, device_id=device.id, report={})
        session.add(row)
    row.at, row.report = now, report.model_dump(mode="json", exclude={"days", "left_out"})
    session.flush()
    return row


def status_of(session: Session, device: Device) -> BoxStatus | None:
    """Return what a box said last; None before it said anything."""
    return session.get(BoxStatus, (device.enterprise_id, device.id))


def wishes(session: Session, device: Device) -> BoxWishes:
    """Return what a box is to run."""
    newest = newest_configuration(session, device)
    release = offered(session, device)
    return BoxWishes(
        configuration=newest and ConfigurationWish(version=newest.version, sha256=newest.sha256),
        model=release
        and ModelWish(sha256=release.sha256, size=release.size, description=release.description),
    )


def standing(
    session: Session, enterprise_id: UUID, finding_ids: Iterable[UUID]
) -> Mapping[UUID, ItemStanding]:
    """Return how the items of an enterprise's findings stand; what is not there is left out."""
    rows = session.exec(
        select(Finding.id, HazardItem.state)
        .join(
            HazardItem,
            (col(HazardItem.enterprise_id) == col(Finding.enterprise_id))
            & (col(HazardItem.id) == col(Finding.item_id)),
        )
        .where(col(Finding.enterprise_id) == enterprise_id, col(Finding.id).in_(list(finding_ids)))
    )
    return {finding_id: ItemStanding(state) for finding_id, state in rows}


# --- models


@dataclass(frozen=True)
class Released:
    """A model's description (its NAME.json) and the bytes of its file."""

    description: Mapping[str, object]
    data: bytes


def release_model(session: Session, released: Released, by: str, now: datetime) -> ModelRelease:
    """Keep a model that boxes may be given; the same file again is the same release.

    Raises:
        InvalidInput: the description does not name the hash of the file, or the file is too large.
    """
    description, data = dict(released.description), released.data
    sha256 = hashlib.sha256(data).hexdigest()
    if description.get("sha256") != sha256:
        raise InvalidInput(
            f"the description names {description.get('sha256')}, and the file is {sha256}"
        )
    if len(data) > MAX_MODEL_BYTES:
        raise InvalidInput(f"a model has at most {MAX_MODEL_BYTES} bytes, not {len(data)}")
    row = session.get(ModelRelease, sha256)
    if row is None:
        row = ModelRelease(
            sha256=sha256,
            name=str(description.get("name", "")),
            version=str(description.get("version", "")),
            description=description,
            size=len(data),
            data=data,
            released_at=now,
            released_by=by,
        )
        session.add(row)
        session.flush()
    return row


def releases(session: Session) -> Sequence[ModelRelease]:
    """Return every model that boxes may be given, newest first, without their bytes."""
    return session.exec(
        select(ModelRelease)
        .options(defer(ModelRelease.data))  # type: ignore[arg-type]  # a class attribute is a column
        .order_by(col(ModelRelease.released_at).desc(), col(ModelRelease.sha256))
    ).all()


@dataclass(frozen=True)
class OfferTo:
    """Which boxes: one, an enterprise's, or (with neither) all."""

    enterprise_id: UUID | None = None
    device: Device | None = None


def offer_model(
    session: Session, to: OfferTo, sha256: str | None, actor: Actor, now: datetime
) -> ModelOffer:
    """Say which model boxes are to run; None: the one that a wider offer names, else their own. An entry of the ledger, for one enterprise.

    Raises:
        NotFound: no such release.
    """
    release = None if sha256 is None else _release(session, sha256)
    enterprise_id = to.device.enterprise_id if to.device else to.enterprise_id
    if enterprise_id is not None:
        lock_enterprise(session, enterprise_id)
        data = {
            "device_id": str(to.device.id) if to.device else None,
            "device": to.device.name if to.device else None,
            "model": release and {"name": release.name, "version": release.version},
            "sha256": sha256,
        }
        event = Event("device.model_offered", AI_PATROL, data)
        write_event(session, enterprise_id, actor, event, now)
    offer = ModelOffer(
        enterprise_id=enterprise_id,
        device_id=to.device.id if to.device else None,
        sha256=sha256,
        at=now,
        by=actor.name,
    )
    session.add(offer)
    session.flush()
    return offer


def offered(session: Session, device: Device) -> ModelRelease | None:
    """Return the model that a box is to run, without its bytes; None: its own."""
    narrow = _offer_to(session, device.enterprise_id, device.id)
    if narrow is None or narrow.sha256 is None:
        narrow = _offer_to(session, device.enterprise_id, None)
    if narrow is None or narrow.sha256 is None:
        narrow = _offer_to(session, None, None)
    return None if narrow is None or narrow.sha256 is None else _release(session, narrow.sha256)


def wished_model(session: Session, device: Device) -> str | None:
    """Return the hash that was chosen for this one box; None: nothing was."""
    narrow = _offer_to(session, device.enterprise_id, device.id)
    return None if narrow is None else narrow.sha256


def model_bytes(session: Session, device: Device, sha256: str) -> bytes:
    """Return the file of the model that a box is to run. Raises `NotFound` for any other."""
    release = offered(session, device)
    if release is None or release.sha256 != sha256:
        raise NotFound("model", sha256)
    return session.exec(select(ModelRelease.data).where(ModelRelease.sha256 == sha256)).one()


def _release(session: Session, sha256: str) -> ModelRelease:
    release = session.exec(
        select(ModelRelease)
        .options(defer(ModelRelease.data))  # type: ignore[arg-type]  # a class attribute is a column
        .where(ModelRelease.sha256 == sha256)
    ).first()
    if release is None:
        raise NotFound("model", sha256)
    return release


def _offer_to(
    session: Session, enterprise_id: UUID | None, device_id: UUID | None
) -> ModelOffer | None:
    """Return the newest offer to exactly these."""
    newest = select(ModelOffer).order_by(col(ModelOffer.at).desc(), col(ModelOffer.id).desc())
    return session.exec(
        newest.where(
            col(ModelOffer.enterprise_id).is_(None)
            if enterprise_id is None
            else col(ModelOffer.enterprise_id) == enterprise_id,
            col(ModelOffer.device_id).is_(None)
            if device_id is None
            else col(ModelOffer.device_id) == device_id,
        ).limit(1)
    ).first()


def _of(device: Device) -> SelectOfScalar[BoxConfiguration]:
    return select(BoxConfiguration).where(
        col(BoxConfiguration.enterprise_id) == device.enterprise_id,
        col(BoxConfiguration.device_id) == device.id,
    )
