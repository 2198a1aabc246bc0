"""Take a database back before single revisions and up again, whatever came after them."""

from collections.abc import Sequence
from importlib import import_module

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from inspection.database import tell_enterprises


def migrate_again(engine: sa.Engine, names: Sequence[str]) -> None:
    """Undo these migrations (the newest last), then do them again; the others stay as they are."""
    revisions = [import_module(f"api.migrations.versions.{name}") for name in names]
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        tell_enterprises(connection, None)
        for revision in reversed(revisions):
            revision.downgrade()
        for revision in revisions:
            revision.upgrade()
