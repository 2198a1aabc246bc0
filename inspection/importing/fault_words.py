"""The faults of a sheet in Chinese, by their codes: what is wrong, and what to do. English is what the fault itself says."""

from collections.abc import Mapping
from typing import Final

from inspection.importing.sheet import RowFault

CHINESE: Final[Mapping[str, tuple[str, str]]] = {
    "twice": ("重复", "删去其中一处"),
    "credit_code": ("统一社会信用代码不正确", "应为 18 位数字或大写字母"),
    "not_yours": ("该代码已登记，不在您的管辖范围", "删去此行"),
    "area": ("片区缺失或不属于您", "填写您的片区名称"),
    "plan": ("服务方案不符", "编号和起止日期须齐全且先后正确；已有方案的日期不能在此更改"),
    "formula": ("是公式，或会被当作公式", "直接输入内容"),
    "merged": ("有合并单元格", "取消合并，逐格填写"),
    "missing": ("未填写", "请填写"),
    "unknown_column": ("没有这一列", "请使用模板的列名"),
    "missing_column": ("缺少这一列", "请从模板开始填写"),
    "too_long": ("过长", "请缩短"),
    "control": ("含控制字符", "请重新输入"),
    "number": ("长数字，Excel 会丢失末位", "把单元格设为文本后重新输入"),
    "date": ("不是日期，或此处不应为日期", "日期写成 2026-01-31；其他列设为文本"),
    "error": ("Excel 错误值", "直接输入内容"),
    "no_choice": ("不是“是”或“否”", "填写“是”或“否”"),
    "empty": ("表中没有数据行", "在列名下面填写数据"),
    "not_found": ("没有您可见的该企业", "先导入该企业，或改正代码"),
    "not_allowed": ("您在该企业的角色不能这样做", "请企业安全员或服务中心办理"),
    "role": ("没有这个角色", "填写“安全管理员”或“员工”"),
    "contact": ("不是手机号或邮箱", "请改正"),
    "device": ("没有此名称的设备，或有多台同名", "先登记设备，并使名称各不相同"),
    "source": ("不是摄像头地址", "写成 rtsp://10.0.0.7/1"),
    "password": ("地址中含密码", "写成 ${CAMERA_PASSWORD}，密码在设备上设置"),
    "other_source": ("该摄像头已有，地址不同", "请在设备页面修改"),
    "too_many": ("一台设备的摄像头过多", "其余的交给另一台设备"),
}


def words_of(fault: RowFault, *, is_chinese: bool) -> tuple[str, str]:
    """Return what is wrong and what to do, in a language; in English with the details of the very cell."""
    if is_chinese:
        return CHINESE[fault.code]
    return fault.message, fault.advice
