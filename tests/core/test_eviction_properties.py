"""Who goes, goes for something: each of them is needed, all of them are enough, and whoever they go for starts."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from bostan_scheduler.core.changes import Start
from bostan_scheduler.core.placement import place
from bostan_scheduler.core.planning.desk import Desk
from bostan_scheduler.core.planning.judge import classes_of
from bostan_scheduler.core.planning.queue import Pair
from bostan_scheduler.core.preemption.claims import gain, reclaim
from bostan_scheduler.core.preemption.eviction import Eviction, evict
from bostan_scheduler.core.preemption.pool import Pool
from bostan_scheduler.core.preemption.victim import victims
from bostan_scheduler.core.preemption.wanted import Wanted
from bostan_scheduler.core.snapshot import Snapshot
from drawn import drawn, healthy, without_windows
from preempted import stops_for_others
from seeds import BLOCK, block, of_seed
from turns import Table

STATES = 2000


@pytest.mark.parametrize("number", range(STATES // BLOCK))
def test_nobody_goes_in_vain(number: int) -> None:
    """Where a running job would be spared, the one that waits would have no room or no quota: seen from scratch."""
    evictions = 0
    for seed in block(number):
        with of_seed(seed):
            snapshot = drawn(seed)
            for pair, gpu_class, made in _evictions(snapshot):
                gone = {victim.job.id for victim in made.victims}
                evictions += bool(gone)
                assert _fits(snapshot, pair, gpu_class, gone), f"no room after {sorted(gone)} have gone"
                for spared in gone:
                    assert not _fits(snapshot, pair, gpu_class, gone - {spared}), f"{spared} goes in vain"
    assert evictions > BLOCK // 5, "hardly anybody goes in these worlds"


def _evictions(snapshot: Snapshot) -> Iterator[tuple[Pair, str, Eviction]]:
    """What each line would have others do, by each right that it has and in each class."""
    desk = Desk.of(snapshot)
    running = Pool.of(victims(desk))
    for pair in tuple(desk.queue.lines):
        head = desk.queue.head(pair)
        assert head is not None
        job = snapshot.jobs[head[-1]]
        for gpu_class in filter(None, classes_of(desk, pair[1])):
            limits = desk.limits(pair[1], gpu_class)
            for claim in (reclaim(desk, pair, gpu_class), gain(desk, pair, job, gpu_class)):
                made = evict(Wanted(desk, pair, gpu_class, claim, limits), running) if claim else None
                if made is not None:
                    yield pair, gpu_class, made


def _fits(snapshot: Snapshot, pair: Pair, gpu_class: str, gone: set[str]) -> bool:
    """Whether there are room and quota for the line's first job in a world in which some were never."""
    jobs = {job.id: job for job in snapshot.jobs.values() if job.id not in gone}
    attempts = {one.id: one for one in snapshot.attempts.values() if one.job_id not in gone}
    desk = Desk.of(replace(snapshot, jobs=jobs, attempts=attempts))
    leaf, shape = snapshot.quota.nodes[pair[0]], pair[1]
    in_quota = desk.books.quotas.covers(leaf, gpu_class, shape.gpus)
    return in_quota and place(desk.room, shape, gpu_class, desk.limits(shape, gpu_class)) is not None


@pytest.mark.parametrize("number", range(STATES // BLOCK))
def test_who_others_make_room_for_starts_when_they_have(number: int) -> None:
    """While all GPUs are well, and nothing lies ahead."""
    for seed in block(number):
        with of_seed(seed):
            table = Table(healthy(without_windows(seed)))
            waited_for = {for_job for _, _, for_job in stops_for_others(table.play())}
            started = {one.attempt.job_id for one in table.play() if isinstance(one, Start)}
            assert waited_for <= started, f"nobody starts that {waited_for - started} made room for"
