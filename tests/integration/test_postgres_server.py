"""The PostgreSQL that other tests stand on."""

import pytest
import sqlalchemy as sa

pytestmark = pytest.mark.postgres


@pytest.mark.parametrize("turn", [1, 2])
def test_every_test_gets_an_empty_database_of_a_real_server(postgres_url: str, turn: int) -> None:
    """A table that one test makes is unknown to the next."""
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        assert sa.inspect(connection).get_table_names() == []
        connection.execute(sa.text("CREATE TABLE seen (id integer)"))
        assert "PostgreSQL" in str(connection.scalar(sa.text("SELECT version()")))
    engine.dispose()
