"""When something is sent: pure functions of a person's wishes and of the moment it happened. Days are China's.

at once    now, or at the end of the quiet hours; of a major hazard now in any case, where the rule of its kind says so
digest     at the next time of the digest, or at the end of the quiet hours if it lies in them
neither    never: it is in the app
always     now: what concerns the person's own account
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from inspection.china import begin_of, china_day
from inspection.delivery.rules import NoticeRule

MINUTES_A_DAY = 24 * 60
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Quiet:
    """Quiet hours from one time of the day to another, minutes since midnight in China; the end is not part of them.

    They go over midnight where the end is before the begin.
    """

    from_min: int
    until_min: int

    def __post_init__(self) -> None:
        for minute in (self.from_min, self.until_min):
            if not 0 <= minute < MINUTES_A_DAY:
                msg = f"a time of the day is from 0 to {MINUTES_A_DAY - 1} minutes, not {minute}"
                raise ValueError(msg)
        if self.from_min == self.until_min:
            msg = "quiet hours begin and end at different times"
            raise ValueError(msg)

    def holds(self, at: datetime) -> bool:
        """Return whether a moment lies in them."""
        since = at - begin_of(china_day(at))
        begin, end = timedelta(minutes=self.from_min), timedelta(minutes=self.until_min)
        return begin <= since < end if begin < end else since >= begin or since < end


@dataclass(frozen=True)
class Wishes:
    """What a person wishes: kinds that are sent at once, when the digest comes (None: none), quiet hours."""

    at_once: Collection[str]
    digest_min: int | None = None
    quiet: Quiet | None = None
    language: str = field(default="zh-CN")


@dataclass(frozen=True)
class Sending:
    """When something is sent, by itself or with others."""

    at: datetime
    is_digest: bool


def sending(wishes: Wishes, rule: NoticeRule, now: datetime, *, is_major: bool) -> Sending | None:
    """Return when a notice of a kind is sent; None where it stays in the app."""
    if rule.is_always:
        return Sending(now, is_digest=False)
    if rule.kind.value in wishes.at_once:
        if is_major and rule.major_through_quiet:
            return Sending(now, is_digest=False)
        return Sending(after_quiet(wishes.quiet, now), is_digest=False)
    if wishes.digest_min is None:
        return None
    digest_at = next_time(wishes.digest_min, now)
    return Sending(after_quiet(wishes.quiet, digest_at), is_digest=True)


def after_quiet(quiet: Quiet | None, at: datetime) -> datetime:
    """Return a moment itself, or the end of the quiet hours that it lies in."""
    if quiet is None or not quiet.holds(at):
        return at
    return next_time(quiet.until_min, at)


def next_time(minute: int, after: datetime) -> datetime:
    """Return the next moment at which it is a time of the day in China, later than `after`."""
    today = begin_of(china_day(after)) + timedelta(minutes=minute)
    return today if today > after else today + DAY
