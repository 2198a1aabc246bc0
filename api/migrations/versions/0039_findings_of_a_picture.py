"""The findings of one picture are asked for: a page shows what else was seen on it.

Revision ID: 0039
Revises: 0035
"""

from alembic import op

revision = "0039"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Find a picture's findings without reading all of the enterprise's."""
    op.create_index("ix_finding_evidence", "finding", ["enterprise_id", "evidence_sha256"])


def downgrade() -> None:
    """Read them all again."""
    op.drop_index("ix_finding_evidence", table_name="finding")
