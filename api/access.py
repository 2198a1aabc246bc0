"""The access log: every sign-in, refusal, export, decision and reading of evidence."""

from uuid import UUID

from sqlmodel import Session

from inspection.tables import AccessLog

MAX_DETAIL = 500


def log_access(
    session: Session,
    *,
    actor: str,
    action: str,
    enterprise_id: UUID | None = None,
    detail: str = "",
    remote: str = "",
) -> None:
    """Add a line to the access log, within the caller's transaction."""
    session.add(
        AccessLog(
            actor=actor,
            action=action,
            enterprise_id=enterprise_id,
            detail=detail[:MAX_DETAIL],
            remote=remote,
        )
    )
