"""What lies ahead decides what starts now: a line a case."""

import pytest
from bostan_scheduler.core.changes import Add, Start
from bostan_scheduler.core.instant import after
from bostan_scheduler.core.preemption import Preemption
from bostan_scheduler.core.snapshot import Settings
from turns import Table
from worlds import lines, world

TWO = "node p/a 4; node p/b 4; quota x 16; run r0 x p/a 4 hours=1; run r1 x p/b 4 hours=9"

CASES = [
    # maintenance
    pytest.param("node p/a 4; quota x 4; closed m p 7200 9000; job j1 x 4 hours=1", "start j1 p/a 0,1,2,3", id="over before the window"),
    pytest.param("node p/a 4; quota x 4; closed m p 7200 9000; job j1 x 4 hours=3", "wait j1 window-ahead", id="not over before the window"),
    pytest.param("node p/a 4; quota x 4; closed m p 7200 9000; job j1 x 4 hours=3 saves", "start j1 p/a 0,1,2,3", id="saves itself when the window begins"),
    pytest.param("node p/a 4; quota x 4; closed m p 600 9000; job j1 x 4 hours=3 saves", "wait j1 window-ahead", id="the window is too near to be worth a start"),
    pytest.param("node p/a 4; quota x 4; closed m p -60 9000; job j1 x 1 hours=1", "wait j1 window-ahead", id="in the window"),
    pytest.param("node p/a 4; quota x 4; closed m p -600 -60; job j1 x 1 hours=1", "start j1 p/a 0", id="the window is over"),
    pytest.param("node p/a 4; node p/b 4; quota x 4; closed m p 600 9000 nodes=p/a; job j1 x 4 hours=3", "start j1 p/b 0,1,2,3", id="another node is open"),
    pytest.param("node p/a 4; quota x 4; closed m p 20 9000; run j0 x p/a 4 for=60 saves", "stop j0", id="what runs saves itself in time"),
    pytest.param("node p/a 4; quota x 4; closed m p 3600 9000; run j0 x p/a 4 for=60 saves", "", id="not before it is time"),
    # a stop takes its time
    pytest.param("node p/a 4; quota x 4; closed m p 3720 9000; job j1 x 4 hours=1", "start j1 p/a 0,1,2,3", id="over before the window though it starts and stops as slowly as it may"),
    pytest.param("node p/a 4; quota x 4; closed m p 3719 9000; job j1 x 4 hours=1", "wait j1 window-ahead", id="within its time limit, but it may not have stopped"),
    pytest.param("node p/a 4; quota x 4; closed m p 4590 9000; job j1 x 4 hours=1 stops=900", "start j1 p/a 0,1,2,3", id="over before the window though it stops slowly"),
    pytest.param("node p/a 4; quota x 4; closed m p 4589 9000; job j1 x 4 hours=1 stops=900", "wait j1 window-ahead", id="it stops too slowly"),
    pytest.param("node p/a 4; quota x 4; closed m p 2700 9000; job j1 x 4 hours=3 saves stops=900", "start j1 p/a 0,1,2,3", id="runs for half an hour before it is told to go"),
    pytest.param("node p/a 4; quota x 4; closed m p 2699 9000; job j1 x 4 hours=3 saves stops=900", "wait j1 window-ahead", id="would be told to go too soon to be worth a start"),
    pytest.param("node p/a 4; quota x 4; closed m p 900 9000; run j0 x p/a 4 for=60 saves stops=900", "stop j0", id="who stops slowly is told early"),
    pytest.param("node p/a 4; quota x 4; closed m p 901 9000; run j0 x p/a 4 for=60 saves stops=900", "", id="but not earlier than that"),
    # advance reservations
    pytest.param("node p/a 4; quota x 4; quota y 4; booked b p y 2 600 9000; job j1 x 2 hours=3", "start j1 p/a 0,1", id="beside what is booked"),
    pytest.param("node p/a 4; quota x 4; quota y 4; booked b p y 2 600 9000; job j1 x 3 hours=3", "wait j1 window-ahead", id="not what is booked"),
    pytest.param("node p/a 4; quota x 4; quota y 4; booked b p y 2 600 9000; job j1 y 4 hours=3", "start j1 p/a 0,1,2,3", id="who booked may"),
    pytest.param("node p/a 4; quota x 4; quota y 4; booked b p y 2 -600 9000; run j0 y p/a 2 for=60; job j1 x 2 hours=3", "start j1 p/a 2,3", id="what is booked is in use"),
    pytest.param("node p/a 4; quota x 4; quota y 4; booked b p y 2 0 9000; run j0 x p/a 2 for=60; run j1 x p/a 2 for=30", "stop j1", id="the youngest goes when it is time"),
    # on which nodes
    pytest.param("node p/a 2 silent; node p/b 2; quota x 4; quota y 4; booked b p y 2 -10 90000; job j x 2", "wait j window-ahead", id="not on a node that is silent"),
    pytest.param("node p/a 2 drained; node p/b 2; quota x 4; own o p 2 -10 90000; job j x 2", "wait j window-ahead", id="nor on one that is drained"),
    pytest.param("node p/a 2; node p/b 2; quota x 4; quota y 4; closed m p 600 3600 nodes=p/a; booked b p y 2 -10 90000; job j x 2 hours=9", "wait j window-ahead", id="nor on one that is closed for a while, whatever their names"),
    pytest.param("node p/a 2; node p/b 2; quota x 4; quota y 4; closed m p -60 90000 nodes=p/a; closed n p 80000 90000 nodes=p/b; booked b p y 2 -10 90000; job j x 2 hours=1", "wait j window-ahead", id="rather where it is closed for a while than for all of the time"),
    pytest.param("node p/a 4 failed=2; node p/b 2; quota x 6; quota y 4; booked b p y 4 -10 90000; job j x 1", "wait j window-ahead", id="nor on GPUs that have failed"),
    pytest.param("node p/a 2 silent; quota x 4; quota y 4; booked b p y 2 -10 90000; job j x 2", "wait j nodes-away", id="unless there is no other"),
    pytest.param("node p/a 2; node p/b 2; quota x 4; booked b p y 2 20 9000; run j0 x p/a 2 for=60", "", id="idle GPUs before busy ones"),
    pytest.param("node p/a 2; node p/b 2; quota x 4; quota y 4; booked b p y 2 20 9000; run j0 x p/a 2 for=60; run j1 y p/b 2 for=60", "", id="where the firm runs already"),
    pytest.param("node p/a 2; node p/b 2; quota x 4; booked b p y 2 600 9000; run j0 x p/a 2 for=60 stops=900 hours=9; run j1 x p/b 2 for=3300 stops=30 hours=1", "", id="where what runs is over by then"),
    pytest.param("node p/a 2; node p/b 2; quota x 4; booked b p y 2 20 9000; run j0 x p/a 2 for=60; run j1 x p/b 2 for=90 saves", "stop j1", id="who saves itself goes before who loses its work"),
    pytest.param("node p/a 2; node p/b 2; quota x 4; own o p 2 20 9000 lent; run j0 x p/a 2 for=60; run j1 x p/b 2 for=90 saves", "", id="where it is lent to who gives it back"),
    pytest.param("node p/a 2; node p/b 4; node p/c 4; quota x 9; booked b p y 4 20 9000; run j0 x p/b 1 for=60; job j1 x 2 hours=9", "start j1 p/a 0,1", id="all on one node rather than on several"),
    pytest.param("node p/a 2; node p/b 2; quota x 4; booked b p y 2 20 9000; booked c p z 2 20 9000; run j0 x p/a 2 for=60", "stop j0", id="two firms on two nodes"),
    # a park's own
    pytest.param("node p/a 4; quota x 4; own o p 3 -60 9000; job j1 x 1 hours=3", "start j1 p/a 0", id="beside what is the park's own"),
    pytest.param("node p/a 4; quota x 4; own o p 3 -60 9000; job j1 x 2 hours=3", "wait j1 window-ahead", id="not what is the park's own"),
    pytest.param("node p/a 4; quota x 4; own o p 3 -60 9000 lent; job j1 x 4 hours=3 saves", "start j1 p/a 0,1,2,3", id="lent to who can give it back"),
    pytest.param("node p/a 4; quota x 4; own o p 3 -60 9000 lent; job j1 x 4 hours=3", "wait j1 window-ahead", id="not lent to who cannot"),
    # what is lent is back within the notice
    pytest.param("node p/a 4; quota x 4; own o p 3 -60 9000 lent notice=900; job j1 x 4 hours=3 saves stops=900", "start j1 p/a 0,1,2,3", id="lent to who is gone within the notice"),
    pytest.param("node p/a 4; quota x 4; own o p 3 -60 9000 lent notice=900; job j1 x 4 hours=3 saves stops=901", "wait j1 notice-too-short", id="not lent to who is not"),
    pytest.param("node p/a 4; quota x 4; own o p 3 -60 9000 lent notice=900; job j1 x 1 hours=3 saves stops=901", "start j1 p/a 0", id="who is not may have what is beside it"),
    pytest.param("node p/a 4; quota x 4; own o p 3 -60 9000 notice=900; job j1 x 4 hours=3 saves stops=901", "wait j1 window-ahead", id="what is never lent has no notice"),
    pytest.param("node p/a 4; quota x 4; own o p 3 600 9000 lent notice=900; job j1 x 4 hours=3 saves", "start j1 p/a 0,1,2,3", id="into the time in which it is lent"),
    pytest.param("node p/a 4; quota x 4; own o p 3 600 9000 lent notice=60; job j1 x 4 hours=3 saves", "wait j1 notice-too-short", id="not into it, and it is too near to be worth a start"),
    pytest.param("node p/a 4; quota x 4; own o p 3 3600 9000 lent notice=60; job j1 x 4 hours=3 saves", "start j1 p/a 0,1,2,3", id="until it begins"),
    pytest.param("node p/a 4; quota x 4; own o p 3 20 9000 lent notice=90; run j0 x p/a 4 for=60 saves", "", id="who is gone within the notice stays"),
    pytest.param("node p/a 4; quota x 4; own o p 3 20 9000 lent notice=89; run j0 x p/a 4 for=60 saves", "stop j0", id="who is not is gone when it begins"),
    pytest.param("node p/a 4; quota x 4; own o p 3 3600 9000 lent notice=1800; run j0 x p/a 4 for=60 saves stops=1900", "", id="told as late as its stop allows, not the notice before"),
    pytest.param("node p/a 4; quota x 4; own o p 2 -60 9000 lent; run j0 x p/a 2 for=60 hours=9 saves; job j1 x 2 hours=9", "start j1 p/a 2,3", id="what is lent already is not kept once more"),
    pytest.param("node p/a 4; quota x 4; own o p 2 -60 9000 lent; run j0 x p/a 2 for=60 hours=9; run j1 x p/a 2 for=60 saves", "", id="nor cleared once more"),
    pytest.param("node p/a 4; quota x 4; own o p 2 -60 9000 lent; own u p 2 -60 9000 lent notice=60; run j0 x p/a 2 for=60 hours=9 saves; job j1 x 2 hours=9", "wait j1 window-ahead", id="what is lent stands for one reserve, not for two"),
    pytest.param("node p/a 4; quota x 4; quota y 4; own o p 2 -60 9000; booked b p y 2 0 9000; run j0 x p/a 2 for=60", "stop j0", id="two windows on one node"),
    pytest.param("node p/a 2; quota x 4; own o p 1 0 9000; run j0 x p/a 1 for=60 milli=500; run j1 x p/a 1 for=30 milli=500", "", id="those who share a GPU take but one"),
    pytest.param("node p/a 3; quota x 4; own o p 1 600 9000; run j0 x p/a 1 for=60 milli=500; run j1 x p/a 1 for=30 milli=500; job j2 x 1", "start j2 p/a 1", id="beside those who share one there is another"),
    pytest.param("node p/a 4; quota x 4; quota y 4; booked b p y 2 -60 9000; booked c p y 1 -60 9000; run r y p/a 2 for=60 hours=9; job j x 2 hours=9", "wait j window-ahead", id="what a firm holds is part of one reservation of it, not of two"),
    pytest.param("node p/a 4; quota x 4; quota y 4; own o p 2 -60 9000 lent; booked b p y 2 -60 9000; run r y p/a 2 for=60 hours=9 saves; job j x 1 hours=9", "wait j window-ahead", id="nor of that and of what is lent"),
    pytest.param("node p/a 4; quota x 4; quota y 4; own o p 2 -60 9000 lent; booked b p y 1 -60 9000; run r y p/a 2 for=60 hours=9 saves; job j x 1 hours=9", "start j p/a 2", id="but what it holds beside it may be"),
    pytest.param("node p/a 4 failed=1; quota x 4; own o p 2 600 9000; run j0 x p/a 1 hours=9; job j1 x 1 hours=9", "start j1 p/a 1", id="a failed GPU that is held takes none of those that are left"),
    # starving gangs
    pytest.param("node p/a 4; quota x 8; run j0 x p/a 2 for=60 hours=2; job j1 x 4 age=7200", "keep j1 p/a 4 in 7260; wait j1 gpus-kept", id="a starving gang gets the soonest room"),
    pytest.param("node p/a 4; quota x 8; run j0 x p/a 2 for=60 hours=2; job j1 x 4 age=60", "wait j1 gpus-busy", id="one that has just come does not"),
    pytest.param("node p/a 4; quota x 8; run j0 x p/a 1 for=60 hours=2 milli=500; run j1 x p/a 1 for=60 hours=3 milli=500; job j2 x 4 age=7200", "keep j2 p/a 4 in 10860; wait j2 gpus-kept", id="a shared GPU is free when its last job ends"),
    pytest.param("node p/a 2; quota x 8; run j0 x p/a 2 for=60 hours=2; job j1 x 1x3 milli=500 age=7200", "keep j1 p/a 2 in 7260; wait j1 gpus-kept", id="ranks that share GPUs need no more than that"),
    pytest.param("node p/a 4; node p/b 4; quota x 12; run j0 x p/a 2 for=60 hours=3; run j9 x p/b 2 for=60 hours=2; job j1 x 4 age=7200", "keep j1 p/b 4 in 7260; wait j1 gpus-kept", id="on the node that is free first"),
    pytest.param(f"{TWO}; job j1 x 4 hours=2 age=7200", "keep j1 p/a 4 in 3720; wait j1 gpus-kept", id="and with nothing ahead on it"),
    pytest.param(f"{TWO}; closed m p 7200 90000 nodes=p/a; job j1 x 4 hours=2 age=7200", "keep j1 p/b 4 in 32520; wait j1 gpus-kept", id="not where a window begins too soon"),
    pytest.param(f"{TWO}; closed m p 11340 90000 nodes=p/a; job j1 x 4 hours=2 age=7200", "keep j1 p/a 4 in 3720; wait j1 gpus-kept", id="over before the window, if it starts at the last instant"),
    pytest.param(f"{TWO}; closed m p 11339 90000 nodes=p/a; job j1 x 4 hours=2 age=7200", "keep j1 p/b 4 in 32520; wait j1 gpus-kept", id="not over before the window, if it starts at the last instant"),
    pytest.param(f"{TWO}; closed m p 5910 90000 nodes=p/a; job j1 x 4 hours=2 saves age=7200", "keep j1 p/a 4 in 3720; wait j1 gpus-kept", id="saves itself before the window"),
    pytest.param(f"{TWO}; closed m p 5909 90000 nodes=p/a; job j1 x 4 hours=2 saves age=7200", "keep j1 p/b 4 in 32520; wait j1 gpus-kept", id="not if it is told to go too soon"),
    pytest.param(f"{TWO}; closed m p 7200 20000 nodes=p/a; job j1 x 4 hours=2 age=7200", "keep j1 p/a 4 in 20000; wait j1 gpus-kept", id="when the window is over"),
    pytest.param(f"{TWO}; booked b p x 4 7200 90000; job j1 x 4 hours=2 age=7200", "keep j1 p/a 4 in 3720; wait j1 gpus-kept", id="what is booked for its firm is not in the way"),
    pytest.param("node p/a 4 cpus=8; node p/b 4 cpus=64; quota x 16; run r0 x p/a 4 hours=1; run r1 x p/b 4 hours=9; job j1 x 4 cpus=32 age=7200", "keep j1 p/b 4 in 32520; wait j1 gpus-kept", id="not on a node without the CPUs"),
    pytest.param("node p/a 8; quota x 16; run r0 x p/a 1 cpus=60 hours=1; job j1 x 4 cpus=32 age=7200", "keep j1 p/a 4 in 3720; wait j1 gpus-kept", id="when its CPUs are free"),
    pytest.param("node p/a 8; quota x 16; run r0 x p/a 1 memory=400 hours=1; job j1 x 4 memory=200 age=7200", "keep j1 p/a 4 in 3720; wait j1 gpus-kept", id="when its memory is free"),
    pytest.param("node p/a 8; quota x 16; run r0 x p/a 8 hours=1; job j1 x 4 cpus=40 hours=1 age=7200; job j2 x 4 cpus=40 hours=1 age=7200", "keep j1 p/a 4 in 3720; keep j2 p/a 4 in 7740; wait j1 gpus-kept; wait j2 gpus-kept", id="CPUs of who has a reservation are not free"),
    pytest.param("node p/a 4; quota x 16; run r0 x p/a 2 hours=9; run r1 x p/a 2 hours=1; job j1 x 4 hours=1 age=7201; job j2 x 2 hours=1 age=7200", "keep j1 p/a 4 in 32520; keep j2 p/a 2 in 3720; wait j1 gpus-kept; wait j2 gpus-kept", id="before another reservation, if it is over by then"),
    pytest.param("node p/a 4; node p/b 4 failed=1; quota x 16; run r0 x p/a 1 hours=9; run r1 x p/b 3 hours=1; job j1 x 4 age=7200", "keep j1 p/a 4 in 32520; wait j1 gpus-kept", id="not with a GPU that has failed"),
    pytest.param("node p/a 4 cpus=8; quota x 16; run r0 x p/a 4 hours=1; job j1 x 4 cpus=32 age=7200", "wait j1 no-such-node", id="nor where it could never be"),
]  # fmt: skip


