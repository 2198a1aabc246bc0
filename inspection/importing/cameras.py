"""A row of a camera: added to the cameras that a box is to watch. What is set there already stays as it is.

A camera that is there under another address is a fault and not changed in silence: on the box's page its rules and zones stand
beside it. All new cameras of a box are one new version of its configuration, and one entry of the ledger.
"""

import json
import tomllib
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from uuid import UUID

from sqlmodel import col, select

from inspection.box_configuration import MAX_CAMERAS
from inspection.boxes import Change, configure, newest_configuration
from inspection.importing.places import enterprise_of
from inspection.importing.running import Desk, PlannedRow, RowAction
from inspection.importing.sheet import RowFault, SheetRow
from inspection.tables import Device, Enterprise, Role

KEEPERS = (Role.ENTERPRISE_OFFICER, Role.EXPERT, Role.SERVICE_CENTRE)
_SCHEMES = frozenset({"rtsp", "rtsps", "http", "https"})
NOTE = "Excel"


@dataclass
class _Box:
    """A box with the cameras that it has and those that a run adds, name to address."""

    device: Device
    version: int
    text: str
    present: dict[str, str]
    added: dict[str, str] = field(default_factory=dict)
    is_written: bool = False


@dataclass
class CameraRows:
    """Plans rows of cameras, a box at a time."""

    desk: Desk
    _boxes: dict[UUID, _Box] = field(default_factory=dict)

    def plan(self, row: SheetRow) -> PlannedRow | RowFault:
        """Return what is to be done about a row, or what is wrong with it."""
        enterprise = enterprise_of(self.desk, row, *KEEPERS)
        if isinstance(enterprise, RowFault):
            return enterprise
        box = self._box(enterprise, row)
        if isinstance(box, RowFault):
            return box
        name, source = row.get("camera"), row.get("source")
        fault = _wrong_source(row, source)
        if fault is not None:
            return fault
        subject = f"{enterprise.name} · {box.device.name} · {name}"
        if box.present.get(name) == source:
            return PlannedRow(row.number, RowAction.SAME, subject)
        if name in box.present:
            return RowFault(row.number, "视频地址", "other_source", f"camera {name} of {box.device.name} has another address", "change it on the box's page, where its rules stand")  # fmt: skip
        if name in box.added:
            return RowFault(row.number, "摄像头名称", "twice", f"camera {name} of {box.device.name} stands there twice", "remove one of the rows")  # fmt: skip
        if len(box.present) + len(box.added) >= MAX_CAMERAS:
            return RowFault(row.number, "设备名称", "too_many", f"a box watches at most {MAX_CAMERAS} cameras", "give the others to another box")  # fmt: skip
        box.added[name] = source
        return PlannedRow(row.number, RowAction.CREATE, subject, lambda: self._write(box))

    def _box(self, enterprise: Enterprise, row: SheetRow) -> _Box | RowFault:
        found = self.desk.session.exec(
            select(Device).where(
                col(Device.enterprise_id) == enterprise.id,
                col(Device.name) == row.get("device"),
                col(Device.revoked_at).is_(None),
            )
        ).all()
        if len(found) != 1:
            said = "several devices have" if found else "no device has"
            return RowFault(row.number, "设备名称", "device", f"{said} the name {row.get('device')!r}", "enrol the box first, and give each a name of its own")  # fmt: skip
        device = found[0]
        if device.id not in self._boxes:
            newest = newest_configuration(self.desk.session, device)
            text = newest.text if newest else ""
            cameras = tomllib.loads(text).get("cameras", [])
            present = {str(each.get("name")): str(each.get("source")) for each in cameras}
            self._boxes[device.id] = _Box(device, newest.version if newest else 0, text, present)
        return self._boxes[device.id]

    def _write(self, box: _Box) -> str:
        """Write all new cameras of a box with the first of its rows."""
        if not box.is_written:
            box.is_written = True
            blocks = [
                f"[[cameras]]\nname = {_quoted(name)}\nsource = {_quoted(source)}\n"
                for name, source in box.added.items()
            ]
            text = "\n".join([box.text.rstrip() + "\n", *blocks] if box.text else blocks)
            change = Change(text, box.version, NOTE)
            configure(self.desk.session, self.desk.scope, box.device, change, self.desk.now)
        return ""


def _wrong_source(row: SheetRow, source: str) -> RowFault | None:
    try:
        parts = urlsplit(source)
        is_address = parts.scheme in _SCHEMES and bool(parts.hostname)
        has_password = bool(parts.password) and not parts.password.startswith("${")  # type: ignore[union-attr]  # just found to be there
    except ValueError:
        is_address, has_password = False, False
    if not is_address:
        return RowFault(row.number, "视频地址", "source", f"{source!r} is no address of a camera", "write it as rtsp://10.0.0.7/1")  # fmt: skip
    if has_password:
        return RowFault(row.number, "视频地址", "password", "a password does not belong into a sheet", "write ${CAMERA_PASSWORD} and set it on the box")  # fmt: skip
    return None


def _quoted(text: str) -> str:
    # A JSON string is a TOML basic string, but for DEL, which no cell brings.
    return json.dumps(text, ensure_ascii=False)
