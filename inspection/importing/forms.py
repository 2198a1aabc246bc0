"""The columns of an import sheet. Headings are found in Chinese or English, in any order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class ImportKind(StrEnum):
    """What a sheet lists, a row each."""

    ENTERPRISES = "enterprises"
    PEOPLE = "people"
    CAMERAS = "cameras"


class CellForm(StrEnum):
    """What a cell must hold."""

    TEXT = "text"
    DATE = "date"
    YES_NO = "yes_no"


@dataclass(frozen=True)
class FormColumn:
    """A column: `name` is how programs call it. An example fills the template."""

    name: str
    label_zh: str
    label_en: str
    example: str
    is_required: bool = False
    form: CellForm = CellForm.TEXT
    longest: int = 200

    def is_called(self, heading: str) -> bool:
        """Return whether a heading means this column: in either language, with or without the star of the template."""
        said = heading.strip().rstrip("*＊").strip().casefold()
        return said in (self.label_zh.casefold(), self.label_en.casefold(), self.name)


_CREDIT_CODE = FormColumn(
    "credit_code", "统一社会信用代码", "Credit code", "91330382MA2CB0000X", is_required=True, longest=18
)  # fmt: skip
FORMS: Mapping[ImportKind, Sequence[FormColumn]] = MappingProxyType(
    {
        ImportKind.ENTERPRISES: (
            _CREDIT_CODE,
            FormColumn("name", "企业名称", "Name", "柳岸电器有限公司", is_required=True),
            FormColumn("area", "片区", "Area", "柳市"),
            FormColumn("address", "地址", "Address", "柳市镇工业路1号"),
            FormColumn("industry", "行业", "Industry", "低压电器制造"),
            FormColumn("is_high_risk", "高危行业", "High risk", "否", form=CellForm.YES_NO),
            FormColumn("plan_number", "服务方案编号", "Plan number", "FA-2026-001"),
            FormColumn("plan_from", "方案起始日", "Plan from", "2026-01-01", form=CellForm.DATE),
            FormColumn("plan_until", "方案截止日", "Plan until", "2026-12-31", form=CellForm.DATE),
        ),
        ImportKind.PEOPLE: (
            _CREDIT_CODE,
            FormColumn("name", "姓名", "Name", "王建国", is_required=True, longest=100),
            FormColumn("role", "角色", "Role", "安全管理员", is_required=True),
            FormColumn("contact", "手机或邮箱", "Phone or e-mail", "wang@example.com", is_required=True),
        ),
        ImportKind.CAMERAS: (
            _CREDIT_CODE,
            FormColumn("device", "设备名称", "Device", "盒子1", is_required=True),
            FormColumn("camera", "摄像头名称", "Camera", "东门", is_required=True),
            FormColumn("source", "视频地址", "Source", "rtsp://10.0.0.7/1", is_required=True, longest=500),
        ),
    }
)  # fmt: skip
