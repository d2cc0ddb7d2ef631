"""Random clusters for properties of plans."""

from bostan_scheduler.core.snapshot import Snapshot
from hypothesis import strategies as st
from worlds import world

sizes = st.integers(0, 8)


@st.composite
def clusters(draw: st.DrawFn) -> Snapshot:
    """A cluster of two parks, a tree of two levels and three firms, and a handful of jobs."""
    words: list[str] = []
    for park in "pq":
        for number in range(draw(st.integers(0, 3))):
            flags = draw(st.sampled_from(["", " silent", " drained", " failed=1", " links=2,2,4"]))
            words.append(
                f"node {park}/{number} {draw(sizes)}{draw(st.sampled_from(['', 'xt4', ',2xt4']))}{flags}"
            )
    words.append("quota root 12 firm=branch")
    for firm in "xyz":
        guaranteed = draw(st.integers(0, 4))
        lend, borrow = draw(st.integers(0, guaranteed)), draw(st.integers(0, 8))
        words.append(f"quota {firm} {guaranteed}+{borrow}-{lend} under root")
    for number in range(draw(st.integers(0, 12))):
        firm = draw(st.sampled_from("xyz"))
        options = draw(
            st.sampled_from(["", " class=t4", " class=t4,a100", " park=q", " cpus=30", " avoid=p/0"])
        )
        words.append(f"job j{number:02} {firm} {draw(sizes)}x{draw(st.integers(1, 3))}{options}")
    return world("; ".join(words))
