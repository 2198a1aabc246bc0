"""Drawn signatures and inspection records for tests."""

from datetime import timedelta
from typing import Any

import cv2
import numpy as np

from inspection.journal import timestamp
from inspection.record_wire import (
    DrawnSignature,
    EnterpriseRefusal,
    EnterpriseSignature,
    RecordContent,
    RecordSubmission,
    content_sha256,
)
from inspection.tables import new_id
from tests.builders import NOW

SIGNED_AT = timestamp(NOW)


def drawing(shift: int = 0) -> bytes:
    """Return a PNG on which somebody drew; another shift is another signature."""
    image = np.full((160, 360, 3), 255, np.uint8)
    points = [(20, 120), (60 + shift, 30), (110, 130), (170 + shift, 40), (230, 120), (320, 60)]
    cv2.polylines(image, [np.array(points, np.int32)], isClosed=False, color=(20, 20, 20), thickness=4)  # fmt: skip
    return bytes(cv2.imencode(".png", image)[1])


def blank() -> bytes:
    """Return a PNG on which nobody drew."""
    return bytes(cv2.imencode(".png", np.full((160, 360, 3), 255, np.uint8))[1])


def signed_by(sha256: str, name: str = "陈安", position: str = "驻点专家") -> DrawnSignature:
    """Return somebody's signature."""
    return DrawnSignature(name=name, position=position, picture_sha256=sha256, signed_at=SIGNED_AT)


def content(enterprise: str, **changes: Any) -> RecordContent:
    """Return a record's content with one problem that was written by hand."""
    facts: dict[str, Any] = {
        "enterprise": enterprise,
        "started_at": timestamp(NOW - timedelta(hours=1)),
        "ended_at": timestamp(NOW),
        "place": "冲压车间",
        "inspectors": "陈安",
        "checked": "消防通道、用电",
        "problems": [{"text": "配电箱门未关闭", "level": "general", "basis": "GB 50054-2011"}],
        "handling": "三日内整改并回复",
    }
    return RecordContent.model_validate(facts | changes)


def submission(said: RecordContent, picture: str, **changes: Any) -> RecordSubmission:
    """Return a record as its inspector sends it."""
    facts: dict[str, Any] = {
        "id": new_id(),
        "content": said,
        "content_sha256": content_sha256(said),
        "signature": signed_by(picture),
    }
    return RecordSubmission.model_validate(facts | changes)


def agreed(sha256: str, picture: str) -> EnterpriseSignature:
    """Return the enterprise's signature."""
    drawn = signed_by(picture, "王建国", "安全管理员")
    return EnterpriseSignature(content_sha256=sha256, signature=drawn)


def refused(sha256: str, witness: str | None = None) -> EnterpriseRefusal:
    """Return the enterprise's refusal."""
    return EnterpriseRefusal(
        content_sha256=sha256,
        name="王建国",
        position="厂长",
        reason="认为问题不属实",
        refused_at=SIGNED_AT,
        witness=signed_by(witness, "李见证", "村安全员") if witness else None,
    )
