"""What starts where, and why the rest waits: a line a case."""

import pytest
from worlds import lines, sentence, world

CASES = [
    # placement
    pytest.param("node p/a 8; node p/b 4; quota x 8; job j1 x 3", "start j1 p/b 0,1,2", id="tightest node wins"),
    pytest.param("node p/a 8; node p/b 8; quota x 8; run j0 x p/a 3; job j1 x 4", "start j1 p/a 3,4,5,6", id="fill what is begun"),
    pytest.param("node p/a 4; node q/b 4; quota x 8; job j1 x 8", "wait j1 no-such-gpu", id="a replica stays on one node"),
    pytest.param("node p/a 4; node p/b 4; quota x 8; job j1 x 4x2", "start j1 p/a 0,1,2,3 p/b 0,1,2,3", id="a gang over two nodes"),
    pytest.param("node p/a 4; node q/b 4; quota x 8; job j1 x 4x2", "wait j1 no-such-gpu", id="a gang never spans parks"),
    pytest.param("node p/a 8; node p/b 2; quota x 8; job j1 x 1x2", "start j1 p/b 0 p/b 1", id="a small gang stays on one node"),
    pytest.param("node p/a 4; node p/b 4; node p/c 4; quota x 12; run j0 x p/b 2; job j1 x 1x6", "start j1 p/a 0 p/a 1 p/a 2 p/a 3 p/b 2 p/b 3", id="the rest of a gang goes where it fits tightest"),
    pytest.param("node p/a 4 links=2,2; quota x 4; run j0 x p/a 1; job j1 x 2", "start j1 p/a 2,3", id="linked GPUs together"),
    pytest.param("node p/a 4 links=2,2; quota x 4; job j1 x 3", "start j1 p/a 0,1,2", id="more than a link group has"),
    pytest.param("node p/a 4 failed=3; quota x 4; job j1 x 1; job j2 x 1", "start j1 p/a 3; wait j2 gpus-busy", id="failed GPUs take nothing"),
    pytest.param("node p/a 4 drained; node p/b 4 silent; quota x 4; job j1 x 1", "wait j1 nodes-away", id="drained and silent nodes take nothing"),
    pytest.param("node p/a 4; node p/b 4; quota x 8; run j0 x p/a 2; run j9 x p/b 2; job j1 x 3", "wait j1 gpus-scattered", id="free but scattered"),
    pytest.param("node p/a 8 cpus=4; quota x 8; job j1 x 1 cpus=3; job j2 x 1 cpus=3", "start j1 p/a 0; wait j2 cpus-or-memory", id="CPUs run out first"),
    pytest.param("node p/a 2; node p/b 2; quota x 4; job j1 x 0x2", "start j1 p/a  p/b", id="ranks without GPUs spread out"),
    pytest.param("node p/a 4; node p/b 8; quota x 4; job j1 x 2 avoid=p/a", "start j1 p/b 0,1", id="avoid a node while another fits"),
    pytest.param("node p/a 4; quota x 4; job j1 x 2 avoid=p/a", "start j1 p/a 0,1", id="avoid is a wish"),
    pytest.param("node p/a 8 cpus=4; node q/b 8 cpus=4; quota x 8; job j1 x 1x2 cpus=4", "wait j1 no-such-node", id="CPUs that no park has even when idle"),
    pytest.param("node p/a 0 cpus=4; quota x 8; job j1 x 0 cpus=5", "wait j1 no-such-node", id="ranks without GPUs that no node could hold"),
    pytest.param("node p/a 8 cpus=4; node p/b 8; quota x 16; job j1 x 8 cpus=8; job j2 x 8 cpus=8", "start j1 p/b 0,1,2,3,4,5,6,7; wait j2 cpus-or-memory", id="CPUs that only a busy node has"),
    # parks
    pytest.param("node p/a 4; node q/b 8; quota x 8; job j1 x 2 park=q", "start j1 q/b 0,1", id="only in an allowed park"),
    pytest.param("node p/a 4; node q/b 8; quota x 8; job j1 x 2 not-park=p", "start j1 q/b 0,1", id="not in a denied park"),
    pytest.param("node p/a 4; node q/b 8; quota x 8; job j1 x 2 prefer=q", "start j1 q/b 0,1", id="a preferred park first"),
    pytest.param("node p/a 4; node q/b 8xt4; quota x 8; job j1 x 2 park=q class=a100", "wait j1 park-rules", id="the class is elsewhere"),
    # classes
    pytest.param("node p/a 4,4xh100; quota x 4; quota x 4 class=h100; job j1 x 2 class=h100,a100", "start j1 p/a 4,5", id="the preferred class"),
    pytest.param("node p/a 4,1xh100; quota x 4; quota x 4 class=h100; job j1 x 2 class=h100,a100", "start j1 p/a 0,1", id="the next class when the first cannot"),
    pytest.param("node p/a 4; quota x 4; job j1 x 2 class=h100", "wait j1 class-not-in-quota", id="a class without quota"),
    # quota
    pytest.param("node p/a 8; quota x 2; job j1 x 3", "wait j1 quota", id="over quota waits"),
    pytest.param("node p/a 8; job j1 x 3", "wait j1 no-quota", id="no quota at all"),
    pytest.param("node p/a 8; quota x 4 until=-1; job j1 x 3", "wait j1 no-quota", id="quota has ended"),
    pytest.param("node p/a 8; quota x 4 max-job=2; job j1 x 3", "wait j1 job-too-large", id="larger than a job may be"),
    pytest.param("node p/a 8; quota x 4 max-hours=2; job j1 x 3 hours=3", "wait j1 job-too-long", id="longer than a job may be"),
    pytest.param("node p/a 8; quota r 8 firm=branch; quota x 4+4 under r; quota y 4 under r; job j1 x 8", "start j1 p/a 0,1,2,3,4,5,6,7", id="borrow what a sibling lends"),
    pytest.param("node p/a 8; quota r 8 firm=branch; quota x 4+2 under r; quota y 4 under r; job j1 x 8", "wait j1 quota", id="not above the borrow limit"),
    pytest.param("node p/a 8; quota r 8 firm=branch; quota x 4+4 under r; quota y 4-1 under r; job j1 x 6", "wait j1 nothing-to-borrow", id="not what a sibling keeps"),
    pytest.param("node p/a 8; quota r 8 firm=branch; quota x 4+4 under r; quota y 4-1 under r; job j1 x 5", "start j1 p/a 0,1,2,3,4", id="just what a sibling lends"),
    pytest.param("node p/a 8; quota r 8 firm=branch; quota x 4+4 under r; quota y 4 under r; run j0 x p/a 6; job j1 y 4", "wait j1 nothing-to-borrow", id="what was lent is not there until it is given back"),
    pytest.param("node p/a 8; quota r 8 firm=branch; quota s 4+4 under r firm=branch; quota x 2+6 under s; quota y 4 under r; job j1 x 8", "start j1 p/a 0,1,2,3,4,5,6,7", id="borrow through two levels"),
    # order
    pytest.param("node p/a 4; quota r 8 firm=branch; quota x 4+4 under r; quota y 4+4 under r; run j0 x p/a 2; job j1 x 2; job j2 y 2", "start j2 p/a 2,3; wait j1 gpus-busy", id="the smaller share goes first"),
    pytest.param("node p/a 2; quota x 4; job j1 x 2; job j2 x 2 age=60", "start j2 p/a 0,1; wait j1 gpus-busy", id="then the older"),
    pytest.param("node p/a 4; quota x 8; job j1 x 8x1; job j2 x 2", "start j2 p/a 0,1; wait j1 no-such-gpu", id="a job that cannot start does not block"),
    pytest.param("node p/a 8; quota r 8 firm=branch; quota x 4+4 under r weight=3; quota y 4+4 under r; run j0 x p/a 3; run j9 y p/a 2; job j1 x 1; job j2 y 1", "start j1 p/a 5; start j2 p/a 6", id="weights divide the share"),
]  # fmt: skip


