"""The enterprise's ledger: entries, proofs, checkpoint, bundle."""

from typing import Annotated

from fastapi import Path, Query, Response
from fastapi.responses import PlainTextResponse, StreamingResponse

from api.access import log_access
from api.deps import (
    AppParts,
    CurrentUser,
    EnterpriseId,
    PageAsked,
    Reading,
    Remote,
)
from api.errors import NotPublished, problems
from api.exports import ZIP, bundle_answer, latest_checkpoint
from api.routing import ApiRouter
from api.shapes.ledger import ConsistencyView, EntryPage, EntryView, ProofView
from inspection.errors import InvalidCursor
from inspection.journal import log_id_of
from ledger import log
from ledger.sql import SqlStore

router = ApiRouter(prefix="/enterprises/{enterprise_id}/ledger", tags=["ledger"])
MAX_INDEX = 2**53 - 1
EntryIndex = Annotated[int, Path(ge=0, le=MAX_INDEX, description="0-based place in the ledger")]
TreeSize = Annotated[int, Query(ge=0, le=MAX_INDEX, description="entries of a tree")]


@router.get(
    "/entries", operation_id="listEntries", summary="Entries", responses=problems(401, 404, 422)
)
def list_entries(
    enterprise_id: EnterpriseId,
    session: Reading,
    asked: PageAsked,
    section: Annotated[
        str | None, Query(pattern=r"^L\d{2}$", description="of this section only")
    ] = None,
    start: Annotated[
        int, Query(ge=0, le=MAX_INDEX, description="index to begin at, where there is no cursor")
    ] = 0,
) -> EntryPage:
    """Return entries, oldest first. To read the newest first, begin near `tree_size` and go back by `start`."""
    store, log_id = SqlStore(session), log_id_of(enterprise_id)
    # One more than asked for tells whether there is a next page.
    first = start if asked.cursor is None else _start(asked.cursor)
    found = log.entries(store, log_id, first, asked.limit + 1, section=section)
    shown, more = found[: asked.limit], found[asked.limit :]
    return EntryPage(
        items=[EntryView.from_entry(entry) for entry in shown],
        next_cursor=str(more[0].index) if more else None,
        tree_size=store.head(log_id).size,
    )


@router.get(
    "/entries/{index}",
    operation_id="getEntry",
    summary="An entry",
    responses=problems(401, 404, 422),
)
def get_entry(enterprise_id: EnterpriseId, index: EntryIndex, session: Reading) -> EntryView:
    """Return one entry."""
    return EntryView.from_entry(log.get_entry(SqlStore(session), log_id_of(enterprise_id), index))


@router.get(
    "/entries/{index}/proof",
    operation_id="getEntryProof",
    summary="Proof that an entry is in the ledger",
    responses=problems(401, 404, 409, 422),
)
def get_entry_proof(enterprise_id: EnterpriseId, index: EntryIndex, session: Reading) -> ProofView:
    """Return the inclusion proof against the latest checkpoint; 409 until one covers the entry."""
    store, log_id = SqlStore(session), log_id_of(enterprise_id)
    entry = log.get_entry(store, log_id, index)
    checkpoint = latest_checkpoint(session, enterprise_id)
    if index >= checkpoint.size:
        raise NotPublished(f"no checkpoint covers entry {index} yet; try again in some seconds")
    proof = log.tlog_proof(store, log_id, index, checkpoint)
    return ProofView(
        leaf_hash=entry.leaf_hash,
        index=index,
        tree_size=checkpoint.size,
        hashes=[node.hex() for node in proof.hashes],
        checkpoint=checkpoint.text,
        tlog_proof=proof.to_text(),
    )


@router.get(
    "/checkpoint",
    operation_id="getCheckpoint",
    summary="The latest signed checkpoint",
    responses=problems(401, 404, 409, 422),
    response_class=PlainTextResponse,
)
def get_checkpoint(enterprise_id: EnterpriseId, session: Reading) -> str:
    """Return the signed note (C2SP tlog-checkpoint); 409 until the first one is published."""
    return latest_checkpoint(session, enterprise_id).text


@router.get(
    "/consistency",
    operation_id="getConsistency",
    summary="Proof that the ledger only grew",
    responses=problems(401, 404, 422),
)
def get_consistency(
    enterprise_id: EnterpriseId, session: Reading, old: TreeSize, new: TreeSize
) -> ConsistencyView:
    """Return the consistency proof from a smaller tree to a larger one."""
    proof = log.prove_consistency(SqlStore(session), log_id_of(enterprise_id), old, new)
    hashes = [node.hex() for node in proof.hashes]
    return ConsistencyView(old_size=old, new_size=new, hashes=hashes)


@router.get(
    "/bundle",
    operation_id="getBundle",
    summary="Everything for an offline check",
    responses={**ZIP, **problems(401, 404, 409, 422)},
    response_class=StreamingResponse,
)
def get_bundle(
    enterprise_id: EnterpriseId, user: CurrentUser, parts: AppParts, remote: Remote
) -> Response:
    """Return entries, evidence, checkpoint and proofs as a zip file, written while it is sent."""
    with parts.read() as session:
        checkpoint = latest_checkpoint(session, enterprise_id)
    with parts.write.begin() as session:
        log_access(
            session,
            actor=user.actor,
            action="ledger.export",
            enterprise_id=enterprise_id,
            detail=f"{checkpoint.size} entries",
            remote=remote,
        )
    return bundle_answer(
        parts, enterprise_id, checkpoint, f"ledger-{enterprise_id}-{checkpoint.size}.zip"
    )


@router.get(
    "/key",
    operation_id="getLedgerKey",
    summary="The key that verifies checkpoints",
    responses=problems(401, 404, 422),
    response_class=PlainTextResponse,
)
def get_ledger_key(enterprise_id: EnterpriseId, session: Reading, parts: AppParts) -> str:
    """Return the verifier key (C2SP vkey) of this ledger's checkpoints."""
    return parts.signers.vkey(session, log_id_of(enterprise_id))


def _start(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdecimal() and int(cursor) <= MAX_INDEX):
        raise InvalidCursor
    return int(cursor)
