"""What every store promises of usage, answers, events and tokens."""

import itertools
from dataclasses import replace

import pytest
from bostan_scheduler.service.ports import Commit, NewEvent, StaleRow, StoredEvent, UsageSum
from store_story import HOUR, NOW, attempt, event, job, receipt, token, use

DAY = 24 * HOUR


@pytest.fixture
def used(store):
    """A store with GPU time of two firms: negar's twice in a project, tabib's of two classes."""
    epoch = store.lead("a", NOW)
    firms = {"j1": "negar", "j2": "negar", "j3": "tabib"}
    jobs = tuple(job(name, firm) for name, firm in firms.items())
    tries = tuple(attempt(name, counter=len(name), firm=firm) for name, firm in firms.items())
    spent = (
        use("j1.1", project="vision", gpus=4),
        use("j2.1", project="vision", from_at=NOW + HOUR, until_at=NOW + 3 * HOUR),
        use("j2.1", from_at=NOW + 3 * HOUR, until_at=NOW + 4 * HOUR),
        use("j3.1", "tabib", gpus=2),
        use("j3.1", "tabib", gpus=8, gpu_class="t4-16g"),
    )
    store.commit(Commit(epoch, NOW, jobs, tries, usage=spent))
    return store


def test_usage_is_summed_by_firm_project_and_class(used):
    assert list(used.usage(None, NOW, NOW + DAY)) == [
        UsageSum("negar", None, "a100-80g", HOUR, 1),
        UsageSum("negar", "vision", "a100-80g", 6 * HOUR, 2),
        UsageSum("tabib", None, "a100-80g", 2 * HOUR, 1),
        UsageSum("tabib", None, "t4-16g", 8 * HOUR, 1),
    ]


def test_usage_of_some_firms_only(used):
    assert [found.firm for found in used.usage(("tabib",), NOW, NOW + DAY)] == ["tabib", "tabib"]
    assert used.usage((), NOW, NOW + DAY) == ()


