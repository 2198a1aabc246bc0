"""Where a channel leads: an address, a number, a robot's token. Nobody gives this server the address of a server for these."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from inspection.errors import InvalidInput
from inspection.tables import ChannelKind

_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,180}\.[A-Za-z]{2,63}")
_NUMBER = re.compile(r"\+?[0-9]{6,15}")
_WECOM = re.compile(r"[A-Za-z0-9_-]{8,100}")
_DINGTALK = re.compile(r"[A-Za-z0-9]{8,128}")
_FEISHU = re.compile(r"[A-Za-z0-9_-]{8,100}")
_SECRET = re.compile(r"[A-Za-z0-9_-]{0,200}")
# A robot's address as its app shows it, pasted whole: only its token is taken.
_PASTED: Mapping[ChannelKind, re.Pattern[str]] = {
    ChannelKind.WECOM: re.compile(
        r"https://qyapi\.weixin\.qq\.com/cgi-bin/webhook/send\?key=([A-Za-z0-9_-]+)"
    ),
    ChannelKind.DINGTALK: re.compile(
        r"https://oapi\.dingtalk\.com/robot/send\?access_token=([A-Za-z0-9]+)"
    ),
    ChannelKind.FEISHU: re.compile(
        r"https://open\.feishu\.cn/open-apis/bot/v2/hook/([A-Za-z0-9_-]+)/?"
    ),
}
_FORMS: Mapping[ChannelKind, tuple[re.Pattern[str], str]] = {
    ChannelKind.EMAIL: (_EMAIL, "an e-mail address such as chen@example.com"),
    ChannelKind.SMS: (_NUMBER, "a telephone number of 6 to 15 digits"),
    ChannelKind.WECOM: (_WECOM, "the key of a WeCom robot, or its whole address"),
    ChannelKind.DINGTALK: (_DINGTALK, "the access_token of a DingTalk robot, or its whole address"),
    ChannelKind.FEISHU: (_FEISHU, "the token of a Feishu robot, or its whole address"),
}
_SIGNING = (ChannelKind.DINGTALK, ChannelKind.FEISHU)


@dataclass(frozen=True)
class Target:
    """Where a channel leads; `secret` signs what is sent to a DingTalk or Feishu robot that asks for it."""

    kind: ChannelKind
    to: str
    secret: str = ""

    @classmethod
    def read(cls, kind: ChannelKind, text: str, secret: str = "") -> "Target":
        """Return what a person typed or pasted. Raises `InvalidInput`."""
        pasted = _PASTED[kind].fullmatch(text.strip()) if kind in _PASTED else None
        to = pasted[1] if pasted else text.strip()
        form, wanted = _FORMS[kind]
        if kind is ChannelKind.SMS:
            to = re.sub(r"[\s()-]", "", to)
        if not form.fullmatch(to):
            raise InvalidInput(f"this is not {wanted}")
        if secret and kind not in _SIGNING:
            raise InvalidInput(f"{kind.value} takes no secret")
        if not _SECRET.fullmatch(secret.strip()):
            raise InvalidInput("a secret has letters, digits, - and _")
        return cls(kind, to, secret.strip())

    @classmethod
    def opened(cls, kind: ChannelKind, secret: Mapping[str, str]) -> "Target":
        """Return what was sealed."""
        return cls(kind, secret["to"], secret["secret"])

    def to_seal(self) -> Mapping[str, str]:
        """Return what is sealed."""
        return {"to": self.to, "secret": self.secret}

    @property
    def shown(self) -> str:
        """Return it with most of it hidden, for the owner to tell their channels apart."""
        if self.kind is ChannelKind.EMAIL:
            name, _, domain = self.to.partition("@")
            return f"{name[:1]}***@{domain}"
        return f"***{self.to[-4:]}"
