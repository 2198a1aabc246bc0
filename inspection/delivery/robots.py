"""Chat robots of WeCom, DingTalk and Feishu: one HTTP request each, and their own words for "no" in an answer of 200.

Wire as their makers document it: developer.work.weixin.qq.com (群机器人配置说明), open.dingtalk.com (自定义机器人接入),
open.feishu.cn (自定义机器人使用指南).
"""

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from inspection.delivery.letters import Letter
from inspection.delivery.reach import AddressRefused, Answer, Reach, Unreachable
from inspection.delivery.targets import Target
from inspection.delivery.ways import Envelope, NotSent
from inspection.tables import ChannelKind

WECOM_URL = "https://qyapi.weixin.qq.com"
DINGTALK_URL = "https://oapi.dingtalk.com"
FEISHU_URL = "https://open.feishu.cn"
# A text of WeCom has at most 2,048 bytes, one of the other two 20,000.
MAX_BYTES: Mapping[ChannelKind, int] = {
    ChannelKind.WECOM: 2048,
    ChannelKind.DINGTALK: 19_000,
    ChannelKind.FEISHU: 19_000,
}
# There is no such robot (any more).
_GONE = frozenset({93000, 300001, 300005, 19001})
_TOO_OFTEN = frozenset({45009, 130101, 410100, 9499, 11232})
TOO_OFTEN_S = 600.0


@dataclass(frozen=True)
class Robots:
    """Sends to robots; the addresses are their makers', or those of a private deployment."""

    reach: Reach
    wecom_url: str = WECOM_URL
    dingtalk_url: str = DINGTALK_URL
    feishu_url: str = FEISHU_URL

    def send(self, target: Target, letter: Letter, envelope: Envelope) -> None:
        """Send a message. Raises `NotSent`."""
        text = cut(letter.text, MAX_BYTES[target.kind])
        url, payload = self._request(target, text, envelope)
        body = json.dumps(payload, ensure_ascii=False).encode()
        try:
            answer = self.reach.post(url, {"Content-Type": "application/json; charset=utf-8"}, body)
        except (AddressRefused, Unreachable) as error:
            raise NotSent(f"{target.kind.value}: {error}") from error
        _require_taken(target.kind, answer)

    def _request(
        self, target: Target, text: str, envelope: Envelope
    ) -> tuple[str, Mapping[str, Any]]:
        if target.kind is ChannelKind.WECOM:
            url = f"{self.wecom_url}/cgi-bin/webhook/send?{urlencode({'key': target.to})}"
            return url, {"msgtype": "text", "text": {"content": text}}
        if target.kind is ChannelKind.DINGTALK:
            query = {"access_token": target.to} | _dingtalk_signature(target.secret, envelope)
            url = f"{self.dingtalk_url}/robot/send?{urlencode(query)}"
            return url, {"msgtype": "text", "text": {"content": text}}
        url = f"{self.feishu_url}/open-apis/bot/v2/hook/{target.to}"
        signature = _feishu_signature(target.secret, envelope)
        return url, signature | {"msg_type": "text", "content": {"text": text}}


def cut(text: str, max_bytes: int) -> str:
    """Return a text that fits, whole characters only, with … where something was left out."""
    data = text.encode()
    if len(data) <= max_bytes:
        return text
    return data[: max_bytes - len("…".encode())].decode(errors="ignore") + "…"


def _dingtalk_signature(secret: str, envelope: Envelope) -> dict[str, str]:
    if not secret:
        return {}
    at_ms = str(round(envelope.now.timestamp() * 1000))
    return {"timestamp": at_ms, "sign": _hmac(secret, f"{at_ms}\n{secret}")}


def _feishu_signature(secret: str, envelope: Envelope) -> dict[str, str]:
    if not secret:
        return {}
    at_s = str(round(envelope.now.timestamp()))
    # As documented: time and secret are the key, and nothing is what is signed.
    return {"timestamp": at_s, "sign": _hmac(f"{at_s}\n{secret}", "")}


def _hmac(key: str, text: str) -> str:
    return b64encode(hmac.digest(key.encode(), text.encode(), hashlib.sha256)).decode()


def _require_taken(kind: ChannelKind, answer: Answer) -> None:
    try:
        said = json.loads(answer.body)
        code = said.get("errcode", said.get("code", said.get("StatusCode")))
        text = str(said.get("errmsg", said.get("msg", "")))[:200]
    except (ValueError, AttributeError):
        code, text = None, ""
    if answer.status == 200 and code == 0:
        return
    raise NotSent(
        f"{kind.value} answers {answer.status}, {code}: {text}",
        is_final=code in _GONE,
        retry_after_s=TOO_OFTEN_S if code in _TOO_OFTEN else 0.0,
    )
