"""How many sightings a box left out, and the key with which it signs.

Revision ID: 0010
Revises: 0026
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what is there was left out by nobody and signed by nobody."""
    with op.batch_alter_table("finding") as finding:
        finding.add_column(sa.Column("left_out", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("device") as device:
        device.add_column(sa.Column("public_key", sa.String(), nullable=True))
        device.add_column(sa.Column("key_since", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Drop them; the ledgers keep the entries that say the same."""
    with op.batch_alter_table("device") as device:
        device.drop_column("key_since")
        device.drop_column("public_key")
    with op.batch_alter_table("finding") as finding:
        finding.drop_column("left_out")
