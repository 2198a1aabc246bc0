"""Who vouches for a ledger: the area's log, its witnesses, the history of keys."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Query, Response
from fastapi.responses import PlainTextResponse
from sqlmodel import Session, col, select

from api.access import log_access
from api.auth import Caller
from api.deps import AppParts, CurrentUser, EnterpriseId, PageAsked, Reading, Remote, Writing
from api.errors import NotPublished, problems
from api.parts import Parts
from api.routing import ApiRouter
from api.shapes.base import NamedRef
from api.shapes.vouching import (
    AreaPage,
    AreaView,
    CosignatureView,
    CosignedFile,
    KeyView,
    VouchingView,
    WitnessView,
)
from api.witnesses import request_for, take_cosigned, witness_of, witness_states
from inspection.errors import NotFound
from inspection.journal import area_log_id_of, log_id_of
from inspection.keysets import page_of_rows
from inspection.tables import Enterprise, PilotArea, Role
from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.rotation import state_change
from ledger.sql import SqlStore
from ledger.vouching import LedgerKey, Vouching

router = ApiRouter(tags=["vouching"])
MAX_INDEX = 2**53 - 1
AREA_ROLES = frozenset({Role.GOVERNMENT, Role.SERVICE_CENTRE, Role.INSURER})
TEXT_FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "A text file", "content": {"text/plain": {"schema": {"type": "string"}}}}
}


def areas_of(session: Session, caller: Caller) -> frozenset[UUID]:
    """Return the areas whose parties the caller belongs to."""
    roles = caller.scope.roles_by_enterprise
    mine = [enterprise for enterprise, held in roles.items() if held & AREA_ROLES]
    found: set[UUID] = set()
    for start in range(0, len(mine), 500):
        some = col(Enterprise.id).in_(mine[start : start + 500])
        found.update(session.exec(select(Enterprise.area_id).where(some).distinct()))
    return frozenset(found)


def own_area(
    area_id: Annotated[UUID, Path(description="the pilot area")],
    caller: CurrentUser,
    parts: AppParts,
) -> UUID:
    """Return the area of the path. Raises `NotFound` for a foreign one, before anything else is done."""
    with parts.read() as session:
        if area_id not in areas_of(session, caller):
            raise NotFound("area", area_id)
    return area_id


AreaId = Annotated[UUID, Depends(own_area)]
WitnessId = Annotated[UUID, Path(description="the witness")]


@router.get(
    "/enterprises/{enterprise_id}/ledger/vouching",
    operation_id="getVouching",
    summary="Who vouches for this ledger",
    responses=problems(401, 404, 409, 422),
)
def get_vouching(
    enterprise_id: EnterpriseId, caller: CurrentUser, session: Reading, parts: AppParts
) -> VouchingView:
    """Return checkpoint, keys with their announcements, the area's log with its witnesses, and the proof between them."""
    log_id, checkpoint = log_id_of(enterprise_id), _latest(session, log_id_of(enterprise_id))
    enterprise = session.get_one(Enterprise, enterprise_id)
    proof = Vouching(session).best_statement(area_log_id_of(enterprise.area_id), log_id, checkpoint)
    return VouchingView(
        checkpoint=checkpoint.text,
        size=checkpoint.size,
        keys=[_key(session, log_id, row, checkpoint) for row in Vouching(session).keys(log_id)],
        area=_area(session, enterprise.area_id, caller, parts),
        area_proof=None if proof is None else proof.to_text(),
    )


@router.get(
    "/enterprises/{enterprise_id}/ledger/area-proof",
    operation_id="getAreaProof",
    summary="Proof that the area covers this ledger",
    responses={**TEXT_FILE, **problems(401, 404, 409, 422)},
    response_class=PlainTextResponse,
)
def get_area_proof(enterprise_id: EnterpriseId, session: Reading) -> Response:
    """Return the proof, as a file, that most witnesses vouch for; 409 until the area covers the ledger."""
    log_id = log_id_of(enterprise_id)
    area_log_id = area_log_id_of(session.get_one(Enterprise, enterprise_id).area_id)
    proof = Vouching(session).best_statement(area_log_id, log_id, _latest(session, log_id))
    if proof is None:
        raise NotPublished("the area does not cover this ledger yet; try again in some seconds")
    return _file(proof.to_text(), f"area-{enterprise_id}.tlog-proof")


