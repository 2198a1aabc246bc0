"""Time things beside each other: in turns, so that whatever else a machine does meets all of them alike."""

import random
import time
from collections.abc import Callable, Mapping
from statistics import median

WARM_UP = 2
# A runtime's threads spin on for a moment after their work, and slow whoever comes next.
REST_S = 0.03

Step = Callable[[], object]


def interleaved_ms(steps: Mapping[str, Step], rounds: int) -> dict[str, list[float]]:
    """Return each step's milliseconds, round by round; every round runs each once, and `WARM_UP` rounds do not count.

    The order is shuffled each round, or one would always follow the same other and pay for what that left running.
    """
    times: dict[str, list[float]] = {name: [] for name in steps}
    shuffled = random.Random(0)  # noqa: S311  an order, not a secret
    for round_number in range(rounds + WARM_UP):
        for name in shuffled.sample(list(steps), len(steps)):
            time.sleep(REST_S)
            started_s = time.perf_counter()
            steps[name]()
            took_ms = (time.perf_counter() - started_s) * 1000
            if round_number >= WARM_UP:
                times[name].append(took_ms)
    return times


def median_ratio(ours: list[float], theirs: list[float]) -> float:
    """Return the median of the rounds' own ratios, which a busy moment disturbs least."""
    return median(mine / other for mine, other in zip(ours, theirs, strict=True))
