"""What happens to tickets and items, as reports say it, in both languages."""

from collections.abc import Mapping
from typing import Final

_ZH_EN: Final = {
    "pause_requested": ("申请暂停计时", "pause asked for"),
    "pause_approved": ("同意暂停计时", "pause granted"),
    "pause_refused": ("不同意暂停计时", "pause refused"),
    "pause_withdrawn": ("撤回暂停申请", "request for a pause withdrawn"),
    "pause_ended": ("恢复计时", "clock runs again"),
    "extension_requested": ("申请延期", "extension asked for"),
    "extension_approved": ("同意延期", "extension granted"),
    "extension_refused": ("不同意延期", "extension refused"),
    "escalated": ("超期上报", "escalated"),
    "escalate_expert": ("超期上报驻点专家", "escalated to the expert"),
    "escalate_town": ("超期上报镇（街道）", "escalated to the town"),
    "escalate_bureau": ("超期上报主管部门", "escalated to the bureau"),
    "joined": ("并入另一整改单", "joined into another ticket"),
    "plan_filed": ("提交治理方案", "treatment plan filed"),
    "fix_checked": ("系统查看整改后照片", "model looked at the after-photos"),
    "extension_withdrawn": ("撤回延期申请", "request for an extension withdrawn"),
}
_ITEMS_ZH_EN: Final = {
    "reopened": ("销号后再次出现", "came back after it was closed"),
    "merged": ("合并隐患", "hazards joined"),
    "split": ("拆分隐患", "sightings split off"),
}
_FIELDS_ZH_EN: Final = {
    "recurrences": ("重复次数", "came back"),
    "earlier_ticket": ("原整改单", "earlier ticket"),
    "other_place": ("另一地点", "other place"),
    "into_ticket": ("并入整改单", "into ticket"),
    "joined_ticket": ("被并入的整改单", "joined ticket"),
    "catalogue_level": ("目录级别", "level of the catalogue"),
    "closed_at": ("销号时间", "closed"),
}
TICKETS_CHINESE: Final[Mapping[str, str]] = (
    {
        f"{prefix}{name}": zh
        for name, (zh, _) in _ZH_EN.items()
        for prefix in ("kind:ticket.", "action_")
    }
    | {"kind:finding.spotted": "人工发现隐患"}
    | {f"kind:item.{name}": zh for name, (zh, _) in _ITEMS_ZH_EN.items()}
)
TICKETS_ENGLISH: Final[Mapping[str, str]] = (
    {
        f"{prefix}{name}": en
        for name, (_, en) in _ZH_EN.items()
        for prefix in ("kind:ticket.", "action_")
    }
    | {"kind:finding.spotted": "hazard spotted by a person"}
    | {f"kind:item.{name}": en for name, (_, en) in _ITEMS_ZH_EN.items()}
)
TICKET_FIELDS_CHINESE: Final[Mapping[str, str]] = {
    **{name: zh for name, (zh, _) in _FIELDS_ZH_EN.items()},
    "until": "至",
    "to": "上报对象",
    "overdue_days": "超期天数",
    "after_days": "规定天数",
    "told": "通知人员",
    "goals": "治理目标和任务",
    "measures": "方法和措施",
    "funds_yuan": "经费（元）",
    "materials": "物资",
    "responsible": "负责机构和人员",
    "due_on": "治理时限",
    "requirements": "治理要求",
    "safeguards": "安全措施和应急预案",
    "stop_work": "停产停业、撤人措施",
    "reported_to": "报告部门",
    "reported_on": "报告日期",
    "days": "天数",
    "clock_unit": "计时方式",
    "reason_code": "原因代码",
}
TICKET_FIELDS_ENGLISH: Final[Mapping[str, str]] = {
    **{name: en for name, (_, en) in _FIELDS_ZH_EN.items()},
    "clock_unit": "clock",
    "overdue_days": "days overdue",
    "after_days": "goes up after days",
    "told": "people told",
    "reason_code": "reason",
    "goals": "goals",
    "measures": "measures",
    "funds_yuan": "funds (yuan)",
    "materials": "materials",
    "responsible": "body and staff in charge",
    "due_on": "to be done by",
    "requirements": "requirements",
    "safeguards": "safety measures and contingency plan",
    "stop_work": "stop of work",
    "reported_to": "authority told",
    "reported_on": "told on",
}
