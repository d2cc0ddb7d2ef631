"""Small clusters drawn at random, nearly full, with windows, tight quotas, and jobs that ask for too much."""

import random
from collections.abc import Iterator

from bostan_scheduler.core.changes import Intend, Start
from bostan_scheduler.core.job import Job, Queued
from bostan_scheduler.core.snapshot import Settings, Snapshot
from turns import Table
from worlds import world

PLANS_MAX = 20
QOS = ("standard", "standard", "reserved", "scavenger")


def cluster(seed: int) -> Snapshot:
    """Two parks and two classes, nearly full, with windows, tight quotas, and jobs that ask for too much."""
    chance = random.Random(seed)
    words = [
        f"node {park}/{number} 4,2xt4 cpus=16" for park in "pq" for number in range(chance.randint(1, 2))
    ]
    nodes = [word.split()[1] for word in words]
    total = 4 * len(nodes)
    words += [f"quota root {total} firm=branch", f"quota root {total // 2} firm=branch class=t4"]
    for firm in "xyz":
        own, rules = chance.randint(0, total // 3), chance.choice(("", " max-job=3", " max-hours=8"))
        words.append(f"quota {firm} {own}+{chance.choice(('any', '2', '0'))} under root{rules}")
        words.append(f"quota {firm} 1+{chance.choice(('any', '1'))} under root class=t4{rules}")
    for number, node in enumerate(nodes):
        for part in range(chance.randint(0, 2)):
            wishes = f"for={chance.randint(0, 9000)} qos={chance.choice(QOS)} cpus={chance.randint(1, 6)}"
            words.append(f"run r{number}{part} {chance.choice('xyz')} {node} 2 {wishes}")
    words += list(_ahead(chance))
    words += [f"job w{number} {_asked(chance)}" for number in range(chance.randint(1, 6))]
    return world("; ".join(words), Settings())


def _ahead(chance: random.Random) -> Iterator[str]:
    if chance.random() < 0.4:
        yield f"closed c p {chance.randint(600, 9000)} 20000"
    if chance.random() < 0.4:
        yield f"booked b q y {chance.randint(1, 4)} {chance.randint(600, 9000)} 30000"
    if chance.random() < 0.4:
        yield f"own o q {chance.randint(1, 4)} {chance.randint(-600, 9000)} 30000 lent notice={chance.choice((60, 900))}"


def _asked(chance: random.Random) -> str:
    size = chance.choice(("1", "2", "3", "4", "2x2", "4x2", "1x5", "8"))
    where = chance.choice(("", " park=p", " not-park=p", " prefer=q"))
    of = chance.choice(("", " class=a100", " class=t4", " class=a100,t4"))
    beside = chance.choice(("", f" cpus={chance.randint(1, 20)}", f" memory={chance.randint(1, 600)}"))
    saves = " saves" if chance.random() < 0.3 else ""
    age = chance.randint(0, 9000)
    return f"{chance.choice('xyz')} {size} hours={chance.randint(1, 48)} age={age} qos={chance.choice(QOS)}{where}{of}{beside}{saves}"


def settled(snapshot: Snapshot) -> Snapshot:
    """Everything that can start runs; who makes room has gone, unless that goes on for long."""
    table = Table(snapshot)
    for _ in range(PLANS_MAX):
        if not any(isinstance(one, Start | Intend) for one in table.play()):
            break
    return table.snapshot


def waiting(snapshot: Snapshot) -> list[Job]:
    return [job for job in snapshot.jobs.values() if isinstance(job.phase, Queued)]
