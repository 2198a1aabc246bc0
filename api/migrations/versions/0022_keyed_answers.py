"""Answers to requests that came with an idempotency key.

Revision ID: 0022
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "keyed_answer",
        sa.Column("caller", sa.String(), nullable=False),
        sa.Column("key_sha256", sa.String(), nullable=False),
        sa.Column("request_hmac", sa.String(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("caller", "key_sha256"),
    )
    op.create_index("ix_keyed_answer_expires_at", "keyed_answer", ["expires_at"])


def downgrade() -> None:
    """Drop it: what is sent again is done again."""
    op.drop_index("ix_keyed_answer_expires_at", "keyed_answer")
    op.drop_table("keyed_answer")
