"""Webhooks of enterprises and organisations (Standard Webhooks)."""

from uuid import UUID

from fastapi import BackgroundTasks, status
from sqlmodel import Session

from api.access import log_access
from api.auth import Caller
from api.deps import AppParts, CurrentUser, PageAsked, Reading, Remote, SignedInPerson, Writing
from api.errors import problems
from api.parts import Parts
from api.routes.memberships import EnterprisePlace, OrganisationPlace
from api.routes.notice_settings import Failed
from api.routing import ApiRouter
from api.shapes.deliveries import (
    DeliveryPage,
    DeliveryView,
    WebhookBody,
    WebhookMade,
    Webhooks,
    WebhookView,
)
from inspection.delivery import endpoints
from inspection.delivery.endpoints import NewEndpoint
from inspection.memberships import Place
from inspection.wire import utc_now

router = ApiRouter(tags=["webhooks"])


@router.get(
    "/webhooks",
    operation_id="listWebhooks",
    summary="Webhooks that I keep",
    responses=problems(401, 403),
)
def list_webhooks(user: CurrentUser, session: Reading) -> Webhooks:
    """Return those of the caller's enterprise, as its safety officer, and of the organisations that they administer."""
    rows = endpoints.endpoints_of(session, user.scope)
    return Webhooks(items=[WebhookView.from_row(row) for row in rows])


@router.post(
    "/enterprises/{enterprise_id}/webhooks",
    operation_id="addEnterpriseWebhook",
    status_code=status.HTTP_201_CREATED,
    summary="Add a webhook of an enterprise",
    responses=problems(401, 403, 404, 409, 422),
)
def add_enterprise_webhook(
    body: WebhookBody,
    place: EnterprisePlace,
    user: SignedInPerson,
    session: Writing,
    parts: AppParts,
    remote: Remote,
) -> WebhookMade:
    """Let a program be told of what happens in the enterprise. The secret is told this once."""
    return _add(session, user, parts, place, body, remote)


@router.post(
    "/organisations/{organisation_id}/webhooks",
    operation_id="addOrganisationWebhook",
    status_code=status.HTTP_201_CREATED,
    summary="Add a webhook of an organisation",
    responses=problems(401, 403, 404, 409, 422),
)
def add_organisation_webhook(
    body: WebhookBody,
    place: OrganisationPlace,
    user: SignedInPerson,
    session: Writing,
    parts: AppParts,
    remote: Remote,
) -> WebhookMade:
    """Let a program be told of what happens in the enterprises that the organisation sees. The secret is told this once."""
    return _add(session, user, parts, place, body, remote)


def _add(
    session: Session, user: Caller, parts: Parts, place: Place, body: WebhookBody, remote: str
) -> WebhookMade:
    reach = parts.notice_sender.ways.robots.reach
    new = NewEndpoint(place, body.url, body.label)
    row, secret = endpoints.add_endpoint(session, parts.seal, reach, user.scope, new, utc_now())
    log_access(
        session,
        actor=user.actor,
        action="webhook.add",
        enterprise_id=row.enterprise_id,
        detail=f"{row.id} {row.shown}",
        remote=remote,
    )
    return WebhookMade(webhook=WebhookView.from_row(row), secret=secret)


@router.delete(
    "/webhooks/{webhook_id}",
    operation_id="removeWebhook",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Remove a webhook",
    responses=problems(401, 403, 404, 422),
)
def remove_webhook(
    webhook_id: UUID, user: SignedInPerson, session: Writing, remote: Remote
) -> None:
    """Forget its address and secret; what waits for it is not sent."""
    endpoints.remove_endpoint(session, user.scope, webhook_id, utc_now())
    log_access(session, actor=user.actor, action="webhook.remove", detail=str(webhook_id), remote=remote)  # fmt: skip


@router.post(
    "/webhooks/{webhook_id}/test",
    operation_id="testWebhook",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Send a test event",
    responses=problems(401, 403, 404, 409, 422),
)
def test_webhook(
    webhook_id: UUID,
    user: SignedInPerson,
    session: Writing,
    parts: AppParts,
    tasks: BackgroundTasks,
) -> DeliveryView:
    """Send an event of the type `test`, once."""
    row = endpoints.test_endpoint(session, user.scope, webhook_id, utc_now())
    tasks.add_task(parts.notice_sender.wake)
    return DeliveryView.from_row(row)


@router.get(
    "/webhooks/{webhook_id}/deliveries",
    operation_id="listWebhookDeliveries",
    summary="What was sent to a webhook",
    responses=problems(401, 403, 404, 422),
)
def list_webhook_deliveries(
    webhook_id: UUID, user: CurrentUser, session: Reading, asked: PageAsked, failed: Failed = False
) -> DeliveryPage:
    """Return what was, or will be, sent to it, the newest first."""
    page = endpoints.endpoint_deliveries(session, user.scope, webhook_id, asked, failed=failed)
    items = [DeliveryView.from_row(row) for row in page.rows]
    return DeliveryPage(items=items, next_cursor=page.next_cursor)
