"""Whom an invitation was meant for, so that a sheet that is imported twice invites nobody twice.

Revision ID: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; invitations until now have none."""
    with op.batch_alter_table("invitation") as table:
        table.add_column(sa.Column("contact", sa.String(), nullable=True))


def downgrade() -> None:
    """Drop it."""
    with op.batch_alter_table("invitation") as table:
        table.drop_column("contact")
