"""How many bytes of evidence each enterprise keeps is counted as they come and go.

Revision ID: 0038
Revises: 0037
"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Begin with what is there: the one time that every row is read."""
    op.create_table(
        "evidence_usage",
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("used_bytes", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["enterprise_id"], ["enterprise.id"]),
        sa.PrimaryKeyConstraint("enterprise_id"),
    )
    op.execute(
        "INSERT INTO evidence_usage (enterprise_id, used_bytes)"
        " SELECT enterprise_id, SUM(size) FROM evidence WHERE erased_at IS NULL GROUP BY enterprise_id"
    )


def downgrade() -> None:
    """Drop the counts; the evidence stays."""
    op.drop_table("evidence_usage")
