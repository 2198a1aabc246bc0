"""A short list of what waits to be put into PostgreSQL's index of text: every search reads it from end to end.

Revision ID: 0027
Revises: 0033
"""

from alembic import op

revision = "0027"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Shorten the list to 256 kB, and put in what waits now; nothing on SQLite."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER INDEX ix_entry_pieces SET (gin_pending_list_limit = 256)")
        op.execute("SELECT gin_clean_pending_list('ix_entry_pieces')")


def downgrade() -> None:
    """Let the server's own length hold again."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER INDEX ix_entry_pieces RESET (gin_pending_list_limit)")
