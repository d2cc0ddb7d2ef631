"""Usage fades with a half-life, whatever the order and the pieces in which it is heard."""

from dataclasses import replace
from math import log

import pytest
from bostan_scheduler.core.decayed import FADED_GPU_SECONDS, LANDMARK_HALF_LIVES, Decayed
from bostan_scheduler.core.snapshot import Snapshot
from hypothesis import given
from hypothesis import strategies as st
from worlds import NOW, world

DAY = 86_400
HALF_LIFE = 7 * DAY
A100 = (None, "a100")
Segment = tuple[str, int, int, int]
"""Firm, when it began and how long it was, both in milliseconds, and the GPUs that it held."""

segments = st.tuples(
    st.sampled_from(["negar", "tabib"]),
    st.integers(NOW - 60 * DAY * 1000, NOW),
    st.integers(0, 3 * DAY * 1000),
    st.integers(1, 64),
)


def heard(*spent: Segment, since: Decayed | None = None) -> Decayed:
    decayed = since or Decayed(HALF_LIFE)
    for firm, from_at, milliseconds, gpus in spent:
        decayed = decayed.add(firm, A100, from_at, from_at + milliseconds, gpus * milliseconds)
    return decayed


def worth(decayed: Decayed) -> dict[str, object]:
    """GPU-seconds of each firm."""
    return {firm: pytest.approx(mine[A100]) for firm, mine in decayed.value_at(NOW).items()}


@pytest.mark.parametrize(("half_lives", "left"), [(0, 3600), (1, 1800), (2, 900), (10, 3600 / 1024)])
def test_a_gpu_hour_is_worth_half_after_each_half_life(half_lives: int, left: float) -> None:
    used = Decayed(HALF_LIFE).add("negar", A100, NOW, NOW, 3_600_000)
    assert used.of_firm("negar", NOW + half_lives * HALF_LIFE * 1000)[A100] == pytest.approx(left)


def test_what_was_held_all_along_is_what_was_held_lately() -> None:
    months = 30 * HALF_LIFE * 1000
    used = heard(("negar", NOW - months, months, 8))
    assert used.gpus(used.of_firm("negar", NOW)[A100]) == pytest.approx(8)


def test_a_segment_is_the_integral_over_it() -> None:
    used = heard(("negar", NOW - HALF_LIFE * 1000, HALF_LIFE * 1000, 1))
    assert used.of_firm("negar", NOW)[A100] == pytest.approx(HALF_LIFE / log(2) / 2)


@given(st.lists(segments, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(spent: list[Segment], chance: object) -> None:
    shuffled = list(spent)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert heard(*shuffled).value_at(NOW).keys() == heard(*spent).value_at(NOW).keys()
    assert {firm: mine[A100] for firm, mine in heard(*shuffled).value_at(NOW).items()} == worth(heard(*spent))


@given(segments, st.floats(0, 1))
def test_cutting_a_segment_changes_nothing(whole: Segment, where: float) -> None:
    firm, from_at, milliseconds, gpus = whole
    first = round(milliseconds * where)
    pieces = ((firm, from_at, first, gpus), (firm, from_at + first, milliseconds - first, gpus))
    assert heard(*pieces).of_firm(firm, NOW)[A100] == pytest.approx(heard(whole).of_firm(firm, NOW)[A100])


@given(st.lists(segments, min_size=1, max_size=6), st.integers(0, 3 * LANDMARK_HALF_LIVES))
def test_nothing_but_time_changes_what_was_used(spent: list[Segment], half_lives: int) -> None:
    """Also when the landmark moves."""
    later = NOW + half_lives * HALF_LIFE * 1000
    used, more = heard(*spent), heard(("sazeh", later, 1000, 1), since=heard(*spent))
    for firm, mine in used.value_at(later).items():
        assert more.of_firm(firm, later).get(A100, 0.0) == pytest.approx(mine[A100], abs=FADED_GPU_SECONDS)


def test_accounts_that_have_faded_to_nothing_are_forgotten() -> None:
    used, ages = heard(("negar", NOW, 1000, 1)), (2 * LANDMARK_HALF_LIVES) * HALF_LIFE * 1000
    assert set(heard(("tabib", NOW + ages, 1000, 1), since=used).worth) == {"tabib"}


def lately(snapshot: Snapshot, quota_id: str) -> float:
    return snapshot.lately(quota_id).get("a100", 0.0)


def test_usage_counts_against_the_leaf_that_its_project_has_now() -> None:
    cluster = world(
        "quota all 8 firm=branch; quota negar 4 under all; quota vision 4 under all firm=negar project=vision"
    )
    used = Decayed(HALF_LIFE)
    for project in (None, "vision", "speech"):
        used = used.add("negar", (project, "a100"), NOW, NOW, 1000)
    one = used.gpus(1.0)
    cluster = replace(cluster, decayed=used)
    assert lately(cluster, "negar") == pytest.approx(2 * one)
    assert lately(cluster, "vision") == pytest.approx(one)
    without = replace(cluster, quota=world("quota negar 4").quota)
    assert lately(without, "negar") == pytest.approx(3 * one)
