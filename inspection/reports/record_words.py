"""What inspection records and the changes of an enterprise are called in reports, in both languages."""

from collections.abc import Mapping
from typing import Final

RECORDS_CHINESE: Final[Mapping[str, str]] = {
    "kind:inspection.recorded": "检查记录（检查人员签字）",
    "kind:inspection.signed": "检查记录（企业签字）",
    "kind:inspection.refused": "检查记录（企业拒签）",
    "kind:enterprise.registered": "企业登记",
    "kind:enterprise.changed": "企业信息变更",
    "kind:enterprise.plan_added": "登记服务方案",
}
RECORDS_ENGLISH: Final[Mapping[str, str]] = {
    "kind:inspection.recorded": "inspection record, signed by its inspector",
    "kind:inspection.signed": "inspection record, signed by the enterprise",
    "kind:inspection.refused": "inspection record, refused by the enterprise",
    "kind:enterprise.registered": "enterprise registered",
    "kind:enterprise.changed": "enterprise changed",
    "kind:enterprise.plan_added": "service plan added",
}
RECORD_FIELDS_CHINESE: Final[Mapping[str, str]] = {
    "credit_code": "统一社会信用代码",
    "industry": "行业",
    "is_high_risk": "高危行业",
    "address": "地址",
    "before": "变更前",
    "now": "变更后",
    "problem_count": "发现的问题（个）",
    "inspector": "检查人员签字",
    "signature": "企业签字",
    "witness": "见证人",
    "name": "姓名",
    "position": "职务",
    "signed_at": "署名时间",
    "refused_at": "拒签时间",
    "revision": "版本",
}
RECORD_FIELDS_ENGLISH: Final[Mapping[str, str]] = {
    "credit_code": "credit code",
    "is_high_risk": "high risk",
    "problem_count": "problems",
    "inspector": "inspector's signature",
    "signature": "enterprise's signature",
    "signed_at": "signed",
    "refused_at": "refused",
}
