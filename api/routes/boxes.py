"""Edge boxes: what each is to watch and to run, kept in versions, and what it says of itself."""

import re
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Path, Response, status

from api.access import log_access
from api.deps import (
    AppParts,
    CurrentDevice,
    CurrentUser,
    EnterpriseId,
    PageAsked,
    Reading,
    Remote,
    Sha256Path,
    Writing,
)
from api.errors import MalformedHeader, problems
from api.preconditions import Read, quoted, tag_of
from api.routes.devices import KEEPERS
from api.routing import ApiRouter
from api.shapes.boxes import (
    BoxView,
    ConfigurationChange,
    Configurations,
    ConfigurationView,
    ModelChoice,
    Models,
    ModelView,
    SightDayView,
)
from api.shapes.devices import DeviceView
from inspection import boxes, queries
from inspection.box_wire import (
    BoxConfigurationText,
    BoxReport,
    BoxWishes,
    StandingAsked,
    StandingTold,
)
from inspection.database import lock_enterprise
from inspection.errors import NotFound
from inspection.keysets import page_of_rows
from inspection.left_out import take_left_out
from inspection.sight_days import sight_days, take_days, tell_of_blind
from inspection.tables import BoxConfiguration, Device
from inspection.wire import utc_now

router = ApiRouter(tags=["boxes"])
_RANGE = re.compile(r"bytes=([0-9]{1,15})-", re.ASCII)
MODEL_BYTES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The whole file",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    },
    206: {
        "description": "From the byte that `Range` names to the end",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    },
    **problems(400, 401, 404, 422),
}


def kept_device(
    enterprise_id: EnterpriseId, device_id: UUID, user: CurrentUser, parts: AppParts
) -> Device:
    """Return a device that the caller may keep. Raises `NotFound`, `NotAllowed`."""
    with parts.read() as session:
        device = queries.get_device(session, user.scope, enterprise_id, device_id)
    user.scope.require_role(enterprise_id, "keep devices", *KEEPERS)
    return device


KeptDevice = Annotated[Device, Depends(kept_device)]


@router.get(
    "/enterprises/{enterprise_id}/devices/{device_id}/box",
    operation_id="getBox",
    summary="What a box runs, and what it says",
    responses=problems(401, 403, 404, 422),
)
def get_box(device: KeptDevice, session: Reading, response: Response) -> BoxView:
    """Return the version that a box is to run beside what it says that it runs."""
    newest = boxes.newest_configuration(session, device)
    said = boxes.status_of(session, device)
    model, chosen = boxes.offered(session, device), boxes.wished_model(session, device)
    etag = tag_of(device.id, chosen)
    response.headers["ETag"] = quoted(etag)
    return BoxView(
        device=DeviceView.from_row(device),
        configuration=newest and ConfigurationView.from_row(newest),
        offered_model=model and model.sha256,
        chosen_model=chosen,
        reported_at=said and said.at,
        report=said and BoxReport.model_validate(said.report),
        days=[SightDayView.from_row(row) for row in sight_days(session, device)],
        etag=etag,
    )


@router.get(
    "/enterprises/{enterprise_id}/devices/{device_id}/configurations",
    operation_id="listConfigurations",
    summary="Versions of a box's cameras",
    responses=problems(401, 403, 404, 422),
)
def list_configurations(device: KeptDevice, session: Reading, asked: PageAsked) -> Configurations:
    """Return every version, newest first: who made it, when, and why."""
    rows = boxes.configurations(session, device)
    page = page_of_rows(rows, lambda row: (-row.version,), asked)
    return Configurations(
        items=[ConfigurationView.from_row(row) for row in page.rows],
        next_cursor=page.next_cursor,
    )


@router.get(
    "/enterprises/{enterprise_id}/devices/{device_id}/configurations/{version}",
    operation_id="getConfiguration",
    summary="The text of a version",
    responses=problems(401, 403, 404, 422),
)
def get_configuration(
    device: KeptDevice, version: Annotated[int, Path(ge=1, le=2**31 - 1)], session: Reading
) -> BoxConfigurationText:
    """Return a version of a box's cameras as it was written."""
    return _text(boxes.configuration(session, device, version))


@router.post(
    "/enterprises/{enterprise_id}/devices/{device_id}/configurations",
    operation_id="configureBox",
    status_code=status.HTTP_201_CREATED,
    summary="Change a box's cameras",
    responses=problems(401, 403, 404, 412, 422),
)
def configure_box(
    device: KeptDevice, body: ConfigurationChange, user: CurrentUser, session: Writing
) -> ConfigurationView:
    """Keep a new version and write it into the ledger; the box takes it within a minute, or says why not."""
    change = boxes.Change(body.text, body.based_on, body.note)
    return ConfigurationView.from_row(
        boxes.configure(session, user.scope, device, change, utc_now())
    )


