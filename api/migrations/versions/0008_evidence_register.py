"""Register the evidence that is there: from here on each enterprise's register says what came in, and what is gone.

Revision ID: 0008
Revises: 0011
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlmodel import Session

from inspection.columns import UtcTime
from ledger.entry import Attachment, Record
from ledger.log import append, erase_content
from ledger.sql import SqlStore

revision = "0008"
down_revision = "0011"
branch_labels = None
depends_on = None

_EVIDENCE = sa.table(
    "evidence",
    sa.column("enterprise_id", sa.Uuid()),
    sa.column("sha256", sa.String()),
    sa.column("media_type", sa.String()),
    sa.column("size", sa.Integer()),
    sa.column("received_at", UtcTime()),
    sa.column("received_from", sa.String()),
    sa.column("erased_at", UtcTime()),
    sa.column("register_index", sa.BigInteger()),
)


def upgrade() -> None:
    """Write an entry for each row, oldest first; `registered_at` says that it was written later."""
    # Not as a null that is filled and forbidden then: SQLite would copy the table, to which others refer.
    column = sa.Column("register_index", sa.BigInteger(), nullable=False, server_default="-1")
    op.add_column("evidence", column)
    connection, now = op.get_bind(), datetime.now(UTC)
    found = connection.execute(
        sa.select(_EVIDENCE).order_by(_EVIDENCE.c.received_at, _EVIDENCE.c.sha256)
    ).all()
    with Session(connection) as session:
        for row in found:
            index = _register(SqlStore(session), row, now)
            own = (_EVIDENCE.c.enterprise_id == row.enterprise_id, _EVIDENCE.c.sha256 == row.sha256)
            connection.execute(sa.update(_EVIDENCE).where(*own).values(register_index=index))


def _register(store: SqlStore, row: Any, now: datetime) -> int:
    log_id = f"evidence-{row.enterprise_id}"
    file = Attachment(row.sha256, row.media_type, row.size, "evidence")
    late = {"registered_at": now.isoformat()}
    by = row.received_from or "system"
    record = Record("evidence.received", "evidence", row.received_at, by, late, (file,))
    index = append(store, log_id, record).index
    if row.erased_at is not None:
        data = {"media_type": row.media_type, "received": index, "sha256": row.sha256}
        data |= {"size": row.size}
        record = Record("evidence.erased", "evidence", row.erased_at, "system", data | late)
        append(store, log_id, record)
        erase_content(store, log_id, index)
    return index


def downgrade() -> None:
    """Forget which entry registered which row; the registers stay, as any log does."""
    op.drop_column("evidence", "register_index")
