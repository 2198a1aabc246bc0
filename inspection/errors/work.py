"""Refusals about findings, hazard items, tickets and devices: who may do what, and when."""

from collections.abc import Sequence
from uuid import UUID

from inspection.errors.base import Conflict, NotAllowed, Refused


class SecondPersonRequired(NotAllowed):
    """Whoever was assigned, fixed or submitted may not reinspect their own work."""

    def __init__(self) -> None:
        super().__init__("reinspect", ())
        self.args = (
            "whoever was assigned this fix, worked on it or submitted it may not reinspect; ask a person who had no hand in it",
        )


class AnotherApproverRequired(NotAllowed):
    """Whoever asks for an erasure, or for a ticket to have more time, may not approve it."""

    def __init__(self, asked_for: str = "erasure") -> None:
        super().__init__(f"approve the {asked_for}", ())
        self.args = (
            f"whoever asked for the {asked_for} may not approve it; ask another person to",
        )


class AlreadyDecided(Conflict):
    """A finding is confirmed or dismissed once."""

    def __init__(self, finding_id: UUID, state: str) -> None:
        self.finding_id, self.state = finding_id, state
        super().__init__(f"finding {finding_id} is already {state}; a decision is made once")


class StepNotPossible(Conflict):
    """The ticket's state does not know this step."""

    def __init__(self, state: str, action: str, possible: Sequence[str]) -> None:
        self.state, self.action, self.possible = state, action, tuple(possible)
        steps = ", ".join(self.possible) or "nothing"
        super().__init__(f"a ticket that is {state} cannot {action}; possible now: {steps}")


class TreatmentPlanRequired(Conflict):
    """A major hazard's fix does not start before its treatment plan was filed."""

    def __init__(self) -> None:
        super().__init__(
            "a major hazard needs its treatment plan before the fix starts: file its six parts, the stop of work and the report first"
        )


class ItemNotStanding(Conflict):
    """A hazard item that does not stand any more is not joined, and one that was joined is not split."""

    def __init__(self, item_id: UUID, state: str) -> None:
        self.state = state
        super().__init__(f"hazard {item_id} is {state}; read it again")


class ReinspectionPending(Conflict):
    """A fix waits for its reinspection: nothing of its hazard changes meanwhile."""

    def __init__(self, number: str) -> None:
        super().__init__(
            f"the fix of ticket {number} waits for its reinspection; reinspect it first"
        )


class MergeRefused(Conflict):
    """Two items cannot be joined this way round; the message says why."""


class SplitRefused(Conflict):
    """These findings cannot be split off; the message says why."""


class HoldPending(Conflict):
    """A ticket has a request of this kind that nobody decided yet."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"a request for a {kind} waits for its decision; withdraw it first")


class HoldDecided(Conflict):
    """A ticket's request for time is decided once, and an approved pause ends once."""

    def __init__(self, hold_id: UUID, state: str) -> None:
        self.state = state
        super().__init__(f"request {hold_id} is {state}; read the ticket again")


class AfterPhotoRequired(Refused):
    """A submission needs a new photo of the fixed place."""


class DeviceKeyFixed(Conflict):
    """A device has a key, and it is not the one that was shown."""

    def __init__(self, device_id: UUID) -> None:
        super().__init__(
            f"device {device_id} has another key already; enrol it anew with a new code"
        )
