"""Evidence in any S3 (MinIO, SeaweedFS, a cloud's), through the ``minio`` client."""

import io
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, BinaryIO, Self
from urllib.parse import parse_qs, unquote, urlsplit

from minio import Minio
from minio.datatypes import Object
from minio.error import InvalidResponseError, S3Error, ServerError
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from inspection.errors import (
    EvidenceHashMismatch,
    InvalidInput,
    PartOutOfOrder,
    StorageLocked,
    StorageUnavailable,
)
from inspection.evidence import CHUNK, ByteSource, checked_chunks
from inspection.stores import check_name, lost, no_room_is_storage_full

if TYPE_CHECKING:
    from typing_extensions import Buffer

_LOCKED = {"AccessDenied", "ObjectLocked", "InvalidRequest", "MethodNotAllowed"}
_ABSENT = {"NoSuchKey", "NoSuchObject", "ResourceNotFound"}


class S3Store:
    """A bucket of any S3: ``evidence/<sha256>``, and ``parts/<key>/<offset>`` for uploads in parts.

    Nothing is kept on this machine but a temporary file while bytes are checked, so any number of servers can
    share a bucket, and each part of an upload may reach another one.
    """

    def __init__(self, client: Minio, bucket: str) -> None:
        self._client, self._bucket = client, bucket

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Return the store at ``s3://KEY:SECRET@HOST:PORT/BUCKET`` (``?secure=0`` for plain HTTP); make the bucket.

        Key and secret are percent-encoded where they hold ``/ : @``. Raises `InvalidInput` for another address,
        `StorageUnavailable` when nothing answers there.
        """
        parts = urlsplit(url)
        bucket = parts.path.strip("/")
        if parts.scheme != "s3" or not parts.hostname or not bucket or parts.username is None:
            msg = "an S3 evidence address looks like s3://KEY:SECRET@HOST:PORT/BUCKET"
            raise InvalidInput(msg)
        secure = parse_qs(parts.query).get("secure", ["1"])[0] != "0"
        host = parts.hostname if parts.port is None else f"{parts.hostname}:{parts.port}"
        client = Minio(
            host,
            access_key=unquote(parts.username),
            secret_key=unquote(parts.password or ""),
            secure=secure,
        )
        with _failure_is_unavailable():
            if not client.bucket_exists(bucket):
                client.make_bucket(bucket)
        return cls(client, bucket)

    def put(self, sha256: str, source: ByteSource) -> int:
        """Keep the bytes; see `EvidenceStore`. They are checked before the bucket gets them."""
        check_name(sha256)
        with no_room_is_storage_full(), tempfile.TemporaryFile() as staged:
            for chunk in checked_chunks(source, sha256):
                staged.write(chunk)
            size = staged.tell()
            staged.seek(0)
            self._put(f"evidence/{sha256}", staged, size)
        return size

    def open(self, sha256: str) -> BinaryIO:
        """Return the bytes; see `EvidenceStore`."""
        return self._open(f"evidence/{sha256}")

    def has(self, sha256: str) -> bool:
        """Return whether the bytes are there."""
        return self._size(f"evidence/{sha256}") is not None

    def size(self, sha256: str) -> int:
        """Return the number of bytes; see `EvidenceStore`."""
        size = self._size(f"evidence/{sha256}")
        if size is None:
            raise lost(sha256)
        return size

    def remove(self, sha256: str) -> bool:
        """Delete the bytes; see `EvidenceStore`. In a bucket with versions a plain delete would only hide them."""
        check_name(sha256)
        name, removed = f"evidence/{sha256}", False
        with _failure_is_unavailable():
            listed = self._client.list_objects(self._bucket, name, include_version=True)
            versions = [item for item in listed if item.object_name == name]
        for item in versions:
            self._remove_version(sha256, item)
            removed = removed or not item.is_delete_marker
        return removed

    def _remove_version(self, sha256: str, item: Object) -> None:
        # Without versions the bucket calls its only one "null".
        version = None if item.version_id in (None, "null") else item.version_id
        with _failure_is_unavailable():
            try:
                self._client.remove_object(self._bucket, f"evidence/{sha256}", version_id=version)
            except S3Error as error:
                if error.code in _LOCKED:
                    raise StorageLocked(sha256, str(error.message)) from error
                raise

    def part_size(self, key: str) -> int:
        """Return how many bytes of the upload were received, without a gap."""
        return sum(size for _, size in self._pieces(key))

    def append_part(self, key: str, offset: int, source: ByteSource) -> int:
        """Add bytes to the upload; see `EvidenceStore`."""
        check_name(key)
        received = self.part_size(key)
        if received != offset:
            raise PartOutOfOrder(received, offset)
        with no_room_is_storage_full(), tempfile.TemporaryFile() as staged:
            try:
                while chunk := source.read(CHUNK):
                    staged.write(chunk)
            finally:
                size = staged.tell()
                staged.seek(0)
                if size:
                    self._put(f"parts/{key}/{offset:016d}", staged, size)
        return offset + size

    def open_part(self, key: str) -> BinaryIO:
        """Return the bytes received so far."""
        whole = tempfile.TemporaryFile()  # noqa: SIM115  the caller closes it
        for name, _ in self._pieces(key):
            with self._open(name) as piece:
                shutil.copyfileobj(piece, whole, CHUNK)
        whole.seek(0)
        return whole

    def finish_part(self, key: str, sha256: str) -> int:
        """Keep the upload under its hash; see `EvidenceStore`."""
        if not self.part_size(key):
            raise lost(sha256)
        try:
            with self.open_part(key) as whole:
                size = self.put(sha256, whole)
        except EvidenceHashMismatch:
            self.drop_part(key)
            raise
        self.drop_part(key)
        return size

    def drop_part(self, key: str) -> None:
        """Forget the upload."""
        check_name(key)
        self._remove(self._list(f"parts/{key}/"))

    def sweep(self, before: datetime) -> int:
        """Forget pieces of uploads that nobody touched."""
        return self._remove(
            item
            for item in self._list("parts/")
            if item.last_modified is not None and item.last_modified < before
        )

    def _put(self, name: str, source: BinaryIO, size: int) -> None:
        with _failure_is_unavailable():
            self._client.put_object(self._bucket, name, source, size)

    def _open(self, name: str) -> BinaryIO:
        with _failure_is_unavailable():
            response = self._client.get_object(self._bucket, name)
        return io.BufferedReader(_ResponseReader(response), CHUNK)

    def _size(self, name: str) -> int | None:
        with _failure_is_unavailable():
            try:
                return self._client.stat_object(self._bucket, name).size
            except S3Error as error:
                if error.code in _ABSENT:
                    return None
                raise

    def _list(self, prefix: str) -> list[Object]:
        with _failure_is_unavailable():
            return list(self._client.list_objects(self._bucket, prefix, recursive=True))

    def _pieces(self, key: str) -> Iterator[tuple[str, int]]:
        check_name(key)
        received = 0
        for item in self._list(f"parts/{key}/"):
            name, size = item.object_name or "", item.size or 0
            # Two servers may have taken the same piece twice; a piece out of line is not counted.
            if int(name.rpartition("/")[2]) == received:
                yield name, size
                received += size

    def _remove(self, items: Iterable[Object]) -> int:
        removed = 0
        for item in items:
            with _failure_is_unavailable():
                self._client.remove_object(self._bucket, item.object_name or "")
            removed += 1
        return removed


class _ResponseReader(io.RawIOBase):
    """An S3 answer as a file; closing it gives its connection back."""

    def __init__(self, response: BaseHTTPResponse) -> None:
        super().__init__()
        self._response = response

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "Buffer", /) -> int:
        view = memoryview(buffer).cast("B")
        with _failure_is_unavailable():
            data = self._response.read(len(view))
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._response.close()
            self._response.release_conn()
        super().close()


@contextmanager
def _failure_is_unavailable() -> Iterator[None]:
    try:
        yield
    except (S3Error, ServerError, InvalidResponseError, HTTPError) as error:
        msg = f"the evidence store failed: {error}"
        raise StorageUnavailable(msg) from error
