"""The server does what its OpenAPI document says, whatever it is sent: schemathesis on every operation."""

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import BaseSchema, Case
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import create_app
from api.openapi import openapi_document
from api.settings import Settings
from inspection.tables import new_id
from tests.builders import jpeg
from tests.integration.api.conftest import site_settings
from tests.sites import Site, open_site
from tests.unit.inspection.test_section_values import MEETING

DEVICE_OPERATIONS = {
    "putDeviceEvidence",
    "headDeviceEvidence",
    "submitFindings",
    "getOwnDevice",
}
# Signing out, and revoking the device, would make every later answer a 401.
LEFT_OUT = {"signOut", "signOutEverywhere", "revokeDevice"}
EXAMPLES = 10
CHECKS: list[CheckFunction] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve one site; failed sign-ins are not throttled, as each example is one."""
    folder = tmp_path_factory.mktemp("site")
    limits = {"sign_in_attempts": 10**6, "sign_in_attempts_address": 10**6}
    with open_site(site_settings(folder, **limits)) as site:
        yield site


@pytest.fixture(scope="module")
def things(site: Site) -> dict[str, str]:
    """Return ids of things that are there."""
    sha256 = site.put_evidence("device", jpeg(7))
    first, second = site.draft(sha256), site.draft(sha256)
    site.submit(first, second)
    decision = site.post("expert", site.own(f"/findings/{first['id']}/confirmation"), {}).json()
    inspection = site.post("expert", site.own("/inspections"), {"place": "gate"}).json()
    record = site.post(
        "officer", site.own("/sections/L04/records"), {"id": str(new_id()), "values": MEETING}
    ).json()
    site.parts.publisher.publish_grown()
    return {
        "enterprise_id": str(site.town.mine.id),
        "finding_id": second["id"],
        "item_id": decision["item"]["id"],
        "ticket_id": decision["ticket"]["id"],
        "inspection_id": inspection["id"],
        "device_id": str(site.town.device.id),
        "sha256": sha256,
        "section": "L04",
        "record_id": record["id"],
    }


@pytest.fixture(scope="module")
def schema(site: Site) -> BaseSchema:
    """Return the document as the server hands it out."""
    return schemathesis.openapi.from_asgi("/v1/openapi.json", site.client.app)


def operation_ids() -> list[str]:
    """Return the operations to try."""
    document = openapi_document(create_app(Settings(_env_file=None)))
    found = [row["operationId"] for path in document["paths"].values() for row in path.values()]
    return [operation for operation in found if operation not in LEFT_OUT]


@pytest.mark.parametrize("operation_id", operation_ids())
def test_server_conforms(
    operation_id: str, schema: BaseSchema, site: Site, things: dict[str, str]
) -> None:
    """No answer is a 5xx, and every one is documented: its status, its type, its shape."""
    operation = schema.find_operation_by_id(operation_id)
    headers = site.headers("device" if operation_id in DEVICE_OPERATIONS else "centre")

    @given(case=operation.as_strategy(), is_there=st.booleans())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def conforms(case: Case, is_there: bool) -> None:
        # Half of the examples must reach something that is there; else nearly all would end at 404.
        for name in set(things) & set(case.path_parameters):
            if is_there or name == "enterprise_id":
                case.path_parameters[name] = things[name]
        case.call_and_validate(headers=headers, checks=CHECKS)

    conforms()
