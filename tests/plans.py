"""A whole treatment plan, for whoever needs a major ticket to go on."""

from datetime import date
from typing import Any

PLAN: dict[str, Any] = {
    "goals": "除尘系统泄爆装置到位",
    "measures": "停用除尘系统，加装泄爆片",
    "funds_yuan": 48000,
    "responsible": "设备科 周师傅",
    "due_on": date(2027, 1, 31).isoformat(),
    "safeguards": "治理期间不开机；粉尘爆炸应急预案已演练",
    "stop_work": "打磨工位停产，12 人撤出",
    "reported_to": "镇应急办 王科长",
    "reported_on": date(2026, 11, 24).isoformat(),
}
