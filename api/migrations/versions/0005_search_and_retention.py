"""What ledger entries are found by.

Revision ID: 0005
Revises: 0004

`entry_pieces` is made by hand: the two databases index text in different ways. The tables begin empty; the server
fills them for entries that are there already, and `anxun search-index` does it at once.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "entry_facts",
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("entry_index", sa.BigInteger(), nullable=False),
        sa.Column("section", sqlmodel.AutoString(length=64), nullable=False),
        sa.Column("kind", sqlmodel.AutoString(length=128), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hazard_code", sqlmodel.AutoString(length=64), nullable=True),
        sa.Column("level", sqlmodel.AutoString(length=64), nullable=True),
        sa.Column("state", sqlmodel.AutoString(length=64), nullable=True),
        sa.Column("source", sqlmodel.AutoString(length=64), nullable=True),
        sa.Column("item_id", sqlmodel.AutoString(length=64), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("is_erased", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["enterprise_id"], ["enterprise.id"]),
        sa.PrimaryKeyConstraint("enterprise_id", "entry_index"),
    )
    for name, column in (("section", "section"), ("item", "item_id")):
        op.create_index(
            f"ix_entry_facts_{name}", "entry_facts", ["enterprise_id", column, "entry_index"]
        )
    op.create_index("ix_entry_facts_at", "entry_facts", ["enterprise_id", "at"])
    op.create_table(
        "entry_evidence",
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sqlmodel.AutoString(length=64), nullable=False),
        sa.Column("entry_index", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["enterprise_id"], ["enterprise.id"]),
        sa.PrimaryKeyConstraint("enterprise_id", "sha256", "entry_index"),
    )
    op.create_index("ix_entry_evidence_entry", "entry_evidence", ["enterprise_id", "entry_index"])
    op.create_table(
        "entry_index_mark",
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("next_index", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["enterprise_id"], ["enterprise.id"]),
        sa.PrimaryKeyConstraint("enterprise_id"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TABLE entry_pieces (enterprise_id uuid NOT NULL, entry_index bigint NOT NULL,"
            " pieces text[] NOT NULL, PRIMARY KEY (enterprise_id, entry_index))"
        )
        op.execute("CREATE INDEX ix_entry_pieces ON entry_pieces USING gin (pieces)")
    else:
        # No copy of the text (content), no positions (detail), no sizes: nothing here is ranked.
        op.execute(
            "CREATE VIRTUAL TABLE entry_pieces USING fts5"
            " (pieces, content='', columnsize=0, detail=none, tokenize='ascii')"
        )


def downgrade() -> None:
    """Drop the tables: what they hold is derived."""
    for name in ("entry_pieces", "entry_index_mark", "entry_evidence", "entry_facts"):
        op.drop_table(name)
