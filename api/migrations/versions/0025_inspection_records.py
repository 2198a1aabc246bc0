"""Inspection records that both sides sign.

Revision ID: 0025
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "inspection_record",
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("inspection_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("series_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("superseded_by", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("content_sha256", sa.String(), nullable=False),
        sa.Column("signature", sa.JSON(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("entry_index", sa.BigInteger(), nullable=False),
        sa.Column("leaf_hash", sa.String(), nullable=False),
        sa.Column("answer", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("answer_index", sa.BigInteger(), nullable=True),
        sa.Column("answer_leaf_hash", sa.String(), nullable=True),
        sa.Column("notice_sha256", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["enterprise_id"], ["enterprise.id"]),
        sa.ForeignKeyConstraint(["recorded_by"], ["app_user.id"]),
        sa.ForeignKeyConstraint(["answered_by"], ["app_user.id"]),
        sa.ForeignKeyConstraint(
            ["enterprise_id", "inspection_id"], ["inspection.enterprise_id", "inspection.id"]
        ),
        sa.PrimaryKeyConstraint("enterprise_id", "id"),
        sa.UniqueConstraint("enterprise_id", "series_id", "revision"),
        sa.UniqueConstraint("enterprise_id", "number"),
    )
    op.create_index(
        "ix_inspection_record_inspection", "inspection_record", ["enterprise_id", "inspection_id"]
    )


def downgrade() -> None:
    """Drop it; the records stay in the ledgers."""
    op.drop_index("ix_inspection_record_inspection", "inspection_record")
    op.drop_table("inspection_record")
