"""Wilson's interval of a share, against figures computed elsewhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.precision import Tally, wilson_interval


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [  # Newcombe, Statistics in Medicine 17 (1998), table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_published_figures(successes: int, trials: int, low: float, high: float) -> None:
    """The interval is that of Newcombe's comparison of methods."""
    assert wilson_interval(successes, trials) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_share_and_stays_within_bounds(counted: tuple[int, int]) -> None:
    """Whatever was counted."""
    low, high = wilson_interval(*counted)
    assert 0 <= low <= counted[0] / counted[1] + 1e-12
    assert counted[0] / counted[1] - 1e-12 <= high <= 1


@pytest.mark.parametrize("counted", [(0, 0), (2, 1), (-1, 5)])
def test_what_is_no_share_is_refused(counted: tuple[int, int]) -> None:
    """There is no interval of nothing."""
    with pytest.raises(ValueError, match="no share"):
        wilson_interval(*counted)


def test_before_the_first_decision_there_is_no_figure() -> None:
    """Waiting findings and those set aside are in no share."""
    assert Tally(waiting=5, set_aside=2).precision is None
    assert Tally(waiting=5).interval is None
    assert Tally(confirmed=3, renamed=1, dismissed=1).precision == 0.6
