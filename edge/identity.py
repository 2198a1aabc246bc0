"""Who this device is: its server, its enterprise and its token, in a file that only its owner reads."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError

from edge.client import Client
from edge.device_key import device_key
from edge.errors import NotEnrolled, OtherEnterprise
from edge.private_file import write_private
from edge.settings import Settings


class Identity(BaseModel):
    """What enrolment gave."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    server_url: str
    device_id: UUID
    device_name: str
    enterprise_id: UUID
    enterprise_name: str
    token: str
    # What the server was told at enrolment that this device signs with; None of a box that was enrolled before there were keys.
    public_key: str | None = None


def read_identity(settings: Settings) -> Identity:
    """Return this state folder's identity.

    Raises:
        NotEnrolled: there is none, or its file cannot be read.
    """
    try:
        return Identity.model_validate_json(settings.identity_path.read_bytes())
    except (OSError, ValidationError) as error:
        raise NotEnrolled(settings.data_dir) from error


def find_identity(settings: Settings) -> Identity | None:
    """Return this state folder's identity, or None before enrolment."""
    try:
        return read_identity(settings)
    except NotEnrolled:
        return None


def enrol(settings: Settings, client: Client, code: str, name: str) -> Identity:
    """Trade a code for an identity and keep it. A folder stays with its first enterprise.

    Raises:
        EnrolmentRefused, ServerAway: as the client says.
        KeyUnusable: as the key says.
        OtherEnterprise: findings of one enterprise must never be delivered to another.
    """
    before = find_identity(settings)
    public_key = device_key(settings.key_path).public
    device = client.enrol(code, name, public_key)
    if before is not None and before.enterprise_id != device.enterprise_id:
        raise OtherEnterprise(before.enterprise_name, device.enterprise_name)
    identity = Identity(
        server_url=client.server_url,
        device_id=device.device_id,
        device_name=name,
        enterprise_id=device.enterprise_id,
        enterprise_name=device.enterprise_name,
        token=device.token,
        public_key=public_key,
    )
    write_private(settings.identity_path, identity.model_dump_json(indent=1))
    return identity
