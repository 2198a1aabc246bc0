"""People are told of what happens to their account; addresses are confirmed by a code; browsers are known again.

A mailbox or number that is there already is not confirmed: the keeper sends it a code once and tells its owner in the app. A robot's
address is a secret of its group: whoever knows it may write there, and it counts as confirmed.

Revision ID: 0034
Revises: 0028
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0028"
branch_labels = None
depends_on = None

_ROBOTS = "('wecom', 'dingtalk', 'feishu')"


def upgrade() -> None:
    """Make room."""
    _drop_policy()
    with op.batch_alter_table("notice") as table:
        table.alter_column("enterprise_id", existing_type=sa.Uuid(), nullable=True)
    with op.batch_alter_table("notice_channel") as table:
        table.add_column(sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("sealed_code", sa.LargeBinary(), nullable=True))
        table.add_column(sa.Column("code_ends_at", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("code_tries", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("notice_channel") as table:
        table.alter_column("code_tries", existing_type=sa.Integer(), server_default=None)
    op.execute(f"UPDATE notice_channel SET confirmed_at = created_at WHERE kind IN {_ROBOTS}")  # noqa: S608  constant
    op.create_table(
        "known_browser",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("browser_sha256", sa.String(), nullable=False),
        sa.Column("remote", sa.String(), nullable=False),
        sa.Column("user_agent", sa.String(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_known_browser_user_id"), "known_browser", ["user_id"])


def downgrade() -> None:
    """Forget what the older release cannot hold: notices of accounts, and addresses that are not confirmed."""
    op.drop_table("known_browser")
    op.execute("DELETE FROM notice_delivery WHERE kind = 'code'")
    op.execute(
        "DELETE FROM notice_delivery WHERE notice_id IN"
        " (SELECT id FROM notice WHERE enterprise_id IS NULL)"
    )
    op.execute("DELETE FROM notice WHERE enterprise_id IS NULL")
    op.execute("DELETE FROM notice_delivery WHERE channel_id IN (SELECT id FROM notice_channel WHERE confirmed_at IS NULL)")  # fmt: skip
    op.execute("DELETE FROM notice_channel WHERE confirmed_at IS NULL")
    with op.batch_alter_table("notice_channel") as table:
        for name in ("code_tries", "code_ends_at", "sealed_code", "confirmed_at"):
            table.drop_column(name)
    _drop_policy()
    with op.batch_alter_table("notice") as table:
        table.alter_column("enterprise_id", existing_type=sa.Uuid(), nullable=False)


def _drop_policy() -> None:
    """Have the policy of notices made anew after the upgrade: it follows from whether the enterprise may be missing."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP POLICY IF EXISTS anxun_own_enterprises ON notice")
