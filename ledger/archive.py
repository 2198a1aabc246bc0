"""The layout of an export, and reading one that nobody vouches for: no path is followed, no size is believed.

manifest.json                what this is; not signed, so checked against what is
checkpoint                   C2SP signed checkpoint
key.vkey                     the key that signed it
entries.jsonl                an entry a line: canonical JSON of content, header, leaf_hash, salt
proofs/<index>.tlog-proof    of a partial export only, one an entry
keys/<index>.tlog-proof      a change of the key that signs the log, announced by this entry
evidence/<sha256>            the attachments' bytes
area.tlog-proof              where an area covers the log: proof of it, with the witnesses' cosignatures
area.vkey                    the key that signed the area's checkpoint
area-keys/<index>.tlog-proof a change of the key that signs the area's log
index.html                   the same to read
"""

import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import IO, Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ledger.errors import (
    DuplicateMember,
    MalformedManifest,
    MissingMember,
    OversizedMember,
    UnexpectedMember,
    UnreadableBundle,
    UnsafeName,
)

FORMAT_V1: Final = "anxun-ledger-bundle/v1"
FORMAT_V2: Final = "anxun-ledger-bundle/v2"
FORMAT_V3: Final = "anxun-ledger-bundle/v3"
FORMAT_V4: Final = "anxun-ledger-bundle/v4"
WITH_AREA: Final = frozenset({FORMAT_V3, FORMAT_V4})
WITH_KEY_CHANGES: Final = frozenset({FORMAT_V4})
MANIFEST, CHECKPOINT, KEY = "manifest.json", "checkpoint", "key.vkey"
ENTRIES, PAGE = "entries.jsonl", "index.html"
PROOFS, EVIDENCE = "proofs/", "evidence/"
AREA, AREA_KEY, AREA_MEMBERS = "area.tlog-proof", "area.vkey", "area."
KEY_CHANGES, AREA_KEY_CHANGES = "keys/", "area-keys/"

# Every line holds three random hashes and a salt, which do not compress: real exports stay below 20.
MAX_RATIO = 200
MAX_SMALL_BYTES = 1 << 20
MAX_LINE_BYTES = 16 << 20
CHUNK_BYTES = 1 << 20

_NAME_LENGTHS_AT = 26  # in a local file header
_PIECE_BYTES = 64

_FIXED = frozenset({MANIFEST, CHECKPOINT, KEY, ENTRIES, PAGE, AREA, AREA_KEY})
_NAMED = re.compile(
    r"(?:proofs|keys|area-keys)/(0|[1-9][0-9]{0,18})\.tlog-proof|evidence/[0-9a-f]{64}", re.ASCII
)
_FOLDERS = frozenset({PROOFS, EVIDENCE, KEY_CHANGES, AREA_KEY_CHANGES})
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
# RuntimeError: a member that asks for a password.
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, ValueError)
_Line = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


class Manifest(BaseModel):
    """What an export says about itself."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    format: Literal[
        "anxun-ledger-bundle/v1",
        "anxun-ledger-bundle/v2",
        "anxun-ledger-bundle/v3",
        "anxun-ledger-bundle/v4",
    ] = FORMAT_V4
    title: _Line
    origin: _Line
    log: _Line
    tree_size: int = Field(ge=0)
    entries: int = Field(ge=0)
    evidence: int = Field(ge=0)
    partial: bool
    created_at: _Line

    @classmethod
    def from_json(cls, text: bytes) -> "Manifest":
        """Read a manifest. Raises MalformedManifest."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            msg = f"{MANIFEST}: {where}: {first['msg']}"
            raise MalformedManifest(msg, member=MANIFEST) from error


