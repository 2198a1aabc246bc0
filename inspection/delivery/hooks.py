"""Webhooks as Standard Webhooks has them: `webhook-id` the same at every try, `webhook-timestamp` of the try, and
`webhook-signature` over both and the body. See github.com/standard-webhooks/standard-webhooks.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from standardwebhooks import Webhook

from inspection.delivery.letters import Told
from inspection.delivery.reach import AddressRefused, Reach, Unreachable
from inspection.delivery.ways import Envelope, NotSent
from inspection.journal import timestamp

GONE = 410
MAX_RETRY_AFTER_S = 24 * 3600.0


def send_event(
    reach: Reach, opened: Mapping[str, str], told: Told, happened_at: datetime, envelope: Envelope
) -> None:
    """Send an event to an endpoint whose address and secret were opened. Raises `NotSent`."""
    body = body_of(told, happened_at)
    message_id = webhook_id(envelope.message_id)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "anxun",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(envelope.now.timestamp())),
        "webhook-signature": Webhook(opened["secret"]).sign(message_id, envelope.now, body),
    }
    try:
        answer = reach.post(opened["url"], headers, body.encode())
    except (AddressRefused, Unreachable) as error:
        raise NotSent(str(error)) from error
    if 200 <= answer.status < 300:
        return
    if 300 <= answer.status < 400:
        raise NotSent(f"the endpoint answers {answer.status}: redirects are not followed")
    wait_s = answer.headers.get("retry-after", "")
    raise NotSent(
        f"the endpoint answers {answer.status}",
        is_gone=answer.status == GONE,
        retry_after_s=min(float(wait_s), MAX_RETRY_AFTER_S) if wait_s.isdecimal() else 0.0,
    )


def webhook_id(message_id: UUID) -> str:
    """Return a message's id as receivers see it."""
    return f"msg_{message_id.hex}"


def body_of(told: Told, happened_at: datetime) -> str:
    """Return the body of an event: the same bytes at every try."""
    data = {
        "enterprise_id": None if told.enterprise_id is None else str(told.enterprise_id),
        "enterprise": told.enterprise,
        "thing_id": str(told.thing_id),
        "facts": dict(told.facts),
    }
    event = {
        "type": told.kind.replace("_", ".", 1),
        "timestamp": timestamp(happened_at),
        "data": data,
    }
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
