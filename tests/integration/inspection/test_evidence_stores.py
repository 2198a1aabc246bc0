"""One contract for every evidence store: memory, a folder, a real S3."""

import errno
import io
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest
from minio import Minio
from minio.commonconfig import ENABLED, GOVERNANCE
from minio.retention import Retention
from minio.versioningconfig import VersioningConfig

from inspection.errors import (
    EvidenceHashMismatch,
    InvalidInput,
    PartOutOfOrder,
    StorageFull,
    StorageLocked,
    StorageUnavailable,
)
from inspection.evidence import EvidenceStore
from inspection.s3 import S3Store
from inspection.stores import FolderStore, MemoryStore
from tests.builders import sha256_of

# The same in every process: its hash is part of names of tests, which workers compare.
DATA = random.Random(1).randbytes(3_000_000)  # noqa: S311  bytes to store, not a secret
NAME = sha256_of(DATA)
KEY = f"{'0' * 32}-{NAME}"


class BrokenLine:
    """Sends some bytes, then the line breaks, or a disk fills up."""

    def __init__(self, data: bytes, error: OSError) -> None:
        self._data, self._error = data, error

    def read(self, size: int, /) -> bytes:
        """Return what is left, then raise."""
        data, self._data = self._data[:size], self._data[size:]
        if not data:
            raise self._error
        return data


