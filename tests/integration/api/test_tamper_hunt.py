"""The hunt in figures, on both databases: whatever is changed in what is stored, the audit finds it and names it.

    ANXUN_FLIPS=10000 python -m pytest -s -m slow tests/integration/api/test_tamper_hunt.py

prints them. Not tried, as nothing stored is changed by it: bits of a database file that hold no value (free pages, the
space between records, indexes), which is the database's own business (`PRAGMA integrity_check`, PostgreSQL's checksums).
"""

import os
import sys

import pytest

from inspection.evidence_register import register_id_of
from inspection.journal import area_log_id_of, log_id_of
from tests.integration.api.test_audit import SEED
from tests.integration.api.test_audit import world as world_on_sqlite
from tests.integration.api.test_audit_on_postgres import world as world_on_postgres
from tests.tampering import Hunt, World

pytestmark = [pytest.mark.slow, pytest.mark.timeout(0)]
__all__ = ["world_on_postgres", "world_on_sqlite"]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def world(request: pytest.FixtureRequest) -> World:
    """Return a town whose ledgers have grown."""
    found: World = request.getfixturevalue(f"world_on_{request.param}")
    return found


def test_whatever_is_changed_is_found_and_named(world: World) -> None:
    """As many flipped bits as ANXUN_FLIPS says; rows deleted, swapped, added; logs rolled back: figures are printed."""
    town, hunt = world.town, Hunt(world, SEED + 1)
    assert not world.faults()
    count = int(os.environ.get("ANXUN_FLIPS", "400"))
    hunt.flip(count)
    # Of each table: 100 beside 10,000 flips.
    most = max(10, count // 100)
    hunt.delete(most)
    hunt.swap(most)
    hunt.insert(most)
    # Below what the area has covered of a log, or a witness has cosigned of the area's.
    ends = {
        log_id_of(town.mine.id): 64,
        log_id_of(town.other.id): 9,
        area_log_id_of(town.area.id): 4,
    }
    ends |= {register_id_of(one.id): size for one, size in ((town.mine, 23), (town.other, 3))}
    hunt.roll_back(list(ends.items()), min(most, 20))
    database = "SQLite" if world.is_sqlite else "PostgreSQL"
    # Seen with -s: what a report of this hunt quotes.
    sys.stdout.write(f"\n{database}, {hunt.figures()}\n")
    assert not hunt.missed, "\n".join(hunt.missed[:20])
    assert not world.faults()
