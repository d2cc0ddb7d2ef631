"""What is needed stays; what nobody needs goes, checkpoints first, and never under the hands of who was told that it is here."""

import hashlib
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from bostan_scheduler.core.job import Blob
from bostan_scheduler.core.reports import CheckpointDeclared, CheckpointStored, OutputStored
from bostan_scheduler.files.blobs import Absent, BlobStore, Complete
from bostan_scheduler.files.collection import Collector
from bostan_scheduler.files.errors import BlobUnknown
from bostan_scheduler.files.owners import CHECKPOINT, OUTPUT, STAFF, park_owner
from bostan_scheduler.files.settings import BlobLimits
from stories import Story

HOUR, DAY = 3600, 86_400
P = park_owner("p")


@dataclass
class Depot:
    """Archives under a clock that the test sets, and what jobs need of them."""

    folder: Path
    limits: BlobLimits = field(default_factory=lambda: BlobLimits(free_bytes_min=0))
    now: float = 1_800_000_000.0
    needed: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.blobs = BlobStore(self.folder, self.limits, lambda: self.now)
        self.collector = Collector(self.blobs.shelf, self.limits)
        self.look()

    def keep(self, words: str, owner: str | None = "acme", *marks: str) -> str:
        """Send an archive; its name."""
        data = words.encode()
        name = hashlib.sha256(data).hexdigest()
        self.blobs.append(name, 0, len(data), data, owner)
        for mark in marks:
            self.blobs.owners.note(name, mark)
        return name

    def look(self, after_seconds: float = 0) -> int:
        """A pass, after so long; how many it has removed."""
        self.now += after_seconds
        return self.collector.run(frozenset(self.needed), self.now).archives

    def has(self, name: str) -> bool:
        """Without asking for it, which would renew its time."""
        return self.blobs.shelf.path(name).exists()


@pytest.fixture
def depot(tmp_path: Path) -> Depot:
    return Depot(tmp_path)


@pytest.mark.parametrize(
    ("owner", "marks", "kept_seconds"),
    [
        pytest.param("acme", (), 30 * DAY, id="a work directory"),
        pytest.param(STAFF, (), 30 * DAY, id="one of people of no firm"),
        pytest.param(P, (OUTPUT,), 30 * DAY, id="an output"),
        pytest.param(P, (), 30 * DAY, id="what a node has sent and not yet told of"),
        pytest.param(None, (), 30 * DAY, id="what came before there were owners"),
        pytest.param(P, (CHECKPOINT,), DAY, id="a checkpoint"),
        pytest.param(P, (CHECKPOINT, OUTPUT), 30 * DAY, id="a checkpoint that is the output as well"),
        pytest.param("acme", (CHECKPOINT,), 30 * DAY, id="a checkpoint that its firm has sent as well"),
    ],
)
def test_how_long_what_is_not_needed_is_kept(
    depot: Depot, owner: str | None, marks: tuple[str, ...], kept_seconds: int
) -> None:
    name = depot.keep("x", owner, *marks)
    assert (depot.look(kept_seconds - 1), depot.has(name)) == (0, True)
    assert (depot.look(2), depot.has(name)) == (1, False)
    assert depot.collector.removed.size_bytes == 1


def test_what_is_needed_stays_and_its_time_runs_from_when_it_was_needed_last(depot: Depot) -> None:
    work, checkpoint = depot.keep("work"), depot.keep("checkpoint", P, CHECKPOINT)
    depot.needed = {work, checkpoint}
    for _ in range(3):
        assert depot.look(100 * DAY) == 0
    depot.needed = set()
    assert depot.look(DAY - HOUR) == 0
    assert (depot.look(2 * HOUR), depot.has(work), depot.has(checkpoint)) == (1, True, False)
    assert (depot.look(29 * DAY), depot.has(work)) == (1, False)


def test_who_is_told_that_it_is_here_finds_it_here(depot: Depot) -> None:
    """A submission asks, and its job is committed some time later; a pass that knew nothing of it does no harm."""
    name = depot.keep("x")
    depot.now += 31 * DAY
    assert depot.blobs.state(name, "acme") == Complete(1)
    assert depot.look(2 * HOUR) == 0
    depot.needed = {name}
    assert depot.look(31 * DAY) == 0
    depot.needed = set()
    assert depot.look(31 * DAY) == 1
    assert depot.blobs.state(name, "acme") == Absent()
    with pytest.raises(BlobUnknown):
        depot.blobs.path(name)


def test_what_is_fetched_now_and_then_stays(depot: Depot) -> None:
    name = depot.keep("x")
    for _ in range(5):
        depot.now += 29 * DAY
        assert depot.blobs.read(name, 0, 1) == b"x"
        assert depot.look() == 0


