"""Whoever changes a ticket: who, which, the version that they had read, and the one way to answer."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header
from sqlmodel import Session

from api.access import log_access
from api.auth import Caller
from api.deps import CurrentUser, EnterpriseId, Remote, Writing
from api.errors import MalformedHeader, PreconditionMissing, problems
from api.preconditions import ANY
from api.shapes.tickets import TicketDetail
from api.ticket_views import ticket_detail
from inspection.scopes import Scope
from inspection.tables import RemediationTicket
from inspection.ticket_steps import TicketRef
from inspection.wire import utc_now

TICKET = "/enterprises/{enterprise_id}/tickets/{ticket_id}"
STEP_PROBLEMS = problems(400, 401, 403, 404, 409, 412, 422, 428)
VERSION_TAG = re.compile(r'"([0-9]{1,9})"', re.ASCII)
# What is done to a ticket of which it is known who asks, and which one it is.
Change = Callable[[Session, Scope, TicketRef], RemediationTicket]


@dataclass(frozen=True)
class StepTaker:
    """Who changes which ticket, and the version of it that they had read; None: whatever it is."""

    session: Session
    caller: Caller
    enterprise_id: UUID
    ticket_id: UUID
    expected_version: int | None
    remote: str

    def take(self, action: str, change: Change) -> TicketDetail:
        """Make the change, note it in the access log, and return the ticket as it is then."""
        now = utc_now()
        ref = TicketRef(self.enterprise_id, self.ticket_id, now, self.expected_version)
        ticket = change(self.session, self.caller.scope, ref)
        log_access(
            self.session,
            actor=self.caller.actor,
            action=f"ticket.{action}",
            enterprise_id=self.enterprise_id,
            detail=str(self.ticket_id),
            remote=self.remote,
        )
        return ticket_detail(self.session, self.caller, ticket, now)


async def step_taker(
    enterprise_id: EnterpriseId,
    ticket_id: UUID,
    caller: CurrentUser,
    session: Writing,
    remote: Remote,
    if_match: Annotated[
        str | None,
        Header(
            description="version of the ticket that was read, in quotes; `*`: whatever it is",
            examples=['"3"'],
        ),
    ] = None,
) -> StepTaker:
    """Return who takes a step. Raises `PreconditionMissing`, `MalformedHeader`."""
    if if_match is None:
        raise PreconditionMissing(
            "read the ticket first and send its version as If-Match, so that nobody's step is undone unseen"
        )
    version = version_of(if_match)
    return StepTaker(session, caller, enterprise_id, ticket_id, version, remote)


def version_of(if_match: str | None) -> int | None:
    """Return the version that was read; None where none was said, or any will do. Raises `MalformedHeader`."""
    if if_match is None or if_match.strip() == ANY:
        return None
    tag = VERSION_TAG.fullmatch(if_match.strip())
    if tag is None:
        raise MalformedHeader('If-Match is the version that was read, in quotes, such as "3"')
    return int(tag[1])


Taker = Annotated[StepTaker, Depends(step_taker, scope="function")]
