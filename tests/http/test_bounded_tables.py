"""Tables that strangers could fill have an end: addresses, tokens lately seen, ids that must not collide."""

from bostan_scheduler.http.auth import Doorkeeper
from bostan_scheduler.http.ids import JobIds
from bostan_scheduler.http.throttle import Failures

NOW = 1_800_000_000_000


def test_failures_are_forgotten_after_a_minute():
    failures = Failures(per_minute=2, addresses_max=10)
    for at in (0.0, 1.0):
        assert failures.seconds_to_wait("a", at) == 0
        failures.note("a", at)
    assert failures.seconds_to_wait("a", 2.0) == 58
    assert failures.seconds_to_wait("b", 2.0) == 0
    assert failures.seconds_to_wait("a", 60.0) == 0
    failures.note("a", 60.0)
    assert failures.seconds_to_wait("a", 61.0) == 0


def test_of_many_addresses_the_first_are_forgotten():
    failures = Failures(per_minute=1, addresses_max=2)
    for address in "abc":
        failures.note(address, 0.0)
    assert [failures.seconds_to_wait(address, 1.0) > 0 for address in "abc"] == [False, True, True]


async def test_of_many_tokens_the_first_are_looked_up_again(rest):
    keeper = Doorkeeper(rest.parts, Failures(1, 1))
    for number in range(rest.limits.token_cache_max + 5):
        keeper._remember(str(number), rest.story.store.tokens()[0], 0.0)
    assert len(keeper._known) == rest.limits.token_cache_max


def test_ids_sort_as_they_were_made_and_none_comes_twice():
    ids = JobIds()
    made = [*ids.make(NOW, 500), *ids.make(NOW, 500), *ids.make(NOW + 1, 2), *ids.make(NOW - 5000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert all(len(one) == 18 and one.startswith("j-") for one in made)
    assert {letter for one in made for letter in one[2:]} <= set("0123456789abcdefghjkmnpqrstvwxyz")


def test_two_fronts_make_different_ids_in_the_same_millisecond():
    made = [one for _ in range(50) for one in JobIds().make(NOW, 100)]
    assert len(set(made)) == len(made)