@pytest.fixture(params=["memory", "folder", pytest.param("s3", marks=pytest.mark.s3)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> EvidenceStore:
    """Return an empty store of each kind."""
    kinds: dict[str, Callable[[], EvidenceStore]] = {
        "memory": MemoryStore,
        "folder": lambda: FolderStore(tmp_path / "evidence"),
        "s3": lambda: S3Store.from_url(request.getfixturevalue("s3_url")),
    }
    return kinds[request.param]()


def _read(store: EvidenceStore, sha256: str) -> bytes:
    with store.open(sha256) as source:
        return source.read()


def test_what_is_put_is_there(store: EvidenceStore) -> None:
    """Twice is once."""
    assert not store.has(NAME)
    for _ in range(2):
        assert store.put(NAME, io.BytesIO(DATA)) == len(DATA)
    assert store.has(NAME)
    assert store.size(NAME) == len(DATA)
    assert _read(store, NAME) == DATA


def test_wrong_bytes_are_not_kept(store: EvidenceStore) -> None:
    """The refusal names both hashes."""
    wrong = sha256_of(b"other")
    with pytest.raises(EvidenceHashMismatch) as refusal:
        store.put(wrong, io.BytesIO(DATA))
    assert (refusal.value.expected, refusal.value.actual) == (wrong, NAME)
    assert not store.has(wrong)


def test_a_line_that_breaks_leaves_nothing(store: EvidenceStore) -> None:
    """Half a photo is no photo."""
    with pytest.raises(ConnectionError):
        store.put(NAME, BrokenLine(DATA[:100], ConnectionError()))
    assert not store.has(NAME)


def test_what_is_not_there_is_said_to_be_lost(store: EvidenceStore) -> None:
    """Rows are written after bytes, so this is the store's fault."""
    for look in (store.open, store.size):
        with pytest.raises(StorageUnavailable, match=NAME):
            look(NAME)
    with pytest.raises(StorageUnavailable):
        store.finish_part(KEY, NAME)


@pytest.mark.parametrize("name", ["../../etc/passwd", "AB" * 32, "", NAME + "/x"])
def test_a_name_that_is_no_hash_is_refused(store: EvidenceStore, name: str) -> None:
    """It would become a path."""
    with pytest.raises(ValueError, match="does not name evidence"):
        store.put(name, io.BytesIO(DATA))


def test_parts_go_on_where_the_line_broke(store: EvidenceStore) -> None:
    """What came before the break stays; out of order is refused; the whole is checked and kept."""
    assert store.part_size(KEY) == 0
    with store.open_part(KEY) as nothing:
        assert nothing.read() == b""
    with pytest.raises(ConnectionError):
        store.append_part(KEY, 0, BrokenLine(DATA[:1_500_000], ConnectionError()))
    assert store.part_size(KEY) == 1_500_000
    with pytest.raises(PartOutOfOrder):
        store.append_part(KEY, 7, io.BytesIO(DATA[7:]))
    assert store.append_part(KEY, 1_500_000, io.BytesIO(DATA[1_500_000:])) == len(DATA)
    with store.open_part(KEY) as whole:
        assert whole.read() == DATA
    assert store.finish_part(KEY, NAME) == len(DATA)
    assert _read(store, NAME) == DATA
    assert store.part_size(KEY) == 0


def test_a_wrong_whole_is_forgotten(store: EvidenceStore) -> None:
    """Neither kept, nor in the way of the next try."""
    store.append_part(KEY, 0, io.BytesIO(b"something else"))
    with pytest.raises(EvidenceHashMismatch):
        store.finish_part(KEY, NAME)
    assert store.part_size(KEY) == 0
    assert not store.has(NAME)


def test_old_parts_are_swept_and_evidence_is_not(store: EvidenceStore) -> None:
    """A phone that never came back costs no room for ever."""
    store.put(NAME, io.BytesIO(DATA))
    store.append_part(KEY, 0, io.BytesIO(b"begun"))
    now = datetime.now(UTC)
    assert store.sweep(now - timedelta(hours=1)) == 0
    assert store.part_size(KEY) == 5
    assert store.sweep(now + timedelta(hours=1)) == 1
    assert store.part_size(KEY) == 0
    assert store.has(NAME)
    store.drop_part(KEY)


def test_many_may_put_the_same_at_once(store: EvidenceStore) -> None:
    """All succeed, and the bytes are right."""
    threads = [Thread(target=store.put, args=(NAME, io.BytesIO(DATA))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _read(store, NAME) == DATA


def test_a_full_disk_is_said_by_name_and_leaves_nothing(tmp_path: Path) -> None:
    """Whether it fills up while writing, or is nearly full already."""
    store = FolderStore(tmp_path)
    full = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(StorageFull):
        store.put(NAME, BrokenLine(DATA[:100], full))
    assert not store.has(NAME)
    assert not list((tmp_path / "staging").iterdir())
    nearly = FolderStore(tmp_path, reserved_bytes=1 << 62)
    for write in (
        lambda: nearly.put(NAME, io.BytesIO(DATA)),
        lambda: nearly.append_part(KEY, 0, io.BytesIO(DATA)),
    ):
        with pytest.raises(StorageFull):
            write()
    store.append_part(KEY, 0, io.BytesIO(DATA))
    with pytest.raises(StorageFull):
        nearly.finish_part(KEY, NAME)
    assert store.finish_part(KEY, NAME) == len(DATA)


def test_another_fault_of_the_disk_is_not_hidden(tmp_path: Path) -> None:
    """Only a full disk is called full."""
    with pytest.raises(OSError, match="broken"):
        FolderStore(tmp_path).put(NAME, BrokenLine(b"x", OSError(errno.EIO, "broken")))


def test_what_a_crash_left_is_swept(tmp_path: Path) -> None:
    """A staged file without an owner."""
    store = FolderStore(tmp_path)
    (tmp_path / "staging" / "left").write_bytes(b"half")
    assert store.sweep(datetime.now(UTC) + timedelta(seconds=5)) == 1


@pytest.mark.parametrize(
    "url", ["http://h/b", "s3://h/b", "s3://k:s@h", "s3://k:s@/b", "folder", "s3://k:s@h:9/b/"]
)
def test_an_s3_address_that_is_none_is_refused_or_does_not_answer(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message shows what one looks like."""
    if url.endswith("/b/"):
        url = "s3://k:s@127.0.0.1:9/bucket?secure=0"
        monkeypatch.setattr("urllib3.util.retry.Retry.DEFAULT_BACKOFF_MAX", 0)
        with pytest.raises(StorageUnavailable):
            S3Store.from_url(url)
        return
    with pytest.raises(InvalidInput, match="s3://KEY:SECRET@HOST"):
        S3Store.from_url(url)


@pytest.mark.s3
def test_a_wrong_secret_is_unavailable(s3_url: str) -> None:
    """Not an error of the caller's photo."""
    S3Store.from_url(s3_url)
    with pytest.raises(StorageUnavailable):
        S3Store.from_url(s3_url.replace("-secret@", "-wrong@"))


def test_what_is_removed_is_gone(store: EvidenceStore) -> None:
    """The bytes go, once; others stay; they may come again."""
    other = b"another"
    for data in (DATA, other):
        store.put(sha256_of(data), io.BytesIO(data))
    assert [store.remove(NAME), store.remove(NAME)] == [True, False]
    assert not store.has(NAME)
    assert _read(store, sha256_of(other)) == other
    store.put(NAME, io.BytesIO(DATA))
    assert _read(store, NAME) == DATA


def test_a_folder_that_refuses_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An immutable file or a read-only disk: the error names the file and what happens next."""
    store = FolderStore(tmp_path)
    store.put(NAME, io.BytesIO(DATA))

    def refuse(self: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(StorageLocked, match="refuses to delete"):
        store.remove(NAME)


@pytest.mark.s3
def test_a_bucket_with_object_lock_says_so(s3_url: str) -> None:
    """While the lock holds the bytes stay and the error says why; every version goes once it is over."""
    parts = urlsplit(s3_url)
    client = Minio(parts.netloc.rpartition("@")[2], parts.username, parts.password, secure=False)
    bucket = parts.path.strip("/")
    client.make_bucket(bucket, object_lock=True)
    store = S3Store.from_url(s3_url)
    store.put(NAME, io.BytesIO(DATA))
    until = datetime.now(UTC) + timedelta(hours=1)
    client.set_object_retention(bucket, f"evidence/{NAME}", Retention(GOVERNANCE, until))
    with pytest.raises(StorageLocked, match="locks objects"):
        store.remove(NAME)
    assert _read(store, NAME) == DATA


@pytest.mark.s3
def test_every_version_goes_from_a_bucket_with_versions(s3_url: str) -> None:
    """A plain delete would only hide the bytes."""
    parts = urlsplit(s3_url)
    client = Minio(parts.netloc.rpartition("@")[2], parts.username, parts.password, secure=False)
    bucket = parts.path.strip("/")
    store = S3Store.from_url(s3_url)
    client.set_bucket_versioning(bucket, VersioningConfig(ENABLED))
    for _ in range(2):
        store.put(NAME, io.BytesIO(DATA))
    client.remove_object(bucket, f"evidence/{NAME}")
    assert store.remove(NAME)
    assert list(client.list_objects(bucket, "evidence/", include_version=True)) == []
    assert not store.remove(NAME)
