"""Alembic runs this for every command; the connection comes from `api.database`."""

from alembic import context

from api.database import METADATA, is_described

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=METADATA,
    include_name=is_described,
    compare_type=True,
    # SQLite cannot alter a table in place.
    render_as_batch=connection.dialect.name == "sqlite",
)
context.run_migrations()
