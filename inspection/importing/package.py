"""What of an Excel file is opened at all. An .xlsx is a zip of XML: it is measured before anything of it is read."""

import re
import zipfile
from dataclasses import dataclass
from typing import BinaryIO

from inspection.errors import InvalidInput

# No larger than any other body that is no picture.
MAX_FILE_BYTES = 4 << 20
MAX_UNPACKED_BYTES = 64 << 20
MAX_PARTS = 300
_HEAD = 4096
_SHEET = re.compile(rb'<(?:\w+:)?sheet\b[^>]*?\br:id="([^"]+)"')
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\b[^>]*>")
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\b[^>]*?\bref="[A-Z]+([0-9]+):[A-Z]+([0-9]+)"')


@dataclass(frozen=True)
class Merged:
    """Cells that were merged, from row to row (from 1, both included)."""

    first: int
    last: int


def require_workbook(file: BinaryIO, size: int) -> tuple[Merged, ...]:
    """Return the merged cells of a file's first sheet.

    Raises `InvalidInput` for what is no .xlsx, is too large, unpacks to too much, or brings XML entities of its own.
    """
    if size > MAX_FILE_BYTES:
        raise InvalidInput(
            f"the file has {size} bytes, at most {MAX_FILE_BYTES} are taken; split it"
        )
    try:
        with zipfile.ZipFile(file) as package:
            _measure(package)
            return _merged(package)
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError, OSError):
        raise InvalidInput(
            "this is no .xlsx workbook; save it as an Excel workbook (.xlsx), without a password"
        ) from None
    finally:
        file.seek(0)


def _measure(package: zipfile.ZipFile) -> None:
    parts = package.infolist()
    # zipfile reads no more of a part than its entry declares, so what is declared bounds what is unpacked.
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > MAX_PARTS or unpacked > MAX_UNPACKED_BYTES:
        raise InvalidInput(
            f"the file unpacks to {unpacked} bytes in {len(parts)} parts; at most {MAX_UNPACKED_BYTES} in {MAX_PARTS} are taken"
        )
    for part in parts:
        if part.filename.endswith((".xml", ".rels")):
            with package.open(part) as source:
                head = source.read(_HEAD)
            if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
                raise InvalidInput("the file's XML declares entities; save it anew with Excel")


def _merged(package: zipfile.ZipFile) -> tuple[Merged, ...]:
    said = package.read(_first_sheet(package))
    return tuple(Merged(int(first), int(last)) for first, last in _MERGED.findall(said))


def _first_sheet(package: zipfile.ZipFile) -> str:
    found = _SHEET.search(package.read("xl/workbook.xml"))
    wanted = b'Id="' + (found[1] if found else b"") + b'"'
    for relation in _RELATION.findall(package.read("xl/_rels/workbook.xml.rels")):
        target = re.search(rb'\bTarget="([^"]+)"', relation)
        if wanted in relation and target:
            name = target[1].decode()
            return name.lstrip("/") if name.startswith("/") else f"xl/{name}"
    raise KeyError("the first sheet")
