"""Notices leave the app: channels, wishes, webhooks, and the outbox.

Revision ID: 0023
Revises: 0014
"""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0014"
branch_labels = None
depends_on = None


def _at(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "notice_channel",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("shown", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        _at("created_at"),
        _at("removed_at", nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_notice_channel_user_id"), "notice_channel", ["user_id"])
    op.create_table(
        "notice_wishes",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("at_once", sa.JSON(), nullable=False),
        sa.Column("digest_min", sa.Integer(), nullable=True),
        sa.Column("quiet_from_min", sa.Integer(), nullable=True),
        sa.Column("quiet_until_min", sa.Integer(), nullable=True),
        _at("changed_at"),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"]),
        sa.PrimaryKeyConstraint("user_id"),
    )
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("shown", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        _at("created_at"),
        _at("removed_at", nullable=True),
        sa.ForeignKeyConstraint(["enterprise_id"], ["enterprise.id"]),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"]),
        sa.ForeignKeyConstraint(["created_by"], ["app_user.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    for owner in ("enterprise_id", "organisation_id"):
        op.create_index(op.f(f"ix_webhook_endpoint_{owner}"), "webhook_endpoint", [owner])
    _make_outbox()


def _make_outbox() -> None:
    op.create_table(
        "notice_delivery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=True),
        sa.Column("channel_id", sa.Uuid(), nullable=True),
        sa.Column("endpoint_id", sa.Uuid(), nullable=True),
        sa.Column("notice_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("thing_id", sa.Uuid(), nullable=False),
        sa.Column("event_key", sa.String(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("is_digest", sa.Boolean(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        _at("created_at"),
        _at("planned_at"),
        _at("due_at"),
        _at("leased_until", nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        _at("ended_at", nullable=True),
        sa.ForeignKeyConstraint(["enterprise_id"], ["enterprise.id"]),
        sa.ForeignKeyConstraint(["channel_id"], ["notice_channel.id"]),
        sa.ForeignKeyConstraint(["endpoint_id"], ["webhook_endpoint.id"]),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("channel_id", "event_key"),
        sa.UniqueConstraint("endpoint_id", "event_key"),
    )
    op.create_index(op.f("ix_notice_delivery_message_id"), "notice_delivery", ["message_id"])
    op.create_index("ix_delivery_due", "notice_delivery", ["state", "due_at"])
    op.create_index("ix_delivery_channel", "notice_delivery", ["channel_id", "id"])
    op.create_index("ix_delivery_endpoint", "notice_delivery", ["endpoint_id", "id"])


def downgrade() -> None:
    """Drop them; what waits in the outbox is not sent any more."""
    for table in ("notice_delivery", "webhook_endpoint", "notice_wishes", "notice_channel"):
        op.drop_table(table)
