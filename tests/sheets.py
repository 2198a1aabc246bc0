"""Excel workbooks for tests of the import."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import openpyxl

ENTERPRISES = ("统一社会信用代码", "企业名称", "片区", "地址", "高危行业", "服务方案编号", "方案起始日", "方案截止日")  # fmt: skip
PEOPLE = ("统一社会信用代码", "姓名", "角色", "手机或邮箱")
CAMERAS = ("统一社会信用代码", "设备名称", "摄像头名称", "视频地址")
CODE = "91330382MA2CB0001X"


def workbook(headings: Sequence[str], *rows: Sequence[Any], merge: str = "") -> bytes:
    """Return an .xlsx with these headings and rows; `merge` merges a range such as A2:A3."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(list(headings))
    for row in rows:
        sheet.append(list(row))
    if merge:
        sheet.merge_cells(merge)
    file = BytesIO()
    book.save(file)
    return file.getvalue()
