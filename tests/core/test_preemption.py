"""Who makes room for whom: a line a case."""

import pytest
from worlds import lines, world

TWO = "quota r 8 firm=branch; quota x 4+4 under r; quota y 4+4 under r"

CASES = [
    # what is guaranteed
    pytest.param(f"node p/a 8; {TWO}; run j0 x p/a 4 for=7200; run j1 x p/a 4 for=7200; job j2 y 4", "stop j0 for j2; keep j2 p/a 4; wait j2 room-is-made", id="a borrower makes room for what is guaranteed"),
    pytest.param(f"node p/a 8; {TWO}; run j0 x p/a 4 for=7200; run j1 x p/a 4 for=7200; job j2 y 5", "wait j2 nothing-to-borrow", id="not beyond the guarantee"),
    pytest.param(f"node p/a 8; {TWO}; run j0 x p/a 4 for=600; run j1 x p/a 4 for=600; job j2 y 4", "wait j2 nothing-to-borrow", id="what has just started is left alone"),
    pytest.param(f"node p/a 8; {TWO}; run j0 x p/a 4 for=7200; run j1 y p/a 4 for=7200; job j2 y 4", "wait j2 nothing-to-borrow", id="nobody borrows"),
    pytest.param(f"node p/a 8; {TWO}; run j0 x p/a 4 for=9000; run j1 x p/a 4 for=7200; job j2 y 4", "stop j1 for j2; keep j2 p/a 4; wait j2 room-is-made", id="the one that loses least work"),
    pytest.param(f"node p/a 8; {TWO}; run j0 x p/a 4 for=9000 saves; run j1 x p/a 4 for=7200; job j2 y 4", "stop j0 for j2; keep j2 p/a 4; wait j2 room-is-made", id="one that saves itself loses nothing"),
    pytest.param(f"node p/a 8; {TWO}; run j0 x p/a 2 for=7200; run j1 x p/a 2 for=7200; run j2 x p/a 4 for=9000 saves; job j3 y 4", "stop j2 for j3; keep j3 p/a 4; wait j3 room-is-made", id="as few as do"),
    pytest.param("node p/a 4; node p/b 4; quota r 8 firm=branch; quota x 4+4 under r; quota y 4+4 under r; run j0 x p/a 4 for=7200; run j1 x p/b 4 for=9000; job j2 y 4", "stop j0 for j2; keep j2 p/a 4; wait j2 room-is-made", id="on the node where it costs least"),
    pytest.param("node p/a 4; node p/b 4; quota r 8 firm=branch; quota x 0+8 under r; quota y 8 under r; run j0 x p/a 4 for=7200; run j1 x p/b 4 for=9000; job j2 y 4x2", "stop j0 for j2; stop j1 for j2; keep j2 p/a 4 p/b 4; wait j2 room-is-made", id="a gang over two nodes"),
    pytest.param(f"node p/a 8; {TWO}; run j0 x p/a 4 for=7200; run j1 x p/a 4 for=7200; job j2 y 4 preempted=60", "wait j2 nothing-to-borrow", id="who made room waits for free GPUs"),
    pytest.param("node p/a 6; quota r 6 firm=branch; quota x 2+4 under r; quota y 2 under r; quota z 2 under r; run j0 x p/a 2 for=7200; run j1 x p/a 2 for=7300; run j2 x p/a 2 for=7400; job j3 y 2; job j4 z 2", "stop j0 for j3; keep j3 p/a 2; stop j1 for j4; keep j4 p/a 2; wait j3 room-is-made; wait j4 room-is-made", id="two firms take what they are owed, and no more"),
    pytest.param("node p/a 4; quota r 4 firm=branch; quota x 0+4 under r; quota y 4 under r; run j0 x p/a 4 for=7200; job j1 y 2; job j2 y 2", "stop j0 for j1; keep j1 p/a 2; keep j2 p/a 2; wait j1 room-is-made; wait j2 room-is-made", id="what one leaves is enough for two"),
    pytest.param("node p/a 4; quota r 4 firm=branch; quota x 0+4 under r; quota y 4 under r; run j0 x p/a 2 for=7200; run j1 x p/a 2 for=60 stopping; job j2 y 2", "keep j2 p/a 2; wait j2 room-is-made", id="what is on its way out anyway"),
    # branches
    pytest.param("node p/a 4; quota r 4 firm=branch; quota b 2 under r firm=branch; quota c 2 under r firm=branch; quota x 0+4 under b; quota y 0+4 under c; run j0 x p/a 2 for=7200; run j1 x p/a 2 for=7300; job j2 y 2", "stop j0 for j2; keep j2 p/a 2; wait j2 room-is-made", id="a branch gets back what it is guaranteed"),
    pytest.param("node p/a 4; quota r 4 firm=branch; quota b 4 under r firm=branch; quota c 0 under r firm=branch; quota x 0+4 under b; quota y 0+4 under c; run j0 x p/a 4 for=7200; job j1 y 2", "wait j1 nothing-to-borrow", id="not what another branch is guaranteed"),
    pytest.param("node p/a 4; quota r 4 firm=branch; quota b 4 under r firm=branch; quota x 0+4 under b; quota y 2+2 under b; run j0 x p/a 2 for=7200; run j1 x p/a 2 for=7300; job j2 y 2", "stop j0 for j2; keep j2 p/a 2; wait j2 room-is-made", id="within a branch the leaf's own guarantee counts"),
    pytest.param("node p/a 4; quota r 4 firm=branch; quota b 4 under r firm=branch; quota c 0 under r firm=branch; quota x 2+2 under b; quota y 2+2 under c; run j0 x p/a 2 for=7200; run j1 x p/a 2 for=7300; job j2 y 2", "wait j2 nothing-to-borrow", id="a leaf is owed no more than its branch has"),
    # beside what lies ahead
    pytest.param("node p/a 4; quota r 4 firm=branch; quota x 0+4 under r; quota y 4 under r; own o p 2 -60 900000; run j0 x p/a 2 for=7200; job j1 y 2", "stop j0 for j1; keep j1 p/a 2; wait j1 room-is-made", id="beside what the park keeps for its own"),
    pytest.param("node p/a 4; quota r 4 firm=branch; quota x 0+4 under r; quota y 4 under r; own o p 2 -60 900000; run j0 x p/a 2 for=7200; job j1 y 3", "wait j1 nothing-to-borrow", id="not what the park keeps for its own"),
    pytest.param("node p/a 4; node p/b 4; quota r 8 firm=branch; quota x 0+8 under r; quota y 8 under r; own o p 2 -60 900000; run j0 x p/a 1 for=7200; run j1 x p/a 1 for=7200; run j2 x p/b 4 for=9000; job j3 y 2x3", "stop j0 for j3; stop j1 for j3; stop j2 for j3; keep j3 p/a 2 p/b 4; wait j3 room-is-made", id="a gang over a node with a reserve and one without"),
    # a firmer claim
    pytest.param("node p/a 4; quota x 4; run j0 x p/a 4 for=7200 qos=scavenger; job j1 x 4", "stop j0 for j1; keep j1 p/a 4; wait j1 room-is-made", id="a scavenger makes room"),
    pytest.param("node p/a 4; quota x 4; run j0 x p/a 4 for=7200 qos=scavenger; job j1 x 4 qos=scavenger", "wait j1 quota", id="not for another scavenger"),
    pytest.param(f"node p/a 8; {TWO}; run j0 x p/a 8 for=7200 qos=reserved; job j1 y 4", "wait j1 nothing-to-borrow", id="a reserved claim is never pushed out"),
    # parts of a GPU
    pytest.param("node p/a 1; quota x 4; run j0 x p/a 1 for=7200 qos=scavenger; job j1 x 1 milli=400", "stop j0 for j1; keep j1 p/a 1; wait j1 room-is-made", id="a whole GPU for a part"),
    pytest.param("node p/a 1; quota x 4; run j0 x p/a 1 for=7200 qos=scavenger milli=700; job j1 x 1 milli=400", "stop j0 for j1; keep j1 p/a 1; wait j1 room-is-made", id="a part for a part"),
    pytest.param("node p/a 1; quota x 4; run j0 x p/a 1 for=7200 qos=scavenger milli=300; run j1 x p/a 1 for=7300 qos=scavenger milli=600; job j2 x 1 milli=350", "stop j0 for j2; keep j2 p/a 1; wait j2 room-is-made", id="one part and what is left beside it"),
    pytest.param("node p/a 1; quota x 4; run j0 x p/a 1 for=7200 qos=scavenger milli=300; run j1 x p/a 1 for=7300 qos=scavenger milli=300; run j2 x p/a 1 milli=400; job j3 x 1 milli=500", "stop j0 for j3; stop j1 for j3; keep j3 p/a 1; wait j3 room-is-made", id="two parts for one"),
    pytest.param("node p/a 1; quota x 4; run j0 x p/a 1 for=7200 qos=scavenger milli=600; run j1 x p/a 1 milli=400; job j2 x 1 milli=700", "wait j2 gpus-busy", id="not more than those leave who give way"),
    pytest.param("node p/a 1; quota x 4; quota y 4; run j0 x p/a 1 for=7200 qos=scavenger milli=500; run j1 x p/a 1 for=7300 qos=scavenger milli=300; job j2 y 1 milli=200", "stop j0 for j2; stop j1 for j2; keep j2 p/a 1; wait j2 room-is-made", id="another firm's GPU only when all of it is given up"),
    pytest.param("node p/a 1; quota x 4; quota y 4; run j0 x p/a 1 for=7200 qos=scavenger milli=500; run j1 x p/a 1 milli=300; job j2 y 1 milli=200", "wait j2 gpus-busy", id="not a part of another firm's GPU"),
    pytest.param("node p/a 1; quota x 4; quota y 4; run j0 y p/a 1 for=7200 qos=scavenger; job j1 x 1x2 milli=500", "stop j0 for j1; keep j1 p/a 1; wait j1 room-is-made", id="two ranks share what one gives up"),
    pytest.param("node p/a 2; quota x 8; quota y 4; run j0 y p/a 1 for=7200 qos=scavenger; run j1 x p/a 1 for=7200 qos=scavenger milli=600; job j2 x 1x3 milli=500", "stop j0 for j2; stop j1 for j2; keep j2 p/a 2; wait j2 room-is-made", id="a gang of parts over two GPUs"),
    pytest.param("node p/a 1; quota x 4; run j0 x p/a 1 for=7200 qos=scavenger milli=500; run j1 x p/a 1 for=7300 qos=scavenger milli=500; job j2 x 1", "stop j0 for j2; stop j1 for j2; keep j2 p/a 1; wait j2 room-is-made", id="a shared GPU when all give way"),
    pytest.param("node p/a 1; quota x 4; run j0 x p/a 1 for=7200 qos=scavenger milli=500; run j1 x p/a 1 milli=500; job j2 x 1", "wait j2 gpus-busy", id="not when one of them stays"),
    pytest.param("node p/a 2; quota x 4; run j0 x p/a 1 for=9000 qos=scavenger; run j1 x p/a 1 for=7200 qos=scavenger milli=500; run j2 x p/a 1 for=7200 qos=scavenger milli=500; job j3 x 1", "stop j0 for j3; keep j3 p/a 1; wait j3 room-is-made", id="one that loses less than two together"),
    pytest.param("node p/a 2; quota x 4; run j0 x p/a 1 for=9000 qos=scavenger; run j1 x p/a 1 for=2000 qos=scavenger milli=500; run j2 x p/a 1 for=2000 qos=scavenger milli=500; job j3 x 1", "stop j1 for j3; stop j2 for j3; keep j3 p/a 1; wait j3 room-is-made", id="two that lose less than one"),
    pytest.param("node p/a 2; quota r 2 firm=branch; quota x 1+1 under r; quota y 1+1 under r; run j0 x p/a 1 for=7200 milli=600; run j1 x p/a 1 for=7300 milli=600; job j2 y 1 milli=500", "stop j0 for j2; keep j2 p/a 1; wait j2 room-is-made", id="a part of what is guaranteed"),
    pytest.param("node p/a 1; quota x 8; run j0 x p/a 1 for=7200 estimate=90000 saves milli=600; job j1 x 1 estimate=600 milli=600", "stop j0 for j1; keep j1 p/a 1; wait j1 room-is-made", id="a long part makes room for a short one"),
    pytest.param("node p/a 7xa100/1g.10gb; quota x 4 class=a100/1g.10gb; quota y 3+9 class=a100/1g.10gb; run j0 y p/a 3 class=a100/1g.10gb for=7200; run j1 y p/a 4 class=a100/1g.10gb for=8000; job j2 x 2 class=a100/1g.10gb", "stop j0 for j2; keep j2 p/a 2; wait j2 room-is-made", id="slices are whole GPUs of their class"),
    # gain
    pytest.param("node p/a 4; quota x 8; run j0 x p/a 4 for=7200 estimate=90000 saves; job j1 x 4 estimate=600", "stop j0 for j1; keep j1 p/a 4; wait j1 room-is-made", id="a long job makes room for a short one of its firm"),
    pytest.param("node p/a 4; quota x 8; run j0 x p/a 4 for=7200 estimate=90000; job j1 x 4 estimate=600", "wait j1 gpus-busy", id="not one that would lose its work"),
    pytest.param("node p/a 4; quota x 8; run j0 x p/a 4 for=7200 estimate=8300 saves; job j1 x 4 estimate=600", "wait j1 gpus-busy", id="not for a small gain"),
    pytest.param("node p/a 4; quota x 8; run j0 x p/a 4 for=7200 estimate=7520 saves; job j1 x 4 estimate=60", "wait j1 gpus-busy", id="not when the restart costs more than the gain"),
    pytest.param("node p/a 4; quota x 8; run j0 x p/a 4 for=7200 estimate=7580 saves; job j1 x 4 estimate=60", "stop j0 for j1; keep j1 p/a 4; wait j1 room-is-made", id="when it pays the restart back"),
    pytest.param("node p/a 4; quota x 8; run j0 x p/a 4 for=900 estimate=90000 saves; job j1 x 4 estimate=600", "wait j1 gpus-busy", id="not right after its start"),
    pytest.param(f"node p/a 4; {TWO}; run j0 y p/a 4 for=7200 estimate=90000 saves; job j1 x 4 estimate=600", "wait j1 gpus-busy", id="not one of another firm within its guarantee"),
]  # fmt: skip


@pytest.mark.parametrize(("cluster", "expected"), CASES)
def test_who_makes_room(cluster: str, expected: str) -> None:
    assert "; ".join(lines(world(cluster))) == expected
