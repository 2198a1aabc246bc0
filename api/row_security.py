"""Row policies of PostgreSQL: what stands behind every filter, in case one is forgotten.

A table is of enterprises when it has a column `enterprise_id`, or is a table of ledgers (`log_id`). Each such table gets
row-level security, forced on its owner too, and one policy: a transaction reads and writes the rows of the enterprises that
it named (`inspection.database.tell_enterprises`), and none when it named none. Policies follow from the tables and are made after
every upgrade of the schema, so that no migration can forget one.

A superuser, and a role with BYPASSRLS, is bound by no policy: PostgreSQL has it so. `anxun serve` says so when it is one.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, MetaData, Table, text

from inspection.database import ENTERPRISES_SETTING, EVERY

POLICY = "anxun_own_enterprises"
_SETTING = f"current_setting('{ENTERPRISES_SETTING}', true)"
_FUNCTIONS = (
    f"CREATE OR REPLACE FUNCTION anxun_sees_every() RETURNS boolean LANGUAGE sql STABLE"
    f" AS $$ SELECT coalesce({_SETTING} = '{EVERY}', false) $$",
    "CREATE OR REPLACE FUNCTION anxun_enterprises() RETURNS uuid[] LANGUAGE sql STABLE"
    f" AS $$ SELECT string_to_array(nullif({_SETTING}, '{EVERY}'), ',')::uuid[] $$",
)
# In subselects, so that they are asked once a statement and not once a row.
_EVERY = "(SELECT anxun_sees_every())"
_MINE = "((SELECT anxun_enterprises())::uuid[])"


def protect_rows(connection: Connection, metadata: MetaData) -> None:
    """Give every table of enterprises its policy, where it has none yet; nothing on SQLite."""
    if connection.dialect.name != "postgresql":
        return
    for statement in _FUNCTIONS:
        connection.execute(text(statement))
    for table in unprotected(connection, metadata):
        name = connection.dialect.identifier_preparer.format_table(table)
        for statement in (
            f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY",
            f"CREATE POLICY {POLICY} ON {name} USING ({condition_of(table)})",
        ):
            connection.execute(text(statement))


def unprotected(connection: Connection, metadata: MetaData) -> Sequence[Table]:
    """Return the tables of enterprises that have no policy yet; none on SQLite, which knows no policies."""
    if connection.dialect.name != "postgresql":
        return ()
    asked = text("SELECT tablename FROM pg_policies WHERE policyname = :name")
    protected = set(connection.scalars(asked, {"name": POLICY}))
    owned = (table for table in metadata.sorted_tables if condition_of(table) is not None)
    return [table for table in owned if table.name not in protected]


def condition_of(table: Table) -> str | None:
    """Return which rows of a table are seen; None for a table that is not of enterprises."""
    if table.name == "enterprise":
        return f"{_EVERY} OR id = ANY {_MINE}"
    if "log_id" in table.columns:
        # An area's log holds checkpoints of its enterprises, hashes alone, and every party of the area checks it.
        return f"{_EVERY} OR log_id LIKE 'area-%' OR log_id = ANY ({_MINE}::text[])"
    if "enterprise_id" not in table.columns:
        return None
    own = f"{_EVERY} OR enterprise_id = ANY {_MINE}"
    # A membership of an organisation, say, is of no enterprise.
    return f"{own} OR enterprise_id IS NULL" if table.columns["enterprise_id"].nullable else own


def is_bound_by_policies(connection: Connection) -> bool:
    """Return whether the role of a connection is held to the policies; always true on SQLite, which has none."""
    if connection.dialect.name != "postgresql":
        return True
    asked = "SELECT NOT (rolsuper OR rolbypassrls) FROM pg_roles WHERE rolname = current_user"
    return bool(connection.scalar(text(asked)))
