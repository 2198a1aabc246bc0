"""What a message about a person's own account says, in both languages."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from inspection.china import CHINA

ENGLISH = "en"
ON_THE_ACCOUNT_PAGE = frozenset({"account_changed", "sign_in_new", "code_reused", "token_ending"})
_CHANGES: Mapping[str, tuple[str, str]] = {
    "password": ("密码已修改", "the password was changed"),
    "password_by_operator": ("密码已由管理员重设", "the operator set a new password"),
    "password_by_recovery": ("密码已通过找回重设", "the password was set anew as forgotten"),
    "second_factor_set": ("已启用验证器", "an authenticator app was set up"),
    "second_factor_removed": ("已停用验证器", "the authenticator app was removed"),
    "second_factor_by_keeper": (
        "验证器已由本单位管理员重置",
        "whoever manages your people took the authenticator away",
    ),
    "recovery_codes": ("已重新生成恢复码", "new recovery codes were made"),
    "recovery_code_used": ("使用了一个恢复码登录", "a recovery code was used to sign in"),
    "token_made": ("新建了个人令牌", "a personal token was made"),
    "token_revoked": ("停用了个人令牌", "a personal token was revoked"),
    "identity_linked": ("已关联统一登录账户", "an account at the sign-in provider was linked"),
    "identity_unlinked": ("已解除统一登录关联", "the link to the sign-in provider was ended"),
    "channel_added": ("新增了通知地址", "a place for notices was added"),
    "channel_removed": ("移除了通知地址", "a place for notices was removed"),
}
_FORGOTTEN = (
    "有人为您的账户申请重设密码。下面的链接 30 分钟内有效，只能用一次；启用了两步验证的仍需验证码。若非您本人申请，请忽略，密码不变。",
    "A new password was asked for your account. The link below counts for 30 minutes and once; a second factor is asked for all the same. If it was not you, do nothing: the password stays.",
)
_NOT_YOU = ("如非本人操作，请立即修改密码并退出其他登录。", "If it was not you, change the password and end the other sign-ins.")  # fmt: skip


def account_line(kind: str, facts: Mapping[str, Any], language: str) -> str:
    """Return the line of a message that is of no enterprise; empty for a test."""
    if kind == "code":
        return _word(
            (
                f"{facts.get('code', '')}（15 分钟内有效）。在通知设置中输入，确认此地址属于您。若非您添加，请忽略。",
                f"{facts.get('code', '')} (counts for 15 minutes). Enter it in the notice settings to confirm that this address is yours. If you did not add it, do nothing.",
            ),
            language,
        )
    if kind == "password_link":
        return _word(_FORGOTTEN, language)
    if kind == "channel_unconfirmed":
        words = ("已发送验证码，验证前不再向此地址发送通知", "a code was sent; until it is entered no notice goes there")  # fmt: skip
        return f"{facts.get('shown', '')} · {_word(words, language)}"
    if kind == "token_ending" and "ends_at" in facts:
        at = datetime.fromisoformat(str(facts["ends_at"])).astimezone(CHINA)
        return f"{facts['name']} · {at:%Y-%m-%d %H:%M}"
    if kind == "test":
        return ""
    change = _CHANGES.get(str(facts.get("what", "")))
    parts = [_word(change, language) if change else ""]
    parts += [str(facts.get(name, "")) for name in ("name", "shown", "remote", "user_agent")]
    parts.append(_word(_NOT_YOU, language))
    return " · ".join(part for part in parts if part)


def _word(words: tuple[str, str], language: str) -> str:
    return words[1] if language == ENGLISH else words[0]
