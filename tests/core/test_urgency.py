"""Which jobs must not wait: those on the critical path, and those that would end later than is fair."""

from collections.abc import Iterable

import pytest
from bostan_scheduler.core.order.ask import Ask
from bostan_scheduler.core.order.urgency import Urgency
from hypothesis import given
from hypothesis import strategies as st

POOL_GPUS = 10


def ask(line: str) -> Ask:
    """`name gpus left/in-all came`, with a question mark after what is only guessed."""
    name, gpus, length, came = line.split()
    left, in_all = length.rstrip("?").split("/")
    guessed = length.endswith("?")
    return Ask(int(came), name, float(came), int(gpus), POOL_GPUS, float(in_all), float(left), guessed)


def urgent(asks: Iterable[Ask], fair_seconds: float, rate: float, urgency: Urgency = Urgency()) -> str:
    return " ".join(urgency.choose(asks, POOL_GPUS, fair_seconds, rate))


@pytest.mark.parametrize(
    ("jobs", "fair", "rate", "expected"),
    [
        # 1,000 s on 2 GPUs are left, and little else: were it not to run, the last job would end later.
        (["long 2 1000/1000 0", "a 1 10/10 0", "b 1 10/10 0"], 0, 0.0, "long"),
        # The whole pool has 1,000 s of work: what ends within that holds nobody up.
        (["even 1 900/900 0", "wide 10 910/910 0"], 0, 0.0, ""),
        # Critical jobs get a fifth of the pool, the longest first; who does not fit is passed.
        (["x 1 500/500 0", "y 2 400/400 0", "z 1 300/300 0"], 0, 0.0, "x z"),
        # A pool that is shared evenly would have ended it by 100: that is past.
        (["old 4 40/100 0", "wide 10 500/500 0"], 101, 0.0, "old"),
        # It ends in time if it starts now, and not later: at the pace of the pool 40 of its seconds take 20.
        (["old 4 40/100 0", "wide 10 500/500 0"], 80, 0.5, "old"),
        (["old 4 40/100 0", "wide 10 500/500 0"], 79, 0.5, ""),
        # Of the late ones the first deadline comes first, within two fifths of the pool.
        (["p 3 10/90 0", "q 2 10/50 0", "r 2 10/60 0", "wide 10 500/500 500"], 200, 0.0, "q r"),
        # Of equals, who came first.
        (["b 4 10/90 10", "a 4 10/100 0", "wide 10 500/500 500"], 200, 0.0, "a"),
        # Nothing is known of it: that it is late is a guess too.
        (["old 4 40/100? 0", "long 2 900/1000? 0", "wide 10 500/500 500"], 200, 0.0, ""),
        # A job is urgent once, for the stronger reason.
        (["both 2 1000/1000 0", "a 1 10/10 0"], 5000, 0.0, "both a"),
    ],
)
def test_urgent_jobs(jobs: list[str], fair: float, rate: float, expected: str) -> None:
    assert urgent(map(ask, jobs), fair, rate) == expected


@given(
    st.lists(
        st.tuples(st.integers(1, 6), st.integers(1, 500), st.integers(0, 500), st.integers(0, 1000)),
        max_size=12,
    ),
    st.integers(0, 3000),
    st.floats(0, 1),
    st.randoms(use_true_random=False),
)
def test_each_kind_keeps_to_its_share_and_the_order_of_the_asks_does_not_matter(
    drawn: list[tuple[int, int, int, int]], fair: int, rate: float, chance: object
) -> None:
    asks = [
        ask(f"j{number} {gpus} {left}/{left + done} {came}")
        for number, (gpus, left, done, came) in enumerate(drawn)
    ]
    chosen = urgent(asks, fair, rate)
    gpus = {one.job_id: one.gpus for one in asks}
    assert sum(gpus[one] for one in chosen.split()) <= (0.2 + 0.4) * POOL_GPUS
    chance.shuffle(asks)  # type: ignore[attr-defined]
    assert urgent(asks, fair, rate) == chosen
