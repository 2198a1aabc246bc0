"""Reports of a ledger.

Revision ID: 0006
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0003"
branch_labels = None
depends_on = None

_FORMAT = sa.Enum("PDF", "XLSX", name="reportformat")
_LANGUAGE = sa.Enum("CHINESE", "ENGLISH", name="reportlanguage")
_STATE = sa.Enum("WAITING", "RUNNING", "DONE", "FAILED", "CANCELLED", "EXPIRED", name="reportstate")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "report",
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("format", _FORMAT, nullable=False),
        sa.Column("language", _LANGUAGE, nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("sections", sa.JSON(), nullable=False),
        sa.Column("blurs_heads", sa.Boolean(), nullable=False),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", _STATE, nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("origin", sa.String(), nullable=True),
        sa.Column("tree_size", sa.BigInteger(), nullable=True),
        sa.Column("root", sa.String(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("entry_index", sa.BigInteger(), nullable=True),
        sa.Column("leaf_hash", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["enterprise_id"], ["enterprise.id"]),
        sa.PrimaryKeyConstraint("enterprise_id", "id"),
    )
    op.create_index("ix_report_id", "report", ["id"], unique=True)
    op.create_index(op.f("ix_report_state"), "report", ["state"], unique=False)


def downgrade() -> None:
    """Drop it; reports that were made are no longer known, their entries in the ledger stay."""
    op.drop_table("report")
    for kind in (_FORMAT, _LANGUAGE, _STATE):
        kind.drop(op.get_bind(), checkfirst=True)
