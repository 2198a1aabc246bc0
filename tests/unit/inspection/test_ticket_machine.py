"""The ticket's machine, without any database."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from inspection.errors import StepNotPossible
from inspection.tables import TicketState
from inspection.tickets import TicketAction, next_state, possible_actions


def test_the_good_way_and_the_way_back() -> None:
    """open → assigned → fixing → submitted → returned → fixing → submitted → closed."""
    state = TicketState.OPEN
    seen = []
    for action in ("assign", "start", "submit", "return", "start", "submit", "close"):
        state = next_state(state, TicketAction(action))
        seen.append(state.value)
    assert seen == ["assigned", "fixing", "submitted", "returned", "fixing", "submitted", "closed"]


@pytest.mark.parametrize("state", list(TicketState))
@pytest.mark.parametrize("action", list(TicketAction))
def test_what_is_not_possible_is_refused_and_says_what_is(
    state: TicketState, action: TicketAction
) -> None:
    """Every pair of state and action either leads somewhere or is refused by name."""
    if action in possible_actions(state):
        assert isinstance(next_state(state, action), TicketState)
        return
    with pytest.raises(StepNotPossible) as refusal:
        next_state(state, action)
    assert refusal.value.possible == possible_actions(state)
    assert action.value in str(refusal.value)


class AnyWalk(RuleBasedStateMachine):
    """Whatever people try, in whatever order."""

    def __init__(self) -> None:
        super().__init__()
        self.state = TicketState.OPEN
        self.taken: list[TicketAction] = []

    @rule(action=st.sampled_from(TicketAction))
    def try_a_step(self, action: TicketAction) -> None:
        """A refused step changes nothing."""
        before = self.state
        try:
            self.state = next_state(before, action)
        except StepNotPossible:
            assert self.state is before
        else:
            self.taken.append(action)

    @precondition(lambda self: self.state is TicketState.CLOSED)
    @rule()
    def closed_is_the_end(self) -> None:
        """Nobody reopens a closed ticket."""
        assert possible_actions(self.state) == ()

    @invariant()
    def nothing_is_closed_without_assign_start_submit_and_reinspection(self) -> None:
        """The close comes directly after a submission, which comes directly after a start."""
        if self.state is TicketState.CLOSED:
            assert self.taken[0] is TicketAction.ASSIGN
            assert [each.value for each in self.taken[-3:]] == ["start", "submit", "close"]
        elif self.state is not TicketState.OPEN:
            assert TicketAction.CLOSE not in self.taken


TestAnyWalk = AnyWalk.TestCase
