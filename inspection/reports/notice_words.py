"""The words of the record's paper, in both languages. What people wrote stands as they wrote it, whatever the language of the paper."""

from collections.abc import Mapping
from typing import Final

from inspection.reports.words import CHINESE, ENGLISH
from inspection.tables import ReportLanguage

_ZH_EN: Final[Mapping[str, tuple[str, str]]] = {
    "record": ("安全检查记录", "Safety inspection record"),
    "notice": (
        "安全检查记录暨事故隐患整改通知书",
        "Safety inspection record and notice of hazards to be remedied",
    ),
    "disclaimer": (
        "本记录不代表企业已经安全，不免除企业的主体责任。标注“待核实”的依据和期限尚未与原文核对，引用前请核实。照片中的人员头部已作模糊处理。",
        "This record does not say that the enterprise is safe, and takes none of its own responsibility away. A basis or deadline marked "
        "“to be verified” was not compared with its source yet; verify it before you rely on it. Heads of people on photos are blurred.",
    ),
    "translation": (
        "",
        "Translation. What went out to the enterprise and stands in the ledger is the Chinese notice with SHA-256 {sha256}. "
        "What people wrote is not translated.",
    ),
    "scan": ("扫码查看账本证明", "Scan for the ledger's proof"),
    "none": ("检查范围内未发现事故隐患。", "No hazard was found in what was inspected."),
    "undecided": (
        "另有 {count} 处由 AI 提出的疑似隐患在签字时尚未经人工复核，不列入本记录。",
        "{count} possible hazards that the AI proposed were not reviewed by a person when this was signed; they are not part of this record.",
    ),
    "times": (
        "署名时间：{phone}（签字设备）；收到时间：{server}（服务器）",
        "Signed {phone} (signing device); received {server} (server); times of China",
    ),
    "found": ("检查发现的问题", "Problems found"),
    "handling": ("处理意见", "What is to be done"),
    "both": ("双方确认", "Confirmed by both sides"),
    "number": ("编号 {number}", "No. {number}"),
    "revision": (
        "　第 {revision} 版（更正前版本）",
        ", version {revision} (corrects the one before)",
    ),
    "enterprise": ("被检查单位", "Enterprise inspected"),
    "credit_code": ("统一社会信用代码", "Credit code"),
    "inspected_at": ("检查时间", "Inspected"),
    "from_to": ("{begin} 至 {end}", "{begin} to {end}, China"),
    "place": ("检查地点", "Place"),
    "inspectors": ("检查人员", "Inspectors"),
    "accompanied_by": ("陪同人员", "Accompanied by"),
    "checked": ("检查内容", "What was inspected"),
    "signed_by": ("{side}：{name}（{position}）", "{side}: {name} ({position})"),
    "person": ("{name}（{position}）", "{name} ({position})"),
    "refused": ("被检查单位拒绝签字", "The enterprise refused to sign"),
    "refused_by": ("拒签人", "Refused by"),
    "refusal_reason": ("拒签理由", "Reason given"),
    "refused_at": ("记录时间", "Put on record"),
    "refused_times": ("{phone}；收到 {server}", "{phone}; received {server}"),
    "witness": ("见证人", "Witness"),
    "content": ("内容 SHA-256 {sha256}", "content SHA-256 {sha256}"),
    "where": ("地点", "Place"),
    "basis": ("依据", "Basis"),
    "unchecked_basis": ("{basis}（{unchecked}）", "{basis} ({unchecked})"),
    "deadline": ("整改期限", "Fix by"),
    "ticket": ("整改单", "Ticket"),
    "done": ("处理", "Handling"),
}
NOTICE_WORDS: Final[Mapping[ReportLanguage, Mapping[str, str]]] = {
    ReportLanguage.CHINESE: {**CHINESE, **{name: zh for name, (zh, _) in _ZH_EN.items()}},
    ReportLanguage.ENGLISH: {**ENGLISH, **{name: en for name, (_, en) in _ZH_EN.items()}},
}
