"""An export in whose middle content is erased: the bundle verifies, and shows one state of the ledger."""

import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from api.export_desk import export_to_file
from api.exports import export_bundle
from inspection.database import BUSY_TIMEOUT_S
from inspection.journal import log_id_of
from inspection.removals import queued_removals, remove_queued
from inspection.stores import FolderStore
from inspection.wire import utc_now
from ledger.log import latest_checkpoint
from ledger.sql import SqlStore
from ledger.verify import verify_bundle
from tests.builders import id_of, jpeg, sha256_of
from tests.integration.api.conftest import site_settings
from tests.integration.api.test_erasures import find, order
from tests.sites import Site, open_site

Export = Callable[[Site, Path], None]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """Serve on either database."""
    is_sqlite = request.param == "sqlite"
    changes = {} if is_sqlite else {"database_url": request.getfixturevalue("postgres_url")}
    with open_site(site_settings(tmp_path, **changes)) as site:
        yield site


def by_command(site: Site, target: Path) -> None:
    """Export as `anxun export` does."""
    export_to_file(site.parts.settings, id_of(site.town.mine), target)


def by_api(site: Site, target: Path) -> None:
    """Export as a download does."""
    with site.parts.read() as session:
        checkpoint = latest_checkpoint(SqlStore(session), log_id_of(id_of(site.town.mine)))
    assert checkpoint is not None
    export_bundle(site.parts, id_of(site.town.mine), checkpoint, out := io.BytesIO())
    target.write_bytes(out.getvalue())


@pytest.mark.parametrize("export", [by_command, by_api])
def test_what_is_erased_in_the_middle_of_an_export_is_in_it_as_before(
    site: Site, export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entries were read, photos not yet; then the erasure is carried out, beside the export and without waiting for it."""
    indices = [find(site, jpeg(number)) for number in range(4)]
    site.parts.publisher.publish_grown()
    opened, waited_s = FolderStore.open, list[float]()

    def erase_first(store: FolderStore, sha256: str) -> BinaryIO:
        if not waited_s:
            began = time.monotonic()
            waited_s.append(0)
            order(site, *indices)
            # The server's own thread may be faster.
            site.parts.keeper.run_once()
            entry = site.get("officer", site.own(f"/ledger/entries/{indices[-1]}")).json()
            assert entry["content"] is None
            waited_s[0] = time.monotonic() - began
        return opened(store, sha256)

    monkeypatch.setattr(FolderStore, "open", erase_first)
    export(site, before := tmp_path / "before.zip")
    monkeypatch.undo()
    assert waited_s[0] < BUSY_TIMEOUT_S / 2
    report = verify_bundle(before)
    assert (report.erased, report.evidence_files) == (0, len(indices))
    assert site.parts.evidence.has(sha256_of(jpeg(0)))
    # The export has ended, so the bytes may go now; an export that begins now is of what is left.
    with site.parts.write.begin() as session:
        later = utc_now().replace(year=utc_now().year + 1)
        for enterprise_id, sha256 in queued_removals(session, later):
            assert remove_queued(session, site.parts.evidence, enterprise_id, sha256, later).is_gone
    assert not site.parts.evidence.has(sha256_of(jpeg(0)))
    export(site, after := tmp_path / "after.zip")
    report = verify_bundle(after)
    assert (report.erased, report.evidence_files) == (len(indices), 0)


def test_an_export_by_command_lets_others_write(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While photos are read, which takes long, devices deliver."""
    find(site, jpeg(1))
    opened, delivered = FolderStore.open, list[int]()

    def deliver_first(store: FolderStore, sha256: str) -> BinaryIO:
        if not delivered:
            delivered.append(-1)
            delivered[0] = find(site, jpeg(2))
        return opened(store, sha256)

    monkeypatch.setattr(FolderStore, "open", deliver_first)
    by_command(site, target := tmp_path / "x.zip")
    assert delivered == [1]
    assert verify_bundle(target).entries == 1
