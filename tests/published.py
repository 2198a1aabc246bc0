"""What a served site published of a log, and whether every checkpoint continues the one before."""

import itertools

from sqlmodel import col, select

from ledger.checkpoint import Checkpoint, verify_checkpoint
from ledger.log import prove_consistency
from ledger.note import VerifierKey
from ledger.sql import LedgerCheckpoint, SqlStore
from tests.sites import Site


def published(site: Site, log_id: str) -> list[Checkpoint]:
    """Return a log's checkpoints, oldest first, each found signed by the log's key."""
    chosen = select(LedgerCheckpoint.text).where(col(LedgerCheckpoint.log_id) == log_id)
    with site.parts.read() as session:
        texts = session.exec(chosen.order_by(col(LedgerCheckpoint.size))).all()
        key = VerifierKey.from_vkey(site.parts.signers.vkey(session, log_id))
    return [verify_checkpoint(text, [key])[0] for text in texts]


def published_continuously(site: Site, log_id: str) -> list[int]:
    """Return the sizes of a log's checkpoints, once each is proved to continue the one before."""
    found = published(site, log_id)
    with site.parts.read() as session:
        store = SqlStore(session)
        for older, newer in itertools.pairwise(found):
            proof = prove_consistency(store, log_id, older.size, newer.size)
            proof.verify(older.root, newer.root)
    return [checkpoint.size for checkpoint in found]
