"""Records of the ledger's sections, sections that do not apply, and reminders.

Revision ID: 0004
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "section_record",
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("section", sa.String(), nullable=False),
        sa.Column("series_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("is_counted", sa.Boolean(), nullable=False),
        sa.Column("definition_version", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("entry_index", sa.Integer(), nullable=False),
        sa.Column("leaf_hash", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["enterprise_id"], ["enterprise.id"]),
        sa.ForeignKeyConstraint(["recorded_by"], ["app_user.id"]),
        sa.PrimaryKeyConstraint("enterprise_id", "id"),
        sa.UniqueConstraint("enterprise_id", "series_id", "revision"),
    )
    op.create_index(
        "ix_section_record_list",
        "section_record",
        ["enterprise_id", "section", "state", "on_day", "id"],
        unique=False,
    )
    op.create_table(
        "section_absence",
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("section", sa.String(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("entry_index", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["enterprise_id"], ["enterprise.id"]),
        sa.PrimaryKeyConstraint("enterprise_id", "id"),
    )
    op.create_index(
        "ix_section_absence_section",
        "section_absence",
        ["enterprise_id", "section"],
        unique=False,
    )
    op.create_table(
        "section_reminder",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("section", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["enterprise_id"], ["enterprise.id"]),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("user_id", "enterprise_id", "section", "period"),
    )
    op.create_index("ix_section_reminder_list", "section_reminder", ["user_id", "id"], unique=False)


def downgrade() -> None:
    """Drop the tables."""
    op.drop_index("ix_section_reminder_list", table_name="section_reminder")
    op.drop_table("section_reminder")
    op.drop_index("ix_section_absence_section", table_name="section_absence")
    op.drop_table("section_absence")
    op.drop_index("ix_section_record_list", table_name="section_record")
    op.drop_table("section_record")
