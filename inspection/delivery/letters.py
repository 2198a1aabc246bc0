"""What a message says: facts of notices as words, in the reader's language. No names of people, no photos."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from inspection.china import CHINA
from inspection.delivery.account_words import ON_THE_ACCOUNT_PAGE, account_line
from inspection.delivery.outbox import PASSWORD_LINK
from inspection.sections import ledger_sections
from inspection.taxonomy import hazard_catalogue

ENGLISH = "en"
MAX_LINES = 50
_TITLES: Mapping[str, tuple[str, str]] = {
    "finding_confirmed": ("隐患已确认", "A finding was confirmed"),
    "ticket_opened": ("新整改单", "New ticket"),
    "ticket_assigned": ("整改单已指派给您", "A ticket was assigned to you"),
    "ticket_submitted": ("整改已提交，待复查", "A fix was submitted: to be reinspected"),
    "ticket_returned": ("复查不合格，整改单已退回", "Not fixed: the ticket was returned"),
    "ticket_closed": ("整改单已闭环", "A ticket was closed"),
    "ticket_joined": ("整改单已并入另一单", "A ticket was joined into another"),
    "ticket_overdue": ("整改单已超期", "A ticket is overdue"),
    "camera_blind": ("摄像头长时间看不见", "A camera has been blind for long"),
    "ticket_escalated": ("整改单超期，上报给您", "Overdue: escalated to you"),
    "record_waits": ("检查记录待企业签字", "An inspection record waits for your signature"),
    "record_signed": (
        "检查记录双方已签字，整改通知书已送达",
        "Inspection record signed; the hazard notice is there",
    ),
    "record_refused": (
        "企业拒签检查记录，整改通知书已送达",
        "Inspection record refused; the hazard notice is there",
    ),
    "section_due": ("台账待记录", "Due in the ledger"),
    "account_changed": ("您的账户有变更", "Your account was changed"),
    "sign_in_new": ("新设备登录了您的账户", "A new device signed in to your account"),
    "code_reused": ("您的验证码被重复使用", "A code of your authenticator was used again"),
    "token_ending": ("个人令牌即将到期", "A personal token ends soon"),
    "channel_unconfirmed": ("通知地址待验证", "An address for notices waits for its code"),
    "code": ("验证码", "Your code"),
    "password_link": ("重设密码", "Set a new password"),
    "test": ("测试消息：这个通道可以收到通知", "Test: this channel works"),
}
# Where the app shows what a kind is about, by the first word of the kind.
_PLACES: Mapping[str, str] = {
    "finding": "findings",
    "ticket": "tickets",
    "camera": "devices",
    "record": "inspection-records",
    "section": "sections",
}
_LEVELS: Mapping[str, tuple[str, str]] = {
    "general": ("一般隐患", "general"),
    "major": ("重大隐患", "major"),
}


@dataclass(frozen=True)
class Told:
    """One thing that a message tells: what kind, of which enterprise, with which facts."""

    kind: str
    enterprise_id: UUID | None
    enterprise: str
    thing_id: UUID
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Letter:
    """A message in words. `lines` say what happened, one a thing; `url` leads into the app."""

    subject: str
    lines: Sequence[str]
    url: str

    @property
    def text(self) -> str:
        """The whole message."""
        return "\n".join([self.subject, *self.lines, self.url])

    @property
    def body(self) -> str:
        """The message without its subject."""
        return "\n".join([*self.lines, "", self.url])


def letter_of(told: Sequence[Told], language: str, app_url: str) -> Letter:
    """Return the message about some things, at least one; several make a digest."""
    if len(told) == 1:
        only = told[0]
        line = _line(only, language)
        subject = f"{_brand(language)}{_word(_TITLES[only.kind], language)}"
        return Letter(subject, [line] if line else [], app_url + _path(only))
    lines = [
        f"{_word(_TITLES[each.kind], language)} {_line(each, language)}".strip()
        for each in told[:MAX_LINES]
    ]
    if len(told) > MAX_LINES:
        rest = len(told) - MAX_LINES
        lines.append(_word((f"另有 {rest} 条", f"and {rest} more"), language))
    count = _word((f"{len(told)} 条通知", f"{len(told)} notices"), language)
    return Letter(f"{_brand(language)}{count}", lines, f"{app_url}/notices")


def _line(told: Told, language: str) -> str:
    facts = told.facts
    if told.enterprise_id is None:
        return account_line(told.kind, facts, language)
    parts = [str(facts.get("number", "")), _level(facts, language), _hazard(facts, language)]
    if "section" in facts:
        parts.append(section_line(facts, language))
    if "camera" in facts:
        parts.append(f"{facts['camera']} ({facts['device']})")
        minutes = facts["blind_min"]
        parts.append(_word((f"已 {minutes} 分钟", f"for {minutes} min"), language))
    if facts.get("recurrences"):
        count = facts["recurrences"]
        parts.append(_word((f"第 {count} 次复发", f"came back {count} times"), language))
    if "overdue_days" in facts:
        days = facts["overdue_days"]
        parts.append(_word((f"超期 {days} 天", f"{days} days overdue"), language))
    if "deadline" in facts:
        at = datetime.fromisoformat(facts["deadline"]).astimezone(CHINA)
        parts.append(_word((f"期限 {at:%Y-%m-%d %H:%M}", f"due {at:%Y-%m-%d %H:%M}"), language))
    parts.append(told.enterprise)
    return " · ".join(part for part in parts if part)


def section_line(facts: Mapping[str, Any], language: str) -> str:
    """Return which section is due by which day."""
    section = ledger_sections()[str(facts["section"])]
    name = _word((section.name_zh, section.name_en), language)
    return _word((f"{name}，{facts['due_on']} 前", f"{name}, by {facts['due_on']}"), language)


def _level(facts: Mapping[str, Any], language: str) -> str:
    level = _LEVELS.get(str(facts.get("level", "")))
    return _word(level, language) if level else ""


def _hazard(facts: Mapping[str, Any], language: str) -> str:
    hazard = hazard_catalogue().get(str(facts.get("hazard_code", "")))
    return _word((hazard.name_zh, hazard.name_en), language) if hazard else ""


def _path(told: Told) -> str:
    if told.kind == PASSWORD_LINK:
        # Behind the # no server sees it, nor any log on the way.
        return f"/new-password#{told.facts.get('token', '')}"
    if told.kind in ON_THE_ACCOUNT_PAGE:
        return "/account"
    what = told.kind.partition("_")[0]
    if told.enterprise_id is None or what not in _PLACES:
        return "/notice-settings"
    if told.kind == "section_due":
        return f"/enterprises/{told.enterprise_id}/sections/{told.facts.get('section', '')}"
    return f"/enterprises/{told.enterprise_id}/{_PLACES[what]}/{told.thing_id}"


def _brand(language: str) -> str:
    return "[anxun] " if language == ENGLISH else "【安巡】"


def _word(words: tuple[str, str], language: str) -> str:
    return words[1] if language == ENGLISH else words[0]
