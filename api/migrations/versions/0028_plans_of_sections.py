"""Which records are the plan that their section must hold.

Revision ID: 0028
Revises: 0032
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column. In the section of emergency plans and drills, whatever is no drill is a plan."""
    with op.batch_alter_table("section_record") as table:
        table.add_column(
            sa.Column("is_plan", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    op.execute(
        "UPDATE section_record SET is_plan = true WHERE section = 'L18' AND is_counted = false"
    )


def downgrade() -> None:
    """Drop it."""
    with op.batch_alter_table("section_record") as table:
        table.drop_column("is_plan")