@router.get("/areas", operation_id="listAreas", summary="Areas", responses=problems(401, 422))
def list_areas(
    caller: CurrentUser, session: Reading, parts: AppParts, asked: PageAsked
) -> AreaPage:
    """Return the logs of the caller's areas, with their witnesses."""
    page = page_of_rows(areas_of(session, caller), lambda area_id: (str(area_id),), asked)
    return AreaPage(
        items=[_area(session, area_id, caller, parts) for area_id in page.rows],
        next_cursor=page.next_cursor,
    )


@router.get(
    "/areas/{area_id}/checkpoint",
    operation_id="getAreaCheckpoint",
    summary="The area's newest checkpoint",
    responses={**TEXT_FILE, **problems(401, 404, 409, 422)},
    response_class=PlainTextResponse,
)
def get_area_checkpoint(area_id: AreaId, session: Reading) -> str:
    """Return the signed note with all cosignatures; 409 until the first one is published."""
    return _latest(session, area_log_id_of(area_id)).text


@router.get(
    "/areas/{area_id}/witnesses/{witness_id}/request",
    operation_id="getWitnessRequest",
    summary="The file that is carried to a witness",
    responses={**TEXT_FILE, **problems(401, 404, 409, 422)},
    response_class=PlainTextResponse,
)
def get_witness_request(
    area_id: AreaId,
    witness_id: WitnessId,
    session: Reading,
    old_size: Annotated[
        int | None,
        Query(alias="from", ge=0, le=MAX_INDEX, description="size that the witness cosigned last"),
    ] = None,
) -> Response:
    """Return the newest checkpoint with the proof that it continues what the witness cosigned last (C2SP tlog-witness)."""
    request = request_for(session, area_id, witness_of(session, area_id, witness_id), old_size)
    return _file(request.to_text(), f"witness-{area_id}-{request.checkpoint.size}.request")


@router.post(
    "/areas/{area_id}/cosignatures",
    operation_id="addCosignatures",
    summary="Take in what a witness cosigned",
    responses=problems(401, 403, 404, 409, 422),
)
def add_cosignatures(
    area_id: AreaId,
    cosigned: CosignedFile,
    caller: CurrentUser,
    session: Writing,
    remote: Remote,
) -> list[CosignatureView]:
    """Store the cosignatures of a file that was carried back; each is checked with its witness's key."""
    found = take_cosigned(session, area_id, cosigned.text)
    size = parse_checkpoint(cosigned.text).size
    names = ", ".join(cosignature.key.name for cosignature in found)
    log_access(
        session,
        actor=caller.actor,
        action="area.cosignatures",
        detail=f"area {area_id}, size {size}: {names}",
        remote=remote,
    )
    return [CosignatureView(name=one.key.name, at=one.at, size=size) for one in found]


def _area(session: Session, area_id: UUID, caller: Caller, parts: Parts) -> AreaView:
    area, log_id = session.get_one(PilotArea, area_id), area_log_id_of(area_id)
    checkpoint = Vouching(session).area_checkpoint(log_id)
    return AreaView(
        area=NamedRef(id=area.id, name=area.name),
        log=log_id,
        vkey=parts.signers.vkey(session, log_id, checkpoint),
        checkpoint=None if checkpoint is None else checkpoint.text,
        size=0 if checkpoint is None else checkpoint.size,
        may_import=area_id in areas_of(session, caller),
        witnesses=[WitnessView.from_state(state) for state in witness_states(session, area_id)],
    )


def _key(session: Session, log_id: str, row: LedgerKey, checkpoint: Checkpoint) -> KeyView:
    statement = None
    if row.index is not None and row.announced is not None and row.index < checkpoint.size:
        announced = parse_checkpoint(row.announced)
        statement = state_change(SqlStore(session), log_id, row.index, announced, checkpoint)
    return KeyView(
        vkey=row.vkey,
        kind=row.kind,
        since=datetime.fromtimestamp(row.since, UTC),
        index=row.index,
        statement=None if statement is None else statement.to_text(),
    )


def _latest(session: Session, log_id: str) -> Checkpoint:
    checkpoint = SqlStore(session).latest_checkpoint(log_id)
    if checkpoint is None:
        raise NotPublished("there is no checkpoint yet; try again in some seconds")
    return Vouching(session).cosigned(log_id, checkpoint)


def _file(text: str, name: str) -> Response:
    return PlainTextResponse(
        text, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
