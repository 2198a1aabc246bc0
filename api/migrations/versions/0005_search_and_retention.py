"""What ledger entries are found by; erasure requests, legal holds, and evidence whose bytes are to go.

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

    _retention()


def _retention() -> None:
    op.add_column("evidence", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    erasure_state = sa.Enum("REQUESTED", "APPROVED", "DONE", "REJECTED", name="erasurestate")
    target_state = sa.Enum("WAITING", "ERASED", "HELD", name="targetstate")
    op.create_table(
        "erasure_request",
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reason", sqlmodel.AutoString(), nullable=False),
        sa.Column("reference", sqlmodel.AutoString(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("state", erasure_state, nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_note", sqlmodel.AutoString(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approval_index", sa.BigInteger(), nullable=True),
        sa.Column("completion_index", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["enterprise_id"], ["enterprise.id"]),
        sa.ForeignKeyConstraint(["requested_by"], ["app_user.id"]),
        sa.ForeignKeyConstraint(["decided_by"], ["app_user.id"]),
        sa.PrimaryKeyConstraint("enterprise_id", "id"),
    )
    op.create_index("ix_erasure_request_state", "erasure_request", ["state"])
    op.create_table(
        "erasure_target",
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("entry_index", sa.BigInteger(), nullable=False),
        sa.Column("state", target_state, nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["enterprise_id", "request_id"], ["erasure_request.enterprise_id", "erasure_request.id"]
        ),
        sa.PrimaryKeyConstraint("enterprise_id", "request_id", "entry_index"),
    )
    op.create_index("ix_erasure_target_entry", "erasure_target", ["enterprise_id", "entry_index"])
    op.create_table(
        "legal_hold",
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("section", sqlmodel.AutoString(length=64), nullable=True),
        sa.Column("item_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sqlmodel.AutoString(), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_centre", sa.Boolean(), nullable=False),
        sa.Column("entry_index", sa.BigInteger(), nullable=False),
        sa.Column("lifted_by", sa.Uuid(), nullable=True),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lift_reason", sqlmodel.AutoString(), nullable=False),
        sa.Column("lift_index", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["enterprise_id"], ["enterprise.id"]),
        sa.ForeignKeyConstraint(["set_by"], ["app_user.id"]),
        sa.ForeignKeyConstraint(["lifted_by"], ["app_user.id"]),
        sa.PrimaryKeyConstraint("enterprise_id", "id"),
    )
    op.create_table(
        "evidence_removal",
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sqlmodel.AutoString(length=64), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sqlmodel.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["enterprise_id"], ["enterprise.id"]),
        sa.PrimaryKeyConstraint("enterprise_id", "sha256"),
    )
    op.create_index("ix_evidence_removal_waiting", "evidence_removal", ["removed_at", "retry_at"])
    op.create_table(
        "export_lease",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["enterprise_id"], ["enterprise.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_export_lease_enterprise_id", "export_lease", ["enterprise_id"])


def downgrade() -> None:
    """Drop the tables. What was erased stays erased, but why is then in the ledger alone."""
    for name in ("export_lease", "evidence_removal", "legal_hold", "erasure_target"):
        op.drop_table(name)
    op.drop_table("erasure_request")
    with op.batch_alter_table("evidence") as evidence:
        evidence.drop_column("erased_at")
    for enum in ("erasurestate", "targetstate"):
        sa.Enum(name=enum).drop(op.get_bind(), checkfirst=True)
    for name in ("entry_pieces", "entry_index_mark", "entry_evidence", "entry_facts"):
        op.drop_table(name)