def test_what_is_gone_is_sent_anew_by_whoever_had_it(depot: Depot) -> None:
    name = depot.keep("x")
    depot.look(31 * DAY)
    assert depot.blobs.state(name, "acme") == Absent()
    assert list((depot.folder / "owners").rglob(f"{name}*")) == []
    assert depot.keep("x", "zeta") == name
    assert (depot.blobs.state(name, "zeta"), depot.blobs.state(name, "acme")) == (Complete(1), Absent())


def test_a_process_that_has_just_begun_removes_nothing(depot: Depot) -> None:
    """What was needed while nobody looked, it does not know."""
    name = depot.keep("x")
    depot.now += 31 * DAY
    fresh = Collector(depot.blobs.shelf, depot.limits)
    assert (fresh.run(frozenset(), depot.now).archives, depot.has(name)) == (0, True)
    assert (fresh.run(frozenset(), depot.now).archives, depot.has(name)) == (1, False)


@pytest.mark.parametrize(("looked_at_max", "removed_max"), [(7, 100), (100, 7)])
def test_a_pass_has_its_limits_and_the_next_one_goes_on(
    tmp_path: Path, looked_at_max: int, removed_max: int
) -> None:
    limits = BlobLimits(free_bytes_min=0, looked_at_max=looked_at_max, removed_max=removed_max)
    depot = Depot(tmp_path, limits)
    for number in range(20):
        depot.keep(str(number))
    depot.now += 31 * DAY
    assert [depot.look() for _ in range(4)] == [7, 7, 6, 0]
    assert depot.collector.removed.archives == 20


def test_limits_of_a_pass_do_not_hide_what_comes_later(tmp_path: Path) -> None:
    """What stays in front does not keep the passes from what lies behind it."""
    depot = Depot(tmp_path, BlobLimits(free_bytes_min=0, looked_at_max=5))
    depot.needed = {depot.keep(str(number)) for number in range(20)}
    depot.keep("nobody's")
    depot.now += 31 * DAY
    assert sum(depot.look() for _ in range(5)) == 1


def test_asking_and_removing_at_once_never_leaves_a_promise_broken(depot: Depot) -> None:
    """Two threads, one archive that is due: whoever was told that it is here finds it, however they meet."""
    for number in range(200):
        name = depot.keep(str(number))
        depot.now += 31 * DAY
        told: list[object] = []
        at_once = threading.Barrier(2)

        def ask(name: str = name, told: list[object] = told, at_once: threading.Barrier = at_once) -> None:
            at_once.wait()
            told.append(depot.blobs.state(name, "acme"))

        asking = threading.Thread(target=ask)
        asking.start()
        at_once.wait()
        depot.look()
        asking.join()
        assert depot.has(name) == (told != [Absent()])


def test_sending_and_removing_at_once(depot: Depot) -> None:
    for number in range(200):
        name = depot.keep(str(number))
        depot.now += 31 * DAY
        at_once = threading.Barrier(2)

        def send(words: str = str(number), at_once: threading.Barrier = at_once) -> None:
            at_once.wait()
            depot.keep(words, "zeta")

        sending = threading.Thread(target=send)
        sending.start()
        at_once.wait()
        depot.look()
        sending.join()
        assert depot.blobs.state(name, "zeta") == Complete(len(str(number)))


def test_the_life_of_a_job_and_of_its_archives(depot: Depot) -> None:
    """Its work directory, two checkpoints of which the second replaces the first, and its output."""
    story = Story()
    story.quota("acme")
    story.connect("p/a", 4)
    work, saved = depot.keep("work"), list[str]()
    story.submit("j1", "acme 1", work_dir=Blob(work, 4))
    story.plan()
    story.all_run("j1")

    def look(after_seconds: float) -> None:
        depot.needed = set(story.store.needed_archives())
        depot.look(after_seconds)

    for number in (1, 2):
        saved.append(depot.keep(f"checkpoint {number}", P, CHECKPOINT))
        story.reports("j1.1/0", CheckpointDeclared(number, 1))
        story.reports("j1.1/0", CheckpointStored(number, 10 * number, Blob(saved[-1], 12)))
        look(100 * DAY)
    assert [depot.has(name) for name in (work, *saved)] == [True, False, True]
    output = depot.keep("output", P, OUTPUT)
    story.reports("j1.1/0", OutputStored(Blob(output, 6)))
    look(100 * DAY)
    story.exits("j1.1/0")
    look(2 * DAY)
    assert [depot.has(name) for name in (work, saved[1], output)] == [True, False, True]
    look(29 * DAY)
    assert [depot.has(name) for name in (work, output)] == [False, False]
