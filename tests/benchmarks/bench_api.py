"""Findings per second through real HTTP, beside bare inserts into the same database, in one run.

A `anxun serve` process on SQLite takes batches of 100 drafts over one connection; each draft becomes a finding, joins
an item and is appended to the ledger in one durable transaction a batch. The bare figure inserts as many rows as wide
as a finding into the same file with the same durability, 100 a commit.
"""

import hashlib
import sqlite3
import tempfile
import time
from pathlib import Path
from uuid import UUID

import httpx
import uuid_utils.compat

from inspection.wire import FindingDraft, Source, SourceKind, utc_now
from tests.served import Served, serving

BATCH = 100
BATCHES = 20


def run() -> list[str]:
    """Return the printed lines. Takes about 20 s."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with serving(home) as served:
            through_http = _through_http(served)
        bare = _bare_inserts(next(home.rglob("anxun.db")))
    return [
        f"findings through HTTP, batches of {BATCH}: {through_http:8.0f} /s",
        f"bare inserts, the same database:    {bare:8.0f} /s",
        f"ratio: {bare / through_http:.1f} x the time of a bare insert",
    ]
