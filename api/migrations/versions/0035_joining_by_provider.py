"""An invitation is accepted by a sign-in at the provider.

Revision ID: 0035
Revises: 0034
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep what somebody is on the way to the provider for. Attempts live ten minutes: those of before are dropped."""
    op.execute("DELETE FROM provider_attempt")
    with op.batch_alter_table("provider_attempt") as table:
        table.add_column(sa.Column("invitation_id", sa.Uuid(), nullable=True))
        table.add_column(sa.Column("login", sa.String(), nullable=False))
        table.add_column(sa.Column("name", sa.String(), nullable=False))
        table.create_foreign_key(
            "fk_provider_attempt_invitation", "invitation", ["invitation_id"], ["id"]
        )


def downgrade() -> None:
    """Drop it, and who is on the way: whoever comes back would be signed in and not joined."""
    op.execute("DELETE FROM provider_attempt")
    with op.batch_alter_table("provider_attempt") as table:
        table.drop_constraint("fk_provider_attempt_invitation", type_="foreignkey")
        for name in ("name", "login", "invitation_id"):
            table.drop_column(name)