STARVING = Settings(preemption=Preemption(starving_seconds=3600, reservations_max=4))


@pytest.mark.parametrize(("cluster", "expected"), CASES)
def test_what_lies_ahead(cluster: str, expected: str) -> None:
    assert "; ".join(lines(world(cluster, STARVING))) == expected


PASSING = [
    pytest.param("job j2 x 2 hours=1", True, id="over in time"),
    pytest.param("job j2 x 2 hours=1 stops=3570", True, id="over in time though it stops slowly"),
    pytest.param("job j2 x 2 hours=1 stops=3571", False, id="it stops too slowly"),
    pytest.param("job j2 x 2 hours=2", False, id="within its time limit, but it may not have stopped"),
    pytest.param("job j2 x 2 hours=3 saves", False, id="nobody is asked to go for a reservation"),
]


@pytest.mark.parametrize(("job", "passes"), PASSING)
def test_who_may_pass_a_starving_gang(job: str, passes: bool) -> None:
    """GPUs are kept for the gang in 7260 s."""
    cluster = "node p/a 4; quota x 8"
    table = Table(world(f"{cluster}; run j0 x p/a 2 hours=2 for=60; job j1 x 4 age=7200", STARVING))
    table.play()
    assert table.snapshot.reserved["j1"].from_at == after(table.snapshot.now, 7260)
    (late,) = world(f"{cluster}; {job}").jobs.values()
    table.carry((Add(late),))
    assert any(isinstance(one, Start) for one in table.plan()) is passes
