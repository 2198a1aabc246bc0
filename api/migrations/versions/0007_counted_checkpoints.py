"""Number checkpoints and cosignatures, so that a missing one shows, and tie a first key's `since` to entry 0.

Revision ID: 0007
Revises: 0006
"""

import json
from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_NUMBERED = {"ledger_checkpoint": "size", "ledger_cosignature": "size, witness"}


def upgrade() -> None:
    """Count what is there: what was taken away before this step stays unknown."""
    for counted in ("checkpoints", "cosignatures"):
        op.add_column(
            "ledger_head", sa.Column(counted, sa.BigInteger(), nullable=False, server_default="0")
        )
    for table, order in _NUMBERED.items():
        op.add_column(table, sa.Column("number", sa.BigInteger(), nullable=True))
        key = ["log_id", *order.split(", ")]
        same = " AND ".join(f"n.{column} = {table}.{column}" for column in key)
        op.execute(
            f"UPDATE {table} SET number = n.place FROM (SELECT {', '.join(key)}, "  # noqa: S608
            f"row_number() OVER (PARTITION BY log_id ORDER BY {order}) AS place FROM {table}) AS n "
            f"WHERE {same}"
        )
        with op.batch_alter_table(table) as batch:
            batch.alter_column("number", existing_type=sa.BigInteger(), nullable=False)
        op.execute(
            f"UPDATE ledger_head SET {table.removeprefix('ledger_')}s = "  # noqa: S608
            f"(SELECT count(*) FROM {table} AS r WHERE r.log_id = ledger_head.log_id)"
        )
    _date_first_keys()


def _date_first_keys() -> None:
    """A log's first key signs since its first entry; where there is none yet, no key is noted yet."""
    connection = op.get_bind()
    op.execute(
        "DELETE FROM ledger_key WHERE number = 1 AND NOT EXISTS "
        "(SELECT 1 FROM ledger_entry AS e WHERE e.log_id = ledger_key.log_id)"
    )
    first = connection.execute(
        sa.text('SELECT log_id, header FROM ledger_entry WHERE "index" = 0')
    ).all()
    for log_id, header in first:
        since = int(datetime.fromisoformat(json.loads(header)["at"]).timestamp())
        connection.execute(
            sa.text("UPDATE ledger_key SET since = :since WHERE log_id = :log_id AND number = 1"),
            {"since": since, "log_id": log_id},
        )


def downgrade() -> None:
    """Drop the numbers."""
    for table in _NUMBERED:
        with op.batch_alter_table(table) as batch:
            batch.drop_column("number")
    with op.batch_alter_table("ledger_head") as batch:
        batch.drop_column("checkpoints")
        batch.drop_column("cosignatures")
