"""Devices and their enrolment. `inspection.wire` holds what a device itself sends."""

from typing import Self
from uuid import UUID

from pydantic import Field

from api.shapes.base import Page
from inspection.tables import Device
from inspection.wire import PublicKey, UtcDatetime, Wire


class EnrolmentCodeView(Wire):
    """A one-time code, shown once: `anxun-edge enrol URL CODE` trades it for a device token."""

    code: str = Field(examples=["7K3M-QX2P-9TRD"])
    expires_at: UtcDatetime


class DeviceView(Wire):
    """An edge box or a script, bound to one enterprise."""

    id: UUID
    enterprise_id: UUID
    name: str = Field(examples=["edge-box-1"])
    enrolled_at: UtcDatetime
    last_seen_at: UtcDatetime | None
    revoked_at: UtcDatetime | None
    public_key: PublicKey | None = Field(
        description="what it signs its findings with, Ed25519; null: it does not sign yet"
    )
    key_since: UtcDatetime | None

    @classmethod
    def from_row(cls, row: Device) -> Self:
        """Return the view of a device; its token's hash stays inside."""
        return cls.model_validate(row.model_dump(include=set(cls.model_fields)))


class Devices(Page[DeviceView]):
    """Every device of an enterprise, revoked ones too."""
