"""What a person is told of their own account: in the app, and by every confirmed way whatever they wish.

Whoever took over an account could change its wishes, so none is asked for (OWASP ASVS 2.2.3, 2.5.5).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, col, select

from inspection.china import china_day
from inspection.journal import timestamp
from inspection.news import News
from inspection.notices import tell
from inspection.plans import parameter
from inspection.tables import Notice, NoticeKind, PersonalToken, new_id

TOKEN_NOTICE = "token_ending_notice"  # noqa: S105  the name of a parameter
_NO_FACTS: Mapping[str, str] = {}


@dataclass(frozen=True)
class Account:
    """What happened to an account: what, about which thing, with which facts; `once` names an event that is told once for it."""

    what: str
    thing_id: UUID
    facts: Mapping[str, str] = field(default_factory=lambda: _NO_FACTS)
    once: str = ""


def tell_person(
    session: Session, user_id: UUID, kind: NoticeKind, told: Account, now: datetime
) -> None:
    """Tell a person of their account, within the caller's transaction."""
    facts = {**({"what": told.what} if told.what else {}), **told.facts}
    event = told.once or str(new_id())
    news = News(kind, None, told.thing_id, f"{kind}:{told.thing_id}:{event}", facts)
    tell(session, news, [user_id], now)


def tell_changed(session: Session, user_id: UUID, what: str, now: datetime, **facts: str) -> None:
    """Tell a person that how they sign in was changed, by them or by somebody else."""
    tell_person(session, user_id, NoticeKind.ACCOUNT_CHANGED, Account(what, user_id, facts), now)


def tell_ending_tokens(
    readers: sessionmaker[Session], writers: sessionmaker[Session], now: datetime
) -> int:
    """Tell of personal tokens that end soon, each once, some days before; return how many."""
    ahead = timedelta(days=parameter(TOKEN_NOTICE, china_day(now)).value)
    told = select(Notice.id).where(
        col(Notice.kind) == NoticeKind.TOKEN_ENDING.value,
        col(Notice.thing_id) == col(PersonalToken.id),
    )
    ending = select(PersonalToken).where(
        col(PersonalToken.revoked_at).is_(None),
        col(PersonalToken.expires_at) > now,
        col(PersonalToken.expires_at) <= now + ahead,
        ~told.exists(),
    )
    with readers() as session:
        # One that was made for a few days is not announced: its end was just chosen.
        waiting = [row for row in session.exec(ending) if row.expires_at - row.created_at > ahead]
    for row in waiting:
        facts = {"name": row.name, "ends_at": timestamp(row.expires_at)}
        with writers.begin() as session:
            ended = Account("", row.id, facts, once="ending")
            tell_person(session, row.user_id, NoticeKind.TOKEN_ENDING, ended, now)
    return len(waiting)
