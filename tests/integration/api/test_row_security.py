"""What stands behind every filter on PostgreSQL: a query that forgot its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.exc import ProgrammingError

from api.database import METADATA
from api.row_security import condition_of, is_bound_by_policies
from inspection.database import bound_to, tell_enterprises
from tests.builders import jpeg
from tests.integration.api.conftest import site_settings
from tests.sites import Site, open_site

pytestmark = pytest.mark.postgres
PROTECTED = [table for table in METADATA.sorted_tables if condition_of(table) is not None]


@pytest.fixture
def site(postgres_url: str, tmp_path: Path) -> Iterator[Site]:
    """Serve a site on PostgreSQL that holds a finding of the town's enterprise."""
    settings = site_settings(tmp_path).model_copy(update={"database_url": SecretStr(postgres_url)})
    with open_site(settings) as site:
        site.submit(site.draft(site.put_evidence("device", jpeg(7))))
        yield site


def test_every_table_of_enterprises_is_forced(site: Site) -> None:
    """Row security is on, and forced on the owner, for each table that has an enterprise or a ledger."""
    asked = "SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity"
    with site.parts.engine.connect() as connection:
        assert is_bound_by_policies(connection)
        forced = set(connection.scalars(sa.text(asked)))
    assert forced == {table.name for table in PROTECTED}
    assert {"finding", "enterprise"} <= forced


def test_forgotten_filter_returns_nothing_foreign(site: Site) -> None:
    """A bare select of any table, bound to another enterprise, holds no row of the town's."""
    mine, other = site.town.mine.id, site.town.other.id
    with site.parts.read(info=bound_to(lambda: [other])) as session:
        for table in PROTECTED:
            for row in session.execute(sa.select(table)).mappings():
                assert row.get("enterprise_id") != mine, table.name
                assert row.get("log_id") != str(mine), table.name
        finding = METADATA.tables["finding"]
        assert session.execute(sa.select(finding)).all() == []
    with site.parts.read(info=bound_to(lambda: [mine])) as session:
        assert len(session.execute(sa.select(finding)).all()) == 1


def test_connection_that_names_no_enterprise_sees_none(site: Site) -> None:
    """Nothing was said, so nothing is seen; and what an earlier transaction said is forgotten."""
    finding = METADATA.tables["finding"]
    with site.parts.engine.connect() as connection:
        assert connection.execute(sa.select(finding)).all() == []
        connection.rollback()
        tell_enterprises(connection, None)
        assert len(connection.execute(sa.select(finding)).all()) == 1
        connection.rollback()
        assert connection.execute(sa.select(finding)).all() == []


def test_foreign_row_is_not_written(site: Site) -> None:
    """A transaction of one enterprise can not put a row into another's tables."""
    finding = METADATA.tables["finding"]
    with site.parts.read() as session:
        row = dict(session.execute(sa.select(finding)).mappings().one())
    with site.parts.write(info=bound_to(lambda: [site.town.other.id])) as session:
        assert session.execute(sa.update(finding).values(id=row["id"])).rowcount == 0  # type: ignore[attr-defined]
        with pytest.raises(ProgrammingError, match="row-level security"):
            session.execute(sa.insert(finding).values(row))