@pytest.mark.parametrize(
    ("from_at", "until_at", "expected"),
    [
        pytest.param(NOW, NOW + HOUR, 4 * HOUR, id="the first hour holds the first segment"),
        pytest.param(NOW - HOUR, NOW + HOUR // 2, 2 * HOUR, id="the end cuts it"),
        pytest.param(NOW + HOUR // 4, NOW + DAY, 3 * HOUR + 2 * HOUR, id="the beginning cuts it"),
        pytest.param(NOW + HOUR // 4, NOW + HOUR // 2, HOUR, id="both cut it"),
        pytest.param(NOW + 3 * HOUR, NOW + DAY, 0, id="after the last of the project"),
        pytest.param(NOW - DAY, NOW, 0, id="before the first"),
    ],
)
def test_a_segment_counts_by_the_part_of_it_in_the_window(used, from_at, until_at, expected):
    found = [each for each in used.usage(("negar",), from_at, until_at) if each.project == "vision"]
    assert sum(each.gpu_milliseconds for each in found) == expected
    assert bool(found) == bool(expected)


def test_windows_that_touch_add_up_to_the_whole(used):
    edges = [NOW, NOW + 1, NOW + 7_777, NOW + HOUR, NOW + 2 * HOUR + 13, NOW + DAY]
    pieces = [
        each.gpu_milliseconds
        for begin, end in itertools.pairwise(edges)
        for each in used.usage(None, begin, end)
    ]
    assert sum(pieces) == sum(each.gpu_milliseconds for each in used.usage(None, NOW, NOW + DAY))


def test_gpu_time_of_jobs_over_all_their_attempts(used):
    expected = {"j1": 4 * HOUR, "j2": 3 * HOUR, "j3": 10 * HOUR}
    assert used.job_gpu_milliseconds(["j1", "j2", "j3", "nobody"]) == expected
    assert used.job_gpu_milliseconds(["j2"]) == {"j2": 3 * HOUR}


def test_amounts_stay_exact_however_large(used):
    huge = replace(use("j1.1", "huge"), gpu_milliseconds=2**53 + 1)
    used.commit(Commit(1, NOW, usage=(huge, huge)))
    assert used.usage(("huge",), NOW, NOW + DAY)[0].gpu_milliseconds == 2**54 + 2
    odd = used.usage(("huge",), NOW, NOW + HOUR - 1)[0].gpu_milliseconds
    assert odd == 2 * ((2**53 + 1) * (HOUR - 1) // HOUR)


@pytest.mark.parametrize("until_at", [NOW, NOW - HOUR])
def test_time_without_length_counts_at_its_instant(used, until_at):
    instant = replace(use("j1.1", "brief", until_at=until_at), gpu_milliseconds=5)
    used.commit(Commit(1, NOW, usage=(instant,)))
    assert used.usage(("brief",), NOW - DAY, NOW) == ()
    assert used.usage(("brief",), NOW, NOW + 1)[0].gpu_milliseconds == 5
    assert used.usage(("brief",), NOW + 1, NOW + DAY) == ()


def test_an_answer_is_found_under_its_asker_and_key(store):
    epoch = store.lead("a", NOW)
    given = receipt("کلید", ids=("j1", "j2"))
    store.commit(Commit(epoch, NOW, receipts=(given, receipt("k2", asker="bob"))))
    assert store.receipts([("ada", "کلید")]).get(("ada", "کلید")) == given
    assert store.receipts([("bob", "کلید")]).get(("bob", "کلید")) is None
    assert store.receipts([("ada", "k2")]).get(("ada", "k2")) is None


def test_answers_are_forgotten_after_seven_days(store):
    epoch = store.lead("a", NOW)
    store.commit(Commit(epoch, NOW, receipts=(receipt(), receipt("k2", NOW + 1))))
    store.commit(Commit(epoch, NOW + 7 * DAY, receipts=(receipt("k3", NOW + 7 * DAY),)))
    assert store.receipts([("ada", "k1")]).get(("ada", "k1")) is not None
    store.commit(Commit(epoch, NOW + 7 * DAY + 1, receipts=(receipt("k4", NOW + 7 * DAY + 1),)))
    assert store.receipts([("ada", "k1")]).get(("ada", "k1")) is None
    assert store.receipts([("ada", "k2")]).get(("ada", "k2")) is not None


def test_a_key_is_free_again_once_its_answer_is_forgotten(store):
    epoch = store.lead("a", NOW)
    store.commit(Commit(epoch, NOW, receipts=(receipt(),)))
    later = NOW + 8 * DAY
    store.commit(Commit(epoch, later, receipts=(receipt(at=later, ids=("new",)),)))
    assert store.receipts([("ada", "k1")]).get(("ada", "k1")).ids == ("new",)


@pytest.fixture
def eventful(store):
    """A store with five events: of two firms, and one of no firm."""
    epoch = store.lead("a", NOW)
    first = (
        event(),
        event(job_id="j2", firm="tabib"),
        NewEvent(NOW, "drained", node_id="north/n1", why="داغ"),
    )
    store.commit(Commit(epoch, NOW, events=first))
    store.commit(Commit(epoch, NOW, events=(event("job-finished", was="Active", now="Finished"), event())))
    return store


def test_events_are_numbered_from_one_without_gaps(eventful):
    found = eventful.events(0, 10)
    assert [each.seq for each in found] == [1, 2, 3, 4, 5]
    assert found[2] == StoredEvent(3, NewEvent(NOW, "drained", node_id="north/n1", why="داغ"))
    assert found[3].event.was == "Active"
    assert eventful.counts()["events"] == 5


@pytest.mark.parametrize(
    ("after", "limit", "which", "expected"),
    [
        (0, 2, {}, [1, 2]),
        (2, 2, {}, [3, 4]),
        (5, 10, {}, []),
        (0, 10, {"job_id": "j1"}, [1, 4, 5]),
        (1, 1, {"job_id": "j1"}, [4]),
        (0, 10, {"firms": ("negar",)}, [1, 4, 5]),
        (0, 10, {"firms": ("negar", "tabib")}, [1, 2, 4, 5]),
        (0, 10, {"firms": ()}, []),
        (0, 10, {"job_id": "j2", "firms": ("negar",)}, []),
    ],
)
def test_a_watcher_reads_on_from_where_it_was(eventful, after, limit, which, expected):
    assert [each.seq for each in eventful.events(after, limit, **which)] == expected


@pytest.fixture
def aged(used):
    """A store with usage and an event on each of ten days."""
    for day in range(10):
        used.commit(Commit(1, NOW + day * DAY, events=(replace(event(), at=NOW + day * DAY),)))
    return used


@pytest.mark.parametrize(
    ("days", "limit", "gone"),
    [
        pytest.param(0, 100, 0, id="none is so old"),
        pytest.param(3, 100, 3, id="those of three days"),
        pytest.param(3, 2, 2, id="no more than was asked for"),
        pytest.param(99, 100, 9, id="the newest one stays"),
    ],
)
def test_the_oldest_events_are_forgotten(aged, days, limit, gone):
    assert aged.forget_events(NOW + days * DAY, limit) == gone
    assert aged.oldest_event() == gone + 1
    assert [each.seq for each in aged.events(0, 100)] == list(range(gone + 1, 11))
    assert [each.seq for each in aged.events(gone, 2)] == list(range(gone + 1, 11))[:2]
    assert [each.seq for each in aged.events(8, 100, job_id="j1")] == ([10] if gone == 9 else [9, 10])


def test_numbers_of_events_go_on_after_some_were_forgotten(aged):
    aged.forget_events(NOW + 99 * DAY, 100)
    assert aged.counts()["events"] == 10
    assert aged.commit(Commit(1, NOW + 99 * DAY, events=(event(),))) == 11
    assert [each.seq for each in aged.events(9, 100)] == [10, 11]
    assert aged.forget_events(NOW + 99 * DAY, 100) == 1
    assert aged.commit(Commit(1, NOW + 100 * DAY, parks=())) == 11


def test_a_store_without_events_has_none_to_forget(store):
    assert (store.oldest_event(), store.forget_events(NOW, 100)) == (0, 0)


def test_an_event_that_a_slow_clock_dated_back_goes_in_its_turn(store):
    """A new leader's clock may be behind that of the one before; nothing is left out in between."""
    epoch = store.lead("a", NOW)
    for at in (NOW, NOW + 5, NOW + 1, NOW + 9):
        store.commit(Commit(epoch, at, events=(replace(event(), at=at),)))
    assert store.forget_events(NOW + 3, 100) == 1
    assert store.forget_events(NOW + 6, 100) == 2


def test_what_was_used_is_never_forgotten(aged):
    before = (list(aged.usage(None, NOW, NOW + DAY)), aged.job_gpu_milliseconds(["j1", "j2", "j3"]))
    aged.forget_events(NOW + 99 * DAY, 100)
    assert before == (list(aged.usage(None, NOW, NOW + DAY)), aged.job_gpu_milliseconds(["j1", "j2", "j3"]))
    assert aged.job("j1") is not None


def test_a_token_is_found_by_the_hash_of_its_secret_alone(store):
    store.add_token(token(name="لپ‌تاپ"))
    assert store.token(token().sha256).name == "لپ‌تاپ"
    assert store.token("t1") is None
    assert store.token("00" * 32) is None


@pytest.mark.parametrize("twin", [token(sha256="other"), token("other")], ids=["its id", "its hash"])
def test_a_token_is_added_once(store, twin):
    store.add_token(token())
    with pytest.raises(StaleRow):
        store.add_token(twin)
    assert store.tokens() == (token(),)


def test_tokens_are_listed_oldest_first(store):
    for name, at in (("new", NOW + 1), ("old", NOW)):
        store.add_token(token(name, name * 9, created_at=at))
    assert [each.id for each in store.tokens()] == ["old", "new"]


def test_revoking_says_whether_the_token_was_in_force(store):
    store.add_token(token("lasting"))
    store.add_token(token("brief", "cd" * 32, expires_at=NOW + HOUR))
    assert store.revoke_token("lasting", NOW)
    assert not store.revoke_token("lasting", NOW)
    assert not store.revoke_token("brief", NOW + HOUR)
    assert not store.revoke_token("nobody", NOW)
    assert store.token(token().sha256).revoked_at == NOW
    assert store.token("cd" * 32).revoked_at is None
    assert store.revoke_token("brief", NOW + HOUR - 1)


def test_answers_are_looked_up_many_at_a_time(store):
    epoch = store.lead("a", NOW)
    store.commit(Commit(epoch, NOW, receipts=tuple(receipt(f"k{number}") for number in range(900))))
    keys = [("ada", f"k{number}") for number in range(0, 1800, 2)]
    found = store.receipts(keys)
    assert found == {("ada", f"k{number}"): receipt(f"k{number}") for number in range(0, 900, 2)}
    assert store.receipts([]) == {}
