"""The model's looks at after-photos.

Revision ID: 0018
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table that is their queue and holds what they told."""
    op.create_table(
        "fix_check",
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("step_number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verdict", sa.String(), nullable=True),
        sa.Column("photos", sa.JSON(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("model_name", sa.String(), nullable=True),
        sa.Column("model_version", sa.String(), nullable=True),
        sa.Column("model_sha256", sa.String(), nullable=True),
        sa.Column("entry_index", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["enterprise_id", "ticket_id", "step_number"],
            ["ticket_step.enterprise_id", "ticket_step.ticket_id", "ticket_step.number"],
        ),
        sa.PrimaryKeyConstraint("enterprise_id", "ticket_id", "step_number"),
    )
    op.create_index("ix_fix_check_state", "fix_check", ["state"])


def downgrade() -> None:
    """Drop it; what was told stays in the ledgers."""
    op.drop_table("fix_check")
