"""A worker of the outbox for tests, with a clock that is turned by hand, and news for it to send."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, col, select

from inspection.delivery.channels import NewChannel, add_channel
from inspection.delivery.endpoints import NewEndpoint, add_endpoint
from inspection.delivery.mail import MailServer
from inspection.delivery.reach import Reach
from inspection.delivery.robots import Robots
from inspection.delivery.sender import NoticeSender, Patience, Ways
from inspection.delivery.sms import TextMessages
from inspection.memberships import Place
from inspection.news import News
from inspection.notices import tell
from inspection.scopes import scope_of
from inspection.sealing import Seal
from inspection.tables import (
    ChannelKind,
    Notice,
    NoticeChannel,
    NoticeDelivery,
    NoticeKind,
    User,
    WebhookEndpoint,
    new_id,
)
from tests.builders import NOW, Town

SEAL = Seal(b"k" * 32)
GIVE_UP = timedelta(hours=72)
APP = "https://anxun.example"
HERE = Reach(frozenset({"127.0.0.1"}))


@dataclass
class Outside:
    """A town's outbox and what sends it. `now` is the worker's clock."""

    readers: sessionmaker[Session]
    writers: sessionmaker[Session]
    town: Town
    robots: Robots = field(default_factory=lambda: Robots(HERE))
    mail: MailServer | None = None
    sms: TextMessages | None = None
    now: datetime = NOW

    def sender(self) -> NoticeSender:
        """Return a worker that waits exactly as planned."""
        ways = Ways(self.robots, APP, self.mail, self.sms)
        patience = Patience(GIVE_UP, spread=lambda: 0.0)
        return NoticeSender(self.readers, self.writers, SEAL, ways, patience, lambda: self.now)

    def send(self) -> int:
        """Send what is due; return how many messages were tried."""
        return self.sender().run_once()

    def use_mail(self, port: int) -> None:
        """Send mail through a server on this machine."""
        url = f"smtp://127.0.0.1:{port}?tls=none"
        self.mail = MailServer.from_url(url, "anxun <no-reply@anxun.example>", "anxun.example")

    def channel(self, user: User, kind: ChannelKind, to: str, secret: str = "") -> NoticeChannel:
        """Give a person a channel; an address is confirmed by the code that is on its way to it."""
        with self.writers.begin() as session:
            row = add_channel(session, SEAL, user.id, NewChannel(kind, to, secret), NOW)
            if row.confirmed_at is None:
                row.confirmed_at, row.sealed_code = NOW, None
                waiting = col(NoticeDelivery.channel_id) == row.id
                session.exec(delete(NoticeDelivery).where(waiting))
            told = col(Notice.kind) == NoticeKind.ACCOUNT_CHANGED.value
            mine = select(Notice.id).where(told, col(Notice.user_id) == user.id)
            session.exec(delete(NoticeDelivery).where(col(NoticeDelivery.notice_id).in_(mine)))
            session.exec(delete(Notice).where(told, col(Notice.user_id) == user.id))
            return row

    def endpoint(self, user: User, place: Place, url: str) -> tuple[WebhookEndpoint, str]:
        """Let a person add a webhook."""
        with self.writers.begin() as session:
            scope = scope_of(session, user.id)
            return add_endpoint(session, SEAL, HERE, scope, NewEndpoint(place, url), NOW)

    def tell(self, *users: User, key: str = "a", level: str = "general", **changes: object) -> News:
        """Tell people that a ticket of the town's enterprise is overdue, or of something else."""
        facts: dict[str, object] = {
            "kind": NoticeKind.TICKET_OVERDUE,
            "enterprise_id": self.town.mine.id,
            "thing_id": new_id(),
            "event_key": key,
            "facts": {"number": "ZG-20261124-0001", "hazard_code": "PPE-01", "level": level},
        }
        news = News(**(facts | changes))  # type: ignore[arg-type]
        with self.writers.begin() as session:
            tell(session, news, [user.id for user in users], self.now)
        return news

    def rows(self, owner_id: UUID | None = None) -> list[NoticeDelivery]:
        """Return the outbox, the oldest first, of one channel or webhook or of all."""
        statement = select(NoticeDelivery).order_by(col(NoticeDelivery.id))
        with self.readers() as session:
            rows = session.exec(statement).all()
        return [row for row in rows if owner_id in (None, row.channel_id, row.endpoint_id)]

    def states(self, owner_id: UUID | None = None) -> list[str]:
        """Return the states of the outbox's rows."""
        return [row.state for row in self.rows(owner_id)]
