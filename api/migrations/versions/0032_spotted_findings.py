"""Findings that a person saw and no model reported: no model names them.

Revision ID: 0032
Revises: 0031
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_OF_A_MODEL: dict[str, sa.types.TypeEngine[Any]] = {
    "model_name": sa.String(),
    "model_sha256": sa.String(),
    "confidence": sa.Float(),
}


def upgrade() -> None:
    """Let the model's columns be empty."""
    with op.batch_alter_table("finding") as batch:
        for name, kind in _OF_A_MODEL.items():
            batch.alter_column(name, existing_type=kind, nullable=True)


def downgrade() -> None:
    """Name a model that is none where there was none; the ledgers keep what was so."""
    op.execute(
        "UPDATE finding SET model_name = 'person', confidence = 1, "
        "model_sha256 = '0000000000000000000000000000000000000000000000000000000000000000' "
        "WHERE model_name IS NULL"
    )
    with op.batch_alter_table("finding") as batch:
        for name, kind in _OF_A_MODEL.items():
            batch.alter_column(name, existing_type=kind, nullable=False)
