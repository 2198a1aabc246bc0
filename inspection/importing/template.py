"""An empty form to fill in: headings, an example row, and a sheet that says what belongs where."""

from io import BytesIO

import xlsxwriter

from inspection.importing.forms import FORMS, CellForm, ImportKind
from inspection.importing.sheet import MAX_ROWS

_FORMS_ZH = {
    CellForm.TEXT: "文本",
    CellForm.DATE: "日期，如 2026-01-31",
    CellForm.YES_NO: "是 或 否",
}
_FORMS_EN = {CellForm.TEXT: "text", CellForm.DATE: "a date such as 2026-01-31", CellForm.YES_NO: "yes or no"}  # fmt: skip


def template_of(kind: ImportKind, *, is_chinese: bool = True) -> bytes:
    """Return a workbook whose first sheet is the form of a kind. Every cell below the headings is text: Excel changes nothing."""
    file = BytesIO()
    columns = FORMS[kind]
    with xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False}) as book:
        head = book.add_format({"bold": True, "bg_color": "#E9F0ED", "border": 1})
        text, example = book.add_format({"num_format": "@"}), book.add_format({"num_format": "@", "italic": True, "font_color": "#68746F"})  # fmt: skip
        form = book.add_worksheet("导入" if is_chinese else "Import")
        about = book.add_worksheet("说明" if is_chinese else "About")
        form.freeze_panes(1, 0)
        for at, column in enumerate(columns):
            label = column.label_zh if is_chinese else column.label_en
            form.set_column(at, at, max(14, len(column.example) * 1.6, len(label) * 2.2), text)
            form.write_string(0, at, label + ("*" if column.is_required else ""), head)
            form.write_string(1, at, column.example, example)
        words = (
            ("列", "必填", "内容", "示例") if is_chinese else ("Column", "Required", "Holds", "Example")
        )  # fmt: skip
        for at, word in enumerate(words):
            about.write_string(0, at, word, head)
            about.set_column(at, at, 24)
        for number, column in enumerate(columns, 1):
            holds = (_FORMS_ZH if is_chinese else _FORMS_EN)[column.form]
            required = ("是" if is_chinese else "yes") if column.is_required else ""
            label = f"{column.label_zh} / {column.label_en}"
            for at, word in enumerate((label, required, holds, column.example)):
                about.write_string(number, at, word)
        note = (
            f"第 2 行是示例，请覆盖或删除；最多 {MAX_ROWS} 行；不要合并单元格，不要公式。"
            if is_chinese
            else f"Row 2 is an example: overwrite or delete it. At most {MAX_ROWS} rows; no merged cells, no formulas."
        )
        about.write_string(len(columns) + 2, 0, note)
    return file.getvalue()