class Archive:
    """A zip archive whose names were found safe, unique and expected."""

    def __init__(self, path: Path) -> None:
        """Open it. Raises UnreadableBundle, UnsafeName, DuplicateMember, UnexpectedMember, OversizedMember."""
        with ExitStack() as opened:
            try:
                # A file of our own: a zip file leaves its own open while a member of it is read.
                self._file = opened.enter_context(path.open("rb"))
                self._zip = opened.enter_context(zipfile.ZipFile(self._file))
            except (OSError, *_DAMAGE) as error:
                msg = f"{path.name} is not a readable zip archive: {error}"
                raise UnreadableBundle(msg) from error
            self._members = _checked(self._zip.infolist(), path.stat().st_size)
            self._opened = opened.pop_all()

    def __enter__(self) -> "Archive":
        """Use it in a `with` block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._opened.close()

    def names(self, folder: str) -> set[str]:
        """Return the full names of the members of a folder."""
        return {name for name in self._members if name.startswith(folder)}

    def size(self, name: str) -> int:
        """Return how many bytes a member unpacks to. Raises MissingMember."""
        return self._info(name).file_size

    def read(self, name: str) -> bytes:
        """Return a small member. Raises MissingMember, OversizedMember, UnreadableBundle."""
        if self.size(name) > MAX_SMALL_BYTES:
            msg = f"{name} has {self.size(name)} bytes, more than {MAX_SMALL_BYTES}"
            raise OversizedMember(msg, member=name)
        return b"".join(self.chunks(name))

    def read_text(self, name: str) -> str:
        """Return a small UTF-8 member. Raises UnreadableBundle as well."""
        try:
            return self.read(name).decode()
        except UnicodeDecodeError as error:
            msg = f"{name} is not UTF-8"
            raise UnreadableBundle(msg, member=name) from error

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield a member's bytes, a piece at a time."""
        with self._open(name) as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk

    def lines(self, name: str) -> Iterator[bytes]:
        """Yield a member's lines without their newline. The last one needs a newline too.

        Raises OversizedMember, UnreadableBundle.
        """
        yield from _lines_of(name, self.chunks(name))

    def lines_despite_damage(self, name: str) -> Iterator[bytes]:
        """Yield the lines that can be unpacked, without regard to the archive's checksum, to find a damaged one."""
        packed = self._packed(self._info(name))
        if self._info(name).compress_type == zipfile.ZIP_STORED:
            yield from _lines_of(name, iter([packed]))
        else:
            yield from _lines_of(name, _inflated(packed))

    def _packed(self, info: zipfile.ZipInfo) -> bytes:
        """Return a member's packed bytes; none where the archive's directory leads nowhere."""
        try:
            self._file.seek(info.header_offset + _NAME_LENGTHS_AT)
            name_bytes, extra_bytes = struct.unpack("<HH", self._file.read(4))
            self._file.seek(name_bytes + extra_bytes, os.SEEK_CUR)
            return self._file.read(info.compress_size)
        except (OSError, struct.error):
            return b""

    def _info(self, name: str) -> zipfile.ZipInfo:
        try:
            return self._members[name]
        except KeyError as error:
            msg = f"{name} is missing"
            raise MissingMember(msg, member=name) from error

    @contextmanager
    def _open(self, name: str) -> Iterator[IO[bytes]]:
        info = self._info(name)
        try:
            with self._zip.open(info) as file:
                yield file
        except (OSError, *_DAMAGE) as error:
            msg = f"{name} can't be unpacked: {error}"
            raise UnreadableBundle(msg, member=name) from error


def _lines_of(name: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
    number, rest = 0, b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            number += 1
            _check_length(name, number, line)
            yield line
        _check_length(name, number + 1, rest)
    if rest:
        raise _cut_off(name, number + 1)


def _check_length(name: str, number: int, line: bytes) -> None:
    if len(line) >= MAX_LINE_BYTES:
        raise _cut_off(name, number)


def _cut_off(name: str, number: int) -> OversizedMember:
    msg = f"{name}: line {number} is cut off or longer than {MAX_LINE_BYTES} bytes"
    return OversizedMember(msg, member=name)


def _inflated(packed: bytes) -> Iterator[bytes]:
    """Yield what a deflated member holds before its first damage, in small pieces so that little is lost."""
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    with suppress(zlib.error):
        for at in range(0, len(packed), _PIECE_BYTES):
            yield inflate.decompress(packed[at : at + _PIECE_BYTES])


def _checked(infos: list[zipfile.ZipInfo], archive_bytes: int) -> dict[str, zipfile.ZipInfo]:
    members: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        name = info.orig_filename
        _check_name(info, name)
        if name in members:
            msg = f"{name} is there twice"
            raise DuplicateMember(msg, member=name)
        if info.file_size > max(MAX_SMALL_BYTES, MAX_RATIO * info.compress_size):
            msg = f"{name} would unpack from {info.compress_size} to {info.file_size} bytes"
            raise OversizedMember(msg, member=name)
        if info.compress_type not in _METHODS:
            msg = f"{name} is packed by method {info.compress_type}; only stored and deflated are read"
            raise UnreadableBundle(msg, member=name)
        members[name] = info
    packed = sum(info.compress_size for info in members.values())
    if packed > archive_bytes:
        msg = f"members of {packed} packed bytes overlap in a file of {archive_bytes}"
        raise OversizedMember(msg)
    return {name: info for name, info in members.items() if name not in _FOLDERS}


def _check_name(info: zipfile.ZipInfo, name: str) -> None:
    path = PurePosixPath(name)
    is_link = stat.S_ISLNK(info.external_attr >> 16)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or is_link:
        msg = f"the name {name!r} would leave its folder"
        raise UnsafeName(msg, member=name)
    if name not in _FIXED | _FOLDERS and not _NAMED.fullmatch(name):
        msg = f"{name!r} does not belong in an export"
        raise UnexpectedMember(msg, member=name)
