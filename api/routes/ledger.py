"""The enterprise's ledger: entries, proofs, checkpoint, bundle."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import PlainTextResponse, StreamingResponse

from api.deps import CurrentUser, Cursor, EnterpriseId, Limit
from api.errors import problems
from api.shapes.ledger import ConsistencyView, EntryPage, EntryView, ProofView

router = APIRouter(prefix="/enterprises/{enterprise_id}/ledger", tags=["ledger"])
EntryIndex = Annotated[int, Path(ge=0, le=2**53, description="0-based place in the ledger")]
ZIP: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A zip file that `anxun verify` checks offline",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get(
    "/entries", operation_id="listEntries", summary="Entries", responses=problems(401, 404, 422)
)
def list_entries(
    enterprise_id: EnterpriseId,
    user: CurrentUser,
    section: Annotated[str | None, Query(pattern=r"^L\d{2}$")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> EntryPage:
    """Return entries, oldest first."""
    raise NotImplementedError


@router.get(
    "/entries/{index}",
    operation_id="getEntry",
    summary="An entry",
    responses=problems(401, 404, 422),
)
def get_entry(enterprise_id: EnterpriseId, index: EntryIndex, user: CurrentUser) -> EntryView:
    """Return one entry."""
    raise NotImplementedError


@router.get(
    "/entries/{index}/proof",
    operation_id="getEntryProof",
    summary="Proof that an entry is in the ledger",
    responses=problems(401, 404, 409, 422),
)
def get_entry_proof(enterprise_id: EnterpriseId, index: EntryIndex, user: CurrentUser) -> ProofView:
    """Return the inclusion proof against the latest checkpoint; 409 until one covers the entry."""
    raise NotImplementedError


@router.get(
    "/checkpoint",
    operation_id="getCheckpoint",
    summary="The latest signed checkpoint",
    responses=problems(401, 404, 422),
    response_class=PlainTextResponse,
)
def get_checkpoint(enterprise_id: EnterpriseId, user: CurrentUser) -> str:
    """Return the signed note (C2SP tlog-checkpoint)."""
    raise NotImplementedError


@router.get(
    "/consistency",
    operation_id="getConsistency",
    summary="Proof that the ledger only grew",
    responses=problems(401, 404, 409, 422),
)
def get_consistency(
    enterprise_id: EnterpriseId,
    user: CurrentUser,
    old: Annotated[int, Query(ge=0, le=2**53, description="size of the smaller tree")],
    new: Annotated[int, Query(ge=0, le=2**53, description="size of the larger tree")],
) -> ConsistencyView:
    """Return the consistency proof between two sizes."""
    raise NotImplementedError


@router.get(
    "/bundle",
    operation_id="getBundle",
    summary="Everything for an offline check",
    responses={**ZIP, **problems(401, 404, 409, 422)},
    response_class=StreamingResponse,
)
def get_bundle(enterprise_id: EnterpriseId, user: CurrentUser) -> Response:
    """Return entries, evidence, checkpoint and proofs as a zip file."""
    raise NotImplementedError


@router.get(
    "/key",
    operation_id="getLedgerKey",
    summary="The key that verifies checkpoints",
    responses=problems(401, 404, 422),
    response_class=PlainTextResponse,
)
def get_ledger_key(enterprise_id: EnterpriseId, user: CurrentUser) -> str:
    """Return the verifier key (C2SP vkey) of this ledger's checkpoints."""
    raise NotImplementedError
