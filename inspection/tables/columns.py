"""How an id and a time are kept: the columns that every table shares."""

from typing import Any
from uuid import UUID

import uuid_utils.compat
from sqlmodel import Field

from inspection.columns import UtcTime
from inspection.wire import utc_now


def new_id() -> UUID:
    """Return a UUIDv7: sortable by time of creation."""
    return uuid_utils.compat.uuid7()


def at_column(*, default: bool = True, index: bool = False) -> Any:
    if default:
        return Field(default_factory=utc_now, sa_type=UtcTime, index=index)
    return Field(default=None, sa_type=UtcTime, nullable=True, index=index)
