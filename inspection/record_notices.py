"""Who is told of an inspection record. Nobody is told of what they did themselves.

| event | told |
| --- | --- |
| the inspector signed: it waits for the enterprise | officers |
| the enterprise signed: the hazard notice is there | officers, stationed experts |
| the enterprise refused: the hazard notice is there | officers, stationed experts, service centre; the town, by the dated parameter `refusal_told_to_town` |
"""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from inspection.addressees import addressees, authorities
from inspection.escalation_rules import Party
from inspection.news import News
from inspection.notices import tell
from inspection.plans import china_day, parameter
from inspection.scopes import Scope
from inspection.tables import InspectionRecord, NoticeKind, RecordAnswerState, Role

_OFFICERS = (Role.ENTERPRISE_OFFICER,)
_ANSWERED = {
    RecordAnswerState.SIGNED: (NoticeKind.RECORD_SIGNED, (*_OFFICERS, Role.EXPERT)),
    RecordAnswerState.REFUSED: (
        NoticeKind.RECORD_REFUSED,
        (*_OFFICERS, Role.EXPERT, Role.SERVICE_CENTRE),
    ),
}


def tell_of_record(session: Session, scope: Scope, row: InspectionRecord, now: datetime) -> None:
    """Tell the officers that a record waits for the enterprise's signature."""
    people = _people(session, row, _OFFICERS)
    _tell(session, scope, row, NoticeKind.RECORD_WAITS, people, now)


def tell_of_answer(session: Session, scope: Scope, row: InspectionRecord, now: datetime) -> None:
    """Tell that the enterprise has signed or refused, and that the hazard notice is there."""
    kind, roles = _ANSWERED[RecordAnswerState(row.state)]
    people = _people(session, row, roles)
    is_refused = kind is NoticeKind.RECORD_REFUSED
    if is_refused and parameter("refusal_told_to_town", china_day(now)).value:
        people |= set(authorities(session, row.enterprise_id)[Party.TOWN])
    _tell(session, scope, row, kind, people, now)


def _tell(
    session: Session,
    scope: Scope,
    row: InspectionRecord,
    kind: NoticeKind,
    people: set[UUID],
    now: datetime,
) -> None:
    problems = row.content.get("problems", [])
    facts = {
        "number": row.number,
        "problems": len(problems),
        "major": sum(each.get("level") == "major" for each in problems),
    }
    news = News(kind, row.enterprise_id, row.id, f"{kind}:{row.id}", facts)
    tell(session, news, people - {scope.user_id}, now)


def _people(session: Session, row: InspectionRecord, roles: tuple[Role, ...]) -> set[UUID]:
    found = addressees(session, row.enterprise_id)
    return {user_id for role in roles for user_id in found[role]}
