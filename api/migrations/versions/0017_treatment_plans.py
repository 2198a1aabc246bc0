"""Treatment plans of major hazards.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of plans as they were filed."""
    op.create_table(
        "ticket_treatment",
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("filed_by", sa.Uuid(), nullable=False),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("entry_index", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["filed_by"], ["app_user.id"]),
        sa.ForeignKeyConstraint(
            ["enterprise_id", "ticket_id"],
            ["remediation_ticket.enterprise_id", "remediation_ticket.id"],
        ),
        sa.PrimaryKeyConstraint("enterprise_id", "ticket_id", "number"),
    )


def downgrade() -> None:
    """Drop it; the plans stay in the ledgers."""
    op.drop_table("ticket_treatment")
