"""The server does what its OpenAPI document says, whatever it is sent: schemathesis on every operation."""

import itertools
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import BaseSchema, Case, GenerationMode
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.core.failures import FailureGroup
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
# `ANXUN_REQUESTS=10000` sends as many, `ANXUN_TEST_SEED` others.
MUTATED = int(os.environ.get("ANXUN_REQUESTS", "600"))
A_ROUND = 2 if MUTATED < 10_000 else 40
SEED = int(os.environ.get("ANXUN_TEST_SEED", "0"))
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


@dataclass(frozen=True)
class World:
    """A served site, ids of what is in it, and the document that it hands out."""

    site: Site
    things: dict[str, str]
    schema: BaseSchema


@pytest.fixture(scope="module")
def world(site: Site, things: dict[str, str], schema: BaseSchema) -> World:
    """Return what every request needs."""
    return World(site, things, schema)


def operation_ids() -> list[str]:
    """Return the operations to try."""
    document = openapi_document(create_app(Settings(_env_file=None)))
    found = [row["operationId"] for path in document["paths"].values() for row in path.values()]
    return [operation for operation in found if operation not in LEFT_OUT]


def conforms(
    operation_id: str,
    world: World,
    examples: int,
    mode: GenerationMode = GenerationMode.POSITIVE,
    seed: int = 0,
) -> int:
    """Try an operation with so many requests, or as many as there are; return how many were sent.

    Raises what schemathesis found: a 5xx, or an answer that is not as it is documented.
    """
    site, things = world.site, world.things
    operation = world.schema.find_operation_by_id(operation_id)
    headers = site.headers("device" if operation_id in DEVICE_OPERATIONS else "centre")
    sent = 0

    @hypothesis.seed(seed)
    @given(case=operation.as_strategy(generation_mode=mode), is_there=st.booleans())
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def send(case: Case, is_there: bool) -> None:
        nonlocal sent
        # Half of the examples must reach something that is there; else nearly all would end at 404.
        for name in set(things) & set(case.path_parameters):
            if is_there or name == "enterprise_id":
                case.path_parameters[name] = things[name]
        sent += 1
        case.call_and_validate(headers=headers, checks=CHECKS)

    with suppress(Unsatisfiable):
        send()
    return sent


@pytest.mark.parametrize("operation_id", operation_ids())
def test_server_conforms(operation_id: str, world: World) -> None:
    """No answer is a 5xx, and every one is documented: its status, its type, its shape."""
    assert conforms(operation_id, world, EXAMPLES) > 0


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_mutated_requests(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Each operation with requests that break its document and with ones that keep it; what was found is named with the seed."""
    seed, began = SEED, time.monotonic()
    names, sent, found = operation_ids(), Counter[GenerationMode](), []
    # What an operation without parameters cannot take, those with a body do: each has more of them in each round.
    for turn in itertools.count():
        for mode, name in itertools.product(
            (GenerationMode.NEGATIVE, GenerationMode.POSITIVE), names
        ):
            try:
                sent[mode] += conforms(name, world, A_ROUND, mode, seed + turn)
            except FailureGroup as failure:
                found.append(f"{name} ({mode.value}, seed {seed + turn}): {failure}")
        if sent.total() >= MUTATED or found:
            break
    with capsys.disabled():
        took_s = time.monotonic() - began
        sys.stdout.write(
            f"\n{dict(sent)} requests to {len(names)} operations in {took_s:.0f} s, seed {seed}"
        )
    assert not found, "\n\n".join(found)
    assert sent[GenerationMode.NEGATIVE] > MUTATED // 4
