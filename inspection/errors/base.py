"""What every refusal of the domain is a kind of, and those that any thing can give."""

from collections.abc import Sequence
from uuid import UUID


class InspectionError(Exception):
    """Base of every refusal of the domain."""


class NotFound(InspectionError):
    """The thing does not exist, or the caller's scope does not hold it: the two are never told apart."""

    def __init__(self, kind: str, key: object) -> None:
        self.kind, self.key = kind, str(key)
        super().__init__(f"there is no {kind} {key}")


class NotAllowed(InspectionError):
    """The caller may see the thing but not do this with it."""

    def __init__(self, action: str, roles: Sequence[str]) -> None:
        self.action, self.roles = action, tuple(roles)
        super().__init__(f"to {action} needs one of the roles: {', '.join(self.roles)}")


class Conflict(InspectionError):
    """The request was possible once, but the thing's present state refuses it."""


class Refused(InspectionError):
    """The input is wrong, and sending it again does not help."""


class VersionConflict(Conflict):
    """The thing changed since the caller read it."""

    def __init__(self, expected: int, actual: int, thing: str = "the ticket") -> None:
        self.expected, self.actual = expected, actual
        super().__init__(
            f"{thing} is at version {actual}, not {expected}; read it again and decide anew"
        )


class AlreadyExists(Conflict):
    """A name, login or number is taken."""

    def __init__(self, kind: str, key: str) -> None:
        self.kind, self.key = kind, key
        super().__init__(f"there is already a {kind} {key}")


class IdReused(Conflict):
    """An id came before with another content: it is the idempotency key of one thing only."""

    def __init__(self, kind: str, key: UUID) -> None:
        super().__init__(
            f"{kind} {key} was sent before with another content; give the new one an id of its own"
        )


class NotStanding(Conflict):
    """A record is corrected or withdrawn while it stands; a later one took its place."""

    def __init__(self, record_id: UUID, state: str) -> None:
        self.state = state
        super().__init__(
            f"record {record_id} is {state}; read the record again and go on from there"
        )


class InvalidCursor(Refused):
    """A cursor that no list gave out."""

    def __init__(self) -> None:
        super().__init__("this cursor is not one that a list gave; start without a cursor")


class InvalidInput(Refused):
    """A value that the domain cannot take."""
