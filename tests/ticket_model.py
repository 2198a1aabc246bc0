"""A remediation ticket as simply as it can be said: who may do what, and which hours count. Nothing of the product's machine is used.

Time is in whole hours after the opening. Whether an hour counts is asked of each hour by itself.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

ROLES = {
    "expert": {"expert"},
    "officer": {"officer"},
    "worker": {"worker"},
    "second_worker": {"worker"},
    "centre": {"centre"},
    # An officer of the enterprise who works for the service centre as well: whom rules of two persons must hold.
    "double": {"officer", "centre"},
    "government": {"government"},
    "insurer": {"insurer"},
    "stranger": set[str](),
}
PEOPLE = sorted(ROLES)
OF_ENTERPRISE = sorted(name for name, roles in ROLES.items() if roles & {"officer", "worker"})
NEXT = {
    ("open", "assign"): "assigned",
    ("assigned", "assign"): "assigned",
    ("assigned", "start"): "fixing",
    ("fixing", "assign"): "assigned",
    ("fixing", "submit"): "submitted",
    ("submitted", "close"): "closed",
    ("submitted", "return"): "returned",
    ("returned", "assign"): "assigned",
    ("returned", "start"): "fixing",
}
STEPS = ("assign", "start", "submit", "close", "return")
DECIDED = {"approve": "approved", "refuse": "refused", "withdraw": "withdrawn"}
KINDS = (*STEPS, "plan", "pause", "extension", *DECIDED, "end")
FOR_THE_ENTERPRISE = {"open", "assigned", "fixing", "returned"}
MAX_DAYS = 60


@dataclass(frozen=True)
class Act:
    """What somebody tries.

    Attributes:
        to: to whom it is assigned.
        said: whether the photo, or the note, that it needs is there.
        number: hours of a pause, or days of an extension.
        which: the place of the request that it is about.
    """

    kind: str
    by: str
    to: str = OF_ENTERPRISE[0]
    said: bool = True
    number: int = 1
    which: int = -1


@dataclass
class Request:
    """A request for time: a pause from `since` to `until`, or `days` more."""

    kind: str
    by: str
    since: int
    until: int = 0
    days: int = 0
    state: str = "requested"

    def holds(self, hour: int) -> bool:
        """Return whether it keeps an hour from counting."""
        is_granted = self.kind == "pause" and self.state == "approved"
        return is_granted and self.since <= hour < self.until


@dataclass
class TicketModel:
    """A ticket and its past.

    Attributes:
        budget: hours that it was given.
        is_working: whether an hour, counted from the opening, lies on a day that counts.
        hands: who was ever assigned, started or submitted.
        waits: from when to when reinspections were waited for; the last one may have no end.
        acts: how much was done.
    """

    is_major: bool
    budget: int
    is_working: Callable[[int], bool]
    now: int = 0
    state: str = "open"
    assignee: str | None = None
    has_plan: bool = False
    hands: set[str] = field(default_factory=set)
    requests: list[Request] = field(default_factory=list)
    waits: list[list[int]] = field(default_factory=list)
    closed_at: int | None = None
    acts: int = 0

    def allows(self, act: Act) -> bool:
        """Return whether an act is done, or refused."""
        if act.kind in STEPS:
            return self._allows_step(act)
        if act.kind == "plan":
            is_possible = self.is_major and self.state in FOR_THE_ENTERPRISE
            return is_possible and "officer" in ROLES[act.by]
        if act.kind in {"pause", "extension"}:
            return self._allows_request(act)
        return bool(self.requests) and self._allows_answer(act, self.requests[act.which])

    def is_possible(self, kind: str) -> bool:
        """Return whether there is anybody who may do such a thing now."""
        return any(self.allows(Act(kind, by)) for by in PEOPLE)

    def do(self, act: Act) -> None:
        """Do what is allowed."""
        self.acts += 1
        if act.kind in STEPS:
            self._step(act)
        elif act.kind == "plan":
            self.has_plan = True
        elif act.kind in {"pause", "extension"}:
            until, days = (self.now + act.number, 0) if act.kind == "pause" else (0, act.number)
            self.requests.append(Request(act.kind, act.by, self.now, until, days))
        elif act.kind == "end":
            self.requests[act.which].until = self.now
        else:
            self.requests[act.which].state = DECIDED[act.kind]

    def _allows_step(self, act: Act) -> bool:
        if (self.state, act.kind) not in NEXT:
            return False
        if act.kind in {"start", "submit"}:
            is_ready = act.said if act.kind == "submit" else self.has_plan or not self.is_major
            return self._is_concerned(act.by) and is_ready
        if not ROLES[act.by] & {"officer", "expert", "centre"}:
            return False
        if act.kind == "assign":
            return act.to in OF_ENTERPRISE
        return act.by not in self.hands and (act.said or act.kind == "close")

    def _allows_request(self, act: Act) -> bool:
        is_pending = any(
            each.kind == act.kind and each.state == "requested" for each in self.requests
        )
        most = MAX_DAYS if act.kind == "extension" else 24 * MAX_DAYS
        is_sensible = 1 <= act.number <= most
        is_for_them = self._is_concerned(act.by) and self.state in FOR_THE_ENTERPRISE
        return is_for_them and is_sensible and not is_pending

    def _allows_answer(self, act: Act, request: Request) -> bool:
        decides = bool(ROLES[act.by] & {"expert", "centre"})
        if act.kind == "end":
            may = decides or self._is_concerned(act.by)
            return may and request.holds(self.now) and self.state != "closed"
        if request.state != "requested":
            return False
        if act.kind == "withdraw":
            return self._is_concerned(act.by) or act.by == request.by
        is_said = act.said or act.kind == "approve"
        return decides and act.by != request.by and self.state != "closed" and is_said

    def _is_concerned(self, by: str) -> bool:
        return by == self.assignee or "officer" in ROLES[by]

    def _step(self, act: Act) -> None:
        self.state = NEXT[self.state, act.kind]
        if act.kind == "assign":
            self.assignee = act.to
            self.hands.add(act.to)
        elif act.kind in {"start", "submit"}:
            self.hands.add(act.by)
        if act.kind == "submit":
            self.waits.append([self.now])
        elif act.kind in {"close", "return"}:
            self.waits[-1].append(self.now)
        if act.kind == "close":
            self.closed_at = self.now

    @property
    def given(self) -> int:
        """Hours that it may take, with what was granted."""
        granted = [each.days for each in self.requests if each.state == "approved"]
        return self.budget + 24 * sum(granted)

    def counted(self) -> int:
        """Hours that counted until now, or until it was closed."""
        until = self.now if self.closed_at is None else self.closed_at
        return sum(1 for hour in range(until) if self.counts(hour))

    def counts(self, hour: int) -> bool:
        """Return whether an hour counts."""
        is_waiting = any(
            wait[0] <= hour and (len(wait) == 1 or hour < wait[1]) for wait in self.waits
        )
        is_held = any(each.holds(hour) for each in self.requests)
        return self.is_working(hour) and not is_waiting and not is_held

    def due(self) -> int:
        """Return the hour at whose end the given hours have counted; not while a reinspection is waited for."""
        *_, last = self._first_counted(self.given)
        return last + 1

    def _first_counted(self, number: int) -> Iterator[int]:
        hour = 0
        while number > 0:
            if self.counts(hour):
                number -= 1
                yield hour
            hour += 1
