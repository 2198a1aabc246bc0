"""The outbox does not grow for ever: what was sent, or is not to be sent any more, goes after a while; what failed stays."""

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, col, select

from inspection.china import china_day
from inspection.plans import parameter
from inspection.tables import DeliveryState, NoticeDelivery

RETENTION = "delivery_retention"
BATCH = 1000
_OVER = (DeliveryState.SENT.value, DeliveryState.DROPPED.value)


def forget_delivered(writers: sessionmaker[Session], now: datetime) -> int:
    """Delete rows of the outbox that ended so long ago, some a transaction; return how many."""
    kept = timedelta(days=parameter(RETENTION, china_day(now)).value)
    old = (
        select(NoticeDelivery.id)
        .where(
            col(NoticeDelivery.state).in_(_OVER),
            col(NoticeDelivery.ended_at) < now - kept,
        )
        .limit(BATCH)
    )
    forgotten = 0
    while True:
        with writers.begin() as session:
            ids = session.exec(old).all()
            session.exec(delete(NoticeDelivery).where(col(NoticeDelivery.id).in_(ids)))
        forgotten += len(ids)
        if len(ids) < BATCH:
            return forgotten
