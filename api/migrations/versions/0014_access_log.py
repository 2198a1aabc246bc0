"""The access log has kinds and counts, can be read by its owners, and lets nothing be changed.

Revision ID: 0014
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0022"
branch_labels = None
depends_on = None

_KINDS = {
    "sign_in": ("sign_in", "sign_out"),
    "account": ("password", "second_factor", "token"),
    "refusal": ("refused",),
    "read": ("evidence", "model"),
    "export": ("ledger", "report", "dataset"),
    "decision": ("finding", "ticket", "erasure", "hold", "section"),
    "people": ("member", "invitation", "expert", "user", "device", "enrolment_code"),
}
_FIXED = ("id", "at", "actor", "action", "enterprise_id", "detail", "remote", "kind")
_DAYS = 183
_UNCHANGED = "the access log is not changed"
_KEPT = f"the access log is kept for {_DAYS} days at least"


def upgrade() -> None:
    """Add what is read by, say of old rows what they are, and close the table to changes."""
    op.add_column(
        "access_log", sa.Column("kind", sa.String(), nullable=False, server_default="change")
    )
    op.add_column(
        "access_log", sa.Column("times", sa.Integer(), nullable=False, server_default=sa.text("1"))
    )
    op.add_column("access_log", sa.Column("last_at", sa.DateTime(timezone=True), nullable=True))
    log = sa.table("access_log", sa.column("kind"), sa.column("action"))
    for kind, words in _KINDS.items():
        is_of = sa.or_(
            *(sa.or_(log.c.action == word, log.c.action.startswith(f"{word}.")) for word in words)
        )
        op.execute(log.update().where(is_of).values(kind=kind))
    op.drop_index("ix_access_log_enterprise_id", "access_log")
    op.create_index("ix_access_log_of_enterprise", "access_log", ["enterprise_id", "id"])
    op.create_index("ix_access_log_of_actor", "access_log", ["actor", "id"])
    for statement in _triggers(op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    """Open it again."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER access_log_unchanged ON access_log")
        op.execute("DROP TRIGGER access_log_kept ON access_log")
        op.execute("DROP FUNCTION anxun_access_log_unchanged, anxun_access_log_kept")
    else:
        op.execute("DROP TRIGGER access_log_unchanged")
        op.execute("DROP TRIGGER access_log_kept")
    op.drop_index("ix_access_log_of_actor", "access_log")
    op.drop_index("ix_access_log_of_enterprise", "access_log")
    with op.batch_alter_table("access_log") as batch:
        for column in ("last_at", "times", "kind"):
            batch.drop_column(column)
    op.create_index("ix_access_log_enterprise_id", "access_log", ["enterprise_id"])


def _triggers(dialect: str) -> tuple[str, ...]:
    if dialect == "postgresql":
        same = " AND ".join(f"NEW.{name} IS NOT DISTINCT FROM OLD.{name}" for name in _FIXED)
        return (
            f"""CREATE FUNCTION anxun_access_log_unchanged() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF NOT ({same} AND NEW.times >= OLD.times) THEN RAISE EXCEPTION '{_UNCHANGED}'; END IF;
            RETURN NEW; END $$""",
            f"""CREATE FUNCTION anxun_access_log_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF OLD.at > now() - interval '{_DAYS} days' THEN RAISE EXCEPTION '{_KEPT}'; END IF;
            RETURN OLD; END $$""",
            "CREATE TRIGGER access_log_unchanged BEFORE UPDATE ON access_log"
            " FOR EACH ROW EXECUTE FUNCTION anxun_access_log_unchanged()",
            "CREATE TRIGGER access_log_kept BEFORE DELETE ON access_log"
            " FOR EACH ROW EXECUTE FUNCTION anxun_access_log_kept()",
        )
    same = " AND ".join(f"NEW.{name} IS OLD.{name}" for name in _FIXED)
    return (
        "CREATE TRIGGER access_log_unchanged BEFORE UPDATE ON access_log"
        f" WHEN NOT ({same} AND NEW.times >= OLD.times)"
        f" BEGIN SELECT RAISE(ABORT, '{_UNCHANGED}'); END",
        "CREATE TRIGGER access_log_kept BEFORE DELETE ON access_log"
        f" WHEN OLD.at > datetime('now', '-{_DAYS} days')"
        f" BEGIN SELECT RAISE(ABORT, '{_KEPT}'); END",
    )
