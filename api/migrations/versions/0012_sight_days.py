"""How long each camera saw, by day, and of which blind cameras people were told.

Revision ID: 0012
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; nobody was told of any blind camera yet."""
    op.create_table(
        "camera_sight_day",
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("cameras", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_index", sa.Integer(), nullable=False),
        sa.Column("leaf_hash", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["enterprise_id"], ["enterprise.id"]),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"]),
        sa.PrimaryKeyConstraint("enterprise_id", "device_id", "day"),
    )
    with op.batch_alter_table("box_status") as status:
        status.add_column(sa.Column("blind_told", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Drop them; the entries stay in the ledgers."""
    with op.batch_alter_table("box_status") as status:
        status.drop_column("blind_told")
    op.drop_table("camera_sight_day")
