"""`anxun export`: a bundle by command, beside a running server that goes on writing and erasing.

1  publish a checkpoint of everything up to now, and note the export, in a short transaction
2  take a lease, so that no bytes are deleted that the export may name
3  read one state of the database: an erasure is wholly in the bundle or not at all
"""

from pathlib import Path
from uuid import UUID

from sqlmodel import Session

from api.access import log_access
from api.database import upgrade_database
from api.exports import export_ledger, published_entries
from api.parts import open_database, open_evidence, open_keys
from api.settings import Settings
from inspection.database import read_sessions, see_one_state, write_sessions
from inspection.errors import InvalidInput, NotFound
from inspection.journal import log_id_of
from inspection.removals import export_lease
from inspection.tables import Enterprise, HazardItem
from ledger.log import publish_checkpoint
from ledger.sql import SqlStore

OPERATOR = "operator"


def export_to_file(
    settings: Settings, enterprise_id: UUID, target: Path, item_id: UUID | None = None
) -> int:
    """Write a bundle of everything up to now, or of what is about one item; return its number of entries.

    Raises `NotFound`, `InvalidInput` for a file that is there already, and what `api.exports.export_ledger` raises.
    """
    if target.exists():
        raise InvalidInput(f"{target} is there already; choose another name")
    signers, evidence = open_keys(settings), open_evidence(settings)
    engine = open_database(settings)
    try:
        upgrade_database(engine)
        write = write_sessions(engine)
        with write.begin() as session:  # 1
            _require(session, enterprise_id, item_id)
            signer = signers.signer(session, log_id_of(enterprise_id))
            checkpoint = publish_checkpoint(SqlStore(session), log_id_of(enterprise_id), signer)
            indices = None
            if item_id is not None:
                indices = published_entries(session, enterprise_id, item_id, checkpoint)
            detail = str(target) if item_id is None else f"item {item_id}, {target}"
            log_access(
                session,
                actor=OPERATOR,
                action="ledger.export",
                detail=detail,
                enterprise_id=enterprise_id,
            )
        with export_lease(write, enterprise_id), read_sessions(engine)() as session:  # 2
            see_one_state(session)  # 3
            export_ledger(session, evidence, signers, checkpoint, target, indices)
    finally:
        engine.dispose()
    return checkpoint.size if indices is None else len(indices)


def _require(session: Session, enterprise_id: UUID, item_id: UUID | None) -> None:
    if session.get(Enterprise, enterprise_id) is None:
        raise NotFound("enterprise", enterprise_id)
    if item_id is not None and session.get(HazardItem, (enterprise_id, item_id)) is None:
        raise NotFound("item", item_id)