@pytest.mark.parametrize(("cluster", "expected"), CASES)
def test_plan(cluster: str, expected: str) -> None:
    assert "; ".join(lines(world(cluster))) == expected


SENTENCES = [
    ("node p/a 8; quota x 2; run j0 x p/a 1; job j1 x 3", "x uses 1 of 2 a100, the job asks 3, 1 available"),
    ("node p/a 4; quota x 8; run j0 x p/a 2; job j1 x 3", "2 of 4 a100 are free, the job asks 3"),
    ("node p/a 4; quota x 16; job j1 x 8", "no park has room for 1 x 8 a100, even when idle (at most 4 GPUs in one)"),
    ("node p/a 4 silent; node p/b 4; quota x 8; run j0 x p/b 4; job j1 x 4", "1 of 2 nodes with a100 are silent or drained"),
    ("node p/a 4; quota x 4 max-job=2; job j1 x 4", "the job asks 4 GPUs, x allows 2 a job"),
    ("node p/a 8; quota r 8 firm=branch; quota x 4+4 under r; quota y 4-1 under r; run j0 x p/a 2; job j1 x 4", "x uses 2 of 8 a100, but only 3 more are left for it under r; the job asks 4"),
    ("node p/a 8 cpus=4; quota x 8; run j0 x p/a 1 cpus=3; job j1 x 1 cpus=2", "no node with enough free a100 has 2 CPUs free"),
    ("node p/a 8; quota x 8; job j1 x 1x2 memory=300", "no park has 2 x 1 a100 with 300 GiB of memory each, even when idle"),
    ("node p/a 4; quota x 4; own o p 3 -60 9000 lent notice=900; job j1 x 4 saves stops=1800", "4 a100 are free, but a park lends them only to what is gone within 15 min of being asked; the job takes up to 30 min to save itself and stop"),
    ("node p/a 8; quota x 8; job j1 x 1 cpus=65 memory=4", "no park has 1 x 1 a100 with 65 CPUs and 4 GiB of memory each, even when idle"),
]  # fmt: skip


@pytest.mark.parametrize(("cluster", "expected"), SENTENCES)
def test_a_wait_says_its_numbers(cluster: str, expected: str) -> None:
    assert sentence(world(cluster), "j1") == expected
