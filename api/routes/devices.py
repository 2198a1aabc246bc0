"""Devices: enrolment by one-time code, listing, revocation."""

from datetime import timedelta
from uuid import UUID

from fastapi import status
from sqlmodel import select

from api.access import log_access
from api.auth import ENROLMENT_REFUSED, note_failure, redeem_code
from api.deps import (
    AppParts,
    CurrentDevice,
    CurrentUser,
    EnterpriseId,
    PageAsked,
    Reading,
    Remote,
    Writing,
    WritingBeyond,
)
from api.errors import EnrolmentCodeRefused, problems
from api.guesses import refuse_guesses
from api.routing import ApiRouter
from api.shapes.devices import Devices, DeviceView, EnrolmentCodeView
from api.tokens import new_enrolment_code, sha256_of_code
from inspection import queries
from inspection.device_keys import register_key
from inspection.scopes import Actor
from inspection.tables import Device, EnrolmentCode, Role
from inspection.wire import EnrolledDevice, Enrolment, KeyRegistration, utc_now

router = ApiRouter(tags=["devices"])
KEEPERS = (Role.ENTERPRISE_OFFICER, Role.EXPERT, Role.SERVICE_CENTRE)


@router.post(
    "/enterprises/{enterprise_id}/enrolment-codes",
    operation_id="createEnrolmentCode",
    status_code=status.HTTP_201_CREATED,
    summary="Make a one-time enrolment code",
    responses=problems(401, 403, 404, 422),
)
def create_enrolment_code(
    enterprise_id: EnterpriseId,
    user: CurrentUser,
    session: Writing,
    parts: AppParts,
    remote: Remote,
) -> EnrolmentCodeView:
    """Return a code, shown once, that a device of this enterprise trades for its token."""
    user.scope.require_role(enterprise_id, "enrol devices", *KEEPERS)
    code = new_enrolment_code()
    expires_at = utc_now() + timedelta(minutes=parts.settings.enrolment_minutes)
    session.add(
        EnrolmentCode(
            code_sha256=sha256_of_code(code),
            enterprise_id=enterprise_id,
            created_by=user.user_id,
            expires_at=expires_at,
        )
    )
    log_access(
        session,
        actor=user.actor,
        action="enrolment_code.create",
        enterprise_id=enterprise_id,
        remote=remote,
    )
    return EnrolmentCodeView(code=code, expires_at=expires_at)


@router.post(
    "/devices",
    operation_id="enrolDevice",
    status_code=status.HTTP_201_CREATED,
    summary="Enrol a device",
    responses=problems(401, 422, 429),
)
def enrol_device(
    body: Enrolment, session: WritingBeyond, parts: AppParts, remote: Remote
) -> EnrolledDevice:
    """Trade a one-time code for a device token, shown once."""
    now = utc_now()
    refuse_guesses(parts, action=ENROLMENT_REFUSED, login=None, remote=remote)
    try:
        token, device, enterprise = redeem_code(session, body.code, body.name, now)
    except EnrolmentCodeRefused:
        # The failure is counted although the request is undone.
        session.rollback()
        with parts.write.begin() as counting:
            note_failure(counting, action=ENROLMENT_REFUSED, login=None, remote=remote)
        raise
    log_access(
        session,
        actor=f"device:{device.id}",
        action="device.enrol",
        enterprise_id=enterprise.id,
        detail=body.name,
        remote=remote,
    )
    if body.public_key is not None:
        register_key(session, device, body.public_key, Actor.from_device(device.id), now)
    return EnrolledDevice(
        device_id=device.id,
        enterprise_id=enterprise.id,
        enterprise_name=enterprise.name,
        token=token,
    )


@router.get(
    "/devices/self",
    operation_id="getOwnDevice",
    summary="The device of this token",
    responses=problems(401),
)
def get_own_device(device: CurrentDevice) -> DeviceView:
    """Return the device whose token was sent."""
    return DeviceView.from_row(device.device)


@router.put(
    "/devices/self/key",
    operation_id="registerKey",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Say which key this device signs with",
    responses=problems(401, 409, 422),
)
def register_own_key(body: KeyRegistration, device: CurrentDevice, session: Writing) -> None:
    """From now on each finding has to be signed with it. Once said it stays, until the device is enrolled anew."""
    own = session.exec(
        select(Device).where(
            Device.id == device.device.id, Device.enterprise_id == device.enterprise_id
        )
    ).one()
    register_key(session, own, body.public_key, device.scope.actor, utc_now())


@router.get(
    "/enterprises/{enterprise_id}/devices",
    operation_id="listDevices",
    summary="Devices of an enterprise",
    responses=problems(401, 404, 422),
)
def list_devices(
    enterprise_id: EnterpriseId, user: CurrentUser, session: Reading, asked: PageAsked
) -> Devices:
    """Return every device of the enterprise, revoked ones too."""
    page = queries.list_devices(session, user.scope, enterprise_id, asked)
    return Devices(
        items=[DeviceView.from_row(row) for row in page.rows], next_cursor=page.next_cursor
    )


@router.delete(
    "/enterprises/{enterprise_id}/devices/{device_id}",
    operation_id="revokeDevice",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Revoke a device",
    responses=problems(401, 403, 404, 422),
)
def revoke_device(
    enterprise_id: EnterpriseId,
    device_id: UUID,
    user: CurrentUser,
    session: Writing,
    remote: Remote,
) -> None:
    """End the device's token at once. What it recorded stays."""
    device = queries.get_device(session, user.scope, enterprise_id, device_id)
    user.scope.require_role(enterprise_id, "revoke devices", *KEEPERS)
    device.revoked_at = device.revoked_at or utc_now()
    log_access(
        session,
        actor=user.actor,
        action="device.revoke",
        enterprise_id=enterprise_id,
        detail=f"{device.name} {device.id}",
        remote=remote,
    )
