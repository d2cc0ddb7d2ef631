"""Clipping is exact: however a segment is cut, its pieces add up to it."""

import itertools

import pytest
from bostan_scheduler.store.usage import Segment
from hypothesis import given
from hypothesis import strategies as st

instants = st.integers(0, 10_000)
segments = st.builds(
    lambda begin, length, spent: Segment(begin, begin + length, spent),
    instants,
    st.integers(0, 10_000),
    st.integers(0, 2**60),
)


@given(segments, st.lists(instants))
def test_pieces_add_up(segment, cuts):
    edges = [0, *sorted(cuts), 30_000]
    pieces = [segment.within(begin, end) for begin, end in itertools.pairwise(edges)]
    assert sum(pieces) == segment.gpu_milliseconds
    assert all(piece >= 0 for piece in pieces)


@given(segments, instants, instants)
def test_what_does_not_touch_the_window_has_nothing_in_it(segment, begin, end):
    if not segment.touches(begin, end):
        assert segment.within(min(begin, end), end) == 0


@pytest.mark.parametrize(
    ("begin", "end", "touches"),
    [(0, 10, False), (0, 11, True), (19, 30, True), (20, 30, False), (12, 13, True)],
)
def test_a_segment_is_open_at_its_end(begin, end, touches):
    assert Segment(10, 20, 100).touches(begin, end) is touches
