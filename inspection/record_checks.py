"""What an inspection record says of things that the database knows must be so: its enterprise, hazards, tickets and photos."""

from uuid import UUID

from sqlmodel import Session, col, select

from inspection.errors import EvidenceMissing, InvalidInput
from inspection.evidence import evidence_row
from inspection.record_wire import RecordContent, RecordProblem
from inspection.tables import Enterprise, HazardItem, RemediationTicket


def require_facts(session: Session, enterprise_id: UUID, content: RecordContent) -> None:
    """Raise `InvalidInput` or `EvidenceMissing` for what is not so in this enterprise."""
    enterprise = session.get_one(Enterprise, enterprise_id)
    if content.enterprise != enterprise.name[:100]:
        raise InvalidInput(f"enterprise: this is {enterprise.name}, not {content.enterprise}")
    if content.credit_code not in ("", enterprise.credit_code):
        raise InvalidInput("credit_code: this is another enterprise's")
    if content.ended_at < content.started_at:
        raise InvalidInput("ended_at: the inspection ended before it started")
    for number, problem in enumerate(content.problems, 1):
        _require_problem(session, enterprise_id, f"problem {number}", problem)


def _require_problem(
    session: Session, enterprise_id: UUID, name: str, problem: RecordProblem
) -> None:
    if problem.item_id is not None and not session.get(
        HazardItem, (enterprise_id, problem.item_id)
    ):
        raise InvalidInput(f"{name}: there is no hazard {problem.item_id} in this enterprise")
    if problem.ticket_number is not None:
        ticket = session.exec(
            select(RemediationTicket).where(
                col(RemediationTicket.enterprise_id) == enterprise_id,
                col(RemediationTicket.number) == problem.ticket_number,
            )
        ).first()
        if ticket is None or ticket.item_id != problem.item_id:
            raise InvalidInput(f"{name}: {problem.ticket_number} is no ticket of this hazard")
    for sha256 in problem.photos:
        if evidence_row(session, enterprise_id, sha256) is None:
            raise EvidenceMissing(sha256)