@router.put(
    "/enterprises/{enterprise_id}/devices/{device_id}/model",
    operation_id="chooseModel",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Choose the model of a box",
    responses=problems(400, 401, 403, 404, 412, 422, 428),
)
def choose_model(
    device: KeptDevice, body: ModelChoice, user: CurrentUser, session: Writing, read: Read
) -> None:
    """Say which model a box is to run; it tries it first and keeps the old one."""
    lock_enterprise(session, device.enterprise_id)
    read.require(tag_of(device.id, boxes.wished_model(session, device)), "the box's model")
    to = boxes.OfferTo(device=device)
    boxes.offer_model(session, to, body.sha256, user.scope.actor, utc_now())


@router.get(
    "/models",
    operation_id="listModels",
    summary="Models that boxes may be given",
    responses=problems(401, 422),
)
def list_models(
    user: CurrentUser,  # noqa: ARG001  whoever is signed in
    session: Reading,
    asked: PageAsked,
) -> Models:
    """Return every released model with its hash and its description, newest first."""
    page = page_of_rows(
        boxes.releases(session),
        lambda row: (-int(row.released_at.timestamp() * 1_000_000), row.sha256),
        asked,
    )
    return Models(
        items=[ModelView.from_row(row) for row in page.rows], next_cursor=page.next_cursor
    )


@router.put(
    "/devices/self/report",
    operation_id="reportBox",
    summary="Say how this box does",
    responses=problems(401, 422),
)
def report_box(body: BoxReport, device: CurrentDevice, session: Writing) -> BoxWishes:
    """Keep what the box says, and return what it is to run."""
    now = utc_now()
    box, actor = device.device, device.scope.actor
    said = boxes.take_report(session, box, body, now)
    tell_of_blind(session, box, said, body, now)
    known: dict[str, Any] = {
        "left_out": take_left_out(session, box, body.left_out, actor, now),
        "days": tuple(take_days(session, box, body.days, actor, now)),
    }
    return boxes.wishes(session, box).model_copy(update=known)


@router.get(
    "/devices/self/configuration",
    operation_id="getOwnConfiguration",
    summary="The cameras of this box",
    responses=problems(401, 404),
)
def get_own_configuration(device: CurrentDevice, session: Reading) -> BoxConfigurationText:
    """Return the newest version."""
    newest = boxes.newest_configuration(session, device.device)
    if newest is None:
        raise NotFound("configuration", device.device.id)
    return _text(newest)


@router.post(
    "/devices/self/standing",
    operation_id="askStanding",
    summary="How the items of this box's findings stand",
    responses=problems(401, 422),
)
def ask_standing(body: StandingAsked, device: CurrentDevice, session: Reading) -> StandingTold:
    """Return which items are open, so that the box does not tell them again and again."""
    items = boxes.standing(session, device.enterprise_id, body.finding_ids)
    return StandingTold(items=dict(items))


@router.get(
    "/devices/self/models/{sha256}",
    operation_id="getOwnModel",
    summary="The file of the model that this box is to run",
    responses=MODEL_BYTES,
    response_class=Response,
)
def get_own_model(
    sha256: Sha256Path,
    device: CurrentDevice,
    session: Reading,
    parts: AppParts,
    remote: Remote,
    byte_range: Annotated[
        str | None, Header(alias="Range", description="`bytes=N-`: from byte N on")
    ] = None,
) -> Response:
    """Return the bytes; a broken download goes on where it broke."""
    data = boxes.model_bytes(session, device.device, sha256)
    with parts.write.begin() as writing:
        log_access(
            writing,
            actor=device.scope.actor.name,
            action="model.read",
            enterprise_id=device.enterprise_id,
            detail=sha256,
            remote=remote,
        )
    headers = {"Accept-Ranges": "bytes", "ETag": f'"{sha256}"'}
    start = _start(byte_range, len(data))
    if start is None:
        return Response(data, media_type="application/octet-stream", headers=headers)
    headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
    return Response(
        data[start:], status.HTTP_206_PARTIAL_CONTENT, headers, "application/octet-stream"
    )


def _start(byte_range: str | None, size: int) -> int | None:
    if byte_range is None:
        return None
    found = _RANGE.fullmatch(byte_range.strip())
    if found is None or int(found[1]) >= size:
        raise MalformedHeader(
            f"Range looks like bytes=0- and begins below {size}, not {byte_range!r}"
        )
    return int(found[1])


def _text(row: BoxConfiguration) -> BoxConfigurationText:
    return BoxConfigurationText(version=row.version, sha256=row.sha256, text=row.text)
