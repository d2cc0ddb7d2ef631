"""Parts of GPUs beside what lies ahead: a GPU counts once however many share it, as long as it is held. A line a case."""

import pytest
from worlds import lines, world

CASES = [
    # A job of 24 hours meets the reservation; of the 2 GPUs one is booked, so that one is left beside it.
    pytest.param("node p/a 2; quota x 9; booked b p y 1 7200 90000; job j x 1x2 milli=500", "start j p/a 0 p/a 0", id="two parts share the one that is left"),
    pytest.param("node p/a 2; quota x 9; booked b p y 1 7200 90000; job j x 1x3 milli=500", "wait j window-ahead", id="a third has no room there"),
    pytest.param("node p/a 2; quota x 9; booked b p y 1 7200 90000; run r x p/a 1 milli=600 hours=99; job j x 1 milli=400", "start j p/a 0", id="beside who holds it longer"),
    pytest.param("node p/a 2; quota x 9; booked b p y 1 7200 90000; run r x p/a 1 milli=600 hours=99; job j x 1 milli=500", "wait j window-ahead", id="no other is left"),
    pytest.param("node p/a 2; quota x 9; booked b p y 1 7200 90000; run r x p/a 1 milli=600 hours=99; job j x 1x2 milli=300", "wait j window-ahead", id="not both of them"),
    pytest.param("node p/a 2; quota x 9; booked b p y 2 7200 90000; run r x p/a 1 milli=600 hours=1; job j x 1 milli=400", "wait j window-ahead", id="who holds it is gone by then"),
    pytest.param("node p/a 2; quota x 9; booked b p y 1 7200 90000; run r x p/a 1 milli=600 hours=1; job j x 1 milli=400", "start j p/a 0", id="and it is the one that is left"),
    pytest.param("node p/a 3; quota x 9; booked b p y 1 7200 9000; booked c p y 2 36000 90000; run r x p/a 1 milli=600 hours=5; job j x 1 milli=400", "start j p/a 0", id="gone before the last begins, and it is left then"),
    pytest.param("node p/a 3; quota x 9; booked b p y 2 7200 9000; booked c p y 3 36000 90000; run r x p/a 1 milli=600 hours=5; job j x 1 milli=400", "wait j window-ahead", id="gone before the last begins, and it is needed then"),
    pytest.param("node p/a 2; quota x 9; closed m p 7200 90000; run r x p/a 1 milli=600 hours=99; job j x 1 milli=400", "wait j window-ahead", id="not beside who has to go itself"),
    # What is lent
    pytest.param("node p/a 2; quota x 9; own o p 2 -60 90000 lent; run r x p/a 1 milli=600 hours=99 saves; job j x 1 milli=400", "wait j window-ahead", id="not beside who gives it back"),
    pytest.param("node p/a 2; quota x 9; own o p 2 -60 90000 lent; run r x p/a 1 milli=600 hours=99 saves; job j x 1 milli=400 saves", "start j p/a 0", id="beside who gives it back, by who does too"),
    pytest.param("node p/a 2; quota x 9; own o p 1 -60 90000 lent; run r x p/a 1 milli=500 hours=99 saves; run s x p/a 1 milli=300 hours=99; job j x 1", "wait j window-ahead", id="back only when all who share it give it back"),
    pytest.param("node p/a 2; quota x 9; own o p 1 -60 90000 lent; run r x p/a 1 milli=500 hours=99 saves; run s x p/a 1 milli=300 hours=99 saves; job j x 1", "start j p/a 1", id="as these do"),
]  # fmt: skip


@pytest.mark.parametrize(("cluster", "expected"), CASES)
def test_what_starts(cluster: str, expected: str) -> None:
    assert "; ".join(lines(world(cluster))) == expected
