"""A person's boxes and reasons beside the model's, and the ledger entry of the decision.

Revision ID: 0002
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0005"
branch_labels = None
depends_on = None

COLUMNS = (
    ("decided_role", sa.String()),
    ("decided_boxes", sa.JSON()),
    ("complete_labels", sa.JSON()),
    ("dismissal_code", sa.String()),
    ("proposed_hazard_code", sa.String()),
    ("decision_entry_index", sa.Integer()),
    ("decision_leaf_hash", sa.String()),
)


def upgrade() -> None:
    """Add the columns; decisions made before keep them empty."""
    for name, kind in COLUMNS:
        op.add_column("finding", sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    """Drop the columns."""
    for name, _ in reversed(COLUMNS):
        op.drop_column("finding", name)
