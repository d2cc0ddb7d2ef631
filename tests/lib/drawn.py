"""Worlds drawn at random, of all that a world may have: each is lines of the language of `worlds`, so that it can be cut down by hand.

One or two parks of a few nodes, some of them broken or away, of two classes; a tree of two or three levels; jobs that
run and that wait, alone, in gangs and on parts of GPUs; windows of every kind.
"""

import random
from collections.abc import Iterator
from dataclasses import replace

from bostan_scheduler.core.node import Verdict
from bostan_scheduler.core.order import ORDERS
from bostan_scheduler.core.preemption import Preemption
from bostan_scheduler.core.snapshot import ClassFacts, Settings, Snapshot
from worlds import world

FIRMS = "xyz"
QOS = ("standard", "standard", "standard", "scavenger", "reserved")
SIZES = ("1", "1", "2", "3", "4", "2x2", "4x2", "1x3", "1 milli=300", "1 milli=500", "1x3 milli=400")
CLASSES = {"t4": ClassFacts(speed_milli=600), "a100": ClassFacts(speed_milli=1000)}


def drawn(seed: int, **rules: int) -> Snapshot:
    """The world of a seed; `rules` stand for those that would be drawn."""
    return world("; ".join(lines_of(seed)), settings_of(seed, **rules))


def without_windows(seed: int, **rules: int) -> Snapshot:
    """The same, and nothing lies ahead."""
    return replace(drawn(seed, **rules), obstacles={})


def healthy(snapshot: Snapshot) -> Snapshot:
    """The same, and every GPU of it is well."""
    nodes = {
        node.id: replace(node, gpus=tuple(replace(gpu, verdict=Verdict.HEALTHY) for gpu in node.gpus))
        for node in snapshot.nodes.values()
    }
    return replace(snapshot, nodes=nodes)


def settings_of(seed: int, **rules: int) -> Settings:
    """Any order; rounds as often as can be or with a pause, stops at any time or after half an hour."""
    chance = random.Random(f"settings {seed}")
    order = ORDERS[chance.choice(sorted(ORDERS))]()
    drawn_rules = {
        "spacing_seconds": chance.choice((0, 360)),
        "min_run_seconds": chance.choice((0, 1800)),
        "starving_seconds": chance.choice((600, 7200, 90_000)),
        "reservations_max": chance.choice((1, 2, 4)),
    }
    return Settings(order=order, preemption=Preemption(**(drawn_rules | rules)))


def lines_of(seed: int) -> list[str]:
    """The lines of a world."""
    chance = random.Random(seed)
    parks = "pq"[: chance.randint(1, 2)]
    nodes = [f"{park}/{number}" for park in parks for number in range(chance.randint(1, 3))]
    lesser = chance.random() < 0.4
    lines = [f"node {one} 4{',2xt4' if lesser else ''}{_of_node(chance)}" for one in nodes]
    lines += list(_tree(chance, 4 * len(nodes), 2 * len(nodes) if lesser else 0))
    for number, held in enumerate(_filled(nodes, chance, lesser)):
        hours = _hours(chance)
        ran = chance.randint(0, min(9000, hours * 3600 - 1))
        lines.append(f"run r{number:02} {held} for={ran} hours={hours}{_wishes(chance)}")
    for number in range(chance.randint(1, 8)):
        lines.append(f"job w{number:02} {asked(chance, lesser)} age={chance.randint(0, 9000)}")
    lines += [window(chance, f"{chance.choice('abc')}{number}", nodes) for number in range(_windows(chance))]
    return lines


def _of_node(chance: random.Random) -> str:
    """Most are well; where they stand is told of some."""
    troubles = ("", "", "", "", "", " failed=1", " drained", " silent")
    where = chance.choice(("", "", f" rack={chance.choice('12')}", f" switch={chance.choice('12')}"))
    return (
        f"{chance.choice(troubles)}{chance.choice(('', ' links=2,2'))} cpus={chance.choice((16, 64))}{where}"
    )


