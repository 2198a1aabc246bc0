"""Devices: enrolment by one-time code, listing, revocation."""

from uuid import UUID

from fastapi import APIRouter, status

from api.deps import CurrentDevice, CurrentUser, EnterpriseId
from api.errors import problems
from api.shapes.devices import Devices, DeviceView, EnrolmentCodeView
from inspection.wire import EnrolledDevice, Enrolment

router = APIRouter(tags=["devices"])


@router.post(
    "/enterprises/{enterprise_id}/enrolment-codes",
    operation_id="createEnrolmentCode",
    status_code=status.HTTP_201_CREATED,
    summary="Make a one-time enrolment code",
    responses=problems(401, 403, 404, 422),
)
def create_enrolment_code(enterprise_id: EnterpriseId, user: CurrentUser) -> EnrolmentCodeView:
    """Return a code, shown once, that a device of this enterprise trades for its token."""
    raise NotImplementedError


@router.post(
    "/devices",
    operation_id="enrolDevice",
    status_code=status.HTTP_201_CREATED,
    summary="Enrol a device",
    responses=problems(401, 422, 429),
)
def enrol_device(body: Enrolment) -> EnrolledDevice:
    """Trade a one-time code for a device token, shown once."""
    raise NotImplementedError


@router.get(
    "/devices/self",
    operation_id="getOwnDevice",
    summary="The device of this token",
    responses=problems(401),
)
def get_own_device(device: CurrentDevice) -> DeviceView:
    """Return the device whose token was sent."""
    raise NotImplementedError


@router.get(
    "/enterprises/{enterprise_id}/devices",
    operation_id="listDevices",
    summary="Devices of an enterprise",
    responses=problems(401, 404, 422),
)
def list_devices(enterprise_id: EnterpriseId, user: CurrentUser) -> Devices:
    """Return every device of the enterprise, revoked ones too."""
    raise NotImplementedError


@router.delete(
    "/enterprises/{enterprise_id}/devices/{device_id}",
    operation_id="revokeDevice",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Revoke a device",
    responses=problems(401, 403, 404, 422),
)
def revoke_device(enterprise_id: EnterpriseId, device_id: UUID, user: CurrentUser) -> None:
    """End the device's token at once. What it recorded stays."""
    raise NotImplementedError
