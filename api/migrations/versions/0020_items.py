"""Items come back, are joined and split by hand; what a person decided about a finding's level is kept.

Revision ID: 0020
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0017"
branch_labels = None
depends_on = None

_NEW_STATES = (("itemstate", "MERGED"), ("ticketstate", "JOINED"))


def upgrade() -> None:
    """Make what is new, and say of every closed item when it was closed."""
    if op.get_bind().dialect.name == "postgresql":
        for name, value in _NEW_STATES:
            op.execute(f"ALTER TYPE {name} ADD VALUE IF NOT EXISTS '{value}'")
    with op.batch_alter_table("hazard_item") as batch:
        batch.add_column(sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("merged_into", sa.Uuid(), nullable=True))
        batch.add_column(sa.Column("recurrences", sa.Integer(), nullable=False, server_default="0"))
        batch.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
        batch.create_foreign_key(
            "fk_hazard_item_merged_into",
            "hazard_item",
            ["enterprise_id", "merged_into"],
            ["enterprise_id", "id"],
        )
    op.create_index(
        "ix_hazard_item_merged_into", "hazard_item", ["enterprise_id", "merged_into"], unique=False
    )
    op.execute(
        "UPDATE hazard_item SET closed_at = (SELECT t.closed_at FROM remediation_ticket AS t "
        "WHERE t.enterprise_id = hazard_item.enterprise_id AND t.id = hazard_item.ticket_id) "
        "WHERE state = 'CLOSED'"
    )
    with op.batch_alter_table("finding") as batch:
        batch.add_column(sa.Column("catalogue_level", sa.String(), nullable=True))
        batch.add_column(sa.Column("decided_level", sa.String(), nullable=True))
    op.create_table(
        "item_change",
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("other_item_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_user_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("finding_ids", sa.JSON(), nullable=False),
        sa.Column("entry_index", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["by_user_id"], ["app_user.id"]),
        sa.ForeignKeyConstraint(
            ["enterprise_id", "item_id"], ["hazard_item.enterprise_id", "hazard_item.id"]
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_id", "other_item_id"], ["hazard_item.enterprise_id", "hazard_item.id"]
        ),
        sa.PrimaryKeyConstraint("enterprise_id", "id"),
    )
    op.create_index("ix_item_change_item", "item_change", ["enterprise_id", "item_id"])
    op.create_index("ix_item_change_other", "item_change", ["enterprise_id", "other_item_id"])


def downgrade() -> None:
    """Drop it: a joined item counts as dismissed and its ticket as closed; the ledgers keep what happened."""
    op.drop_index("ix_item_change_other", table_name="item_change")
    op.drop_index("ix_item_change_item", table_name="item_change")
    op.drop_table("item_change")
    with op.batch_alter_table("finding") as batch:
        batch.drop_column("decided_level")
        batch.drop_column("catalogue_level")
    op.execute("UPDATE remediation_ticket SET state = 'CLOSED' WHERE state = 'JOINED'")
    op.execute("UPDATE ticket_step SET state = 'CLOSED' WHERE state = 'JOINED'")
    op.execute("UPDATE hazard_item SET state = 'DISMISSED' WHERE state = 'MERGED'")
    op.drop_index("ix_hazard_item_merged_into", table_name="hazard_item")
    with op.batch_alter_table("hazard_item") as batch:
        batch.drop_constraint("fk_hazard_item_merged_into", type_="foreignkey")
        for column in ("version", "recurrences", "merged_into", "closed_at"):
            batch.drop_column(column)
