"""How the caller is told outside of the app: their wishes, their channels, and what became of what was sent."""

from typing import Annotated
from uuid import UUID

from fastapi import BackgroundTasks, Query, status
from sqlmodel import Session

from api.access import log_access
from api.auth import Caller
from api.deps import AppParts, CurrentUser, PageAsked, Reading, Remote, SignedInPerson, Writing
from api.errors import problems
from api.parts import Parts
from api.routing import ApiRouter
from api.shapes.deliveries import (
    ChannelBody,
    ChannelCode,
    ChannelView,
    DeliveryPage,
    DeliveryView,
    NoticeSettings,
    NoticeWishesBody,
    QuietHours,
    SentKind,
)
from inspection.china import china_day
from inspection.delivery import channels
from inspection.delivery.rules import notice_rules
from inspection.errors import InvalidInput
from inspection.wire import utc_now

router = ApiRouter(tags=["notices"])
Failed = Annotated[bool, Query(description="those only of which a try failed")]


@router.get(
    "/notice-settings",
    operation_id="getNoticeSettings",
    summary="How I am told",
    responses=problems(401, 403),
)
def get_notice_settings(user: CurrentUser, session: Reading, parts: AppParts) -> NoticeSettings:
    """Return the caller's wishes and channels, and what this server offers."""
    return _settings(session, user, parts)


@router.put(
    "/notice-settings",
    operation_id="setNoticeWishes",
    summary="Change how I am told",
    responses=problems(401, 403, 422),
)
def set_notice_wishes(
    body: NoticeWishesBody, user: CurrentUser, session: Writing, parts: AppParts
) -> NoticeSettings:
    """Keep what the caller wishes; it counts for what happens from now on."""
    channels.set_wishes(session, user.user_id, body.wishes(), utc_now())
    return _settings(session, user, parts)


@router.post(
    "/notice-channels",
    operation_id="addNoticeChannel",
    status_code=status.HTTP_201_CREATED,
    summary="Add a channel",
    responses=problems(401, 403, 409, 422),
)
def add_notice_channel(
    body: ChannelBody,
    user: SignedInPerson,
    session: Writing,
    parts: AppParts,
    remote: Remote,
    tasks: BackgroundTasks,
) -> ChannelView:
    """Add a mailbox, a number or a chat robot of the caller's. A mailbox or number is sent a code, which `confirmNoticeChannel` takes."""
    if body.kind not in parts.notice_sender.ways.offered:
        raise InvalidInput(f"this server is not set up to send by {body.kind.value}")
    row = channels.add_channel(session, parts.seal, user.user_id, body.channel(), utc_now())
    detail = f"{row.kind} {row.shown}"
    log_access(session, actor=user.actor, action="channel.add", detail=detail, remote=remote)
    tasks.add_task(parts.notice_sender.wake)
    return ChannelView.from_row(row)


@router.post(
    "/notice-channels/{channel_id}/code",
    operation_id="sendChannelCode",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Send another code",
    responses=problems(401, 403, 404, 409, 422),
)
def send_channel_code(
    channel_id: UUID,
    user: SignedInPerson,
    session: Writing,
    parts: AppParts,
    tasks: BackgroundTasks,
) -> DeliveryView:
    """Send a new code to an address that is not confirmed: one a minute, ten a day. The one of before counts no more."""
    row = channels.send_code(session, parts.seal, user.user_id, channel_id, utc_now())
    tasks.add_task(parts.notice_sender.wake)
    return DeliveryView.from_row(row)


@router.put(
    "/notice-channels/{channel_id}/confirmation",
    operation_id="confirmNoticeChannel",
    summary="Confirm an address by its code",
    responses=problems(401, 403, 404, 409, 422),
)
def confirm_notice_channel(
    channel_id: UUID, body: ChannelCode, user: SignedInPerson, parts: AppParts, remote: Remote
) -> ChannelView:
    """From now on notices go there. A code counts for 15 minutes and until five wrong ones."""
    # Not the request's own transaction: a wrong code is refused, and counted all the same.
    with parts.write.begin() as session:
        row = channels.confirm_channel(
            session, parts.seal, user.user_id, channel_id, body.code, utc_now()
        )
        action = "channel.confirm" if row else "channel.confirm.refused"
        log_access(session, actor=user.actor, action=action, detail=str(channel_id), remote=remote)
        view = ChannelView.from_row(row) if row else None
    if view is None:
        raise InvalidInput("this is not the code that was sent")
    return view


@router.delete(
    "/notice-channels/{channel_id}",
    operation_id="removeNoticeChannel",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Remove a channel",
    responses=problems(401, 403, 404, 422),
)
def remove_notice_channel(
    channel_id: UUID, user: SignedInPerson, session: Writing, remote: Remote
) -> None:
    """Forget where it leads; what waits for it is not sent."""
    channels.remove_channel(session, user.user_id, channel_id, utc_now())
    log_access(session, actor=user.actor, action="channel.remove", detail=str(channel_id), remote=remote)  # fmt: skip


@router.post(
    "/notice-channels/{channel_id}/test",
    operation_id="testNoticeChannel",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Send me a test",
    responses=problems(401, 403, 404, 409, 422),
)
def test_notice_channel(
    channel_id: UUID,
    user: SignedInPerson,
    session: Writing,
    parts: AppParts,
    tasks: BackgroundTasks,
) -> DeliveryView:
    """Send a message that says that the channel works, now, whatever the wishes; it is tried once."""
    row = channels.test_channel(session, user.user_id, channel_id, utc_now())
    tasks.add_task(parts.notice_sender.wake)
    return DeliveryView.from_row(row)


@router.get(
    "/notice-deliveries",
    operation_id="listNoticeDeliveries",
    summary="What was sent to me",
    responses=problems(401, 403, 422),
)
def list_notice_deliveries(
    user: CurrentUser, session: Reading, asked: PageAsked, failed: Failed = False
) -> DeliveryPage:
    """Return what was, or will be, sent to the caller's channels, the newest first."""
    page = channels.list_deliveries(session, user.user_id, asked, failed=failed)
    items = [DeliveryView.from_row(row) for row in page.rows]
    return DeliveryPage(items=items, next_cursor=page.next_cursor)


def _settings(session: Session, user: Caller, parts: Parts) -> NoticeSettings:
    now = utc_now()
    wishes = channels.wishes_now(session, user.user_id, now)
    quiet = wishes.quiet
    rules = notice_rules(china_day(now)).values()
    return NoticeSettings(
        wishes=NoticeWishesBody.model_validate(
            {
                "language": wishes.language,
                "at_once": sorted(wishes.at_once),
                "digest_min": wishes.digest_min,
                "quiet": QuietHours(from_min=quiet.from_min, until_min=quiet.until_min)
                if quiet
                else None,
            }
        ),
        channels=[ChannelView.from_row(row) for row in channels.channels_of(session, user.user_id)],
        offered=list(parts.notice_sender.ways.offered),
        kinds=[
            SentKind(
                kind=rule.kind,
                at_once=rule.at_once,
                major_through_quiet=rule.major_through_quiet,
            )
            for rule in rules
            if not rule.is_always
        ],
        give_up_hours=parts.settings.notice_give_up_hours,
    )
