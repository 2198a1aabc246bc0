"""Secrets of authenticators are sealed, recovery codes salted.

The key that seals is not in the database, so what is there stays readable until the server starts: it seals it at once
(`api.second_factor.seal_readable`). Hashes of recovery codes are hashed again with a salt: the codes on people's paper count on.

Revision ID: 0033
Revises: 0015
"""

import hashlib
import secrets

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0015"
branch_labels = None
depends_on = None

_CODES = sa.table("recovery_code", sa.column("code_sha256"), sa.column("salt"))


def upgrade() -> None:
    """Make room for what is sealed, and salt what is hashed."""
    with op.batch_alter_table("second_factor") as table:
        table.add_column(sa.Column("sealed", sa.LargeBinary(), nullable=True))
        table.alter_column("secret", existing_type=sa.String(), nullable=True)
    with op.batch_alter_table("recovery_code") as table:
        table.add_column(sa.Column("salt", sa.String(), nullable=False, server_default=""))
    database = op.get_bind()
    for (plain,) in database.execute(sa.select(_CODES.c.code_sha256)).all():
        salt = secrets.token_hex(16)
        salted = hashlib.sha256((salt + plain).encode()).hexdigest()
        row = sa.update(_CODES).where(_CODES.c.code_sha256 == plain)
        database.execute(row.values(code_sha256=salted, salt=salt))
    with op.batch_alter_table("recovery_code") as table:
        table.alter_column("salt", existing_type=sa.String(), server_default=None)


def downgrade() -> None:
    """Forget authenticators and recovery codes: the older release can read neither. People sign in by their password, and set up anew."""
    op.execute("DELETE FROM recovery_code")
    op.execute("DELETE FROM second_factor")
    with op.batch_alter_table("recovery_code") as table:
        table.drop_column("salt")
    with op.batch_alter_table("second_factor") as table:
        table.alter_column("secret", existing_type=sa.String(), nullable=False)
        table.drop_column("sealed")
