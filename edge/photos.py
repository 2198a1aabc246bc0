"""The photos of a folder, in a stable order: read, hashed, decoded upright, dated."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from edge.capture import Capture, TimeSource
from edge.errors import FolderMissing
from inspection.wire import Source, SourceKind
from models.pictures import decode_picture

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif"})
MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo file. `path` is relative to the patrol folder, with slashes."""

    path: str
    file: Path


@dataclass(frozen=True, slots=True)
class PhotoBytes:
    """A photo's original bytes and their name."""

    photo: Photo
    data: bytes
    sha256: str


class PhotoUnreadable(Exception):
    """The file itself cannot be read: no permission, a broken disk."""

    def __init__(self, photo: Photo, reason: str) -> None:
        self.photo, self.reason = photo, reason
        super().__init__(f"{photo.path} cannot be read: {reason}")


def find_photos(folder: Path) -> list[Photo]:
    """Return all photos under a folder by their names, sorted by path; hidden ones are left out.

    Raises:
        FolderMissing: there is no such folder.
    """
    if not folder.is_dir():
        raise FolderMissing(folder)
    photos = [
        Photo(file.relative_to(folder).as_posix(), file)
        for file in folder.rglob("*")
        if file.suffix.lower() in SUFFIXES and not _is_hidden(file.relative_to(folder))
    ]
    return sorted((photo for photo in photos if photo.file.is_file()), key=lambda photo: photo.path)


def _is_hidden(path: Path) -> bool:
    """macOS leaves `._IMG_1.jpg` beside IMG_1.jpg on every memory card."""
    return any(part.startswith(".") for part in path.parts)


def read_photo(photo: Photo) -> PhotoBytes:
    """Return a photo's bytes and hash.

    Raises:
        PhotoUnreadable: the operating system says no.
    """
    try:
        data = photo.file.read_bytes()
    except OSError as error:
        raise PhotoUnreadable(photo, error.strerror or str(error)) from error
    return PhotoBytes(photo, data, hashlib.sha256(data).hexdigest())


def open_capture(photo: PhotoBytes, detail_px: int | None = None) -> Capture:
    """Decode a photo into an upright capture. Its time is EXIF's, else the file's, and says which.

    With `detail_px` the capture's image may be smaller than the photo (see `decode_picture`); its evidence never is.

    Raises:
        models.errors.PictureError: the bytes are no picture that can be used.
    """
    picture = decode_picture(photo.data, detail_px=detail_px)
    if picture.taken_at is not None:
        captured_at, time_source = picture.taken_at.astimezone(UTC), TimeSource.EXIF
    else:
        changed_at_s = photo.photo.file.stat().st_mtime
        captured_at, time_source = datetime.fromtimestamp(changed_at_s, UTC), TimeSource.FILE
    return Capture(
        image_bgr=picture.image_bgr,
        captured_at=captured_at,
        time_source=time_source,
        source=Source(kind=SourceKind.PATROL, name=source_name(photo.photo.path)),
        encode=lambda: photo.data,
    )


def source_name(path: str) -> str:
    """Return a photo's path as a source name; of a very long one the end, which tells photos apart."""
    return path if len(path) <= MAX_NAME else f"…{path[1 - MAX_NAME :]}"
