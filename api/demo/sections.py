"""What the demonstration's officer writes into the sections: enough that the pages show every state."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from api.demo.people import Person

Values = dict[str, Any]


def keep_sections(officer: Person, plant: UUID, today: date, photo: Path) -> int:
    """Write the records of a small plant that forgot last month's meeting; return how many there are."""
    picture = officer.put_evidence(plant, photo)
    records = [*_standing(today), *_meetings(today, picture)]
    for section, values in records:
        officer.record(plant, section, values)
    # The plan of the demonstration begins with the year.
    since = date(today.year, 1, 1)
    officer.mark_absent(plant, "L14", "厂内没有有限空间", since)
    officer.mark_absent(plant, "L16", "不使用、不储存危险化学品", since)
    return len(records)


def _meetings(today: date, picture: str) -> list[tuple[str, Values]]:
    """A meeting in every month of the year but the last one that is over."""
    last_month = today.replace(day=1) - timedelta(days=1)
    return [
        (
            "L04",
            {
                "on": str(date(today.year, month, 5)),
                "place": "一楼会议室",
                "topic": f"{month}月安全例会",
                "host": ["林安全"],
                "attendees": ["林安全", "周师傅"],
                "resolution": "通报上月隐患整改情况，布置本月重点检查。",
                "photos": [picture],
            },
        )
        for month in range(1, today.month + 1)
        if month != last_month.month and date(today.year, month, 5) <= today
    ]


def _standing(today: date) -> list[tuple[str, Values]]:
    day = str(today)
    return [
        (
            "L01",
            {
                "on": day,
                "credit_code": "91330382DEMO000011",
                "industry": "电气机械和器材制造业",
                "headcount": 86,
                "principal": ["柳总"],
                "safety_officers": ["林安全"],
                "safety_officers_full_time": True,
                "tenancy": "own",
            },
        ),
        (
            "L06",
            {
                "on": day,
                "topic": "冲压机械安全操作",
                "content": "双手按钮、光栅的作用与点检；断电挂牌。",
                "attendees": ["周师傅"],
                "result": "笔试1人，合格1人。",
                "hours": 2,
                "level": "workshop",
                "trainer": ["林安全"],
            },
        ),
        (
            "L09",
            {
                "on": str(today - timedelta(days=350)),
                "name": "3吨叉车",
                "kind": "vehicle",
                "registration": "车浙C-DEMO-001",
                "body": "示范特种设备检验机构",
                "result": "ok",
                # Runs out soon: the page shows how that looks.
                "next_on": str(today + timedelta(days=15)),
            },
        ),
        (
            "L17",
            {
                "on": day,
                "kind": "extinguisher",
                "places": "一车间、二车间、仓库",
                "quantity": 24,
                "result": "fault",
                "faults": "二车间1具压力不足，已更换。",
                "checked_by": ["周师傅"],
            },
        ),
    ]
