"""The flywheel: live precision of the models, and the experts' decisions as a data set for the next one."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, BinaryIO
from uuid import UUID

from fastapi import Depends, Query, Response
from fastapi.responses import StreamingResponse
from sqlmodel import Session

from api.datasets import (
    DatasetFacts,
    DatasetWriter,
    log_dataset,
    pseudonyms,
    write_dataset_zip,
)
from api.deps import AppParts, CurrentUser, EnterpriseFilter, Reading, Remote
from api.errors import problems
from api.exports import stream_bundle
from api.routing import ApiRouter
from api.shapes.flywheel import DatasetSummary, PrecisionRow, PrecisionRows
from inspection.disagreements import disagreements_of, live_disagreements
from inspection.errors import InvalidInput, NotAllowed
from inspection.precision import PrecisionAsked, live_precision
from inspection.scopes import Scope
from inspection.tables import Role
from inspection.training_data import Taken, TaughtPicture, taught_pictures
from inspection.wire import utc_now
from models.training.pool import LABELS

router = ApiRouter(tags=["flywheel"])
ZIP: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A YOLO data set with its provenance",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class Dimension(StrEnum):
    """What rows are told apart by; `nothing` gives one row of everything."""

    HAZARD = "hazard"
    SOURCE = "source"
    MODEL = "model"
    NOTHING = "nothing"


async def taken(
    since: Annotated[
        date | None, Query(description="pictures taken on this day in China or later")
    ] = None,
    until: Annotated[date | None, Query(description="and on this day or earlier")] = None,
) -> Taken:
    """Return the period that is asked for. Raises `InvalidInput` for one that ends before it begins."""
    return Taken.of_days(since, until)


TakenAsked = Annotated[Taken, Depends(taken)]


@router.get(
    "/precision",
    operation_id="listPrecision",
    summary="How much of what models reported people confirmed",
    responses=problems(401, 404, 422),
)
def list_precision(
    user: CurrentUser,
    session: Reading,
    asked: TakenAsked,
    enterprise_id: EnterpriseFilter = None,
    by: Annotated[
        list[Dimension] | None,
        Query(description="what rows are told apart by; left out: all three"),
    ] = None,
) -> PrecisionRows:
    """Return confirmed, dismissed and waiting findings within the caller's scope, with Wilson's 95 % interval."""
    dimensions = frozenset(each.value for each in by or Dimension) - {Dimension.NOTHING.value}
    wanted = PrecisionAsked(by=dimensions, taken=asked, enterprise_id=enterprise_id)
    rows = live_precision(session, user.scope, wanted)
    said_otherwise = live_disagreements(session, user.scope, wanted)
    return PrecisionRows(
        items=[
            PrecisionRow.from_tally(key, tally, said_otherwise.get(key, {})) for key, tally in rows
        ]
    )


@router.get(
    "/dataset/summary",
    operation_id="getDatasetSummary",
    summary="What an export of decisions would hold",
    responses=problems(401, 403, 404, 422),
)
def get_dataset_summary(
    user: CurrentUser, session: Reading, asked: TakenAsked, enterprise_id: EnterpriseFilter = None
) -> DatasetSummary:
    """Return how many pictures and boxes; for the service centre only."""
    return _summary(_pictures(session, user.scope, asked, enterprise_id))


@router.get(
    "/dataset",
    operation_id="getDataset",
    summary="Decisions as a YOLO data set",
    responses={**ZIP, **problems(401, 403, 404, 422)},
    response_class=StreamingResponse,
)
def get_dataset(
    user: CurrentUser,
    parts: AppParts,
    remote: Remote,
    asked: TakenAsked,
    enterprise_id: EnterpriseFilter = None,
) -> Response:
    """Return the decided pictures of a period with boxes and provenance as a zip, written while it is sent.

    For the service centre only, and in the access log of every enterprise: heads are not blurred in it.
    """
    with parts.read() as session:
        pictures = _pictures(session, user.scope, asked, enterprise_id)
    if not pictures:
        msg = "nobody decided anything there in that time; choose a longer period, or decide first"
        raise InvalidInput(msg)
    now = utc_now()
    with parts.write.begin() as session:
        log_dataset(session, pictures, user.actor, remote)
    facts = DatasetFacts(now, Role.SERVICE_CENTRE.value, asked)
    writer = DatasetWriter(parts.evidence, pseudonyms(parts.signers.ring.oldest()), facts)

    def write(stream: BinaryIO) -> None:
        write_dataset_zip(stream, lambda target: writer.write(pictures, target))

    name = f"anxun-dataset-{now:%Y%m%d-%H%M%S}.zip"
    return StreamingResponse(
        stream_bundle(write),
        media_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _pictures(
    session: Session, scope: Scope, asked: Taken, enterprise_id: UUID | None
) -> list[TaughtPicture]:
    """Return the pictures of enterprises that the caller works for as service centre. Raises `NotFound`, `NotAllowed`."""
    if enterprise_id is not None:
        scope.require_role(enterprise_id, "export a data set", Role.SERVICE_CENTRE)
        return list(taught_pictures(session, {enterprise_id}, asked))
    mine = {each for each in scope.enterprise_ids if Role.SERVICE_CENTRE in scope.roles_in(each)}
    if not mine:
        raise NotAllowed("export a data set", [Role.SERVICE_CENTRE.value])
    return list(taught_pictures(session, mine, asked))


def _summary(pictures: Sequence[TaughtPicture]) -> DatasetSummary:
    findings = [finding for picture in pictures for finding in picture.findings]
    kinds = Counter(kind for finding in findings for kind in disagreements_of(finding))
    boxes = Counter(LABELS[box.class_id] for picture in pictures for box in picture.boxes)
    return DatasetSummary(
        pictures=len(pictures),
        background_pictures=sum(not picture.boxes for picture in pictures),
        redrawn_pictures=sum(
            any(finding.decided_boxes is not None for finding in picture.findings)
            for picture in pictures
        ),
        confirmed=sum(finding.state == "confirmed" for finding in findings),
        dismissed=sum(finding.state == "dismissed" for finding in findings),
        disagreements=dict(kinds),
        boxes={label: boxes[label] for label in LABELS if boxes[label]},
    )
