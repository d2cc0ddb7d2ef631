"""Actors that cannot do their work: they are asked again, and the log says once what keeps them from it."""

from types import SimpleNamespace

import pytest
from bostan_scheduler.cluster import watch
from ray.exceptions import ActorDiedError
from structlog.testing import capture_logs


class Actor:
    """Answers each question as it was told to: a process id, an exception, or None for no answer yet."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), 0

    def remote(self):
        self.asked += 1
        return self.answers.pop(0)


@pytest.fixture(autouse=True)
def no_ray(monkeypatch):
    def get(answer):
        if isinstance(answer, Exception):
            raise answer
        return answer

    def wait(references, timeout):
        return [one for one in references if one != "not yet"], []

    monkeypatch.setattr(watch, "ray", SimpleNamespace(wait=wait, get=get))


def asked(leader, *fronts, times):
    actors = SimpleNamespace(
        leader=SimpleNamespace(pid=leader), fronts=[SimpleNamespace(ready=front) for front in fronts]
    )
    watching = watch.Watch(actors)
    with capture_logs() as lines:
        for _ in range(times):
            watching.ask()
    return [(line["actor"], line["why"]) for line in lines]


def test_a_front_that_cannot_start_says_why_once():
    broken = [OSError("port 8440 is taken")] * 3
    front = Actor(*broken, 7, OSError("port 8440 is taken"), 7)
    assert asked(Actor(*[1] * 6), front, times=6) == [("front 0", "OSError: port 8440 is taken")] * 2
    assert front.asked == 6


def test_each_trouble_is_told_for_itself():
    front = Actor(OSError("one"), OSError("two"), 7)
    told = asked(Actor(*[ValueError("no store")] * 3), front, times=3)
    assert told == [
        ("leader", "ValueError: no store"),
        ("front 0", "OSError: one"),
        ("front 0", "OSError: two"),
    ]


def test_a_death_is_no_trouble_and_an_open_question_is_not_asked_twice():
    front = Actor(ActorDiedError(), "not yet", 7)
    assert asked(Actor(*[1] * 4), front, times=4) == []
    assert front.asked == 2
