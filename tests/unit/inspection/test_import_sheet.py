"""Reading an import sheet: every bad cell is named with its place, and a hostile file is not opened."""

import contextlib
import io
import zipfile
from datetime import date, datetime

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.errors import InvalidInput
from inspection.importing import package
from inspection.importing.forms import FORMS, ImportKind
from inspection.importing.people import normal_contact
from inspection.importing.sheet import MAX_ROWS, Sheet, read_sheet
from inspection.importing.template import template_of
from tests.sheets import CODE, ENTERPRISES, PEOPLE, workbook

FORM = FORMS[ImportKind.ENTERPRISES]


def read(
    *rows: tuple[object, ...], headings: tuple[str, ...] = ENTERPRISES, merge: str = ""
) -> Sheet:
    """Read a workbook of enterprises."""
    return read_sheet(workbook(headings, *rows, merge=merge), FORM)


def faults(sheet: Sheet) -> list[tuple[int, str, str]]:
    """Return place and code of each fault."""
    return [(fault.row, fault.column, fault.code) for fault in sheet.faults]


@pytest.mark.parametrize("kind", ImportKind)
@pytest.mark.parametrize("is_chinese", [True, False])
def test_a_template_reads_back(kind: ImportKind, *, is_chinese: bool) -> None:
    """Headings in either language are found, and the example has no fault."""
    sheet = read_sheet(template_of(kind, is_chinese=is_chinese), FORMS[kind])
    assert sheet.faults == []
    assert set(sheet.rows[0].values) == {column.name for column in FORMS[kind]}


@pytest.mark.parametrize(
    "day", ["2026-01-31", "2026/1/31", "2026.1.31", "20260131", "2026年1月31日", date(2026, 1, 31), datetime(2026, 1, 31, 8)]  # noqa: DTZ001  as Excel has it
)  # fmt: skip
def test_a_day_is_read_however_it_is_written(day: object) -> None:
    """Dates as texts and dates as Excel keeps them are the same day."""
    sheet = read((CODE, "甲厂", "", "", "", "P", day, day))
    assert sheet.rows[0].get("plan_from") == "2026-01-31"


@pytest.mark.parametrize(
    ("cell", "column", "code"),
    [
        ("=1+1", "企业名称", "formula"),
        ("@SUM(A1)", "企业名称", "formula"),
        ("-cmd|calc", "企业名称", "formula"),
        ("+cmd", "企业名称", "formula"),
        (None, "企业名称", "missing"),
        ("x" * 201, "企业名称", "too_long"),
        (913303820000000000, "统一社会信用代码", "number"),
        ("maybe", "高危行业", "no_choice"),
        ("2026-02-30", "方案起始日", "date"),
        ("soon", "方案起始日", "date"),
        ("#REF!", "企业名称", "error"),
        (date(2026, 1, 1), "企业名称", "date"),
    ],
)  # fmt: skip
def test_a_bad_cell_is_named(cell: object, column: str, code: str) -> None:
    """Row, heading and code; the row is left out, the others are read."""
    row: list[object] = [CODE, "甲厂", "", "", "", "", "", ""]
    row[ENTERPRISES.index(column)] = cell
    sheet = read(tuple(row), (CODE, "乙厂"))
    assert faults(sheet) == [(2, column, code)]
    assert [each.number for each in sheet.rows] == [3]
    assert all(fault.message and fault.advice for fault in sheet.faults)


def test_merged_cells_are_named() -> None:
    """Of merged cells only the first has a value: every row of them is refused."""
    sheet = read((CODE, "甲厂"), (CODE, "乙厂"), (CODE, "丙厂"), merge="A2:A3")
    assert [code for _, _, code in faults(sheet) if code == "merged"] == ["merged", "merged"]
    assert [each.number for each in sheet.rows] == [4]


def test_headings_are_checked() -> None:
    """What is missing, unknown or there twice is said of row 1."""
    sheet = read((CODE, "x"), headings=("统一社会信用代码", "统一社会信用代码", "颜色"))
    assert {code for row, _, code in faults(sheet) if row == 1} == {"missing_column", "twice", "unknown_column"}  # fmt: skip


def test_numbers_that_were_typed_are_texts() -> None:
    """A telephone number that Excel took for a number is what was typed."""
    data = workbook(PEOPLE, (CODE, "王", "员工", 13800000000))
    sheet = read_sheet(data, FORMS[ImportKind.PEOPLE])
    assert sheet.rows[0].get("contact") == "13800000000"


def test_too_many_rows_are_refused() -> None:
    """One more than is taken is refused as a whole."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for _ in range(MAX_ROWS + 2):
        sheet.append(["x", "y"])
    file = io.BytesIO()
    book.save(file)
    with pytest.raises(InvalidInput, match="rows"):
        read_sheet(file.getvalue(), FORM)


def rezipped(data: bytes, name: str, content: bytes) -> bytes:
    """Return a workbook with one part replaced or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:  # fmt: skip
        for part in old.infolist():
            if part.filename != name:
                new.writestr(part, old.read(part))
        new.writestr(name, content)
    return out.getvalue()


def test_a_zip_bomb_is_not_unpacked() -> None:
    """A megabyte that unpacks to more than is taken is refused by what it declares."""
    bomb = rezipped(workbook(ENTERPRISES, (CODE, "x")), "xl/media/a.bin", bytes(package.MAX_UNPACKED_BYTES))  # fmt: skip
    assert len(bomb) < package.MAX_FILE_BYTES
    with pytest.raises(InvalidInput, match="unpacks"):
        read_sheet(bomb, FORM)


def test_entities_are_not_expanded() -> None:
    """XML that declares entities is refused before a parser sees it."""
    laughs = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'
    with pytest.raises(InvalidInput, match="entities"):
        read_sheet(rezipped(workbook(ENTERPRISES), "xl/sharedStrings.xml", laughs), FORM)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"name;code\n", b"\xd0\xcf\x11\xe0" * 99])
def test_what_is_no_workbook_is_refused(data: bytes) -> None:
    """CSV, an old .xls and a broken zip are refused in words."""
    with pytest.raises(InvalidInput, match="xlsx"):
        read_sheet(data, FORM)


def test_a_zip_without_a_sheet_is_refused() -> None:
    """A zip that is no workbook is refused in the same words."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("a.txt", "x")
    with pytest.raises(InvalidInput, match="xlsx"):
        read_sheet(out.getvalue(), FORM)


def test_too_large_a_file_is_refused() -> None:
    """It is measured before it is opened."""
    with pytest.raises(InvalidInput, match="bytes"):
        read_sheet(bytes(package.MAX_FILE_BYTES + 1), FORM)


@given(st.binary(max_size=400))
def test_rubbish_inside_the_sheet_is_refused_in_words(rubbish: bytes) -> None:
    """Whatever stands where the sheet belongs, the answer is a refusal or a reading, never a fault of the program."""
    data = rezipped(EMPTY, "xl/worksheets/sheet1.xml", rubbish)
    with contextlib.suppress(InvalidInput):
        read_sheet(data, FORM)


EMPTY = workbook(ENTERPRISES)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (" Wang@Example.com ", "wang@example.com"),
        ("+86 138-0000 0000", "13800000000"),
        ("13800000000", "13800000000"),
        ("123", None),
        ("wang@", None),
    ],
)
def test_an_address_has_one_form(written: str, kept: str | None) -> None:
    """So that the same person is not invited twice."""
    assert normal_contact(written) == kept