def _tree(chance: random.Random, total: int, lesser: int) -> Iterator[str]:
    """Three firms, two of them under a branch of their own or all under the root; they lend to each other what they want."""
    yield f"quota root {total} firm=branch"
    if lesser:
        yield f"quota root {lesser} firm=branch class=t4"
    deep, parts = chance.random() < 0.6, _parts(chance, total, 3)
    if deep:
        yield f"quota g {parts[0] + parts[1]}{_terms(chance, parts[0] + parts[1])} under root firm=branch"
        if lesser:
            yield f"quota g {lesser // 2}+any under root firm=branch class=t4"
    for firm, part in zip(FIRMS, parts, strict=True):
        parent = "g" if deep and firm != "z" else "root"
        of = chance.choice(("", "", "", "", " max-job=4", f" until={chance.randint(60, 9000)}"))
        yield f"quota {firm} {part}{_terms(chance, part)} under {parent}{of}"
        if lesser:
            yield f"quota {firm} {lesser // 6}+{chance.choice(('any', '1'))} under {parent} class=t4{of}"


def _parts(chance: random.Random, total: int, count: int) -> list[int]:
    """Guarantees that are together no more than a total."""
    borders = sorted(chance.randint(0, total) for _ in range(count))
    return [high - low for low, high in zip([0, *borders], borders, strict=False)]


def _terms(chance: random.Random, guaranteed: int) -> str:
    borrows = chance.choice(("any", "any", "any", "2", "0"))
    return f"+{borrows}-{chance.choice((guaranteed, guaranteed, chance.randint(0, guaranteed)))}"


def _filled(nodes: list[str], chance: random.Random, lesser: bool) -> Iterator[str]:
    """Firm, node and GPUs of what runs: whole ones, or one that up to three jobs of the firm share."""
    for node in nodes:
        left = 4
        while left and chance.random() < 0.85:
            firm, gpus = chance.choice(FIRMS), chance.randint(1, left)
            if chance.random() < 0.25:
                gpus = 1
                for _ in range(chance.randint(1, 3)):
                    yield f"{firm} {node} 1 milli={chance.choice((200, 300))}"
            else:
                yield f"{firm} {node} {gpus}{chance.choice(('', ' cpus=2'))}"
            left -= gpus
        if lesser and chance.random() < 0.7:
            yield f"{chance.choice(FIRMS)} {node} {chance.randint(1, 2)} class=t4"


def asked(chance: random.Random, lesser: bool = False) -> str:
    """A job: whose it is, what it asks for, and on what terms."""
    of = chance.choice(("", " class=a100", " class=t4", " class=t4,a100")) if lesser else ""
    where = chance.choice(("", "", "", "", " park=p", " not-park=p", " prefer=q", " avoid=p/0"))
    beside = chance.choice(
        ("", "", "", f" cpus={chance.randint(1, 20)}", f" memory={chance.randint(1, 300)}")
    )
    return f"{chance.choice(FIRMS)} {chance.choice(SIZES)}{of}{where}{beside} hours={_hours(chance)}{_wishes(chance)}"


def _wishes(chance: random.Random) -> str:
    stops = chance.choice(("", "", f" stops={chance.choice((30, 120, 900))}"))
    saves = f" saves{stops}" if chance.random() < 0.7 else ""
    estimate = int(chance.lognormvariate(8, 2)) + 1
    return f" estimate={estimate} qos={chance.choice(QOS)}{saves}"


def _hours(chance: random.Random) -> int:
    return chance.choice((1, 1, 2, 4, 24))


def _windows(chance: random.Random) -> int:
    return chance.choice((0, 0, 1, 1, 2, 3))


def window(chance: random.Random, name: str, nodes: list[str]) -> str:
    """A window of any kind that has begun, or will in a while."""
    node = chance.choice(nodes)
    park, begin = node.partition("/")[0], chance.randint(-900, 9000)
    span, gpus = f"{begin} {max(1, begin) + chance.randint(300, 20_000)}", chance.randint(1, 4)
    match chance.randint(0, 3):
        case 0:
            return f"closed {name} {park} {span}{chance.choice(('', f' nodes={node}'))}"
        case 1:
            return f"booked {name} {park} {chance.choice(FIRMS)} {gpus} {span}"
        case _:
            return (
                f"own {name} {park} {gpus} {span}{chance.choice(('', ' lent notice=60', ' lent notice=900'))}"
            )
