"""A process beside the test's own: `write URL` commits until it is killed, `read URL` watches until all is there."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from bostan_scheduler.service.ports import Commit, JobFilter
from bostan_scheduler.store import open_store
from story import NOW, event, job

JOBS = 60
"""In each commit."""
COMMITS = 12
"""That a reader waits for."""


def commit(epoch, number):
    """The jobs of one commit, with an event."""
    jobs = tuple(job(f"{number:06d}-{place:03d}", at=NOW + number) for place in range(JOBS))
    return Commit(epoch, NOW, jobs, events=(event(why=str(number)),))


def say(what):
    """A line for the test."""
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def write(store):
    """Say the number of each commit once it is kept."""
    epoch = store.lead("to be killed", NOW)
    number = 0
    while True:
        number += 1
        store.commit(commit(epoch, number))
        say(number)


def read(store):
    """See each commit whole or not at all, and no event twice, until the last is there."""
    say("ready")
    seen = 0
    while seen < COMMITS:
        for found in store.events(seen, 100):
            assert found.seq == seen + 1
            seen = found.seq
        listed = store.jobs(JobFilter(), None, JOBS * COMMITS)
        assert len(listed) % JOBS == 0
        assert len(listed) >= seen * JOBS


if __name__ == "__main__":
    {"write": write, "read": read}[sys.argv[1]](open_store(sys.argv[2]))
