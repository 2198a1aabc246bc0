"""Clips of findings.

Revision ID: 0021
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "finding_clip",
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("finding_id", sa.Uuid(), nullable=False),
        sa.Column("evidence_sha256", sa.String(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_index", sa.Integer(), nullable=False),
        sa.Column("leaf_hash", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["enterprise_id", "finding_id"], ["finding.enterprise_id", "finding.id"]
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_id", "evidence_sha256"], ["evidence.enterprise_id", "evidence.sha256"]
        ),
        sa.PrimaryKeyConstraint("enterprise_id", "finding_id"),
    )


def downgrade() -> None:
    """Drop it; the entries that name the clips stay in the ledgers."""
    op.drop_table("finding_clip")
