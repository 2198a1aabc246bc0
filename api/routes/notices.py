"""What the caller is told: their own notices, and that they were read."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from api.deps import CurrentUser, PageAsked, Reading, Writing
from api.errors import problems
from api.routing import ApiRouter
from api.shapes.notices import NoticePage, NoticeView, UnreadCount
from inspection import notices
from inspection.wire import utc_now

router = ApiRouter(tags=["notices"])


@router.get(
    "/notices",
    operation_id="listNotices",
    summary="Notices to the caller",
    responses=problems(401, 403, 422),
)
def list_notices(
    user: CurrentUser,
    session: Reading,
    asked: PageAsked,
    unread: Annotated[bool, Query(description="unread ones only")] = False,
) -> NoticePage:
    """Return the caller's own notices, the newest first."""
    page = notices.list_notices(session, user.scope, asked, unread=unread)
    return NoticePage(
        items=[NoticeView.from_row(row) for row in page.rows], next_cursor=page.next_cursor
    )


@router.get(
    "/notices/unread",
    operation_id="countUnreadNotices",
    summary="How many notices are unread",
    responses=problems(401, 403),
)
def count_unread_notices(user: CurrentUser, session: Reading) -> UnreadCount:
    """Return the number that the bell shows."""
    return UnreadCount(unread=notices.count_unread(session, user.scope))


@router.post(
    "/notices/{notice_id}/read",
    operation_id="readNotice",
    summary="A notice was read",
    responses=problems(401, 403, 404, 422),
)
def read_notice(notice_id: UUID, user: CurrentUser, session: Writing) -> NoticeView:
    """Note that the caller has read it; the first time counts."""
    return NoticeView.from_row(notices.read_notice(session, user.scope, notice_id, utc_now()))


@router.post(
    "/notices/{notice_id}/read-up-to",
    operation_id="readNoticesUpTo",
    summary="A notice and all before it were read",
    responses=problems(401, 403, 404, 422),
)
def read_notices_up_to(notice_id: UUID, user: CurrentUser, session: Writing) -> UnreadCount:
    """Note that the caller has read all that they saw; what came since stays unread."""
    notices.read_up_to(session, user.scope, notice_id, utc_now())
    return UnreadCount(unread=notices.count_unread(session, user.scope))
